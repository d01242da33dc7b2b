"""Compares the first bytes of an object with the type that was granted.

A signature proves little: it shows that bytes begin like a PNG, not that they are one. But it exposes a page, a script
or a program that is declared as an image. Only `Inspector` does I/O.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from valetkey.core.content.look_alikes import (
    family,
    holds_anything,
    is_beyond_sight,
    is_container,
    is_document,
    is_media,
    is_sniffed,
    is_table,
    is_textual,
    may_be_a_key,
    may_be_ascii,
    may_be_called,
    may_be_misnamed,
    roots_by_name,
    shown_as,
    takes_any_text,
)
from valetkey.core.content.plain_text import (
    ACTIVE,
    POLYGLOT,
    hidden_script,
    holds_another,
    is_data_in_xml,
    is_office_markup,
    is_text,
    is_wide_text,
    may_be_xml,
    text_kind,
    without_controls,
)
from valetkey.core.model.media_types import essence, matches
from valetkey.core.ports.content import TypeDetector
from valetkey.core.ports.store import ObjectHead, ObjectStore

# in DER a sequence that begins with a version (RFC 8017, 5915, 5208)
_PRIVATE_KEY = re.compile(rb"\x30(?:[\x00-\x7f]|\x81.|\x82..)\x02\x01[\x00\x01]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Content:
    """``detected`` is the most likely type, None if unknown; ``agrees`` says whether it fits the granted type."""

    detected: str | None
    agrees: bool


class Inspector:
    """Reads the first bytes of an object at the store. Only the worker has one: requests never read objects."""

    def __init__(self, store: ObjectStore, detector: TypeDetector) -> None:
        self._store = store
        self._detector = detector

    def inspect(self, found: ObjectHead, declared: str, allowed: Sequence[str]) -> Content:
        """Inspects ``found``, which was granted as ``declared``; types in ``allowed`` are accepted as well.

        Raises `ObjectChanged` or `ObjectMissing` if it is no longer there, and `StoreUnavailable`.
        """
        return look_into(self._store.first_bytes(found), declared, allowed, self._detector)


def look_into(first: bytes, declared: str, allowed: Sequence[str], detector: TypeDetector) -> Content:
    """Compares the ``first`` bytes of an object with the type it was ``declared`` to have.

    They also agree if the detected type is another harmless one that ``allowed`` (a profile's content types) names: a
    JPEG may be declared as PNG if both are allowed. ``*/*`` names no type: then only the declared type counts, or a
    type that programs are known to save under its name.
    """
    seen = _seen(first, detector)
    return Content(shown_as(seen[0]) if seen else None, _agrees(essence(declared), first, seen, allowed, detector))


def _seen(first: bytes, detector: TypeDetector) -> list[str]:
    if not first:
        return []
    found = detector.candidates(first)
    if is_text(first):
        return [*(one for one in found if may_be_ascii(one)), text_kind(first)]
    if not found:
        kind = text_kind(without_controls(first))
        if kind == "text/x-shellscript" and not first.startswith(b"#!"):  # only the first two bytes name a program
            kind = "text/plain"
        return [kind] if kind in ACTIVE or is_wide_text(first) else []
    if not is_media(family(found[0])):
        return list(found)
    if script := hidden_script(first):
        return [script]  # valid as a picture for one program and as a script for another: not accepted as a picture
    return [POLYGLOT] if holds_another(first) else list(found)


def _agrees(essence: str, first: bytes, seen: Sequence[str], allowed: Sequence[str], detector: TypeDetector) -> bool:
    if holds_anything(essence) or any(
        family(one) == family(essence) or (one not in ACTIVE and _is_welcome(one, essence, allowed)) for one in seen
    ):
        return True
    if is_table(essence) or is_document(essence):
        return is_office_markup(first) and text_kind(first) in {"text/html", "application/xml"}
    if roots := roots_by_name(essence):
        return is_data_in_xml(first, roots)
    if is_textual(essence):
        return not seen or _agrees_as_text(essence, first, seen[-1])
    return not ACTIVE.intersection(seen) and _tells_nothing(essence, first, seen, detector)


def _is_welcome(detected: str, essence: str, allowed: Sequence[str]) -> bool:
    if may_be_called(detected, essence) or _is_named(detected, allowed):
        return True
    return "*/*" in allowed and may_be_misnamed(detected, essence)


def _tells_nothing(essence: str, first: bytes, seen: Sequence[str], detector: TypeDetector) -> bool:
    """Whether a format without a signature may have these bytes, none of them active: many embed other formats."""
    if is_sniffed(essence):
        return "application/xml" not in seen
    if is_beyond_sight(essence):
        return True
    if detector.knows(essence):
        return may_be_a_key(essence) and _PRIVATE_KEY.match(first) is not None
    if not is_media(essence):
        return True
    if hidden_script(first):
        return False
    return all(one == "text/plain" or is_media(one) or is_container(one) for one in seen) or is_data_in_xml(first)


def _agrees_as_text(essence: str, first: bytes, kind: str) -> bool:
    """``kind`` is the result of `text_kind`, or the last candidate for binary data."""
    if not is_textual(kind):
        return False
    if takes_any_text(essence):
        return True
    if essence.endswith("xml"):  # a long comment may hide what kind of XML it is; SVG is one, and XHTML
        return kind in {"application/xml", "image/svg+xml"} or (
            kind == "text/html" and ("xhtml" in essence or may_be_xml(first))
        )
    return kind not in ACTIVE and kind != "application/xml"


def _is_named(detected: str, allowed: Sequence[str]) -> bool:
    return any(
        one != "*/*" and (matches(one, detected) or matches(one, family(detected)) or family(one) == family(detected))
        for one in allowed
    )
