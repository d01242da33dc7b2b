"""The units of infra/systemd: systemd's verification of them, and an upload under them where systemd runs."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.api import Api, wait_for
from tests.infra.booted import UNITS, Booted, booted, wait_until_ready
from tests.support import processes
from tests.support.servers import VALETKEY, environment, free_port, run_valetkey
from tests.support.stores import Bucket

pytestmark = pytest.mark.needs("units")


@pytest.fixture(params=["valetkey.service", "valetkey-worker.service"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit with the command of this virtual environment in it."""
    name: str = request.param
    file, text = tmp_path / name, (UNITS / name).read_text()
    assert "/opt/valetkey/bin/valetkey " in text
    file.write_text(text.replace("/opt/valetkey/bin/valetkey ", f"{VALETKEY} "))
    return file


def test_systemd_understands_every_line(unit: Path) -> None:
    """No unknown setting, no missing command."""
    done = processes.run(["systemd-analyze", "verify", "--man=no", unit], timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_little_is_left_open(unit: Path) -> None:
    """An exposure of 1.5 at most, of 10: what is left is the network that it is for."""
    done = processes.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", unit], timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level" in done.stdout


SEEN_BY_SWEEP = {"VALETKEY_SWEEP_FIRST_LOOK": "1"}


@pytest.fixture
def systemd(rgw_bucket: Bucket, tmp_path: Path) -> Iterator[tuple[Booted, Api]]:
    """Both units on a bucket of RGW, with a SQLite ledger in their state directory; and a client with a key."""
    assert os.getuid() == 0, "a systemd of its own needs namespaces, and so root: sudo make infra"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        name: value for name, value in environment(tmp_path, rgw_bucket).items() if name.startswith(("AWS_", "VALET"))
    }
    env |= {"VALETKEY_DATABASE_URL": "sqlite:////var/lib/valetkey/valetkey.db", "VALETKEY_PORT": str(port)}
    with booted(tmp_path, env | SEEN_BY_SWEEP, url) as running:
        outside = {**os.environ, **env, "VALETKEY_DATABASE_URL": f"sqlite:///{tmp_path}/state/valetkey.db"}
        made = json.loads(run_valetkey("keys", "create", "tests", "--json", env=outside, directory=tmp_path))
        yield running, Api(url, made["key"])


def test_uploads_are_confirmed_under_the_units(systemd: tuple[Booted, Api]) -> None:
    """By the service when the client calls, and by the worker when nobody does; with none of root's rights. A service
    that is killed is up again, and knows what it knew."""
    running, api = systemd
    called = api.create(size=5)
    assert called.post(b"hello").status == 201
    assert api.confirm(called.id)["confirmed_by"] == "client"
    silent = api.create(size=5)
    assert silent.post(b"world").status == 201
    assert wait_for(lambda: api.upload(silent.id)["state"] == "confirmed"), running.log[-3000:]
    assert api.upload(silent.id)["confirmed_by"] == "sweep"

    for unit in ("valetkey.service", "valetkey-worker.service"):
        status = running.status(unit)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        assert {int(status[name], 16) for name in ("CapBnd", "CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}
        assert "0" not in status["Uid"].split()

    [first, *_] = running.pids("valetkey.service")
    os.kill(first, signal.SIGKILL)
    assert wait_for(lambda: first not in running.pids("valetkey.service"))
    wait_until_ready(running, api.base_url)
    assert api.upload(called.id)["state"] == "confirmed"
    assert "Traceback" not in running.log
