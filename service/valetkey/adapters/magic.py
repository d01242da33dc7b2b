"""Detects a file's type from its first bytes: by our table of signatures, and by puremagic's for other types.

puremagic knows a thousand signatures of one byte and more, some of the end of a file. Of those only the beginning
counts here, and only a match that is long enough to be no accident. Where a signature says "one of these containers",
the container's own header is read. It needs no rights: it is given the bytes.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

from valetkey.adapters.mpeg import holds_frames
from valetkey.adapters.signatures import BRANDS, PATTERNS, PICTURES, RIFF, RIFFS, SIGNATURES
from valetkey.core.content.look_alikes import family
from valetkey.core.content.plain_text import ACTIVE, may_precede

MIN_START, MIN_INSIDE = 3, 4
"""The shortest credible signature at the first byte, and behind it, in bytes."""

PAGES_WITHIN = 1024
"""Readers look for a PDF's header in so many bytes (Adobe's implementation notes 13 and 14 to ISO 32000)."""

_PAGES = re.compile(rb"%(?:(PDF-[12]\.[0-9])|(?<=[\r\n]%)!PS-Adobe-[1-3]\.)")
_PDF_START = re.compile(rb"%PDF-|%!PS-Adobe-\d\.\d PDF-\d")  # the latter by its first writers
_OF_OURS = frozenset(
    {*RIFF.values(), *BRANDS, "video/mp4", "application/pdf", "application/dicom", "image/svg+xml"}
    | {name for name, _, _ in SIGNATURES}
    | {name for name, _ in PATTERNS}
)


class MagicDetector:
    """`TypeDetector` by signatures."""

    def __init__(self) -> None:
        self._known = {family(name) for name in _OF_OURS}

    def candidates(self, first: bytes) -> Sequence[str]:
        own = _by_signature(first)
        if own:
            return own
        if behind := _behind(first):
            return [behind]
        if not _may_be_known(first):
            return []
        from puremagic.main import PureError, magic_string

        try:
            rows = magic_string(first)
        except PureError:
            return []
        return list(
            dict.fromkeys(row.mime_type for row in rows if row.mime_type and _is_credible(row.byte_match, row.offset))
        )

    def knows(self, content_type: str) -> bool:
        return family(content_type) in self._known


def _is_credible(match: bytes, offset: int) -> bool:
    return len(match) >= (MIN_START if offset == 0 else MIN_INSIDE) and offset >= 0


def _may_be_known(first: bytes) -> bool:
    """Whether puremagic may say anything credible. It compares the bytes with each of its signatures (0.7 ms of CPU);
    this takes 0.04 ms, and answers for text and for most unknown formats."""
    return any(first[at : at + length or None] in matches for (at, length), matches in _by_place().items())


@cache
def _by_place() -> Mapping[tuple[int, int], set[bytes]]:
    """puremagic's signatures that are credible or begin longer ones, by their offset and length."""
    # reads its thousand signatures when it is imported, which most processes never need
    from puremagic.main import magic_footer_array, magic_header_array, multi_part_dict

    found: dict[tuple[int, int], set[bytes]] = defaultdict(set)
    for row in [*magic_header_array, *magic_footer_array]:
        if _is_credible(row.byte_match, row.offset) or row.byte_match in multi_part_dict:
            found[row.offset, len(row.byte_match)].add(row.byte_match)
    return found


def _by_signature(first: bytes) -> list[str]:
    if first.startswith(RIFFS) and len(first) >= 12:
        return [RIFF.get(first[8:12], "application/x-riff")]
    if first[4:8] == b"ftyp":
        return _brands(first)
    if first.lstrip(b"\x00").startswith(b"ID3"):
        return _tagged(first.lstrip(b"\x00"))
    if first.startswith(b"APETAGEX"):
        return ["audio/mpeg", "audio/ape", "audio/x-wavpack"]
    found = "application/pdf" if _PDF_START.match(first) else "application/x-tar" if _is_tar(first) else None
    found = found or next((name for name, at, signature in SIGNATURES if first.startswith(signature, at)), None)
    found = found or next((name for name, pattern in PATTERNS if pattern.match(first)), None)
    if first.startswith(b"DICM", 128) and found not in ACTIVE:  # the bytes before it are for other programs
        return ["application/dicom", found] if found else ["application/dicom"]
    return [found] if found else []


def _brands(first: bytes) -> list[str]:
    """The types by the brand of an ISO file (ISO/IEC 14496-12), and by its compatible brands if a picture's brand does
    not decide; other brands are films."""
    major, others = first[8:12], first[16 : max(16, int.from_bytes(first[:4], "big"))]
    compatible = {others[at : at + 4] for at in range(0, len(others), 4)}
    if major not in PICTURES:
        return [next((name for name, brands in BRANDS.items() if major in brands), "video/mp4")]
    named = [name for name in ("image/avif", "image/heic") if compatible.intersection(BRANDS[name])]
    return named or ["image/heic"]


def _tagged(first: bytes) -> list[str]:
    """The type of the file after an ID3v2 tag; all types that may have one, if the tag is longer than the bytes
    read."""
    size = 0
    for byte in first[6:10]:
        size = size << 7 | byte & 0x7F
    behind = first[10 + size :].lstrip(b"\x00")
    if len(behind) < MIN_INSIDE:
        return ["audio/mpeg", "audio/aac", "audio/flac", "audio/aiff", "audio/wav", "audio/dsf"]
    found = [] if behind.startswith(b"ID3") else _by_signature(behind)
    return found if found and found[0].startswith("audio/") else ["audio/mpeg"]


def _behind(first: bytes) -> str | None:
    """The type of a file after bytes that a mail program, a printer or a careless script put in front, or of a stream
    that does not begin at a frame."""
    found = _PAGES.search(first, 0, PAGES_WITHIN)
    if found and may_precede(first[: found.start()]):
        return "application/pdf" if found[1] else "application/postscript"
    return "audio/mpeg" if holds_frames(first) else None


def _is_tar(first: bytes) -> bool:
    """Whether the checksum in the header is right: a tar from before POSIX has no other mark, and begins with a
    name."""
    header = first[:512]
    text = header[148:156].strip(b" \x00")
    if len(header) < 512 or not header[0] or not re.fullmatch(rb"[0-7]{1,7}", text):
        return False
    return int(text, 8) == sum(header[:148]) + sum(b" " * 8) + sum(header[156:])
