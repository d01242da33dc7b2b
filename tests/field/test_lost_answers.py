"""A response counts if it is complete and readable; one that is cut off is lost, and interim ones are skipped.

An answer of the service that was cut ended the upload, also when all bytes were there; 102 and 103 before it did; an
error of the store in gzip or UTF-16, or behind many blanks, was none; and an answer without what it should have was a
traceback.
"""

import gzip
import json
import socket
import socketserver
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.field.hushed import Hushed, hushed

from valetkey.cli import main
from valetkey.reference.store_answers import parse_error

CONTENT = b"0123456789" * 10
Change = Callable[[bytes, bytes], bytes]
"""Makes another answer of the head (without the empty line) and the body of one."""


class Front(socketserver.ThreadingTCPServer):
    """Passes connections on to a `Hushed`, whose first answer to a call that has ``where`` in its path it changes."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, play: Hushed, where: str, change: Change) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.play, self.where, self.change = play, where, change
        self.changed = 0


class _Handler(socketserver.StreamRequestHandler):
    server: Front

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (line := self.rfile.readline()):
                return
            head += line
        length = next((int(one.split(b":")[1]) for one in head.splitlines() if one.lower().startswith(b"content-l")), 0)
        said = _ask(self.server.play.address, head + self.rfile.read(length))
        if self.server.where.encode() in head.split(b" ")[1] and not self.server.changed:
            self.server.changed += 1
            said = self.server.change(*said.split(b"\r\n\r\n", 1))
        self.wfile.write(said)


def _ask(address: str, request: bytes) -> bytes:
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port))) as to:
        to.sendall(request)
        return to.makefile("rb").read()


@contextmanager
def fronted(method: str, where: str, change: Change) -> Iterator[tuple[Hushed, Front]]:
    with hushed(method, len(CONTENT), 40) as play, Front(play, where, change) as front:
        thread = threading.Thread(target=front.serve_forever)
        thread.start()
        own, address = f"http://127.0.0.1:{front.server_address[1]}", play.address
        grant, signed = play.grant, play.signed
        play.grant = lambda: moved(grant(), address, own)  # type: ignore[method-assign]
        play.signed = lambda numbers: moved(signed(numbers), address, own)  # type: ignore[method-assign]
        try:
            yield play, front
        finally:
            front.shutdown()
            thread.join()


def moved(said: Any, old: str, new: str) -> Any:
    return json.loads(json.dumps(said).replace(old, new))


def put(front: Front, folder: Path) -> tuple[int, dict[str, Any]]:
    path = folder / "file.bin"
    path.write_bytes(CONTENT)
    address = f"http://127.0.0.1:{front.server_address[1]}"
    options = ["--json", "--endpoint", address, "--no-resume", "-c", "1", "--retry-for", "60", "--wait", "2"]
    done = CliRunner().invoke(main, ["put", str(path), *options, "--stall-timeout", "60"])
    return done.exit_code, json.loads(done.stdout)


def replaced(head: bytes, name: str, value: str) -> bytes:
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(name.lower().encode())]
    return b"\r\n".join([*lines, *([f"{name}: {value}".encode()] if value else [])])


def coded(coding: str, compress: Callable[[bytes], bytes]) -> Change:
    def change(head: bytes, body: bytes) -> bytes:
        packed = compress(body)
        head = replaced(replaced(head, "Content-Length", str(len(packed))), "Content-Encoding", coding)
        return head + b"\r\n\r\n" + packed

    return change


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def chunked(head: bytes, body: bytes) -> bytes:
    head = replaced(replaced(head, "Content-Length", ""), "Transfer-Encoding", "chunked")
    return head + b"\r\n\r\n%x\r\n" % (len(body) + 9) + body[:-3]


LOST: dict[str, Change] = {
    "cut in the body": lambda head, body: head + b"\r\n\r\n" + body[: len(body) // 2],
    "nothing of the body": lambda head, _: head + b"\r\n\r\n",
    "cut in a chunk": chunked,
    "cut, without a length": lambda head, body: replaced(head, "Content-Length", "") + b"\r\n\r\n" + body[:-9],
    "cut in gzip": coded("gzip", lambda body: gzip.compress(body)[:-9]),
    "no gzip at all": coded("gzip", lambda body: b"\x1f\x8b" + body),
    "a coding nobody knows": coded("br", lambda body: body),
}
ODD: dict[str, Change] = {
    "102": lambda head, body: b"HTTP/1.1 102 Processing\r\n\r\n" + head + b"\r\n\r\n" + body,
    "103 twice": lambda head, body: b"HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n" * 2 + head + b"\r\n\r\n" + body,
    "gzip": coded("gzip", gzip.compress),
    "x-gzip, capitals": coded("X-GZip", gzip.compress),
    "deflate": coded("deflate", zlib.compress),
    "raw deflate": coded("deflate", raw_deflate),
    "twice": coded("deflate, gzip", lambda body: gzip.compress(zlib.compress(body))),
}


@pytest.mark.parametrize("where", ["/v1/uploads", "/complete"])
@pytest.mark.parametrize("what", [*LOST, *ODD])
def test_of_the_service(tmp_path: Path, where: str, what: str) -> None:
    """The call is made again where its answer was lost, and the file is sent once."""
    with fronted("POST", where, {**LOST, **ODD}[what]) as (play, front):
        code, row = put(front, tmp_path)
        assert (code, front.changed, len(play.bodies)) == (0, 1, 1), row
        assert play.uploads == (2 if what in LOST and where == "/v1/uploads" else 1)


def with_body(change: Change, status: int, said: bytes) -> Change:
    def other(head: bytes, _: bytes) -> bytes:
        head = head.replace(b" 200 ", b" %d " % status, 1)
        return change(replaced(head, "Content-Length", str(len(said))), said)

    return other


@pytest.mark.parametrize("method", ["POST", "MULTIPART"])
@pytest.mark.parametrize("what", [*LOST, *ODD])
def test_of_the_store(tmp_path: Path, method: str, what: str) -> None:
    """What arrived is found, and not sent again; nor is it when the answer is whole, whatever comes before it."""
    change = with_body({**LOST, **ODD}[what], 200, b"<PostResponse><Key>a</Key></PostResponse>")
    with fronted(method, "/s3/", change) as (play, front):
        code, row = put(front, tmp_path)
        assert (code, front.changed, len(play.bodies)) == (0, 1, play.count), row


SLOW = b"<Error><Code>SlowDown</Code></Error>"
EXPIRED = b"<Error><Code>ExpiredToken</Code></Error>"
ERRORS: dict[str, Change] = {
    "as it is": lambda head, body: head + b"\r\n\r\n" + body,
    "gzip": coded("gzip", gzip.compress),
    "deflate": coded("deflate", zlib.compress),
    "70,000 blanks": coded("", lambda body: b" " * 70_000 + b"\n" + body),
    "utf-16": coded("", lambda body: body.decode().encode("utf-16")),
}


@pytest.mark.parametrize("method", ["PUT", "MULTIPART"])
@pytest.mark.parametrize("how", ERRORS)
@pytest.mark.parametrize(("status", "said"), [(400, EXPIRED), (200, SLOW)])
def test_an_error_of_the_store(tmp_path: Path, method: str, how: str, status: int, said: bytes) -> None:
    """In gzip, in UTF-16, behind blanks: it is that error, and the body is sent again; nothing else confirms it."""
    with fronted(method, "/s3/", with_body(ERRORS[how], status, said)) as (play, front):
        keep = play.keep

        def taken(number: int, content: bytes) -> str:
            return keep(number, content) if front.changed or len(play.bodies) > 1 else ""

        play.keep = taken  # type: ignore[method-assign]
        code, row = put(front, tmp_path)
        assert (code, front.changed, len(play.bodies)) == (0, 1, play.count + 1), row


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", ["", " " * 70_000, "\n<!-- busy -->"])
def test_error_documents_in_every_encoding(encoding: str, before: str) -> None:
    """XML 1.0 demands UTF-8 and UTF-16 of every reader."""
    document = f"{before}<Error><Code>SlowDown</Code><Message>Gemächlich</Message></Error>"
    assert parse_error(document.encode(encoding)) == ("SlowDown", "Gemächlich")


STRANGE: dict[str, bytes] = {
    "204": b"HTTP/1.1 204 X\r\n\r\n",
    "an empty object": b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}",
    "a list": b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n[]",
}


@pytest.mark.parametrize("where", ["/v1/uploads", "/parts", "/complete"])
@pytest.mark.parametrize("what", STRANGE)
def test_a_strange_answer_is_a_sentence(tmp_path: Path, where: str, what: str) -> None:
    """Whichever call it answers: it is the end, but no traceback."""
    with fronted("MULTIPART", where, lambda *_: STRANGE[what]) as (_, front):
        code, row = put(front, tmp_path)
        assert (code, front.changed, "not as valetkey does" in row["error"]["detail"]) == (4, 1, True), row
