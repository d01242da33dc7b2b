"""A TCP proxy that passes bytes through unchanged and counts them."""

import selectors
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

CHUNK = 256 * 1024


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
            ready.data.sendall(data)
        return True
