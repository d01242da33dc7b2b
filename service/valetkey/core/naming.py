"""Safe object keys from what clients call their files.

A client never chooses a key: its file name is data, kept as it came, and only a plain-ASCII shadow of it may appear
in a key.
"""

import re
import unicodedata
from datetime import datetime
from string import Formatter

from valetkey.core.errors import ConfigurationError

MAX_NAME = 100
"""Longest safe name in characters: S3 keys end at 1,024 bytes, file systems of those who download at 255."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_PLACEHOLDERS = frozenset({"id", "filename", "ext", "owner", "profile", "year", "month", "day"})
_LITERAL = re.compile(r"[A-Za-z0-9!_.*'()/-]*")
_RESERVED = ("staging/", "/")


def safe_name(name: str) -> str:
    """``name`` as `A-Za-z0-9._-` only, at most 100 characters, its extension kept; "file" when nothing is left.

    >>> safe_name("../../é\\r\\n.png")
    'e.png'
    """
    plain = unicodedata.normalize("NFKD", name[-1024:]).encode("ascii", "ignore").decode()
    base = _UNSAFE.sub("_", plain.replace("\\", "/").rpartition("/")[2])
    stem, dot, extension = base.rpartition(".")
    if not dot or not stem.strip("._-"):
        stem, extension = (base, "") if not dot else ("file", extension)
    stem = stem.strip("._-") or "file"
    extension = extension.strip("_-")[:16]
    return f"{stem[: MAX_NAME - 17]}.{extension}" if extension else stem[:MAX_NAME]


class KeyTemplate:
    """A profile's key template, checked once and rendered for each upload.

    Placeholders: ``{id} {filename} {ext} {owner} {profile} {year} {month} {day}``; ``{id}`` has to be among them, as
    it keeps two uploads from one key. Raises `ConfigurationError` on anything else, on a key outside plain ASCII, on
    a ``..`` part and on a key under ``staging/``.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.names = self._parse(text)
        self.prefix = text.partition("{")[0]

    @staticmethod
    def _parse(text: str) -> frozenset[str]:
        try:
            pieces = list(Formatter().parse(text))
        except ValueError as error:
            raise ConfigurationError(f"Key template {text!r}: {error}.") from error
        names = {name for _, name, _, _ in pieces if name is not None}
        if unknown := names - _PLACEHOLDERS:
            raise ConfigurationError(f"Key template {text!r} has unknown placeholders: {sorted(unknown)}.")
        if any(spec or conversion for _, _, spec, conversion in pieces):
            raise ConfigurationError(f"Key template {text!r}: a placeholder takes no format.")
        if "id" not in names:
            raise ConfigurationError(f"Key template {text!r} needs {{id}}: without it two uploads could share a key.")
        literal_is_safe = all(_LITERAL.fullmatch(literal) for literal, _, _, _ in pieces)
        if not literal_is_safe or text.startswith(_RESERVED) or ".." in text:
            raise ConfigurationError(
                f"Key template {text!r}: plain ASCII only, no '..', no leading '/', nothing under 'staging/'."
            )
        return frozenset(names)

    def render(self, *, unique: str, filename: str, owner: str, profile: str, at: datetime) -> str:
        """The key for one upload; ``unique`` stands for ``{id}``."""
        name = safe_name(filename)
        extension = name[name.rfind(".") :] if "." in name else ""
        return self.text.format(
            id=unique,
            filename=name,
            ext=extension,
            owner=safe_name(owner),
            profile=safe_name(profile),
            year=f"{at.year:04}",
            month=f"{at.month:02}",
            day=f"{at.day:02}",
        )
