"""A client takes resources only from clients with no better right to them.

A tester had 1,100 connections announce a body of 256 KB each and stay, without a key: an honest client that needed half
a second for its body was answered with 408. As many that went away within their bodies had the same effect, for the
whole time that a body may take, and a traceback each.
"""

import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.support.servers import ValetkeyServer
from tests.support.stores import Bucket

from valetkey.api.bodies import MAX_BODY
from valetkey.intake.incomplete import MAX_MEMORY, IncompleteRequest, IncompleteRequests

ENOUGH = MAX_MEMORY // MAX_BODY + 76
"""So many bodies of the largest size have no room."""

BODY = json.dumps({"filename": "a", "content_type": "a/b", "size": 1}).encode().ljust(MAX_BODY)


@pytest.fixture
def server(valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket) -> ValetkeyServer:
    return valetkey_server(moto_bucket, env={"VALETKEY_THREADS": "4"})


def connect(server: ValetkeyServer) -> socket.socket:
    parts = urlsplit(server.base_url)
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


def begin(connection: socket.socket, authorization: str = "", length: str = f"Content-Length: {MAX_BODY}") -> None:
    """Asks for an upload, with one byte of the largest body."""
    lines = ["POST /v1/uploads HTTP/1.1", "Host: here", "Content-Type: application/json", length]
    if authorization:
        lines.append(f"Authorization: {authorization}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + BODY[:1])


def end(connection: socket.socket) -> bytes:
    """The status line of what is answered to the whole body."""
    with connection:
        try:
            connection.sendall(BODY[1:])
            return connection.recv(300).split(b"\r\n")[0]
        except OSError as error:
            return repr(error).encode()


def test_strangers_take_no_room_from_who_has_a_key(server: ValetkeyServer) -> None:
    """They stay, and the slow client with a key, who came first, is served."""
    honest, strangers = connect(server), [connect(server) for _ in range(ENOUGH)]
    begin(honest, server.create_key("backend").headers["Authorization"])
    time.sleep(1)
    for stranger in strangers:  # all at once: sooner than each can be asked for its credential
        begin(stranger)
    time.sleep(1)
    answer = end(honest)
    for stranger in strangers:
        stranger.close()
    assert answer.startswith(b"HTTP/1.1 201 "), answer


def test_who_went_away_takes_no_room(server: ValetkeyServer) -> None:
    """Their places are free at once, though they had a key, and the log has nothing to say of them."""
    authorization = server.create_key("backend").headers["Authorization"]
    honest = connect(server)
    begin(honest, authorization)
    time.sleep(1)
    for number in range(ENOUGH):
        gone = connect(server)
        begin(gone, authorization)
        if number % 2:  # a reset; the others just close
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
    time.sleep(1)
    answer = end(honest)
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    assert "Traceback" not in server.log


def test_a_coding_that_nobody_undoes_is_refused(server: ValetkeyServer) -> None:
    """What comes gzipped below its chunks is not taken for what it says."""
    with connect(server) as connection:
        begin(connection, server.create_key("backend").headers["Authorization"], "Transfer-Encoding: gzip, chunked")
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 501 "), answer


class Waiting:
    """The future of a body that does not come."""

    def __init__(self) -> None:
        self.given_up = False

    def cancel(self) -> None:
        self.given_up = True


def reads(environ: dict[str, Any], _: Any) -> Any:
    """An application that refuses nobody before it has the body."""
    environ["wsgi.input"].read()


def waiting(room: IncompleteRequests, size: int, count: int = 1, *, tried: bool) -> list[IncompleteRequest]:
    requests = [IncompleteRequest({}, None, size) for _ in range(count)]
    for request in requests:
        request.future = Waiting()
        room.add(request)
        assert not (tried and room.try_without_body(request))
    return requests


def given_up(requests: list[IncompleteRequest]) -> int:
    return sum(request.future.given_up for request in requests)


@pytest.mark.parametrize("tried", [True, False])
def test_small_bodies_are_not_what_takes_the_room(tried: bool) -> None:
    """Nobody with a small body has to go for others with large ones, who may have keys, too; nor before its trial."""
    room = IncompleteRequests(reads, 30)
    small = waiting(room, 100, 10, tried=tried)
    large = waiting(room, MAX_BODY, ENOUGH, tried=tried)
    room.inspect()
    assert given_up(small) == 0
    assert ENOUGH - given_up(large) == MAX_MEMORY // MAX_BODY - 1  # and no more have gone than had to


def test_who_has_not_shown_a_credential_goes_first() -> None:
    """Also with the smaller body, and though others have waited longer."""
    room = IncompleteRequests(reads, 30)
    known = waiting(room, MAX_BODY, MAX_MEMORY // MAX_BODY, tried=True)
    strangers = waiting(room, MAX_BODY // 2, 10, tried=False)
    room.inspect()
    assert (given_up(known), given_up(strangers)) == (0, 10)


def test_who_leaves_during_its_trial_has_left() -> None:
    """The trial, which ends later, does not give it a place again."""

    def application(environ: dict[str, Any], start: Any) -> Any:
        room.leave(environ["who"])
        return reads(environ, start)

    room = IncompleteRequests(application, 30)
    gone = IncompleteRequest({}, None, MAX_BODY)
    gone.environ["who"], gone.future = gone, Waiting()
    room.add(gone)
    assert room.try_without_body(gone) is False
    others = waiting(room, MAX_BODY, MAX_MEMORY // MAX_BODY, tried=False)
    room.inspect()
    assert given_up(others) == 0
