"""What can become of a file, as a script sees it: an ending, and its exit code."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Ending(StrEnum):
    """How the work on one file ended."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    FILE_ERROR = "file_error"
    UNCONFIRMED = "unconfirmed"
    INTERRUPTED = "interrupted"


EXIT_CODES: dict[Ending, int] = {
    Ending.CONFIRMED: 0,
    Ending.REJECTED: 3,
    Ending.REFUSED: 4,
    Ending.UNREACHABLE: 5,
    Ending.FILE_ERROR: 6,
    Ending.UNCONFIRMED: 7,
    Ending.INTERRUPTED: 130,
}
"""1 is an error of ours, 2 a wrong command line (click's)."""


def exit_code(endings: Iterable[Ending]) -> int:
    """0 when all are confirmed, 130 when one was interrupted, else the lowest code of those that failed."""
    codes = {EXIT_CODES[ending] for ending in endings} - {0}
    return 130 if 130 in codes else min(codes, default=0)


@dataclass(frozen=True)
class Outcome:
    """One file's end. ``upload`` is what the service answered last, where it did; ``sent`` counts payload bytes."""

    file: str
    ending: Ending
    code: str | None = None
    detail: str | None = None
    upload: dict[str, Any] | None = None
    resumed: bool = False
    sent: int = 0

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        error = None if self.ending is Ending.CONFIRMED else {"code": self.code, "detail": self.detail}
        return {
            "file": self.file,
            "outcome": self.ending.value,
            "error": error,
            "resumed": self.resumed,
            "sent_bytes": self.sent,
            "upload": self.upload,
        }
