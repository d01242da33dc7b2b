"""The RSGI application: first the body, then a thread for the request."""

from contextlib import suppress
from io import BytesIO
from typing import Any

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]  # they are there

from valetkey.intake.incomplete import IncompleteRequest, IncompleteRequests
from valetkey.intake.loop import BodyRefused, Loop
from valetkey.intake.request_limit import RequestLimit
from valetkey.intake.unwritten import Unwritten, Written
from valetkey.intake.wsgi import Application, Environ, WsgiResponse, build_environ, call_application

MAX_CHUNKS = 4_096
"""The most chunks that a body without a length may come in: each costs as much as a small request."""

MAX_UNWRITTEN = 256
"""How many responses wait for what is being written: with more, a thread waits with each, of which there are few."""

LIVENESS_METHODS = {"GET", "HEAD"}

_NONE = {None, "0"}
"""The lengths of a body that there is none of."""


class Intake:
    """``application``, which handles at most ``threads`` requests at once, each with its complete body.

    A body of more than ``max_body`` bytes is not read, nor one in another transfer coding than ``chunked``: the
    application gets the request without it, and refuses it.
    A request whose body is not complete after ``deadline`` seconds gets the response ``too_slow``. A request that
    waits for its body is soon tried without it, so that one that is refused whatever its body says (no credential, no
    such path) is refused then. ``alive`` is a path and its response, which never waits, however busy the threads are.

    ``later`` is a key of the environ: the application adds to the list that is there what has to be `Written` before
    its response is sent; no thread waits for it. Where that fails the application is called once more, with what has
    failed under the key ``failed``.
    """

    def __init__(
        self,
        application: Application,
        *,
        threads: int,
        max_body: int,
        deadline: float,
        too_slow: WsgiResponse,
        alive: tuple[str, WsgiResponse],
        later: str,
        failed: str,
    ) -> None:
        self._application = application
        self._max_body = max_body
        self._too_slow = too_slow
        self._alive = alive
        self._later = later
        self._failed = failed
        self._unwritten: set[int] = set()
        self._limit = RequestLimit(threads)
        self._incomplete = IncompleteRequests(application, deadline)

    def __rsgi_init__(self, loop: Loop) -> None:
        """Called when a worker process of granian starts."""
        self._incomplete.start(loop.call_later)
        loop.on_stop.append(self._incomplete.stop_waiting)

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """Handles one request."""
        environ = build_environ(scope)
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ.pop("CONTENT_LENGTH", None)  # it means nothing then (RFC 9112, section 6.3)
        length = environ.get("CONTENT_LENGTH")
        if length in _NONE and "HTTP_TRANSFER_ENCODING" not in environ:  # to await it would take another thread
            if environ["PATH_INFO"] == self._alive[0] and environ["REQUEST_METHOD"] in LIVENESS_METHODS:
                return _respond(proto, self._alive[1])
            body = b""
        else:
            received = await self._receive_body(environ, proto, length)
            if received is None:
                return None
            body = received
        _respond(proto, await self._respond_to(environ, body))
        return None

    async def _respond_to(self, environ: Environ, body: bytes) -> WsgiResponse:
        """The application's response, once everything is durable that it has left to be waited for."""
        begun: list[Written] = []
        environ["wsgi.input"] = BytesIO(body)
        await self._limit
        try:
            if len(self._unwritten) < MAX_UNWRITTEN:  # not before: thousands may wait to be admitted
                environ[self._later] = begun
            response = call_application(self._application, environ)
        except BaseException:  # nobody awaits what it has begun
            for one in begun:
                if not one.call_after(_ignore):
                    with suppress(Exception):
                        one.wait()
            raise
        finally:
            self._limit.release()
        if not begun or (failed := await self._wait_for(begun)) is None:
            return response
        environ["wsgi.input"] = BytesIO(body)
        await self._limit
        try:
            return call_application(self._application, environ | {self._failed: failed})
        finally:
            self._limit.release()

    async def _wait_for(self, begun: list[Written]) -> Exception | None:
        """Returns what has failed, if so."""
        failed: Exception | None = None
        self._unwritten.add(id(begun))
        for one in begun:
            failed = await Unwritten(one) or failed
        self._unwritten.remove(id(begun))
        return failed

    async def _receive_body(self, environ: Environ, proto: Any, length: str | None) -> bytes | None:
        """The body, or one that tells the application that it is too large; None when the request has a response."""
        chunked = length is None
        size = 0 if length is None else int(length)  # hyper lets only a number through
        if size > self._max_body or _is_form(environ) or _is_coded(environ):
            return b""
        request = IncompleteRequest(environ, proto, size)
        if "HTTP_EXPECT" in environ and await self._refuses(request):  # before the client is told to send its body
            return None
        try:
            body = await (self._receive_chunks(request) if chunked else self._receive_whole(request))
        except BodyRefused:
            if not request.answered:
                _respond(proto, self._too_slow)
            return None
        except (ProtocolClosed, ProtocolError):  # the client has gone
            return None
        finally:
            self._incomplete.leave(request)
        if not self._incomplete.remove(request):
            return None
        if chunked:
            environ["CONTENT_LENGTH"] = str(len(body))
            del environ["HTTP_TRANSFER_ENCODING"]
        return body

    async def _refuses(self, request: IncompleteRequest) -> bool:
        await self._limit
        try:
            return self._incomplete.try_without_body(request)
        finally:
            self._limit.release()

    async def _receive_whole(self, request: IncompleteRequest) -> bytes:
        request.future = request.proto()
        self._incomplete.add(request)
        body: bytes = await request.future
        return body

    async def _receive_chunks(self, request: IncompleteRequest) -> bytes:
        """Up to one byte more than a body may have."""
        chunks: list[bytes] = []
        size = 0
        request.proto.__aiter__()
        while size <= self._max_body and len(chunks) < MAX_CHUNKS:
            request.future = request.proto.__anext__()
            if not chunks:
                self._incomplete.add(request)
            chunk = await request.future
            if request.over:
                raise BodyRefused
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
            request.size = size = size + len(chunk)
        return bytes(self._max_body + 1)


def _is_form(environ: Environ) -> bool:
    """Whether the body is a form: the service takes none, so it does not wait for it."""
    kind = environ.get("CONTENT_TYPE", "").lstrip().lower()
    return bool(kind.startswith(("multipart/", "application/x-www-form-urlencoded")))


def _is_coded(environ: Environ) -> bool:
    """Whether the body has a transfer coding below its chunks, which nobody here undoes."""
    coding: str = environ.get("HTTP_TRANSFER_ENCODING", "chunked")
    return coding.strip().lower() != "chunked"


def _ignore(_: Exception | None) -> None: ...


def _respond(proto: Any, response: WsgiResponse) -> None:
    proto.response_bytes(*response)
