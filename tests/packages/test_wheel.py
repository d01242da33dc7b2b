"""The wheel in empty environments of all supported Pythons: it serves with its declared dependencies only."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.e2e.api import Api
from tests.packages.pythons import DIST, PYTHONS, VERSION, environment_of
from tests.support import processes
from tests.support.servers import environment, free_port
from tests.support.stores import Bucket, fresh_bucket, running_moto

pytestmark = pytest.mark.timeout(600)

VALETKEY = ("-c", "from valetkey.cli import main; main()")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with running_moto() as server, fresh_bucket(server) as bucket:
        yield bucket


@pytest.mark.parametrize("version", PYTHONS)
def test_it_serves_an_upload(version: str, bucket: Bucket, tmp_path: Path) -> None:
    """Migrated, served, confirmed and stopped, by nothing but the wheel and its dependencies."""
    made = environment_of(version, tmp_path / "environment")
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env = inherited | environment(tmp_path / "environment", bucket) | made.env | {"VALETKEY_PORT": str(port)}

    def run(*arguments: str) -> str:
        done = processes.run(made.command(*arguments), env=env, cwd="/", timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert run("-c", "import sys; print(*sys.version_info[:2], sep='.')").strip() == version
    assert VERSION in run(*VALETKEY, "--version")
    run(*VALETKEY, "migrate")
    key = json.loads(run(*VALETKEY, "keys", "create", "tests", "--json"))["key"]
    log = tmp_path / "log"
    with log.open("wb") as printed:
        command = made.command(*VALETKEY, "serve")
        serving = processes.running(command, env=env, cwd="/", stdout=printed, stderr=subprocess.STDOUT)
        with serving as process:
            api = Api(f"http://127.0.0.1:{port}", key)
            wait_until_ready(api.base_url, process, log)
            created = api.create(size=5)
            assert created.post(b"hello").status == 201
            assert api.confirm(created.id)["state"] == "confirmed"
            assert httpx.get(f"{api.base_url}/docs/", timeout=60).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, log.read_text()


def wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_the_bill_of_materials_is_what_is_installed(tmp_path: Path) -> None:
    """Each package with its version; and the checksums are those of the files."""
    python = environment_of("3.11", tmp_path / "environment")
    look = "import importlib.metadata as m; print(*{f'{d.name}=={d.version}' for d in m.distributions()})"
    listed = processes.run(python.command("-c", look), timeout=60).stdout.split()
    bill = json.loads((DIST / f"valetkey-{VERSION}.cdx.json").read_text())
    told = {f"{one['name']}=={one['version']}" for one in [bill["metadata"]["component"], *bill["components"]]}
    assert told == set(listed)
    done = processes.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=DIST, timeout=60)
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.splitlines()) == len(list(DIST.iterdir())) - 1
