"""The client's errors, and what each means to the caller.

::

    ClientError                  a call, or the upload of a file, failed: a code and a sentence
    ├── Rejected                 the service does not accept this file
    ├── Refused                  the service or the store refuses the request, whatever the file
    │   ├── Conflict             the state of the upload does not allow the call
    │   ├── StoreRefused         internal: the store refuses; the service has said nothing about the upload
    │   └── UploadNotFound       the upload does not exist, or is not this credential's
    ├── Unreachable              no useful response after all attempts
    ├── FileError                the file cannot be read, or is not a regular file
    │   └── FileChanged          the file is not the one that was announced
    ├── Unconfirmed              everything was sent, but the service did not confirm it in time
    ├── Interrupted              the run was interrupted, or the client was closed
    └── WebhookRefused           the signature of a webhook is not valid

    Transient                    internal: worth another attempt
    ├── DeliveryUnknown          everything was sent, but it may not have arrived: check before sending again
    └── StoreBusy                the store asks for fewer requests
    SignatureRejected            internal: the store does not accept the signature (any more); get a new one
    MultipartUploadGone          internal: the store has no such multipart upload
    DifferentFile                internal: the interrupted upload is not proven to be of this file
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from valetkey.client.outcome import FileOutcome


class ClientError(Exception):
    """A call failed. ``str()`` of the error is ``detail``."""

    outcome: ClassVar[FileOutcome] = FileOutcome.REFUSED
    """The outcome of a file whose upload fails with this error."""

    def __init__(
        self, code: str, detail: str, *, status: int | None = None, problem: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        """A stable code: the service's (`upload_not_found`), or the client's own (`unreachable`)."""
        self.detail = detail
        """A sentence for people; it may change."""
        self.status = status
        """The HTTP status of the service's response; None if there was no response."""
        self.problem = problem
        """The service's problem document (RFC 9457); None if there was none."""


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
        super().__init__("file_changed", f"{name} changed while it was being sent: it is not confirmed.")


class Unconfirmed(ClientError):
    outcome = FileOutcome.UNCONFIRMED


class Interrupted(ClientError):
    outcome = FileOutcome.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("interrupted", "Interrupted.")


class WebhookRefused(ClientError):
    """Respond with 401, and do not process the webhook."""

    def __init__(self, detail: str) -> None:
        super().__init__("webhook_refused", detail)


class Transient(Exception):
    """A failure that may be transient.

    ``after`` is the delay in seconds that the server asks for; None if it does not. ``permanent`` is the error to raise
    when the failure was repeated a few times, and so is not transient. ``status`` and ``problem`` are as in
    `ClientError`.
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
