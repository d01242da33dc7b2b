"""Requests as clients send them: nothing is added, followed, retried or trusted."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from secrets import token_hex
from threading import Lock, Thread, current_thread
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import HTTPError

from valetkey.adapters.s3.pool import AnyPool
from valetkey.adapters.s3.strangers import StrangerAnswered, require_store
from valetkey.core.signing.requests import SignedRequest
from valetkey.doctor.findings import Skip
from valetkey.reference.store_answers import NO_ERROR, ErrorBody, parse_error

TIMEOUT, PATIENT = Timeout(connect=5, read=10), Timeout(connect=5, read=20)
"""How long to wait for a connection, and for a response, in seconds; boto3's calls may take longer."""

LIMIT = 8 * 1024**2
"""How many bytes of a response are read: a part of the minimum size fits, and an endless response is cut off."""

PIECE = 65_536


@dataclass(frozen=True, slots=True)
class WireResponse:
    """A response. ``status`` is 0 if there was none; ``error`` is the error in its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    error: ErrorBody = NO_ERROR

    @property
    def taken(self) -> bool:
        """Whether it is a success: a 2xx without an error in its body."""
        return self.status in range(200, 300) and self.error is NO_ERROR

    @property
    def refused(self) -> bool:
        """Whether it is a refusal by the store: no temporary problem, and no page of something in the store's place."""
        refuses = self.status in range(400, 500) or self.status == HTTPStatus.NOT_IMPLEMENTED
        return refuses and not self._is_strangers

    @property
    def _is_strangers(self) -> bool:
        if self.status < HTTPStatus.BAD_REQUEST:  # the body may be an object's own
            return False
        try:
            require_store(self.status, self.body, {name.lower(): self.headers[name] for name in self.headers})
        except StrangerAnswered:
            return True
        return False

    @property
    def said(self) -> str:
        """In short: ``403 AccessDenied``."""
        if not self.status:
            return self.error.message or "no answer"
        page = "with a page that no store sends" if self._is_strangers else ""
        return " ".join(filter(None, [str(self.status), self.error.code, page]))


class Wire:
    """Connections like those of the store's own client, with the proxies and certificates of ``session``. At most
    `LIMIT` bytes of a response are read, within a time limit (`responses`)."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self._lock = Lock()
        self._pools: dict[str, AnyPool] = {}
        self._open_to: Thread | None = None

    def bar(self) -> None:
        """Stops sending requests from other threads: the run is over, and nothing would remove what a check still
        writes. The removal has its own wire, and `--fix` runs in this thread."""
        self._open_to = current_thread()

    def require_open(self) -> None:
        """Raises `Skip` if `bar` was called."""
        if self._open_to not in {None, current_thread()}:
            raise Skip("The run is over.")

    def send(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> WireResponse:
        """The response to exactly this request; redirects are not followed."""
        sent = {"Content-Length": str(len(body))} if body or method in {"PUT", "POST"} else {}
        for name, value in (headers or {}).items():
            sent = {known: said for known, said in sent.items() if known.lower() != name.lower()} | {name: value}
        try:
            status, told, content = self._ask(method, url, sent, body, TIMEOUT)
        except (BotoCoreError, HTTPError, ValueError) as error:
            return WireResponse(0, {}, error=ErrorBody("", f"{type(error).__name__}: {error}"))
        return WireResponse(status, told, content, _error_in(status, content))

    def _ask(
        self, method: str, url: str, headers: dict[str, str], body: bytes, timeout: Timeout
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.require_open()
        parts = urlsplit(url)
        pool = self._pool(f"{parts.scheme}://{parts.netloc}")
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        response = pool.send(method, SignedRequest(target, headers), body, timeout)
        try:
            return response.status, response.headers, _first(response)
        except (HTTPError, OSError) as error:
            raise pool.translated(error) from error

    def _pool(self, origin: str) -> AnyPool:
        with self._lock:
            if origin not in self._pools:
                self._pools[origin] = AnyPool(self._session, origin)
            return self._pools[origin]

    def carry(self, client: Any) -> Any:
        """``client``, a boto3 client, whose calls go this way, too: botocore reads responses without a limit."""
        client.meta.events.register("before-send", self._carry)
        return client

    def _carry(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        headers = {str(name): _text(value) for name, value in request.headers.items()}
        given: Any = request.body or b""
        content = given.read() if hasattr(given, "read") else given
        try:
            status, told, answer = self._ask(request.method, request.url, headers, content, PATIENT)
        except HTTPError as error:
            raise HTTPClientError(error=error) from error
        if len(answer) == LIMIT:
            raise HTTPClientError(error="its response is too long")
        known: Any = HeadersDict(told)
        return AWSResponse(request.url, status, known, _Raw(answer))

    def post_form(
        self, url: str, fields: Mapping[str, str], content: bytes, headers: Mapping[str, str] | None = None
    ) -> WireResponse:
        """The response to a form with these ``fields`` and the file as the last one."""
        boundary = f"valetkey-{token_hex(8)}"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="doctor"\r\n'
        parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content)
        body = b"".join([*parts, f"\r\n--{boundary}--\r\n".encode()])
        sent = {"Content-Type": f"multipart/form-data; boundary={boundary}", **(headers or {})}
        return self.send("POST", url, sent, body)


class _Raw(io.BytesIO):
    """The body of a response, with the interface that botocore reads."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """The whole body at once."""
        yield self.read()


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _first(response: BaseHTTPResponse) -> bytes:
    found = bytearray()
    while len(found) < LIMIT and (piece := response.read(min(PIECE, LIMIT - len(found)))):
        found += piece
    if response.length_remaining == 0:
        response.release_conn()
    else:
        response.close()
    return bytes(found)


def _error_in(status: int, content: bytes) -> ErrorBody:
    """The error in a response; none in an object's own bytes."""
    if status in range(200, 300) and not content.lstrip().startswith((b"<", b"{")):
        return NO_ERROR
    return parse_error(content)


@dataclass(frozen=True, slots=True)
class CallResult:
    """The result of a boto3 call: its ``answer``, or the store's ``status`` (0 without a response) and ``code``."""

    answer: Any
    status: int
    code: str = ""
    message: str = ""
    headers: Mapping[str, str] | None = None

    @property
    def ok(self) -> bool:
        return self.answer is not None

    @property
    def denied(self) -> bool:
        """Whether the call was refused for a missing right."""
        return self.status == HTTPStatus.FORBIDDEN or self.code in {"AccessDenied", "AllAccessDisabled"}

    @property
    def unsupported(self) -> bool:
        """Whether the store does not support the call; False for a missing right or a temporary problem."""
        passing = {HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
        refused = self.status in range(400, 500) and self.status not in passing
        return refused or self.status == HTTPStatus.NOT_IMPLEMENTED

    @property
    def absent(self) -> bool:
        """Whether the store says that there is no such thing."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def said(self) -> str:
        """In short: ``403 AccessDenied``."""
        if self.ok:
            return str(self.status)
        return " ".join(filter(None, [str(self.status or ""), self.code])) or self.message


def attempt(call: Any, **arguments: Any) -> CallResult:
    """Makes a boto3 call and returns its result; a response that boto3 cannot parse or follow counts as none."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
        said = error.response.get("Error", {})
        code = str(said.get("Code", ""))
        status = int(metadata.get("HTTPStatusCode", 0))
        return CallResult(
            None,
            status,
            "" if code == str(status) else code,
            str(said.get("Message", "")),
            metadata.get("HTTPHeaders", {}),
        )
    except (ParseError, ResponseParserError):
        return CallResult(None, 0, "", "its response cannot be read, so it is not S3")
    except StrangerAnswered as error:
        return CallResult(None, 0, "", f"it returns {error.status} with a page, so it is not S3")
    except RecursionError:  # botocore follows every redirect to a region
        return CallResult(None, 0, "", "it redirects endlessly")
    except BotoCoreError as error:
        return CallResult(None, 0, "", f"{type(error).__name__}: {error}")
    metadata = answer.get("ResponseMetadata", {})
    return CallResult(answer, int(metadata.get("HTTPStatusCode", 200)), headers=metadata.get("HTTPHeaders", {}))
