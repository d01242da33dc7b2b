"""Who waits for whom.

Reported of services with a pool of threads (Slowloris, CVE-2007-6750; gunicorn's documentation on slow clients): 64
connections that each send one byte of a body, and nobody is answered any more, `/healthz` included. And of readiness
probes that hang with what they ask for, until liveness probes hang with them (Kubernetes issues on probe time-outs).
"""

import resource
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from tests.clients import post_form
from tests.idlers import idling, kinds
from tests.servers import ValetkeyServer
from tests.stores import Bucket

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}
IDLE = 600


@pytest.fixture
def server(valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket) -> ValetkeyServer:
    return valetkey_server(moto_bucket, env={"VALETKEY_BODY_TIMEOUT": "20"})


def upload(client: httpx.Client) -> str:
    """One whole upload; its state."""
    granted = client.post("/v1/uploads", json=CAT).raise_for_status().json()
    post_form(granted["grant"]["url"], granted["grant"]["fields"], b"hello")
    state: str = client.post(f"/v1/uploads/{granted['upload']['id']}/complete").raise_for_status().json()["state"]
    return state


def test_600_idle_connections_on_every_route_delay_nobody(server: ValetkeyServer) -> None:
    """While hundreds of clients hold half a request each, with a key and without, whole uploads go on, all of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * IDLE)), hard))
    key = server.create_key("backend")
    host = urlsplit(server.base_url).netloc
    address = (host.split(":")[0], int(host.split(":")[1]))
    with (
        httpx.Client(base_url=server.base_url, headers=key.headers, timeout=10) as client,
        idling(address, kinds(host, key.key), IDLE) as idlers,
    ):
        for _ in range(30):
            assert upload(client) == "confirmed"
            assert client.get("/healthz").status_code == 200
        assert idlers.open > IDLE / 3  # nobody was thrown out in a hurry: slow is no crime
        # what is refused whatever its body says was refused without it
        assert idlers.closed["a body, without a key"]
        assert idlers.closed["events of a stranger"]
        assert not idlers.closed["a body, with a key"]
