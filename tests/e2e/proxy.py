"""A TCP proxy that passes bytes through unchanged and counts them."""

import re
import selectors
import socket
import threading
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

CHUNK = 256 * 1024
PART = re.compile(rb"PUT /[^ \r\n]*[?&]partNumber=([0-9]+)[^ \r\n]* HTTP/1\.1\r\n")


class CountingProxy:
    """Listens on a port of its own in front of `target`, a URL.

    The bytes are not read as HTTP: a `Host` header that a client signed arrives as it was signed.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 80)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._port = 0
        self.bytes = 0  # both directions
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen (again, on the port of the first time)."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Close the port and every connection: the target is away for who comes through here."""
        if self._listener.fileno() == -1:
            return  # stopped already
        # shutdown wakes the thread in accept(); close alone would leave it there, and the port open
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            with self._lock:
                self._open |= {near, far}
            threading.Thread(target=self._relay, args=(near, far), daemon=True).start()

    def _relay(self, near: socket.socket, far: socket.socket) -> None:
        with near, far, selectors.DefaultSelector() as selector:
            try:
                selector.register(near, selectors.EVENT_READ, far)
                selector.register(far, selectors.EVENT_READ, near)
                while self._pass_on(selector):
                    pass
            except (OSError, ValueError):
                return  # closed by one side, or by stop()
            finally:
                with self._lock:
                    self._open -= {near, far}

    def _pass_on(self, selector: selectors.BaseSelector) -> bool:
        """Forward what has arrived; False at the end of either direction."""
        for ready, _ in selector.select():
            source = ready.fileobj
            assert isinstance(source, socket.socket)
            data = source.recv(CHUNK)
            if not data:
                return False
            with self._lock:
                self.bytes += len(data)
            self._saw(source, data)
            ready.data.sendall(data)
        return True

    def _saw(self, source: socket.socket, data: bytes) -> None:
        """Called before `data` is passed on; OSError ends the connection instead."""


class StoreProxy(CountingProxy):
    """In front of an S3: notes which parts are sent, and is a bad network when told to.

    `pace` is how many seconds each piece of up to 256 KiB takes on its way to the store; after `cut_after` more
    bytes to the store, one connection is cut.
    """

    def __init__(self, target: str) -> None:
        self.parts: list[int] = []
        self._tails: dict[int, bytes] = {}
        super().__init__(target)
        self.heal()

    def heal(self) -> None:
        """A good network again, and nothing noted."""
        self.pace = 0.0
        self.cut_after: int | None = None
        self.parts.clear()

    def idle(self) -> bool:
        """No connection is open."""
        with self._lock:
            return not self._open

    def _saw(self, source: socket.socket, data: bytes) -> None:
        if source.getpeername() == self._target:
            return
        if self.pace:
            time.sleep(self.pace)
        with self._lock:
            self._note(source.fileno(), data)
            if self.cut_after is not None:
                self.cut_after -= len(data)
                if self.cut_after <= 0:
                    self.cut_after = None
                    raise OSError("cut")

    def _note(self, connection: int, data: bytes) -> None:
        """A request line may come in two pieces, and behind other bytes."""
        seen = self._tails.get(connection, b"") + data
        end = 0
        for found in PART.finditer(seen):
            self.parts.append(int(found[1]))
            end = found.end()
        self._tails[connection] = seen[end:][-4096:]
