"""H. A store that is known by an IPv6 literal, also to its clients, and a service that listens on one.

Reported: the brackets of a literal get lost on the way into the signed ``Host`` (aws/aws-cli #8869), or into what the
store signs (ceph/ceph #30778), so that signatures do not match.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from tests.e2e.rgw_events import created_event
from tests.field.desk import MakeDesk
from tests.support.clients import post_form
from tests.support.servers import ValetkeyServer
from tests.support.stores import Bucket, Rgw, fresh_bucket

TEXT = b"plain text"
PROFILES = """
[profiles.parts]
multipart_from = 1
"""


@contextmanager
def behind_ipv6(rgw: Rgw) -> Iterator[Rgw]:
    """`rgw`, reached through an address of IPv6."""
    listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    target = urlsplit(rgw.endpoint_url)

    def relay() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                store = socket.create_connection((target.hostname or "", target.port or 0))
                for one, other in ((client, store), (store, client)):
                    threading.Thread(target=_copy, args=(one, other), daemon=True).start()

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    try:
        yield replace(rgw, endpoint_url=f"http://[::1]:{listener.getsockname()[1]}")
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _copy(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def bucket(rgw: Rgw) -> Iterator[Bucket]:
    with behind_ipv6(rgw) as server, fresh_bucket(server) as made:
        yield made


@pytest.mark.parametrize("asked", [{}, {"method": "put"}, {"profile": "parts"}], ids=["form", "PUT", "parts"])
def test_a_store_at_a_literal(asked: dict[str, str], bucket: Bucket, make_desk: MakeDesk) -> None:
    """Grants lead there, uploads are confirmed, and their bytes come back by the address of a download."""
    desk = make_desk(bucket, PROFILES)
    created = desk.sent(TEXT, **asked)
    assert desk.complete(created)["state"] == "confirmed"
    address = desk.http.get(f"/v1/uploads/{created['upload']['id']}/download").headers["Location"]
    assert address.startswith(bucket.server.endpoint_url)
    assert httpx.get(address).content == TEXT


def test_a_service_at_a_literal(valetkey_server: Callable[..., ValetkeyServer], bucket: Bucket) -> None:
    """An event of a peer with such an address confirms, and so does a client's call."""
    server = valetkey_server(bucket, env={"VALETKEY_HOST": "::", "VALETKEY_PUBLIC_URL": ""})
    base = server.base_url.replace("127.0.0.1", "[::1]")
    key = {"Authorization": f"Bearer {server.create_key().key}"}
    with httpx.Client(base_url=base, headers=key, timeout=60) as here:
        asked = {"filename": "a.txt", "content_type": "text/plain", "size": len(TEXT)}
        reported, told = (here.post("/v1/uploads", json=asked).raise_for_status() for _ in range(2))
        for one in (reported, told):
            grant = one.json()["grant"]
            assert post_form(grant["url"], grant["fields"], TEXT).status == 201
        done = here.post(f"{told.headers['Location']}/complete").json()
        name = f"staging/{reported.json()['upload']['id']}"
        event = created_event(bucket.name, name, len(TEXT), "", server.env["VALETKEY_EVENTS_CEPH_SECRET"])
        answer = httpx.post(f"{base}/v1/events/ceph", json=event, timeout=60)
    assert (done["state"], answer.json()) == ("confirmed", {"confirmed": 1, "rejected": 0, "ignored": 0})
