"""Connections of `Client`: their number, their time limits, and forks."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support import processes
from tests.support.client_play import FAR, ID, UPLOAD, Play
from tests.support.playing import Reply, playing
from tests.support.program_clients import running_client
from tests.support.servers import VALETKEY

from valetkey.client import (
    Unreachable,
)


@contextmanager
def trickling(seconds: float) -> Iterator[str]:
    """A server that sends a byte every ``seconds``, and practically never the whole response."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=drip, args=(connection,), daemon=True).start()

        def drip(connection: socket.socket) -> None:
            with connection:
                try:
                    connection.recv(65536)
                    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + b" " * 10_000:
                        connection.send(bytes([byte]))
                        time.sleep(seconds)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def test_an_answer_that_does_not_end(kind: str) -> None:
    """A call ends after its time-out, however many bytes arrive meanwhile."""
    began = time.monotonic()
    with (
        trickling(0.05) as address,
        running_client(kind, address, timeout=0.5, retry_for=0) as client,
        pytest.raises(Unreachable),
    ):
        client.ticket(owner="user-17")
    assert time.monotonic() - began < 90  # the whole response would take minutes


def test_a_connection_for_each_request_at_once_and_not_for_each_thread(play: Play) -> None:
    """A program that starts a thread for each request opens no connection for each."""
    play.script = {f"GET /v1/uploads/{ID}": [(200, {}, UPLOAD)]}
    with running_client("blocking", play.address) as client:
        for _ in range(30):
            thread = threading.Thread(target=client.get, args=(ID,))
            thread.start()
            thread.join()
        assert len(play.calls) == 30
        assert len(client._connections._open) == 1


FORKED = """
import os, sys
from valetkey.client import Client

client = Client(sys.argv[1])
before = client._connections
client.ticket(owner="parent")
[parents] = before._open
child = os.fork()
for _ in range(200):
    who = "parent" if child else "child"
    assert client.ticket(owner=who).ticket == who, who
[mine] = before._open
assert (mine is parents) == bool(child)
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    client.ticket(owner="parent")
else:
    client.close()
    os._exit(0)
"""


def test_a_client_that_was_used_before_a_fork(tmp_path: Path) -> None:
    """Parent and child never read each other's responses: a ticket would reach the wrong person."""

    def echo(_: str, body: bytes, __: Mapping[str, str]) -> Reply:
        return 201, {}, {"ticket": json.loads(body)["owner"], "expires_at": FAR}

    (tmp_path / "forked.py").write_text(FORKED)
    with playing(echo) as address:
        done = processes.run([VALETKEY.with_name("python"), tmp_path / "forked.py", address], timeout=120)
    assert done.returncode == 0, done.stderr
