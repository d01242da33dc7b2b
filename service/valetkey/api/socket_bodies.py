"""Bodies that are read from a socket in another WSGI server, whose thread waits meanwhile.

Only a few are read at once, each with a time limit; if all places are taken, the longest read is aborted. A body that
has already arrived takes no time. In `valetkey serve` bodies are complete before a thread gets them
(`valetkey.intake`).
"""

import socket
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from io import BytesIO
from operator import itemgetter
from threading import BoundedSemaphore, Lock, Thread
from time import monotonic, sleep
from typing import Any

from werkzeug.exceptions import ClientDisconnected, RequestTimeout

from valetkey.core.errors import Unavailable
from valetkey.forks import renew_in_child

READERS = 16
"""How many bodies are read at once in a process: the number of threads that slow clients may block."""

READ_WITHIN = 30.0
"""How long reading a body may take, in seconds."""

SLOW = 0.25
"""After how many seconds a reader may be aborted to make room for another."""

PATIENCE = 0.2
"""How long a request waits for an aborted reader, in seconds; it does not wait if none can be aborted."""

_TOLD = frozenset({"gunicorn.socket", "werkzeug.socket", "uwsgi.version"})
"""What the environment has of gunicorn, werkzeug and uWSGI."""

_READ = "valetkey.read"
_PIECE = 16 * 1024


def is_whole(environ: Mapping[str, Any]) -> bool:
    """Whether the body is in memory already."""
    return type(environ["wsgi.input"]) is BytesIO


def read_known(environ: Mapping[str, Any], length: int) -> bytes:
    """A body of ``length`` bytes. Raises `ClientDisconnected` if it ends early, `RequestTimeout` if it is slow."""
    stream = environ["wsgi.input"]
    if type(stream) is BytesIO:
        body: bytes = stream.read(length)
    else:
        pieces, deadline, left = [], monotonic() + READ_WITHIN, length
        while left and (piece := stream.read(min(left, _PIECE))):
            pieces.append(piece)
            left -= len(piece)
            if monotonic() > deadline:
                raise RequestTimeout
        body = b"".join(pieces)
    if len(body) != length:
        raise ClientDisconnected
    return body


def leave_unread(environ: Mapping[str, Any]) -> bool:
    """Handles the body of a refused request; returns whether it has one that was not read.

    Servers read and discard the rest of it before the connection's next request, and a thread waits for that (ten
    seconds in gunicorn). So if the socket is known, its input is shut down here.
    """
    if _READ in environ or "wsgi.input" not in environ or is_whole(environ):
        return False
    if environ.get("CONTENT_LENGTH") in {None, "", "0"} and "HTTP_TRANSFER_ENCODING" not in environ:
        return False
    _end(_socket_of(environ))
    return True


def may_close(environ: Mapping[str, Any]) -> bool:
    """Whether a response may have ``Connection: close``. PEP 3333 leaves that to servers, and several fail with it:
    waitress, aiohttp-wsgi, wsgiref, which Django's ``runserver`` uses. Servers that close the connection only with this
    header are listed here."""
    return not _TOLD.isdisjoint(environ) or environ.get("SERVER_SOFTWARE") == "Granian"


def _socket_of(environ: Mapping[str, Any]) -> socket.socket | None:
    return environ.get("gunicorn.socket") or environ.get("werkzeug.socket")


def _end(connection: socket.socket | None) -> bool:
    """Ends reads from the connection; returns whether that worked."""
    if connection is None:
        return False
    with suppress(OSError):  # it may have ended by itself
        connection.shutdown(socket.SHUT_RD)
    return True


class BodyReaders:
    """The places for readers, and since when each is taken.

    If the server exposes its socket (gunicorn, werkzeug), the connection of a reader that takes too long is cut:
    nothing else ends a read from another thread.
    """

    def __init__(self, places: int = READERS) -> None:
        self._places = places
        self._renew()
        renew_in_child(self, BodyReaders._renew)

    def _renew(self) -> None:
        self._free = BoundedSemaphore(self._places)
        self._readers: dict[object, tuple[float, socket.socket | None]] = {}
        self._guard: Thread | None = None
        self._starting = Lock()

    @contextmanager
    def place(self, environ: MutableMapping[str, Any]) -> Iterator[None]:
        """Holds a place. Raises `Unavailable` if there is none and none can be made."""
        if not self._free.acquire(blocking=False) and not self._room_was_made():
            raise Unavailable("Too many requests are being received; try again in a moment.", 1)
        reader = object()
        self._readers[reader] = monotonic(), _socket_of(environ)
        try:
            if self._guard is None:
                self._begin()
            yield
            environ[_READ] = True
        finally:
            self._readers.pop(reader, None)
            self._free.release()

    def _room_was_made(self) -> bool:
        return bool(self._cut(SLOW, at_most=1)) and self._free.acquire(timeout=PATIENCE)

    def _begin(self) -> None:
        with self._starting:
            if self._guard is None:
                self._guard = Thread(target=self._watch, name="valetkey-reading", daemon=True)
                self._guard.start()

    def _watch(self) -> None:
        while True:
            sleep(1)
            self._cut(READ_WITHIN)

    def _cut(self, age: float, at_most: int | None = None) -> int:
        """Ends reads that have taken longer than ``age`` seconds, the longest first; returns how many."""
        now, ended = monotonic(), 0
        readers = sorted(self._readers.copy().values(), key=_SINCE)
        for since, connection in readers[:at_most]:
            ended += now - since > age and _end(connection)
        return ended


_SINCE = itemgetter(0)
