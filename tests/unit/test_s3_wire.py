"""Responses on the wire: which are valid, and which connections are reused."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty
from threading import Thread
from typing import Any, cast

import pytest
import urllib3
from urllib3.exceptions import ProtocolError

from valetkey.adapters.s3.wire import MAX_HEAD, POOLS, StreamedResponse

LIMIT = 1000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TIMEOUT = urllib3.Timeout(connect=30, read=30)


@contextmanager
def saying(*answers: bytes) -> Iterator[tuple[Any, list[int], list[bytes]]]:
    """A pool of connections to a server that gives these answers, one to each request; by which of its connections it
    gave them, and the requests. It ends a connection after an answer that says so, or that has no length."""
    used: list[int] = []
    asked: list[bytes] = []
    left = list(answers)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            number = 0
            while left:
                with suppress(OSError), server.accept()[0] as connection:
                    number += 1
                    while left and (data := connection.recv(65_536)):
                        used.append(number)
                        asked.append(data)
                        connection.sendall(answer := left.pop(0))
                        if b"close" in answer or b"ength" not in answer:
                            break

        thread = Thread(target=serve, daemon=True)
        thread.start()
        pool = POOLS["http"]("127.0.0.1", server.getsockname()[1], maxsize=4)
        yield pool, used, asked
        pool.close()
        left.clear()
    thread.join(60)


def ask(pool: Any, method: str = "GET", headers: dict[str, str] | None = None, body: bytes = b"") -> tuple[int, bytes]:
    answer = pool.exchange(method, "/b/k", {"Host": "here"} | (headers or {}), body, TIMEOUT)
    try:
        return answer.status, answer.read(LIMIT)
    except ProtocolError:
        answer.close()
        raise


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Length: 2\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nETag: x\r\n\r\n",
    ],
)
def test_a_whole_answer_leaves_its_connection(answer: bytes) -> None:
    with saying(answer, OK) as (pool, used, _):
        assert ask(pool) == ask(pool) == (200, b"ok")
        assert used == [1, 1]


def test_what_comes_after_the_head_is_no_header() -> None:
    """Nor what comes before it, with a status of its own."""
    early = b"HTTP/1.1 103 Early Hints\r\nETag: early\r\n\r\n"
    late = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\nX: z\r\n\r\n1\r\no\r\n0\r\nETag: late\r\n\r\n"
    with saying(early + late) as (pool, _, _):
        answer = pool.exchange("GET", "/", {}, b"", TIMEOUT)
        assert answer.read(LIMIT) == b"o"
        assert answer.headers == {"transfer-encoding": "chunked", "x": "y, z"}


@pytest.mark.parametrize(
    ("method", "answer", "body"),
    [
        ("GET", OK + b"HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nbad", b"ok"),
        ("HEAD", OK, b""),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 1500, b"x" * LIMIT),
        ("GET", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        ("GET", b"HTTP/1.1 200 OK\r\n\r\nok", b"ok"),
    ],
    ids=["two answers", "a HEAD with a body", "more than is wanted", "said to be closed", "until the end"],
)
def test_other_connections_are_closed(method: str, answer: bytes, body: bytes) -> None:
    """And what is too much is nobody's answer."""
    with saying(answer, OK) as (pool, used, _):
        assert ask(pool, method) == (200, body)
        assert ask(pool) == (200, b"ok")
        assert used == [1, 2]


@pytest.mark.parametrize("before", [(), (OK,)], ids=["new", "used before"])
@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH length\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\nok",
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nlength",
    ],
    ids=["no HTTP", "half a body", "half a chunk", "a long head", "another protocol"],
)
def test_what_is_no_answer(before: tuple[bytes, ...], answer: bytes) -> None:
    """It is an error, and the next call gets a connection of its own."""
    with saying(*before, answer, OK) as (pool, used, _):
        for _one in before:
            ask(pool)
        with pytest.raises(ProtocolError):
            ask(pool)
        assert ask(pool) == (200, b"ok")
        assert used == [1] * len(before) + [1, 2]


def test_a_request_is_as_it_was_signed() -> None:
    with saying(OK, OK) as (pool, _, asked):
        ask(pool, "PUT", {"x-amz-meta-a": "b"})
        ask(pool, "POST", body=b"<a/>")
    tail = b"Accept-Encoding: identity\r\nContent-Length: "
    assert asked == [
        b"PUT /b/k HTTP/1.1\r\nHost: here\r\nx-amz-meta-a: b\r\n" + tail + b"0\r\n\r\n",
        b"POST /b/k HTTP/1.1\r\nHost: here\r\n" + tail + b"4\r\n\r\n<a/>",
    ]


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb"])
def test_a_header_is_one_line(value: str) -> None:
    with saying(OK) as (pool, _, asked):
        with pytest.raises(ValueError, match="line break"):
            ask(pool, headers={"X": value})
        assert asked == []
        assert ask(pool) == (200, b"ok")


class Watched:
    """A socket, and the time-out that each request was sent with."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.sent_within: list[float | None] = []

    def sendall(self, data: bytes) -> None:
        self.sent_within.append(self._sock.gettimeout())
        self._sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def test_what_a_slow_answer_has_left_is_no_time_out_of_the_next_request() -> None:
    """It may be a thousandth of a second, in which nobody can send anything."""
    with saying(OK, OK) as (pool, used, _):
        ask(pool)
        kept = pool.pool.get()
        kept.sock = watched = Watched(kept.sock)
        kept.sock.settimeout(0.001)
        pool.pool.put(kept)
        assert ask(pool) == (200, b"ok")
        assert (used, watched.sent_within) == ([1, 1], [TIMEOUT.read_timeout])


def test_connections_beyond_the_size_of_a_pool_are_closed() -> None:
    """A burst opens more than are kept afterwards; the one that was used last is used next."""
    pool = POOLS["http"]("127.0.0.1", 9, maxsize=2)
    used = [pool._new_conn() for _ in range(3)]
    closed: set[object] = set()
    for one in used:
        one.close = lambda one=one: closed.add(one)
        pool._put_conn(one)
    assert closed == {used[2]}
    assert [pool.pool.get(block=False) for _ in range(2)] == [used[1], used[0]]
    with pytest.raises(Empty):
        pool.pool.get(block=False)


class Pieces:
    """As much of a connection as an answer needs: what it receives comes in these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._left = list(pieces)
        self.sock = self

    def gettimeout(self) -> float:
        return 30.0

    def recv(self, _: int) -> bytes:
        return self._left.pop(0) if self._left else b""

    def close(self) -> None: ...


BODY = b"b" * 3 * MAX_HEAD
HEAD = b"Content-Length: %d\r\n\r\n" % len(BODY)


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n"])
def test_a_body_that_comes_with_the_end_of_the_head_is_no_part_of_it(first: bytes) -> None:
    answer = StreamedResponse(cast("Any", Pieces(first, HEAD + BODY)), "GET")
    answer.receive_head()
    assert (answer.status, answer.read(len(BODY)) == BODY) == (200, True)


@pytest.mark.parametrize("count", [1, 700])
def test_a_head_without_an_end_is_given_up(count: int) -> None:
    """In one piece, or in many."""
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 200) for number in range(700))
    size = len(lines) // count + 1
    pieces = [lines[at : at + size] for at in range(0, len(lines), size)]
    with pytest.raises(ProtocolError):
        StreamedResponse(cast("Any", Pieces(b"HTTP/1.1 200 OK\r\n", *pieces)), "GET").receive_head()
