"""I. Bodies that break off, in other servers.

Reported: a client that disconnects while it sends is a failure of the program in its log, and in the list of what
somebody has to look at (pypi/warehouse #16376).
"""

import socket
import struct
import time
from pathlib import Path

from tests.support import ledgers
from tests.support.gunicorns import running_gunicorn
from tests.support.servers import environment
from tests.support.stores import Bucket

MOUNTED = """
import logging
from flask import Flask
from valetkey import ValetKey

logging.basicConfig(filename="served.log")
app = Flask("photos")
ValetKey(app)
"""
BROKEN = {
    "a chunk without a size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a chunk that is longer": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{} or more\r\n0\r\n\r\n",
}
ENDED = {
    "in a body of a known length": b"Content-Length: 50\r\n\r\n{",
    "in a chunk": b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
}


def test_a_body_that_does_not_arrive_is_no_failure_of_ours(moto_bucket: Bucket, tmp_path: Path) -> None:
    """Who is still there is told 400; nothing is logged as unexpected, whoever reset the connection."""
    env = environment(tmp_path, moto_bucket)
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    with running_gunicorn(tmp_path, env, MOUNTED, "-w", "1", "--threads", "4") as client:
        address = (client.base_url.host, client.base_url.port or 0)
        head = "POST /v1/uploads HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
        head += f"Authorization: {client.headers['Authorization']}\r\n"
        for rest in ENDED.values():
            reset(address, head.encode() + rest)
        answers = {kind: answered(address, head.encode() + rest) for kind, rest in BROKEN.items()}
        assert client.get("/healthz").status_code == 200
    assert answers == dict.fromkeys(BROKEN, b"HTTP/1.1 400")
    assert "Traceback" not in (tmp_path / "served.log").read_text()


def reset(address: tuple[str, int], begun: bytes) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(begun)
        time.sleep(0.5)  # a thread is reading it by then
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.5)


def answered(address: tuple[str, int], request: bytes) -> bytes:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(request)
        return connection.recv(12)
