"""The image of infra/docker: built on a Debian that is made here, and run with minimal permissions."""

import gzip
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.e2e.api import Api
from tests.images.containers import IMAGE, Store, run
from tests.support import processes
from tests.support.servers import environment, free_port
from tests.support.stores import Bucket

pytestmark = [pytest.mark.needs("containers"), pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Deployment:
    """A ledger in a folder, and the settings of all containers."""

    store: Store
    env: Mapping[str, str]
    state: Path
    url: str

    def command(self, name: str, *args: str) -> list[str]:
        """`podman run` with a root that is read-only, no capability, and no way to get any."""
        env = [f"--env={key}={value}" for key, value in self.env.items()]
        held = ["--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--pids-limit=0"]
        held += [*self.store.bounds, "--network=host", f"--volume={self.state}:/var/lib/valetkey"]
        return ["run", f"--name={name}", *held, *env, *args]

    def once(self, *args: str) -> str:
        return self.store.podman(*self.command(f"once-{secrets.token_hex(4)}", "--rm", IMAGE, *args))

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The name of a container that serves; it is stopped as `docker stop` does it, and has to end by itself."""
        name = f"serve-{secrets.token_hex(4)}"
        self.store.podman(*self.command(name, "--detach", "--log-driver=k8s-file", IMAGE))
        try:
            self._wait(name)
            yield name
        finally:
            self.store.podman("stop", "--time", "75", name)
            said = self.store.podman("inspect", "--format", "{{.State.ExitCode}}", name)
            assert said == "0", self.store.logs(name)

    def _wait(self, name: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise AssertionError(self.store.logs(name))


@pytest.fixture
def deployment(store: Store, rgw_bucket: Bucket, tmp_path: Path) -> Deployment:
    state, port = tmp_path / "state", free_port()
    state.mkdir()
    os.chown(state, 10001, 10001)
    names = ("AWS_", "VALETKEY_")
    env = {name: value for name, value in environment(tmp_path, rgw_bucket).items() if name.startswith(names)}
    env |= {"VALETKEY_DATABASE_URL": "sqlite:////var/lib/valetkey/valetkey.db", "VALETKEY_PORT": str(port)}
    return Deployment(store, env, state, f"http://127.0.0.1:{port}")


def test_uploads_through_the_image(deployment: Deployment) -> None:
    """Migrated, served, confirmed; stopped between the bytes and their confirmation, nothing is lost."""
    deployment.once("migrate")
    key = json.loads(deployment.once("keys", "create", "tests", "--json"))["key"]
    api = Api(deployment.url, key)
    with deployment.serving() as name:
        first, second = api.create(size=5), api.create(size=5)
        assert first.post(b"hello").status == 201
        assert api.confirm(first.id)["state"] == "confirmed"
        assert second.post(b"world").status == 201
        deployment.store.podman("healthcheck", "run", name)
        assert "10001" in deployment.store.podman(
            "exec", name, "/opt/valetkey/bin/python", "-c", "import os; print(os.getuid())"
        )
    with deployment.serving():
        assert api.confirm(second.id)["state"] == "confirmed"
        assert api.upload(first.id)["state"] == "confirmed"


def run_python(store: Store, code: str) -> list[str]:
    """The lines that it prints in the image."""
    held = ["run", "--rm", "--network=host", *store.bounds, "--entrypoint=/opt/valetkey/bin/python"]
    return store.podman(*held, IMAGE, "-c", code).splitlines()


def test_there_is_nothing_to_work_with(store: Store) -> None:
    """No shell, no package manager, no compiler, no pip; and scanners find what is in it."""
    commands, packages, installers = run_python(
        store,
        "import glob, os, sys; print(*[n for d in ('/bin', '/usr/bin', '/sbin', '/usr/sbin', '/opt/valetkey/bin') "
        "if os.path.isdir(d) for n in os.listdir(d)]); print(*os.listdir('/var/lib/dpkg/status.d')); "
        "import importlib.util as u; print(u.find_spec('pip'), u.find_spec('ensurepip'))",
    )
    for tool in ("sh", "bash", "dash", "apt", "apt-get", "dpkg", "gcc", "cc", "ld", "perl", "pip", "pip3", "busybox"):
        assert tool not in commands.split()
    assert {"libc6", "libssl3", "python3.11-minimal"} <= set(packages.split())
    assert installers.split()[0] == "None"


def test_its_bill_of_materials_is_what_is_in_it(store: Store) -> None:
    """Each of Python's packages with its version."""
    installed, bill = run_python(
        store,
        "import glob, importlib.metadata as m, pathlib; [file] = glob.glob('/usr/share/valetkey/*.cdx.json'); "
        "print(*[f'{d.name}=={d.version}' for d in m.distributions()]); "
        "print(''.join(pathlib.Path(file).read_text().splitlines()))",
    )
    told = json.loads(bill)
    components = [told["metadata"]["component"], *told["components"]]
    assert {f"{one['name']}=={one['version']}" for one in components} == set(installed.split())


def test_the_archive_of_a_release(store: Store) -> None:
    """It stands in the list of checksums once, and is the image where it is loaded."""
    for _ in range(2):
        run(store.context / "infra" / "docker" / "archive", IMAGE, *store.options)
    dist = store.context / "dist"
    sums = (dist / "SHA256SUMS").read_text().splitlines()
    [named] = [line.split()[1] for line in sums if "image" in line]
    assert len(sums) == len(list(dist.iterdir())) - 1
    checked = processes.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=dist, timeout=60)
    assert checked.returncode == 0, checked.stdout
    elsewhere, unpacked = Store(store.directory / "elsewhere", store.context), store.directory / "image.tar"
    with gzip.open(dist / named) as packed, unpacked.open("wb") as file:  # podman 4.3 reads no archive that is packed
        shutil.copyfileobj(packed, file)
    elsewhere.podman("load", "--input", str(unpacked))
    try:
        said = elsewhere.podman("run", "--rm", *store.bounds, "--network=none", IMAGE, "--version")
        assert said == f"valetkey, version {IMAGE.partition(':')[2]}"
    finally:
        elsewhere.podman("rmi", "--all", "--force")
