"""Honest files, and the types that browsers, phones and office programs give them. Built here, by libraries or by hand.

A type is listed where a system is known to give it: Chromium's, Firefox's and Safari's own tables, Windows' registry
with and without Office, shared-mime-info of Linux desktops, Android and iOS, mime-db, and mail programs.
"""

from dataclasses import dataclass

OCTETS = "application/octet-stream"


@dataclass(frozen=True)
class Sample:
    """A file with what it is called. ``types`` are all that systems give to it."""

    name: str
    content: bytes
    types: tuple[str, ...]

    @property
    def first(self) -> bytes:
        """What the service looks at."""
        return self.content[:4096]


def sample(name: str, content: bytes, types: str) -> Sample:
    """``types`` are separated by blanks; "application/octet-stream" is among them for every file."""
    return Sample(name, content, (*types.split(), OCTETS))
