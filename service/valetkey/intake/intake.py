"""The RSGI application: the body first, then a thread."""

from io import BytesIO
from typing import Any

from granian.rsgi import ProtocolError  # type: ignore[attr-defined]  # it is there, and documented

from valetkey.intake.environ import Answer, Application, Environ, answer_of, environ_of
from valetkey.intake.loop import BodyRefused, Loop
from valetkey.intake.turns import Turns
from valetkey.intake.waiting import Waiting, WaitingRoom

MAX_CHUNKS = 4_096
"""The most pieces that a body may come in, where it says no length: each costs as much as a small request."""

ALIVE = {"GET", "HEAD"}


class Intake:
    """``application``, of which at most ``threads`` requests are answered at once, each with its whole body.

    A body of more than ``max_body`` bytes is not read: the application gets the request without it, and refuses it. One
    that is not whole after ``deadline`` seconds is answered with ``too_slow``; a request that waits for its body for a
    moment is tried without it, so that one which is refused whatever its body says (no credential, no such path) is
    refused then. ``alive`` is a path, and its answer, for which nobody waits, however busy the threads are.
    """

    def __init__(
        self,
        application: Application,
        *,
        threads: int,
        max_body: int,
        deadline: float,
        too_slow: Answer,
        alive: tuple[str, Answer],
    ) -> None:
        self._application = application
        self._max_body = max_body
        self._too_slow = too_slow
        self._alive = alive
        self._turns = Turns(threads)
        self._room = WaitingRoom(application, deadline)

    def __rsgi_init__(self, loop: Loop) -> None:
        """granian's worker begins."""
        self._room.open(loop.call_later)
        loop.on_stop.append(self._room.close)

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """One request."""
        environ = environ_of(scope)
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ.pop("CONTENT_LENGTH", None)  # it says nothing then (RFC 9112, section 6.3)
        length = environ.get("CONTENT_LENGTH")
        if length is None and "HTTP_TRANSFER_ENCODING" not in environ:
            if environ["PATH_INFO"] == self._alive[0] and environ["REQUEST_METHOD"] in ALIVE:
                return _say(proto, self._alive[1])
            body = b""
        else:
            said = await self._body(environ, proto, length)
            if said is None:
                return None
            body = said
        environ["wsgi.input"] = BytesIO(body)
        await self._turns
        try:
            _say(proto, answer_of(self._application, environ))
        finally:
            self._turns.give()

    async def _body(self, environ: Environ, proto: Any, length: str | None) -> bytes | None:
        """The request's body, or what tells the application that it is too large; None once it is answered."""
        chunked = length is None
        size = self._max_body if length is None else int(length)  # hyper lets nothing in but a number
        if size > self._max_body or _no_json(environ):
            return b""
        one = Waiting(environ, proto, size)
        if "HTTP_EXPECT" in environ and await self._refused(one):  # before it is told to go on and send its body
            return None
        try:
            body = await (self._chunks(one) if chunked else self._whole(one))
        except BodyRefused:
            if not one.answered:
                _say(proto, self._too_slow)
            return None
        except ProtocolError:  # who was to send it is gone
            self._room.leave(one)
            return None
        if not self._room.leave(one):
            return None
        if chunked:
            environ["CONTENT_LENGTH"] = str(len(body))
            del environ["HTTP_TRANSFER_ENCODING"]
        return body

    async def _refused(self, one: Waiting) -> bool:
        await self._turns
        try:
            return self._room.tried(one)
        finally:
            self._turns.give()

    async def _whole(self, one: Waiting) -> bytes:
        one.future = one.proto()
        self._room.enter(one)
        body: bytes = await one.future
        return body

    async def _chunks(self, one: Waiting) -> bytes:
        """Up to one byte more than a body may have."""
        pieces: list[bytes] = []
        size = 0
        one.proto.__aiter__()
        while size <= self._max_body and len(pieces) < MAX_CHUNKS:
            one.future = one.proto.__anext__()
            if not pieces:
                self._room.enter(one)
            piece = await one.future
            if one.over:
                raise BodyRefused
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            size += len(piece)
        return bytes(self._max_body + 1)


def _no_json(environ: Environ) -> bool:
    """Whether it is a form: nothing here takes one, so its body is not waited for."""
    kind = environ.get("CONTENT_TYPE", "").lstrip().lower()
    return bool(kind.startswith(("multipart/", "application/x-www-form-urlencoded")))


def _say(proto: Any, answer: Answer) -> None:
    proto.response_bytes(*answer)
