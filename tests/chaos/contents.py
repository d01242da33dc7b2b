"""Which bytes are good ones: a scanner's opinion and a look at the first bytes, as data that clients know as well."""

from random import Random

from tests.unit.samples import png

SCANNED, LOOKED_AT = "scanned", "looked-at"
TYPES = {"default": "application/octet-stream", SCANNED: "application/octet-stream", LOOKED_AT: "image/png"}
"""What is granted, by profile."""

PROFILES = """
[profiles.default]
expires_in = 15

[profiles.scanned]
expires_in = 15
scan = true

[profiles.looked-at]
expires_in = 15
detect = "reject"
"""

CAUSES = {"default": set[str](), SCANNED: {"infected"}, LOOKED_AT: {"content_mismatch"}}
"""Why one may be rejected, beside having been overwritten."""

_PNG = png()


def is_infected(body: bytes) -> bool:
    """Three of eight are, as bodies are random."""
    return body[0] < 96


def is_good(profile: str, body: bytes) -> bool:
    """Whether an upload of that profile may be confirmed with these bytes."""
    if profile == SCANNED:
        return not is_infected(body)
    return profile != LOOKED_AT or body.startswith(_PNG[:8])


def made(profile: str, size: int, chance: Random) -> bytes:
    """A body for an upload of that profile, which is a good one five times of eight."""
    body = chance.randbytes(size)
    is_image = profile == LOOKED_AT and chance.random() < 5 / 8
    return (_PNG + body)[:size] if is_image else body
