"""The client's errors, and what each means to the caller.

::

    ClientError                  a call, or the upload of a file, has failed: a code and a sentence
    ├── Rejected                 the service does not accept this file
    ├── Refused                  the service or the store refuses the request: another file would fare no better
    │   ├── Conflict             the state of the upload does not allow the call
    │   ├── StoreRefused         internal: the store does; nobody has said anything of the upload
    │   └── UploadNotFound       this credential has no such upload (any more)
    ├── Unreachable              no useful response after all attempts
    ├── FileError                the file cannot be read, or is not a regular file
    │   └── FileChanged          the file is not the one that was announced
    ├── Unconfirmed              everything was sent, but the service did not confirm it in time
    ├── Interrupted              the run was interrupted, or the client was closed
    └── WebhookRefused           what came is no webhook that the service has just signed

    Transient                    internal: worth another attempt
    ├── DeliveryUnknown          everything was sent, but it may not have arrived: check before sending again
    └── StoreBusy                the store has too much to do, and says so
    SignatureRejected            internal: the store does not accept the signature (any more); get a fresh one
    MultipartUploadGone          internal: the store has no such multipart upload
    DifferentFile                internal: the interrupted upload cannot be proven to be of this file
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from valetkey.client.outcome import FileOutcome


class ClientError(Exception):
    """Why a call has failed. ``str()`` of it is ``detail``."""

    outcome: ClassVar[FileOutcome] = FileOutcome.REFUSED
    """How the upload of a file ends that this error ends."""

    def __init__(
        self, code: str, detail: str, *, status: int | None = None, problem: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        """Stable: one of the service's (`upload_not_found`), or of the client's (`unreachable`)."""
        self.detail = detail
        """One sentence for a person; it may change."""
        self.status = status
        """The HTTP status of the service's response; None where it gave none."""
        self.problem = problem
        """The service's problem document (RFC 9457) as it came; None where it sent none."""


class Rejected(ClientError):
    outcome = FileOutcome.REJECTED


class Refused(ClientError):
    outcome = FileOutcome.REFUSED


class Conflict(Refused):
    pass


class UploadNotFound(Refused):
    pass


class StoreRefused(Refused):
    """The store refuses what was sent, and no other attempt helps. What it has of the upload stays."""


class Unreachable(ClientError):
    outcome = FileOutcome.UNREACHABLE


class FileError(ClientError):
    outcome = FileOutcome.FILE_ERROR


class FileChanged(FileError):
    def __init__(self, name: str) -> None:
        super().__init__("file_changed", f"{name} changed while it was being sent: nothing of it is confirmed.")


class Unconfirmed(ClientError):
    outcome = FileOutcome.UNCONFIRMED


class Interrupted(ClientError):
    outcome = FileOutcome.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("interrupted", "Interrupted.")


class WebhookRefused(ClientError):
    """Answer it with 401, and do nothing else about it."""

    def __init__(self, detail: str) -> None:
        super().__init__("webhook_refused", detail)


class Transient(Exception):
    """A failure that may pass by itself.

    ``after`` is how many seconds the server asks us to wait; None when it does not say. ``permanent`` is the error to
    raise when the failure has happened a few times: it does not pass by itself then. ``status`` and ``problem`` are as
    in `ClientError`.
    """

    def __init__(
        self,
        detail: str,
        after: float | None = None,
        permanent: ClientError | None = None,
        *,
        status: int | None = None,
        problem: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.after = after
        self.permanent = permanent
        self.status = status
        self.problem = problem


class DeliveryUnknown(Transient):
    """``check_now`` says that the store's response is final, so that the service can be asked at once."""

    def __init__(self, detail: str, after: float | None = None, *, check_now: bool = False) -> None:
        super().__init__(detail, after)
        self.check_now = check_now


class StoreBusy(Transient):
    """The store asks for fewer requests."""


class SignatureRejected(Exception):
    """Stores report an expired signature or session token in many ways; ``status`` is the one this store used."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(detail)
        self.status = status


class MultipartUploadGone(Exception):
    """The multipart upload was aborted, or its parts were joined."""


class DifferentFile(Exception):
    """The bytes of an interrupted upload are not those of the file that has its name, size and date now."""
