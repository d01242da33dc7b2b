"""Uploads through nginx and Caddy with the configuration of infra/proxies, in front of the service and a Ceph RGW."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from tests.e2e.conftest import Service, service_on
from tests.e2e.proxy import StoreProxy
from tests.e2e.putting import MIB, PROFILES, Terminal
from tests.infra.proxies import KINDS, Front, running_front
from tests.support.servers import running_valetkey
from tests.support.stores import Rgw, fresh_bucket

pytestmark = pytest.mark.needs("fronts")

BIG = os.urandom(6 * MIB)


@dataclass(frozen=True)
class House:
    """A service, and the address that its clients know it by."""

    front: Front
    service: Service
    address: str
    terminal: Terminal

    def client(self) -> httpx.Client:
        return self.front.client(self.address, self.service.api.token)


@pytest.fixture(scope="module", params=[(kind, place) for kind in KINDS for place in ("host", "prefix")], ids="-".join)
def house(request: pytest.FixtureRequest, rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for each proxy, at a host of its own and below a prefix; nothing is changed in it."""
    kind, place = request.param
    directory = tmp_path_factory.mktemp(f"{kind}-{place}")
    (directory / "valetkey.toml").write_text(PROFILES)
    (directory / "front").mkdir()
    with running_front(kind, directory / "front", urlsplit(rgw.endpoint_url).port or 80) as front:
        address = front.uploads if place == "host" else front.prefixed
        env = {
            "VALETKEY_CONFIG": str(directory / "valetkey.toml"),
            "VALETKEY_PORT": str(front.ports.service),
            "VALETKEY_PUBLIC_URL": address,
            "VALETKEY_S3_PUBLIC_ENDPOINT_URL": front.store,
        }
        with (
            fresh_bucket(rgw) as bucket,
            running_valetkey(directory, bucket, env=env) as server,
            StoreProxy(rgw.endpoint_url) as unused,
        ):
            service = service_on(server, bucket)
            yield House(front, service, address, Terminal(service, unused, directory))


def test_a_form_and_parts_are_confirmed(house: House) -> None:
    """Both calls and bytes go by way of the proxy, and the objects are what was sent."""
    trusting = {"VALETKEY_ENDPOINT": house.address, "SSL_CERT_FILE": str(house.front.authority.file), "NO_PROXY": "*"}
    house.terminal.file("small", b"hello")
    house.terminal.file("big", BIG)
    small = house.terminal.put("small", "--json", env=trusting)
    assert small.code == 0, small.out + small.err
    assert house.terminal.content(small.row["upload"]) == b"hello"
    big = house.terminal.put("big", "--profile", "parts", "--json", env=trusting)
    assert big.code == 0, big.out + big.err
    assert house.terminal.content(big.row["upload"]) == BIG


def test_addresses_are_those_of_the_front(house: House) -> None:
    """Grants lead to the store's front; what the service says of itself is below its public address, whatever a client
    says of it."""
    lies = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil"}
    wanted = {"filename": "f", "size": 1, "content_type": "text/plain", "metadata": {"Place": "Zürich"}}
    with house.client() as client:
        created = client.post("/v1/uploads", json=wanted, headers=lies)
        assert created.status_code == 201, created.text
        assert created.json()["grant"]["url"].startswith(f"{house.front.store}/")
        assert urljoin(house.address, created.headers["location"]).startswith(f"{house.address}/v1/uploads/")
        docs = client.get("/docs", headers=lies)
        assert docs.status_code in {301, 302, 307, 308}
        assert urljoin(house.address, docs.headers["location"]) == f"{house.address}/docs/"
        assert client.get("/docs/").status_code == 200
        [server] = client.get("/openapi.json", headers=lies).json()["servers"]
        assert urljoin(house.address, server["url"]).rstrip("/") == house.address


def test_a_body_that_is_too_large(house: House) -> None:
    """Just above the limit the service says so itself; far above it, the proxy does. Nothing is created."""
    with house.client() as client:
        above = client.post("/v1/uploads", json={"filename": "x" * 300_000})
        assert (above.status_code, above.json()["code"]) == (413, "request_entity_too_large")
        for _ in range(20):  # whoever is faster, the one that answers or the one that sends
            far = client.post("/v1/uploads", content=b"x" * (3 * MIB), headers={"Content-Type": "application/json"})
            assert far.status_code == 413
        assert client.get("/healthz").status_code == 200


def test_encoded_slashes_stay_encoded(house: House) -> None:
    """A proxy that decoded and resolved the path would have another owner erased."""
    with house.client() as client:
        answer = client.delete("/v1/owners/x%2F..%2Fbob")
        assert answer.status_code == 422, answer.text
        single = client.delete("/v1/owners/tenant%2Falice")
        assert single.status_code == 202, single.text


def test_no_secret_is_logged(house: House) -> None:
    """Neither what an event proves itself with, nor a ticket in a path, nor what a store's URL is signed with."""
    with house.client() as client:
        ticket = client.post("/v1/tickets", json={"profile": "default"}).json()["ticket"]
        client.post("/v1/events/ceph", params={"secret": "a-secret-of-mine"}, json={})
        client.get(f"/uppy/{ticket}/s3/params")
        assert client.get("/v1/uploads", headers={"Authorization": "Bearer vk_nobody.at-all"}).status_code == 401
    logged = house.front.logged
    for secret in ("a-secret-of-mine", ticket, "vk_nobody", "X-Amz-Signature", str(house.service.api.token)):
        assert secret not in logged


@contextmanager
def recording(port: int) -> Iterator[list[dict[str, str]]]:
    """A server that notes the headers of requests, by their names in lower case."""
    seen: list[dict[str, str]] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            names = {name.lower() for name in self.headers}
            seen.append({name: ", ".join(self.headers.get_all(name, [])) for name in names})
            self.send_response(204)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", port), Recorder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield seen
        finally:
            server.shutdown()


@pytest.mark.parametrize("kind", KINDS)
def test_the_address_of_the_client_is_the_real_one(kind: str, tmp_path: Path) -> None:
    """What is behind the proxy learns who connected to it, and nothing that the client made up."""
    with running_front(kind, tmp_path, behind_store=9) as front, recording(front.ports.service) as seen:
        lies = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil"}
        for address in (front.uploads, front.prefixed):
            with front.client(address) as client:
                assert client.get("/v1/uploads", headers=lies).status_code == 204
    for port, headers in zip((front.ports.uploads, front.ports.prefixed), seen, strict=True):
        assert headers["x-forwarded-for"] == "127.0.0.1"
        assert headers["x-forwarded-proto"] == "https"
        assert headers["x-forwarded-host"] == headers["host"] == f"127.0.0.1:{port}"
        assert "x-forwarded-prefix" not in headers
