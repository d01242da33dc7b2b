"""Fetching a certificate from an https server on loopback with a self-signed certificate."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tests.support.deliveries import TOPIC
from tests.support.servers import free_port
from tests.support.tls import tls_for

from valetkey.adapters import sns
from valetkey.adapters.sns import MAX_CERTIFICATE, SnsConfirmer, certificate_fetcher
from valetkey.core.errors import SenderRefused, Unavailable


class Handler(BaseHTTPRequestHandler):
    """Answers by path, and keeps what was asked."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        size = {"/full": MAX_CERTIFICATE, "/large": MAX_CERTIFICATE + 1}.get(self.path, 5)
        with suppress(OSError):
            self.send_response({"/moved": 302, "/gone": 404, "/broken": 500}.get(self.path, 200))
            if self.path == "/moved":
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            for _ in range(1_000 if self.path == "/slow" else 1):
                self.wfile.write(b"x" * size)
                time.sleep(0.1 if self.path == "/slow" else 0)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  (its name in the base class)


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def trusted(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return tls_for("127.0.0.1", tmp_path)


@pytest.fixture
def address(
    trusted: tuple[ssl.SSLContext, ssl.SSLContext], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Where the server is."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (Handler,), {"asked": asked}))
    server.socket = trusted[0].wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def fetch(address: str, trusted: tuple[ssl.SSLContext, ssl.SSLContext]) -> Callable[[str], bytes]:
    """Fetches a path of the server."""
    get = certificate_fetcher(trusted[1])
    return lambda path: get(address + path)


def test_a_certificate_is_fetched(fetch: Callable[[str], bytes]) -> None:
    """Whole, up to the largest one allowed."""
    assert fetch("/small") == b"xxxxx"
    assert len(fetch("/full")) == MAX_CERTIFICATE


def test_no_redirect_is_followed(fetch: Callable[[str], bytes], asked: list[str]) -> None:
    """It is refused, and where it points is not asked."""
    with pytest.raises(SenderRefused):
        fetch("/moved")
    assert asked == ["/moved"]


@pytest.mark.parametrize("path", ["/gone", "/large"])
def test_what_is_no_certificate_is_refused(fetch: Callable[[str], bytes], path: str) -> None:
    """No such thing, or too many bytes."""
    with pytest.raises(SenderRefused):
        fetch(path)


def test_a_server_that_fails_is_tried_again(fetch: Callable[[str], bytes]) -> None:
    """A 5xx says nothing about the certificate."""
    with pytest.raises(Unavailable):
        fetch("/broken")


def test_a_slow_server_is_left(fetch: Callable[[str], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole fetch has its time, however small the pieces it comes in."""
    monkeypatch.setattr(sns, "FETCH_TIME", 0.3)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        fetch("/slow")
    assert time.monotonic() - started < 60  # to its end it takes 100


def test_an_unknown_server_is_not_trusted(address: str, asked: list[str]) -> None:
    """Its TLS certificate has to be one that this machine trusts."""
    with pytest.raises(Unavailable):
        certificate_fetcher()(f"{address}/small")
    assert asked == []


def test_a_server_that_is_away_is_tried_again() -> None:
    """Nothing listens there now."""
    with pytest.raises(Unavailable):
        certificate_fetcher()(f"https://127.0.0.1:{free_port()}/small")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_only_https_is_spoken(url: str) -> None:
    """A fetcher has no handler for anything else."""
    with pytest.raises(SenderRefused):
        certificate_fetcher()(url)


def test_sns_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscription is confirmed by a later try of SNS's."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unavailable):
        SnsConfirmer()(TOPIC, "token")
