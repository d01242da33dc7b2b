"""What can go wrong, and what each error means for the upload of a file.

::

    PutError                     ends the upload of a file: a code and a sentence
    ├── Rejected                 the service does not accept this file
    ├── Refused                  the service or the store refuses the request: another file would fare no better
    │   ├── Conflict             the state of the upload does not allow the call
    │   └── UploadNotFound       this credential has no such upload (any more)
    ├── Unreachable              no useful response after all attempts
    ├── FileError                the file cannot be read, or is not a regular file
    │   └── FileChanged          the file is not the one that was announced
    ├── Unconfirmed              everything was sent, but the service did not confirm it in time
    └── Interrupted              the user interrupted the run

    Transient                    internal: worth another attempt
    └── DeliveryUnknown          everything was sent, but it may not have arrived: check before sending again
    SignatureRejected            internal: the store does not accept the signature (any more); get a fresh one
    MultipartUploadGone          internal: the store has no such multipart upload
    DifferentFile                internal: the interrupted upload cannot be proven to be of this file
"""

from typing import ClassVar

from valetkey.client.outcome import FileOutcome


class PutError(Exception):
    """``code`` is stable, ``detail`` is one sentence for a person."""

    outcome: ClassVar[FileOutcome]

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Rejected(PutError):
    outcome = FileOutcome.REJECTED


class Refused(PutError):
    outcome = FileOutcome.REFUSED


class Conflict(Refused):
    pass


class UploadNotFound(Refused):
    pass


class Unreachable(PutError):
    outcome = FileOutcome.UNREACHABLE


class FileError(PutError):
    outcome = FileOutcome.FILE_ERROR


class FileChanged(FileError):
    def __init__(self, name: str) -> None:
        super().__init__("file_changed", f"{name} changed while it was being sent: nothing of it is confirmed.")


class Unconfirmed(PutError):
    outcome = FileOutcome.UNCONFIRMED


class Interrupted(PutError):
    outcome = FileOutcome.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("interrupted", "Interrupted. Run the same command again to resume.")


class Transient(Exception):
    """A failure that may pass by itself.

    ``after`` is how many seconds the server asks us to wait; None when it does not say. ``permanent`` is the error to
    raise when the failure has happened a few times: it does not pass by itself then.
    """

    def __init__(self, detail: str, after: float | None = None, permanent: PutError | None = None) -> None:
        super().__init__(detail)
        self.after = after
        self.permanent = permanent


class DeliveryUnknown(Transient):
    """``check_now`` says that the store's response is final, so that the service can be asked at once."""

    def __init__(self, detail: str, after: float | None = None, *, check_now: bool = False) -> None:
        super().__init__(detail, after)
        self.check_now = check_now


class SignatureRejected(Exception):
    """Stores report an expired signature or session token in many ways; ``status`` is the one this store used."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(detail)
        self.status = status


class MultipartUploadGone(Exception):
    """The multipart upload was aborted, or its parts were joined."""


class DifferentFile(Exception):
    """The bytes of an interrupted upload are not those of the file that has its name, size and date now."""
