"""Who knows what bytes look like."""

from collections.abc import Sequence
from typing import Protocol


class TypeDetector(Protocol):
    """Knows the signatures of file formats."""

    def candidates(self, first: bytes) -> Sequence[str]:
        """The types whose signature ``first`` begins with, the likeliest first; those that it cannot tell apart too."""

    def knows(self, content_type: str) -> bool:
        """Whether files of that type have a signature that it would find."""
