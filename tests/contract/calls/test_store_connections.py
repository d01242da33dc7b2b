"""Connections to the store: proxies and authorities from the environment, credentials, reuse, and nobody listening."""

import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from tests.contract.calls.sources import Behind
from tests.contract.harnesses import s3_store
from tests.support.odd_stores import serving, store_at
from tests.support.store_proxy import quirky
from tests.support.stores import Rgw, fresh_bucket
from tests.support.tls import tls_for

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.upload import MultipartUploadId

if TYPE_CHECKING:
    from botocore.credentials import Credentials


@pytest.mark.parametrize("exempt", [False, True])
def test_a_proxy_of_the_environment(rgw: Rgw, monkeypatch: pytest.MonkeyPatch, *, exempt: bool) -> None:
    """Requests go to HTTP_PROXY with the whole URL, unless NO_PROXY names the store."""
    with quirky(rgw) as proxy, fresh_bucket(rgw) as bucket:
        monkeypatch.setenv("HTTP_PROXY", proxy.endpoint_url)
        monkeypatch.setenv("http_proxy", proxy.endpoint_url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1" if exempt else "")
        monkeypatch.setenv("no_proxy", "127.0.0.1" if exempt else "")
        store = s3_store(rgw, bucket.name)
        before = len(proxy.requests)
        assert store.head("a") is None
        assert len(proxy.requests) - before == (0 if exempt else 1)


@contextmanager
def tls_server(folder: Path) -> Iterator[str]:
    """An empty store that uses TLS with a self-signed certificate."""

    class Nothing(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(404)
            self.send_header("x-amz-request-id", "1")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    server.socket = tls_for("127.0.0.1", folder)[0].wrap_socket(server.socket, server_side=True)
    with serving(server, "https") as url:
        yield url


def test_a_connection_is_used_again() -> None:
    """It stays open after any response: with a length, in chunks, an error, or to a HEAD."""
    connections = []

    class Chunks(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            connections.append(self.client_address)

        def do_GET(self) -> None:
            body = b"<ListPartsResult/>" if "chunks" in self.path else b"<Error><Code>NoSuchKey</Code></Error>"
            self.send_response(200 if "chunks" in self.path else 404)
            if "chunks" in self.path:
                self.send_header("Transfer-Encoding", "chunked")
                body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(200)
            for header in ("ETag: e", "Content-Type: text/plain", "Content-Length: 5"):
                self.send_header(*header.split(": "))
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chunks)
    server.daemon_threads = True
    with serving(server) as url:
        store = store_at(url)
        for _ in range(2):
            assert store.head("a") is not None
            assert store.parts("chunks", MultipartUploadId("none")) == []
            assert store.parts("a", MultipartUploadId("none")) is None
        assert len(connections) == 1


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_an_authority_of_the_environment(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate of an unknown authority is refused; with the bundle that contains it, it is accepted."""
    for other in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    with tls_server(tmp_path) as url:
        settings = S3Settings("bucket", endpoint_url=url)
        with pytest.raises(StoreUnavailable, match="SSLError"):
            S3Store(settings, boto3.Session("key", "secret")).head("a")
        monkeypatch.setenv(variable, str(tmp_path / "server.pem"))
        assert S3Store(settings, boto3.Session("key", "secret")).head("a") is None


def test_credentials_are_asked_for_with_each_call(rgw: Rgw) -> None:
    """Temporary credentials change while a process runs."""
    with fresh_bucket(rgw) as bucket:
        store = s3_store(rgw, bucket.name, secret_key="of yesterday")
        with pytest.raises(StoreUnavailable):
            store.head("a")
        held: Credentials = store._clients.credentials()
        held.secret_key = rgw.secret_key
        assert store.head("a") is None


def test_a_store_that_is_away(behind: Behind) -> None:
    """The error has the name that botocore gives it."""
    store, _, _ = behind()
    settings = replace(store._settings, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(StoreUnavailable, match="EndpointConnectionError"):
        S3Store(settings, boto3.Session("key", "secret")).head("a")
