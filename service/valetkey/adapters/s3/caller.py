"""The calls that each confirmation makes, signed by ourselves: botocore takes ten times as long to make one.

It does what botocore does for a call: it retries if the store is busy, finds a bucket in another region, and corrects a
wrong clock by the store's. Errors are botocore's, so that other code can handle calls of both kinds alike.
"""

import logging
import random
import re
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple

import urllib3
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from botocore.retries.quota import RetryQuota
from urllib3 import exceptions

from valetkey.adapters.s3.heads import once
from valetkey.adapters.s3.pool import Pool
from valetkey.adapters.s3.strangers import require_store
from valetkey.adapters.s3.xml import Element, parsed
from valetkey.core.signing.credentials import Credentials
from valetkey.core.signing.requests import RequestSigner
from valetkey.reference.store_answers import ErrorBody, Meaning, meaning_of, parse_error

log = logging.getLogger("valetkey")

MAX_SKEW = timedelta(minutes=15)
"""The maximum clock skew that S3 accepts (S3's error responses, RequestTimeTooSkewed)."""

ATTEMPTS, MAX_BACKOFF = 3, 20.0
"""The maximum number of attempts, and of seconds between two; as in botocore's standard mode."""

RETRY_COST, TIMEOUT_COST = 5, 10
"""The cost of a retry in the retry quota, which stops retries if nothing works any more; as in botocore."""

MAX_ERROR, MAX_ANSWER = 65_536, 8 * 1024**2
"""How many bytes are read of an error response, and the maximum size of any other: that to DeleteObjects names up to
1,000 keys."""

_PASSING = frozenset({Meaning.AGAIN, Meaning.WAIT, Meaning.LOOK})
_REGION = re.compile(r"<Region>([a-z0-9-]{1,40})</Region>")
_REGION_NAME = re.compile(r"[a-z0-9-]{1,40}")
_NO_SUCCESS = frozenset({"Error", "html"})
_GZIP = b"\x1f\x8b"  # how it begins, and XML never does (RFC 1952, 2.3.1)
_MOVED = frozenset({301, 302, 307})
_WRONG_REGION = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"})


def now() -> datetime:
    """The time by this machine's clock."""
    return datetime.now(UTC)


class Operation(NamedTuple):
    """An S3 operation: its ``name`` in S3, its name in the table of store responses, and how it is sent."""

    name: str
    listed: str
    method: str
    patient: bool = False
    """It takes long and is not retried: the next signal tries again."""
    answers: bool = False
    """A success has an XML body."""

    @property
    def has_body(self) -> bool:
        """Whether a success has a body: XML, or the object's bytes."""
        return self.answers or self.name == "GetObject"


HEAD = Operation("HeadObject", "head", "HEAD")
GET = Operation("GetObject", "get", "GET")
DELETE = Operation("DeleteObject", "delete", "DELETE")
DELETE_MANY = Operation("DeleteObjects", "delete", "POST", answers=True)
LIST_PARTS = Operation("ListParts", "parts", "GET", answers=True)
COPY = Operation("CopyObject", "copy", "PUT", patient=True, answers=True)
COPY_PART = Operation("UploadPartCopy", "copy", "PUT", patient=True, answers=True)

NOTHING: Mapping[str, str] = {}


def of_version(version_id: str | None) -> Mapping[str, str]:
    """The query for this version of an object; for None, the current one."""
    return {"versionId": version_id} if version_id else NOTHING


class CallResponse(NamedTuple):
    """A store's response. ``headers`` are case-insensitive; ``root`` is the root element of an XML body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    root: Element = Element("", "", ())


@dataclass
class Place:
    """The bucket's currently known address, and the offset of our clock."""

    signer: RequestSigner
    pool: Pool
    region: str
    offset: timedelta = timedelta(0)


@dataclass
class _Call:
    """One call, and the state of its attempts."""

    operation: Operation
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    limit: int | None
    offset: timedelta = timedelta(0)
    adjusted: set[str] = field(default_factory=set)


class Caller:
    """Calls one bucket. ``find`` returns its address in the configured region (None) or in another one.

    Threads may share it, processes may not.
    """

    def __init__(
        self,
        find: Callable[[str | None], Place],
        credentials: BotocoreCredentials,
        *,
        user_agent: str,
        timeouts: tuple[int, int, int],
    ) -> None:
        """``timeouts``: seconds to connect, for a response, and for the response to a long operation.

        A call that has taken twice the second of them is not retried.
        """
        self._find = find
        self._place = find(None)
        self._credentials = credentials
        self._user_agent = user_agent
        connect, read, patient = timeouts
        self._timeout = urllib3.Timeout(connect=connect, read=read)
        self._patience = urllib3.Timeout(connect=connect, read=patient)
        self._enough = 2 * read
        self._quota = RetryQuota()

    def ask(
        self,
        operation: Operation,
        key: str,
        *,
        query: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        body: bytes = b"",
        limit: int | None = None,
    ) -> CallResponse:
        """Makes a call; returns the successful response with its whole body, or the first ``limit`` bytes of it.

        Raises `ClientError` and `BotoCoreError`, as botocore does, and `ValueError` for an unreadable response or one
        that is not the store's.
        """
        call = _Call(operation, key, query, headers, body, limit)
        cost, attempt, late = 0, 1, time.monotonic() + self._enough
        while True:
            try:
                answer = self._send(call)
                error, root = _error_in(operation, answer)
                if error is None:
                    self._quota.release(cost or 1)
                    return answer._replace(root=root) if root else answer
                if self._adjusts(call, answer, error):
                    continue
                failure: BotoCoreError | ClientError = _refusal(operation, answer, error)
                passes = meaning_of(operation.listed, answer.status, error) in _PASSING
            except BotoCoreError as unanswered:
                failure, passes = unanswered, True
            cost = TIMEOUT_COST if isinstance(failure, ReadTimeoutError) else RETRY_COST
            over = attempt == ATTEMPTS or time.monotonic() > late
            if not passes or operation.patient or over or not self._quota.acquire(cost):
                raise failure
            time.sleep(min(random.random() * 2 ** (attempt - 1), MAX_BACKOFF))  # noqa: S311 - no secret
            attempt += 1

    def _send(self, call: _Call) -> CallResponse:
        place, operation = self._place, call.operation
        call.offset = place.offset
        frozen = self._credentials.get_frozen_credentials()
        request = place.signer.sign(
            operation.method,
            call.key,
            query=call.query,
            headers=call.headers,
            body=call.body,
            credentials=Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token),
            now=now() + call.offset,
        )
        request.headers["User-Agent"] = self._user_agent
        timeout = self._patience if operation.patient else self._timeout
        response = place.pool.send(operation.method, request, call.body, timeout)
        try:
            body = response.read(_wanted(call, response.status))
        except (exceptions.HTTPError, OSError) as error:
            response.close()
            raise place.pool.translated(error) from error
        if call.limit is None or response.status >= HTTPStatus.MULTIPLE_CHOICES:
            body = _inflated(body)
        if call.limit is None and len(body) > MAX_ANSWER:
            raise ValueError("the response is too long")
        return CallResponse(response.status, response.headers, body)

    def _adjusts(self, call: _Call, answer: CallResponse, error: ErrorBody) -> bool:
        """Whether to repeat the call at once, because the cause of the error was found and corrected."""
        if "region" not in call.adjusted and (region := _region_in(answer, error)):
            call.adjusted.add("region")
            return self._move(region)
        if "clock" not in call.adjusted and (offset := _clock_error(call, answer, error)) is not None:
            call.adjusted.add("clock")
            self._set_clock(offset)
            return True
        return False

    def _set_clock(self, offset: timedelta) -> None:
        """Corrects the clock's offset, unless another thread has just done so."""
        if abs(offset - self._place.offset) > MAX_SKEW:
            minutes, direction = abs(offset) // timedelta(minutes=1), "behind" if offset > timedelta(0) else "ahead of"
            log.warning("this machine's clock is %d minutes %s the store's: correct it", minutes, direction)
            self._place.offset = offset

    def _move(self, region: str) -> bool:
        if region != self._place.region:
            log.warning("the bucket is in region %s, not in %s: change the settings", region, self._place.region)
            offset = self._place.offset
            self._place = self._find(region)
            self._place.offset = offset
        return True


def _clock_error(call: _Call, answer: CallResponse, error: ErrorBody) -> timedelta | None:
    """The correction of our clock, if the signed time is the reason for a refusal.

    Its error code is in the body, which a response to HEAD does not have.
    """
    if error.code != "RequestTimeTooSkewed" and (answer.status != HTTPStatus.FORBIDDEN or error.code):
        return None
    try:
        offset = parsedate_to_datetime(answer.headers["date"]) - now()
    except (LookupError, TypeError, ValueError, OverflowError):
        return None
    return offset if abs(offset - call.offset) > MAX_SKEW else None


def _wanted(call: _Call, status: int) -> int:
    """How many bytes of a response are read, as a store without support for ranges sends the whole object."""
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        return MAX_ERROR
    return MAX_ANSWER + 1 if call.limit is None else call.limit


def _inflated(body: bytes) -> bytes:
    """Decompresses XML that a proxy has compressed without being asked. Raises `ValueError` if it cannot be read."""
    if not body.startswith(_GZIP):
        return body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, MAX_ANSWER + 1)
    except zlib.error as error:
        raise ValueError("no gzip") from error


def _error_in(operation: Operation, answer: CallResponse) -> tuple[ErrorBody | None, Element | None]:
    """The error in a response, or the root element of a success. Raises `ValueError` for a truncated response, and for
    one that is not the store's.

    S3 may find out that it cannot copy after it has started to respond with 200.
    """
    is_good = HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
    if answer.body and not (is_good and operation.has_body):
        require_store(answer.status, answer.body, answer.headers)
    if not is_good:
        return parse_error(answer.body), None
    if not operation.answers:
        return None, None
    root = parsed(answer.body)
    if root.name in _NO_SUCCESS:
        return parse_error(answer.body), None
    return None, root


def _refusal(operation: Operation, answer: CallResponse, error: ErrorBody) -> ClientError:
    """The error as botocore's `ClientError`."""
    said: Any = {
        "Error": {"Code": error.code or str(answer.status), "Message": error.message},
        "ResponseMetadata": {
            "HTTPStatusCode": answer.status,
            "HTTPHeaders": {name.lower(): value for name, value in answer.headers.items()},
        },
    }
    return ClientError(said, operation.name)


def _region_in(answer: CallResponse, error: ErrorBody) -> str | None:
    """The region that the store names, if the bucket is not in the requested one."""
    elsewhere = answer.status in _MOVED or error.code in _WRONG_REGION
    if not elsewhere and (answer.status != HTTPStatus.BAD_REQUEST or error.code):
        return None
    named = once(answer.headers, "x-amz-bucket-region") or ""
    if _REGION_NAME.fullmatch(named):
        return named
    found = _REGION.search(answer.body.decode(errors="replace"))
    return found[1] if found else None
