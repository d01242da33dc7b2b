"""A bot challenge in front of the API. Cloudflare: 403, `cf-mitigated: challenge`, a page that asks for JavaScript.

Reported of many APIs behind Bot Fight Mode: programs take the page for an answer, or say nothing that helps.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.support import processes
from tests.support.servers import VALETKEY, environment

from valetkey.client import Client, Refused

PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"


class Challenge(BaseHTTPRequestHandler):
    """The same to everybody."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(403)
        for name, value in (("Content-Type", "text/html; charset=UTF-8"), ("cf-mitigated", "challenge")):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def challenged() -> Iterator[str]:
    """The address of such an API."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Challenge)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_put_says_that_somebody_else_answers(challenged: str, tmp_path: Path) -> None:
    """By a sentence and the status for refused files."""
    (tmp_path / "cat.txt").write_text("hello")
    env = environment(tmp_path, None) | {"VALETKEY_TOKEN": "vk_x"}
    done = processes.run([VALETKEY, "put", "cat.txt", "--endpoint", challenged], env=env, cwd=tmp_path, timeout=120)
    assert done.returncode == 4
    assert "refused (http_403)" in done.stdout + done.stderr
    assert "not as valetkey does: is the address right?" in done.stdout + done.stderr


def test_a_program_is_told_so_too(challenged: str) -> None:
    """With a code of its own, at once."""
    with Client(challenged, "vk_x") as valetkey, pytest.raises(Refused, match="not as valetkey does") as refused:
        valetkey.ticket("default", owner="user-17")
    assert refused.value.code == "http_403"
