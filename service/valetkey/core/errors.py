"""Every error valetkey raises, each with a stable code. HTTP statuses belong to `valetkey.api.problems`.

The first line of a class's docstring is what the API document says of its code.

::

    ValetKeyError
    ├── InvalidRequest            the caller can mend it
    │   ├── UnknownProfile
    │   ├── ContentTypeNotAllowed
    │   ├── SizeOutOfRange
    │   ├── MetadataNotAllowed
    │   ├── IdempotencyKeyReused
    │   ├── MethodNotSupported
    │   ├── ChecksumNotSupported
    │   ├── ChecksumRequired
    │   └── WrongProfile
    ├── Unauthenticated           nobody we know
    ├── Forbidden                 known, but not allowed this
    │   └── TicketUsedUp
    ├── UploadNotFound            not there, or not the caller's: the two look the same
    ├── ProfileNotFound           somebody asks for the rules of a profile that is not there
    ├── ErasureNotFound           not there, or not the caller's: the two look the same
    ├── StateConflict             the upload is in a state that does not allow this
    │   ├── PartsMissing
    │   ├── PartsMismatch
    │   ├── AlreadyClaimed
    │   └── ObjectReplaced
    ├── SenderUnknown             no such event sender, or it is not switched on
    ├── SenderRefused             an event that does not prove who sent it
    ├── MalformedEvent            an event that its own format does not allow
    ├── Unavailable               try again after `retry_after` seconds; nothing was lost
    │   ├── StoreUnavailable
    │   │   ├── PlacementRefused      the store does not take the profile's storage class, encryption, tags or lock
    │   │   ├── NotSupportedByStore   the store does not know this operation
    │   │   └── CopyUnproven          a copy is there, and nothing shows that it has the bytes that were checked
    │   ├── LedgerUnavailable
    │   ├── RecordUnknown             a newer version stored what cannot be read here
    │   └── RulesUnknown              what an upload has to keep to cannot be said here
    └── ConfigurationError        the operator has to change a setting

    ObjectChanged                 between ports only: the object's ETag is not the expected one
    ObjectMissing                 between ports only: no object under that key
"""

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class ValetKeyError(Exception):
    """The root of the tree. ``detail`` is one sentence for a person; it never holds a secret."""

    code: ClassVar[str] = "error"

    each: "Sequence[tuple[int, ValetKeyError]]" = ()
    """Where several things were given at once, those that are wrong: the position of each, and what is wrong."""

    each_at: str | None = None
    """The JSON pointer (RFC 6901) of the list that they were given in, where they came in a body."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as it is: queues of jobs carry errors between processes, and make them anew without calling them."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[ValetKeyError], args: tuple[Any, ...]) -> ValetKeyError:
    error = kind.__new__(kind)
    error.args = args
    return error


class InvalidRequest(ValetKeyError):
    """The request does not match what the API documents; `errors` says where.

    ``pointer`` is the JSON pointer (RFC 6901) of the culprit.
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
    """The profile accepts only larger or smaller files."""

    code = "size_out_of_range"


class MetadataNotAllowed(InvalidRequest):
    """The profile does not accept these metadata keys, or there are too many."""

    code = "metadata_not_allowed"


class IdempotencyKeyReused(InvalidRequest):
    """This Idempotency-Key was used with another request: use a new one."""

    code = "idempotency_key_reused"


class MethodNotSupported(InvalidRequest):
    """The bytes cannot be sent that way, because of their size or because of the store."""

    code = "method_not_supported"


class ChecksumNotSupported(InvalidRequest):
    """S3 keeps no such checksum for a whole object that was sent in parts."""

    code = "checksum_not_supported"


class ChecksumRequired(InvalidRequest):
    """The profile requires a checksum."""

    code = "checksum_required"


class WrongProfile(InvalidRequest):
    """The upload has a profile other than the one that it is claimed for."""

    code = "wrong_profile"


class Unauthenticated(ValetKeyError):
    """No credential was sent, or it is not, or no longer, valid."""

    code = "unauthenticated"


class Forbidden(ValetKeyError):
    """The credential is known, but does not allow this."""

    code = "forbidden"


class TicketUsedUp(Forbidden):
    """The ticket has created as many uploads as it allows."""

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
    """Not all parts are at the store yet; the upload stays open for them."""

    code = "parts_missing"


class PartsMismatch(StateConflict):
    """The parts that the client lists are not those that the store has."""

    code = "parts_mismatch"


class AlreadyClaimed(StateConflict):
    """The upload is claimed under another reference."""

    code = "already_claimed"


class ObjectReplaced(StateConflict):
    """The bytes at the store are not those that were confirmed: somebody else has replaced or removed them."""

    code = "object_replaced"


class SenderUnknown(ValetKeyError):
    """There is no such event sender, or its setting is missing."""

    code = "sender_unknown"


class SenderRefused(ValetKeyError):
    """The event does not prove who sent it."""

    code = "sender_refused"


class MalformedEvent(ValetKeyError):
    """The event does not have the format that its sender documents."""

    code = "malformed_event"


class Unavailable(ValetKeyError):
    """The service is busy, or something that it needs is unavailable: try again.

    ``retry_after`` is in seconds.
    """

    code = "unavailable"

    def __init__(self, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class StoreUnavailable(Unavailable):
    """The store is unavailable, or did not do what it was asked to do: try again.

    ``refused``: the store has answered that it did nothing; otherwise what was asked for may still be done.
    """

    code = "store_unavailable"

    def __init__(self, detail: str, retry_after: int = 5, *, refused: bool = False) -> None:
        super().__init__(detail, retry_after)
        self.refused = refused


class ObjectUnreadable(StoreUnavailable):
    """The store refuses to say anything of an object that is there, and does not say why."""


class StoreUnknown(StoreUnavailable):
    """The upload is in a store that is not configured in this process: somebody has to change the settings."""

    def __init__(self, upload_id: str, store: str) -> None:
        super().__init__(
            f"Upload {upload_id} is in the store {store!r}, which is not configured here: nothing of it is lost, and "
            "it goes on when the store is back.",
            60,
            refused=True,
        )


class CopyUnproven(StoreUnavailable):
    """The copy has another ETag than its source, and nothing that the store shows proves it; see `checksum`."""

    code = "copy_unproven"


class PlacementRefused(StoreUnavailable):
    """Waiting does not help: the operator has to change the profile, or the bucket."""


class NotSupportedByStore(StoreUnavailable):
    """Waiting does not help: the store answers 501, or as much."""


class LedgerUnavailable(Unavailable):
    """The ledger is unavailable: try again."""

    code = "ledger_unavailable"


class RecordUnknown(Unavailable):
    """A newer version of valetkey stored something that this process cannot read: it leaves it alone."""

    code = "record_unknown"

    def __init__(self, what: str, subject: str = "") -> None:
        """``what`` cannot be read, and why, as the beginning of a sentence; ``subject`` is its id."""
        super().__init__(
            f"{what}: this process is older than the one that wrote it. Nothing of it is lost; a newer process goes on "
            "with it."
        )
        self.subject = subject


class RulesUnknown(Unavailable):
    """This process does not know the upload's profile, or its rules, which a newer version stored: it stops."""

    code = "rules_unknown"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, retry_after=60)


class ConfigurationError(ValetKeyError):
    code = "configuration_error"


class ObjectChanged(Exception):
    """The object under the key is not the one whose ETag was given."""


class ObjectMissing(Exception):
    """There is no object under the key."""
