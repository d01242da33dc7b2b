"""What goes wrong, and how each ends the work on a file.

::

    PutError                  ends the work on a file: a code, a sentence
    ├── Rejected              the service does not take this file
    ├── Refused               the service or the store does not take this request: no other file would fare better
    │   ├── Conflict          the upload is in a state that does not allow it
    │   └── Lost              there is no such upload (any more) for this credential
    ├── Unreachable           no answer that helps, after all attempts
    ├── FileError             the file cannot be read, or is no file
    │   └── FileChanged       it is not the one that was announced
    ├── Unconfirmed           all was sent, but the service did not say the last word in time
    └── Interrupted           the user wants no more

    Transient                 inside only: worth another attempt
    └── Doubtful              all bytes have left, and nobody knows whether they arrived: look before another attempt
    Stale                     inside only: what was signed is not (or no longer) taken; ask for another
    Gone                      inside only: the store knows no such multipart upload
    Different                 inside only: what was begun is not, as far as anybody can prove, of this file
"""

from typing import ClassVar

from valetkey.client.outcome import Ending


class PutError(Exception):
    """``code`` is stable, ``detail`` one sentence for a person."""

    ending: ClassVar[Ending]

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Rejected(PutError):
    ending = Ending.REJECTED


class Refused(PutError):
    ending = Ending.REFUSED


class Conflict(Refused):
    pass


class Lost(Refused):
    pass


class Unreachable(PutError):
    ending = Ending.UNREACHABLE


class FileError(PutError):
    ending = Ending.FILE_ERROR


class FileChanged(FileError):
    def __init__(self, name: str) -> None:
        super().__init__("file_changed", f"{name} changed while it was being sent: nothing of it is confirmed.")


class Unconfirmed(PutError):
    ending = Ending.UNCONFIRMED


class Interrupted(PutError):
    ending = Ending.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("interrupted", "Interrupted; run it again to go on.")


class Transient(Exception):
    """``after`` is how many seconds the server wants us to wait; None where it did not say.

    ``finally_`` is what it is when it has happened a few times: it does not pass by itself then.
    """

    def __init__(self, detail: str, after: float | None = None, finally_: PutError | None = None) -> None:
        super().__init__(detail)
        self.after = after
        self.finally_ = finally_


class Doubtful(Transient):
    """``answered`` says that the store has the last word already, so that it can be asked for at once."""

    def __init__(self, detail: str, after: float | None = None, *, answered: bool = False) -> None:
        super().__init__(detail, after)
        self.answered = answered


class Stale(Exception):
    """S3 says that a signature or its token has expired in as many ways as there are stores."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(detail)
        self.status = status


class Gone(Exception):
    """The multipart upload was aborted, or its parts were joined."""


class Different(Exception):
    """An upload of an earlier run, whose bytes are not those of the file that has its name, size and date now."""
