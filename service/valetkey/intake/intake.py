"""The RSGI application: first the body, then a thread for the request."""

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import Any

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]  # they are there

from valetkey import waiting
from valetkey.intake.incomplete import IncompleteRequest, IncompleteRequests
from valetkey.intake.loop import BodyRefused, Loop
from valetkey.intake.rest import Rests
from valetkey.intake.threads import Threads
from valetkey.intake.unwritten import Unwritten, Written
from valetkey.intake.wsgi import Application, Environ, TwoHosts, WsgiResponse, build_environ, call_application

MAX_CHUNKS = 4_096
"""The maximum number of chunks of a body without a length: each costs as much as a small request."""

MAX_UNWRITTEN = 256
"""How many responses may wait for pending writes without a thread; beyond that each blocks one of the few threads."""

MAX_DIGITS = 20
"""The digits of the largest length that hyper lets through; zeros in front may be more than Python reads (4,300)."""

LIVENESS_METHODS = {"GET", "HEAD"}

_NONE = {None, "0"}
"""The values of Content-Length for no body."""


class Intake:
    """Passes requests with complete bodies to ``application``, in up to ``threads`` threads for those that may wait.
    Requests for which ``is_prompt`` is true, as they will not wait, are handled by the server's own few threads: each
    hand-over to another thread costs as much as a quarter of a grant. If one would wait after all (`valetkey.waiting`),
    it is started again in one of the other threads.

    A body of more than ``max_body`` bytes is not read, nor one in another transfer coding than ``chunked``: the
    application gets the request without it, and refuses it.
    A request whose body is not complete after ``deadline`` seconds gets the response ``too_slow``, and one with more
    than one ``Host`` the response ``two_hosts``. A request that waits for its body is soon tried without it, so that
    one that would be refused with any body (no credential, no such path) is refused at once. ``alive`` is a path and
    its response, which is sent at once, however busy the threads are.

    ``later`` is a key of the environ: the application adds to that list each `Written` that its response has to wait
    for; no thread is blocked meanwhile. If one fails, the application is called again with the error under the key
    ``failed``.
    """

    def __init__(
        self,
        application: Application,
        *,
        threads: int,
        max_body: int,
        deadline: float,
        too_slow: WsgiResponse,
        two_hosts: WsgiResponse,
        alive: tuple[str, WsgiResponse],
        is_prompt: Callable[[Environ], bool],
        later: str,
        failed: str,
    ) -> None:
        self._application = application
        self._max_body = max_body
        self._too_slow = too_slow
        self._two_hosts = two_hosts
        self._alive = alive
        self._is_prompt = is_prompt
        self._later = later
        self._failed = failed
        self._unwritten: set[int] = set()
        self._threads = Threads(threads)
        self._incomplete = IncompleteRequests(application, deadline)
        self._rests = Rests()

    def __rsgi_init__(self, loop: Loop) -> None:
        """Called when a worker process of granian starts."""
        self._incomplete.start(loop.call_later)
        self._rests.start(loop.call_later)
        loop.on_stop.append(self._incomplete.stop_waiting)

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """Handles one request."""
        try:
            environ = build_environ(scope)
        except TwoHosts:
            return _respond(proto, self._two_hosts)
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ.pop("CONTENT_LENGTH", None)  # it is ignored then (RFC 9112, section 6.3)
        length = environ.get("CONTENT_LENGTH")
        if length is not None and len(length) > MAX_DIGITS:
            environ["CONTENT_LENGTH"] = length = length.lstrip("0") or "0"
        if length in _NONE and "HTTP_TRANSFER_ENCODING" not in environ:  # awaiting it would take another thread
            if environ["PATH_INFO"] == self._alive[0] and environ["REQUEST_METHOD"] in LIVENESS_METHODS:
                return _respond(proto, self._alive[1])
            return _respond(proto, await self._respond_to(environ, b""))
        body = await self._receive_body(environ, proto, length)
        if body is None:
            return None
        _respond(proto, await self._respond_to(environ, body))
        if self._has_rest(environ, body):
            await self._rests.discard(proto)
        return None

    async def _respond_to(self, environ: Environ, body: bytes) -> WsgiResponse:
        """The application's response, once all its pending writes are durable."""
        pending: list[Written] = []
        response = self._respond_at_once(environ, body, pending) if self._is_prompt(environ) else None
        if response is None:
            await self._threads
            response = self._respond(environ, body, pending)
        if not pending or (failed := await self._wait_for(pending)) is None:
            return response
        await self._threads  # the application may read the ledger, and the writer's thread must not wait
        return self._call(environ | {self._failed: failed}, body)

    def _respond_at_once(self, environ: Environ, body: bytes, pending: list[Written]) -> WsgiResponse | None:
        """The response, made in this thread without waiting; None if it would have to wait."""
        if len(self._unwritten) >= MAX_UNWRITTEN:
            return None
        try:
            return waiting.without(self._respond, environ, body, pending)
        except waiting.WouldWait:
            environ.pop(self._later, None)
            return None

    def _respond(self, environ: Environ, body: bytes, pending: list[Written]) -> WsgiResponse:
        """The response, which may be sent once all writes that are ``pending`` by then are durable."""
        if len(self._unwritten) < MAX_UNWRITTEN:  # not before: thousands may wait for a thread
            environ[self._later] = pending
        try:
            return self._call(environ, body)
        except BaseException:  # nobody awaits its pending writes
            for one in pending:
                if not one.call_after(_ignore):
                    with suppress(Exception):
                        one.wait()
            pending.clear()
            raise

    def _call(self, environ: Environ, body: bytes) -> WsgiResponse:
        environ["wsgi.input"] = BytesIO(body)
        return call_application(self._application, environ)

    async def _wait_for(self, pending: list[Written]) -> Exception | None:
        """Waits until all of them are durable; returns the error, if any."""
        failed: Exception | None = None
        self._unwritten.add(id(pending))
        for one in pending:
            failed = await Unwritten(one) or failed
        self._unwritten.remove(id(pending))
        return failed

    async def _receive_body(self, environ: Environ, proto: Any, length: str | None) -> bytes | None:
        """The body, or one that shows the application that it is too large; None if the request has been answered."""
        chunked = length is None
        size = 0 if length is None else int(length)  # hyper only passes numbers
        if size > self._max_body or _is_form(environ) or _is_coded(environ):
            proto.__aiter__()  # for the rest of the body: after the response it would be too late
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
        if request.trial is not None and request.trial.locked():  # its trial may wait for the ledger
            await self._threads
        if not self._incomplete.remove(request):
            return None
        if chunked:
            environ["CONTENT_LENGTH"] = str(len(body))
            del environ["HTTP_TRANSFER_ENCODING"]
        return body

    def _has_rest(self, environ: Environ, body: bytes) -> bool:
        """Whether the body was not read to its end, and the client may still send it: it does not if it waits for
        100 (Continue)."""
        if "HTTP_EXPECT" in environ:
            return False
        if "HTTP_TRANSFER_ENCODING" in environ or len(body) > self._max_body:
            return True
        return len(body) < int(environ["CONTENT_LENGTH"])

    async def _refuses(self, request: IncompleteRequest) -> bool:
        await self._threads
        return self._incomplete.try_without_body(request)

    async def _receive_whole(self, request: IncompleteRequest) -> bytes:
        request.future = request.proto()
        self._incomplete.add(request)
        body: bytes = await request.future
        return body

    async def _receive_chunks(self, request: IncompleteRequest) -> bytes:
        """Receives up to one byte more than the limit.

        A body that is cut off before its last chunk looks complete: granian 2.8 ends the iteration by an empty chunk
        then, too, and its `client_disconnect` stays pending (measured). ``await proto()`` distinguishes the two, but
        collects chunks without a limit. JSON that is cut off is malformed; an object with its last brace is complete.
        """
        chunks: list[bytes] = []
        size = 0
        request.proto.__aiter__()
        while size <= self._max_body and len(chunks) < MAX_CHUNKS:
            request.future = request.proto.__anext__()
            if not chunks:
                self._incomplete.add(request)
            if request.over:  # given up before there was this future to cancel
                raise BodyRefused
            chunk = await request.future
            if request.over:
                raise BodyRefused
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
            request.size = size = size + len(chunk)
        return bytes(self._max_body + 1)


def _is_form(environ: Environ) -> bool:
    """Whether the body is a form: the service accepts none, so it does not wait for it."""
    kind = environ.get("CONTENT_TYPE", "").lstrip().lower()
    return bool(kind.startswith(("multipart/", "application/x-www-form-urlencoded")))


def _is_coded(environ: Environ) -> bool:
    """Whether the body has a transfer coding besides chunks, which is not decoded here."""
    coding: str = environ.get("HTTP_TRANSFER_ENCODING", "chunked")
    return coding.strip().lower() != "chunked"


def _ignore(_: Exception | None) -> None: ...


def _respond(proto: Any, response: WsgiResponse) -> None:
    proto.response_bytes(*response)
