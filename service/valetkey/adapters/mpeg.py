"""Detects MPEG streams that do not begin at a frame boundary, as recordings of radio streams do."""

import re

# kbit/s by the index in a header, for MPEG 1 and for 2 and 2.5, and layers II and III (ISO/IEC 11172-3, 13818-3)
_RATES = {
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLES = (44_100, 48_000, 32_000)
_LONGEST = 2881
"""The longest frame in bytes: layer II of MPEG 2 at 160 kbit/s and 8 kHz."""

_HEADER = re.compile(rb"\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd][\x10-\xef]")


def holds_frames(first: bytes) -> bool:
    """Whether three frames of MPEG audio follow one another, the first within the length of one frame."""
    return any(
        _is_frame(first, second := at.start() + _length(first, at.start()))
        and _is_frame(first, second + _length(first, second))
        for at in _HEADER.finditer(first, 0, _LONGEST)
        if _length(first, at.start())
    )


def _is_frame(first: bytes, at: int) -> bool:
    return _HEADER.match(first, at) is not None and _length(first, at) > 0


def _length(first: bytes, at: int) -> int:
    """The length in bytes of the frame whose header is at ``at``; 0 if there is none."""
    if at + 3 > len(first):
        return 0
    version, layer, rate, samples = (
        first[at + 1] >> 3 & 3,
        4 - (first[at + 1] >> 1 & 3),
        first[at + 2] >> 4,
        first[at + 2] >> 2 & 3,
    )
    if version == 1 or samples == 3 or not 0 < rate < 15 or layer == 4:
        return 0
    kind = 1 if version == 3 else 2
    slots = 72_000 if kind == 2 and layer == 3 else 144_000
    hertz = _SAMPLES[samples] >> {3: 0, 2: 1, 0: 2}[version]
    return slots * _RATES[kind, layer][rate - 1] // hertz + (first[at + 2] >> 1 & 1)
