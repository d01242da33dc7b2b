"""Converts boto3's errors to those of the port."""

import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import botocore.compat
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from valetkey import forks, waiting
from valetkey.adapters.s3.caller import MAX_SKEW
from valetkey.adapters.s3.strangers import StrangerAnswered, StrangerRefused, StrangersNotFound, is_stores_own
from valetkey.core.errors import (
    NotSupportedByStore,
    ObjectChanged,
    ObjectMissing,
    ObjectUnreadable,
    PlacementRefused,
    StoreUnavailable,
)
from valetkey.reference.store_answers import ErrorBody, Meaning, is_listed, meaning_of, seconds_until

RETRY_AFTER = 5
MAX_RETRY_AFTER = 60
"""The default and the maximum Retry-After, in seconds."""

_OPERATIONS = {
    "HeadObject": "head",
    "GetObject": "get",
    "CopyObject": "copy",
    "UploadPartCopy": "copy",
    "PutObject": "put",
    "UploadPart": "part",
    "CreateMultipartUpload": "begin",
    "ListParts": "parts",
    "CompleteMultipartUpload": "complete",
    "AbortMultipartUpload": "abort",
    "DeleteObject": "delete",
    "DeleteObjects": "delete",
    "HeadBucket": "bucket",
    "PutObjectTagging": "copy",
    "PutObjectRetention": "copy",
    "PutObjectLegalHold": "copy",
}
"""The names of botocore's operations in the table of store responses; all others are listings."""

_NOT_BEGUN = frozenset({"SlowDown", "ServiceUnavailable"})
"""503 errors with which S3 says that it has not started; any other 5xx error may come after the work."""

_UNAVAILABLE: dict[Meaning, type[StoreUnavailable]] = {
    Meaning.PLACEMENT: PlacementRefused,
    Meaning.UNSUPPORTED: NotSupportedByStore,
}

_UNREADABLE = (ResponseParserError, LookupError, ValueError, TypeError)
"""Errors that botocore or we raise for a truncated response, one without XML, or one without required values."""


class _Available:
    """Converts botocore's errors to those of the port."""

    def __enter__(self) -> None:
        waiting.look()
        forks.look()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ClientError):
            raise _translated(error) from error
        # RuntimeError: botocore's, for credentials that are expired even after their renewal
        if isinstance(error, BotoCoreError | RuntimeError):
            raise StoreUnavailable(f"The store does not respond: {type(error).__name__}.") from error
        if isinstance(error, StrangerAnswered):
            raise StoreUnavailable(str(error), 30) from error
        if isinstance(error, _UNREADABLE):
            raise StoreUnavailable(f"The store's response cannot be read: {type(error).__name__}.") from error


available = _Available()


def _translated(error: ClientError) -> Exception:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    said = error.response.get("Error", {})
    code = "" if str(said.get("Code", "")).isdecimal() else str(said.get("Code", ""))  # a HEAD has no body
    meaning = meaning_of(
        _OPERATIONS.get(error.operation_name, "list"), status, ErrorBody(code, str(said.get("Message", "")))
    )
    if meaning in {Meaning.MISSING, Meaning.UNSUPPORTED} and not is_listed(code) and not is_stores_own(error):
        is_missing = meaning is Meaning.MISSING
        return StrangersNotFound(error.operation_name) if is_missing else StrangerRefused(error.operation_name, status)
    if meaning is Meaning.MISSING:
        return ObjectMissing()
    if meaning is Meaning.CHANGED:
        return ObjectChanged()
    detail = f"The store refused {error.operation_name}: {code or status}.{_clock_hint(error)}"
    refused = status in range(400, 500) or meaning in {Meaning.UNSUPPORTED, Meaning.PLACEMENT} or code in _NOT_BEGUN
    if error.operation_name == "HeadObject" and status == HTTPStatus.BAD_REQUEST and not code:
        return ObjectUnreadable(detail, _retry_after(error), refused=True)
    return _UNAVAILABLE.get(meaning, StoreUnavailable)(detail, _retry_after(error), refused=refused)


def _retry_after(error: ClientError) -> int:
    """The Retry-After of the store in seconds; a default if it has none."""
    asked = str(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", ""))
    seconds = seconds_until(asked, datetime.now(UTC))
    return RETRY_AFTER if seconds is None else math.ceil(min(seconds, MAX_RETRY_AFTER))


def _clock_hint(error: ClientError) -> str:
    """A hint in a sentence if our clock is too far from the store's; else empty.

    Judged by the store's ``Date`` header: the error code for it, RequestTimeTooSkewed, is in the body, which a response
    to HEAD does not have.
    """
    metadata = error.response.get("ResponseMetadata", {})
    with suppress(KeyError, TypeError, ValueError, OverflowError):
        theirs = parsedate_to_datetime(metadata["HTTPHeaders"]["date"])
        off = botocore.compat.get_current_datetime(remove_tzinfo=False) - theirs
        if metadata["HTTPStatusCode"] == HTTPStatus.FORBIDDEN and abs(off) > MAX_SKEW:
            minutes = abs(off) // timedelta(minutes=1)
            direction = "ahead of" if off > timedelta(0) else "behind"
            return f" This machine's clock is {minutes} minutes {direction} the store's: correct it."
    return ""
