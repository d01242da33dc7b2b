"""File signatures: puremagic's table, and what it leaves out or cannot tell apart.

puremagic knows a thousand signatures of one byte and more, some of the end of a file. Here only the beginning counts,
and only a match that is long enough to be no accident; where its rows say "one of these containers", the container's
own header is read.
"""

import re
from collections.abc import Sequence

from puremagic.main import PureError, magic_header_array, magic_string, multi_part_dict

from valetkey.core.families import family

MIN_START, MIN_INSIDE = 3, 4
"""The shortest credible signature at the first byte, and behind it, in bytes."""

_RIFF = {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}
_BRANDS = {
    "image/heic": (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"),
    "image/avif": (b"avif", b"avis"),
    "video/quicktime": (b"qt  ",),
    "audio/mp4": (b"M4A ", b"M4B ", b"M4P "),
    "image/x-canon-cr3": (b"crx ",),
    "image/jp2": (b"jp2 ", b"jpx ", b"jpm "),
}
_PATTERNS: Sequence[tuple[str, re.Pattern[bytes]]] = (
    ("application/x-msdownload", re.compile(rb"MZ")),
    ("application/x-executable", re.compile(rb"\x7fELF|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe")),
    # the size of the header that follows the file header tells a bitmap from a text that begins with BM
    ("image/bmp", re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00", re.DOTALL)),
    # MPEG audio frames: sync, version 1 or 2 or 2.5, layer III or II, and a bit rate and a sampling rate that exist
    (
        "audio/mpeg",
        re.compile(
            rb"\xff[\xe2\xe3\xf2-\xf5\xfa-\xfd][\x10-\x1b\x20-\x2b\x30-\x3b\x40-\x4b\x50-\x5b\x60-\x6b"
            rb"\x70-\x7b\x80-\x8b\x90-\x9b\xa0-\xab\xb0-\xbb\xc0-\xcb\xd0-\xdb\xe0-\xeb]"
        ),
    ),
    ("audio/aac", re.compile(rb"\xff[\xf0\xf1\xf8\xf9]")),
)
_OURS = frozenset({*_RIFF.values(), *_BRANDS, "video/mp4", *(name for name, _ in _PATTERNS)})


class MagicDetector:
    """`TypeDetector` by puremagic."""

    def __init__(self) -> None:
        rows = [*magic_header_array, *(row for rows in multi_part_dict.values() for row in rows)]
        self._known = {family(name) for name in _OURS} | {
            family(row.mime_type) for row in rows if row.mime_type and _is_credible(row.byte_match, row.offset)
        }

    def candidates(self, first: bytes) -> Sequence[str]:
        own = _container(first) or _by_pattern(first)
        if own is not None:
            return [own]
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


def _container(first: bytes) -> str | None:
    """By the form of a RIFF file, and by the brand of an ISO one (ISO/IEC 14496-12); other brands are films."""
    if first[:4] == b"RIFF":
        return _RIFF.get(first[8:12], "application/x-riff")
    if first[4:8] != b"ftyp":
        return None
    return next((name for name, brands in _BRANDS.items() if first[8:12] in brands), "video/mp4")


def _by_pattern(first: bytes) -> str | None:
    return next((name for name, pattern in _PATTERNS if pattern.match(first)), None)
