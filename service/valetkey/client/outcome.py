"""The outcome of one file as a script sees it, and the exit code of the command."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class FileOutcome(StrEnum):
    """How the upload of one file ended."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    FILE_ERROR = "file_error"
    UNCONFIRMED = "unconfirmed"
    INTERRUPTED = "interrupted"


EXIT_CODES: dict[FileOutcome, int] = {
    FileOutcome.CONFIRMED: 0,
    FileOutcome.REJECTED: 3,
    FileOutcome.REFUSED: 4,
    FileOutcome.UNREACHABLE: 5,
    FileOutcome.FILE_ERROR: 6,
    FileOutcome.UNCONFIRMED: 7,
    FileOutcome.INTERRUPTED: 130,
}
"""1 is a bug, 2 a wrong command line (click's)."""


def exit_code(outcomes: Iterable[FileOutcome]) -> int:
    """0 if all files are confirmed, 130 if the run was interrupted, else the lowest code of the failures."""
    codes = {EXIT_CODES[outcome] for outcome in outcomes} - {0}
    return 130 if 130 in codes else min(codes, default=0)


@dataclass(frozen=True)
class FileReport:
    """What is reported about one file when its upload has ended."""

    file: str
    """The name of the file as it was given or found."""
    outcome: FileOutcome
    code: str | None = None
    """The stable code of the failure; None for a confirmed file."""
    detail: str | None = None
    """The failure in one sentence; None for a confirmed file."""
    upload: dict[str, Any] | None = None
    """The upload in the service's last response about it; None if there was none."""
    resumed: bool = False
    """Whether this run resumed an interrupted upload."""
    bytes_sent: int = 0
    """The bytes of the file that this run sent, including those that were sent again."""

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        confirmed = self.outcome is FileOutcome.CONFIRMED
        return {
            "file": self.file,
            "outcome": self.outcome.value,
            "error": None if confirmed else {"code": self.code, "detail": self.detail},
            "resumed": self.resumed,
            "sent_bytes": self.bytes_sent,
            "upload": self.upload,
        }
