"""Hooks of an application on a real Ceph RGW: each confirmation calls them, whichever process dies in between."""

import json
import shutil
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.api import Api, Created, wait_for
from tests.e2e.conftest import Service, running_service
from tests.e2e.test_worker import SHORT
from tests.support.servers import run_valetkey, running_worker
from tests.support.stores import Bucket

SHOP = Path(__file__).with_name("hooked") / "shop.py"
CONTENT = b"hello hooks"


@pytest.fixture(params=["sqlite", "postgresql"])
def hooked(request: pytest.FixtureRequest, rgw_bucket: Bucket, tmp_path: Path) -> Iterator[Service]:
    """A service on either ledger, and an application beside it, which has uploads by the key of its account."""
    env = {**SHORT}
    if request.param == "postgresql":
        env["VALETKEY_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    shutil.copy(SHOP, tmp_path)
    with running_service(tmp_path, rgw_bucket, env) as service:
        yield service


def sent(api: Api) -> Created:
    """An upload whose bytes are there, and whose client says no more."""
    created = api.create("text/plain", size=len(CONTENT))
    assert created.post(CONTENT).status == 201
    return created


def known(service: Service) -> dict[str, Any]:
    """What `valetkey hooks list` says, by name."""
    printed = run_valetkey("hooks", "list", "--json", env=service.server.env, directory=service.server.directory)
    return {hook["name"]: (hook["waiting"], hook["dead"]) for hook in json.loads(printed)["hooks"]}


def test_a_worker_that_is_killed_between_confirmation_and_hook(hooked: Service) -> None:
    """The next one calls the hook, once; one that fails holds up no other; what the service itself confirms while no
    worker runs waits for one."""
    api, folder = hooked.other_key("application"), hooked.server.directory
    with running_worker(hooked.server, app="shop:create_app") as worker:
        assert known(hooked) == {"broken": (0, 0), "fingerprint": (0, 0)}
        first = sent(api)
        assert worker.process.wait(60) == -signal.SIGKILL
    assert (folder / "heard.txt").read_text() == f"shop {first.id}\n"
    assert not (folder / "called.txt").exists()
    assert api.upload(first.id)["state"] == "confirmed"
    assert known(hooked) == {"broken": (1, 0), "fingerprint": (1, 0)}
    second = sent(api)
    api.confirm(second.id)
    assert known(hooked) == {"broken": (2, 0), "fingerprint": (2, 0)}
    with running_worker(hooked.server, app="shop:create_app") as worker:
        assert wait_for(lambda: known(hooked)["fingerprint"] == (0, 0))
        assert wait_for(lambda: worker.log.count("next attempt") >= 2)
        assert worker.end(signal.SIGTERM) == 0
    digest = sha256(CONTENT).hexdigest()
    called = sorted((folder / "called.txt").read_text().splitlines())
    assert called == sorted(f"shop {one.id} {digest}" for one in (first, second))
    assert known(hooked)["broken"] == (2, 0)
    assert "ValueError" in worker.log
