"""Every error valetkey raises, each with a stable code. HTTP statuses belong to `valetkey.api.problems`.

The first line of a class's docstring is the description of its code in the OpenAPI document.

::

    ValetKeyError
    ├── InvalidRequest            the caller has to change the request
    │   ├── UnknownProfile
    │   ├── ContentTypeNotAllowed
    │   ├── SizeOutOfRange
    │   ├── MetadataNotAllowed
    │   ├── IdempotencyKeyReused
    │   ├── MethodNotSupported
    │   ├── ChecksumNotSupported
    │   ├── ChecksumRequired
    │   └── WrongProfile
    ├── Unauthenticated           the credential is missing or invalid
    ├── Forbidden                 the credential is valid, but does not allow this
    │   └── TicketUsedUp
    ├── UploadNotFound            it does not exist, or is not the caller's; callers cannot tell which
    ├── ProfileNotFound           the profile whose rules are requested does not exist
    ├── ErasureNotFound           it does not exist, or is not the caller's; callers cannot tell which
    ├── StateConflict             the state of the upload does not allow this
    │   ├── PartsMissing
    │   ├── PartsMismatch
    │   ├── AlreadyClaimed
    │   └── ObjectReplaced
    ├── SenderUnknown             no such event sender, or it is not configured
    ├── SenderRefused             a delivery that does not authenticate its sender
    ├── MalformedEvent            an event that is not in the sender's format
    ├── Unavailable               try again after `retry_after` seconds; nothing was lost
    │   ├── StoreUnavailable
    │   │   ├── ObjectUnreadable      the store does not let us read an object that exists
    │   │   ├── StoreUnknown          the upload's store is not configured in this process
    │   │   ├── PlacementRefused      the store refuses the profile's storage class, encryption, tags or lock
    │   │   ├── NotSupportedByStore   the store does not support this operation
    │   │   └── CopyUnproven          nothing shows that a copy has the bytes that were checked
    │   ├── LedgerUnavailable
    │   ├── RecordUnknown             a newer version stored a record that cannot be read here
    │   └── RulesUnknown              this process does not know the rules of the upload
    └── ConfigurationError        the operator has to change a setting

    ObjectChanged                 of ports, never in the API: the object's ETag is not the expected one
    ObjectMissing                 of ports, never in the API: there is no object under the key
"""

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class ValetKeyError(Exception):
    """The base class. ``detail`` is a sentence for people; it never contains a secret."""

    code: ClassVar[str] = "error"

    each: "Sequence[tuple[int, ValetKeyError]]" = ()
    """If a call is about several uploads: the position of each one that has an error, and that error."""

    each_at: str | None = None
    """The JSON pointer (RFC 6901) to the list in the request's body that the positions are of, if there is one."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __reduce__(self) -> tuple[Any, ...]:
        """Makes errors picklable whatever arguments their classes take: job queues pass them between processes."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[ValetKeyError], args: tuple[Any, ...]) -> ValetKeyError:
    error = kind.__new__(kind)
    error.args = args
    return error


class InvalidRequest(ValetKeyError):
    """The request does not match the API's schema; `errors` says where.

    ``pointer`` is the JSON pointer (RFC 6901) to the invalid field.
    """

    code = "invalid_request"

    def __init__(self, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.pointer = pointer


class UnknownProfile(InvalidRequest):
    """There is no such profile."""

    code = "unknown_profile"


class ContentTypeNotAllowed(InvalidRequest):
    """The profile does not accept this content type, or it is not a content type."""

    code = "content_type_not_allowed"


class SizeOutOfRange(InvalidRequest):
    """The file is too large or too small for the profile."""

    code = "size_out_of_range"


class MetadataNotAllowed(InvalidRequest):
    """The profile does not allow these metadata keys, or there is too much metadata."""

    code = "metadata_not_allowed"


class IdempotencyKeyReused(InvalidRequest):
    """The Idempotency-Key was already used for a different request: use a new one."""

    code = "idempotency_key_reused"


class MethodNotSupported(InvalidRequest):
    """The file cannot be sent with this method, because of its size or because of the store."""

    code = "method_not_supported"


class ChecksumNotSupported(InvalidRequest):
    """The store does not keep a checksum of this algorithm for a file that is sent in parts."""

    code = "checksum_not_supported"


class ChecksumRequired(InvalidRequest):
    """The profile requires a checksum."""

    code = "checksum_required"


class WrongProfile(InvalidRequest):
    """The upload's profile is not the one that the claim requires."""

    code = "wrong_profile"


class Unauthenticated(ValetKeyError):
    """The credential is missing, invalid or expired."""

    code = "unauthenticated"


class Forbidden(ValetKeyError):
    """The credential is valid, but does not allow this."""

    code = "forbidden"


class TicketUsedUp(Forbidden):
    """The ticket has already created as many uploads as it allows."""

    code = "ticket_used_up"


class UploadNotFound(ValetKeyError):
    """The upload does not exist, or is not the caller's."""

    code = "upload_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such upload, or it is not yours.")


class ProfileNotFound(ValetKeyError):
    """There is no profile with this name."""

    code = "profile_not_found"


class ErasureNotFound(ValetKeyError):
    """The erasure does not exist, or is not the caller's."""

    code = "erasure_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such erasure, or it is not yours.")


class StateConflict(ValetKeyError):
    """The upload is in a state that does not allow this."""

    code = "state_conflict"


class PartsMissing(StateConflict):
    """The store has not received all parts yet; you can still send them."""

    code = "parts_missing"


class PartsMismatch(StateConflict):
    """The parts that the client listed are not those that the store has."""

    code = "parts_mismatch"


class AlreadyClaimed(StateConflict):
    """The upload is already claimed under another reference."""

    code = "already_claimed"


class ObjectReplaced(StateConflict):
    """The object at the store is no longer the confirmed one: it was replaced or removed."""

    code = "object_replaced"


class SenderUnknown(ValetKeyError):
    """There is no such event sender, or it is not configured."""

    code = "sender_unknown"


class SenderRefused(ValetKeyError):
    """The delivery could not be authenticated."""

    code = "sender_refused"


class MalformedEvent(ValetKeyError):
    """The delivery is not in the format of this sender."""

    code = "malformed_event"


class Unavailable(ValetKeyError):
    """The service is overloaded, or something that it depends on is unavailable: try again.

    ``retry_after`` is in seconds.
    """

    code = "unavailable"

    def __init__(self, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class StoreUnavailable(Unavailable):
    """The store is unavailable, or did not carry out a request: try again.

    ``refused``: the store answered that it did nothing; otherwise the request may still take effect.
    """

    code = "store_unavailable"

    def __init__(self, detail: str, retry_after: int = 5, *, refused: bool = False) -> None:
        super().__init__(detail, retry_after)
        self.refused = refused


class ObjectUnreadable(StoreUnavailable):
    """The store refuses to read an object that exists, without a reason."""


class StoreUnknown(StoreUnavailable):
    """The upload is in a store that is not configured in this process: the operator has to change the settings."""

    def __init__(self, upload_id: str, store: str) -> None:
        super().__init__(
            f"Upload {upload_id} is in the store {store!r}, which is not configured here. Nothing is lost: it "
            "continues when the store is configured again.",
            60,
            refused=True,
        )


class CopyUnproven(StoreUnavailable):
    """The copy's ETag differs from its source's, and the store offers no other proof that they are equal."""

    code = "copy_unproven"


class PlacementRefused(StoreUnavailable):
    """The store refuses the profile's placement. Retrying does not help: the operator has to change the profile or the
    bucket."""


class NotSupportedByStore(StoreUnavailable):
    """The store answers 501, or an equivalent error. Retrying does not help."""


class LedgerUnavailable(Unavailable):
    """The ledger is unavailable: try again."""

    code = "ledger_unavailable"


class RecordUnknown(Unavailable):
    """A newer version of valetkey stored something that this process cannot read: it leaves it alone."""

    code = "record_unknown"

    def __init__(self, what: str, subject: str = "") -> None:
        """``what`` cannot be read, and why, as the beginning of a sentence; ``subject`` is its id."""
        super().__init__(
            f"{what}: this process is older than the one that wrote it. Nothing is lost; a newer process continues "
            "with it."
        )
        self.subject = subject


class RulesUnknown(Unavailable):
    """This process does not know the upload's profile, or cannot read its rules, which a newer version stored."""

    code = "rules_unknown"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, retry_after=60)


class ConfigurationError(ValetKeyError):
    """The configuration is invalid: the operator has to change a setting."""

    code = "configuration_error"


class ObjectChanged(Exception):
    """The object under the key does not have the expected ETag."""


class ObjectMissing(Exception):
    """There is no object under the key."""
