"""Detection of content types by signature."""

from collections.abc import Sequence
from typing import Protocol


class TypeDetector(Protocol):
    """Knows the signatures of file formats."""

    def candidates(self, first: bytes) -> Sequence[str]:
        """The types whose signature ``first`` begins with, most likely first, including those it cannot tell apart."""

    def knows(self, content_type: str) -> bool:
        """Whether files of that type have a signature that it recognizes."""
