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

BAD = 3 / 8
"""The part of the bodies that a check refuses."""

CAUSES = {"default": set[str](), SCANNED: {"infected"}, LOOKED_AT: {"content_mismatch"}}
"""Why one may be rejected, beside having been overwritten."""

INFECTED = 96
"""The first byte of infected bodies is below."""

_PNG = png()


def is_infected(body: bytes) -> bool:
    return body[0] < INFECTED


def is_good(profile: str, body: bytes) -> bool:
    """Whether an upload of that profile may be confirmed with these bytes."""
    if profile == SCANNED:
        return not is_infected(body)
    return profile != LOOKED_AT or body.startswith(_PNG[:8])


def made(profile: str, size: int, chance: Random, *, good: bool) -> bytes:
    """A body for an upload of that profile; one that its check refuses where it is not ``good``."""
    body = chance.randbytes(size)
    if profile == SCANNED:
        first = chance.randrange(INFECTED, 256) if good else chance.randrange(INFECTED)
        return bytes([first]) + body[1:]
    return (_PNG + body)[:size] if profile == LOOKED_AT and good else body
