"""The image of infra/docker: built here on a Debian that is made here, and run with as little as it may have."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.e2e.api import Api
from tests.support import processes
from tests.support.servers import environment, free_port
from tests.support.stores import Bucket

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "infra" / "docker"
IMAGE, BASE = "valetkey:0.1.0", "debian:12.12-slim"
OF_THIS_MACHINE = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf", "/etc/apt/apt.conf.d")
"""How pip and apt reach their packages from here: mounted while the image is built, and no part of it."""

pytestmark = [pytest.mark.needs("containers"), pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Store:
    """Where podman and buildah keep images and containers of this test alone."""

    directory: Path

    @property
    def options(self) -> list[str]:
        kept = ["--root", str(self.directory / "root"), "--runroot", str(self.directory / "run")]
        return [*kept, "--storage-driver", "overlay"]

    def podman(self, *command: str, fails: bool = False, timeout: float = 120) -> str:
        whole = ["podman", *self.options, "--runtime", "runc", "--cgroup-manager", "cgroupfs", *command]
        done = processes.run(whole, timeout=timeout)
        assert bool(done.returncode) is fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout.strip()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """With the image in it."""
    assert os.getuid() == 0, "images are built in a chroot, and so by root: sudo make infra"
    directory = tmp_path_factory.mktemp("containers")
    context = tmp_path_factory.mktemp("context")
    built(ROOT, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", context / "dist")
    shutil.copy(ROOT / "constraints.txt", context)
    shutil.copytree(DOCKER, context / "infra" / "docker")
    store = Store(directory)
    try:
        built(context, DOCKER / "base", BASE, *store.options)
        mounts = [f"--volume={path}:{path}:ro" for path in OF_THIS_MACHINE if Path(path).exists()]
        how = ["--isolation", "chroot", "--pull-never", "--network", "host", *mounts]
        file = context / "infra" / "docker" / "Dockerfile"
        built(context, "buildah", *store.options, "bud", *how, "--format", "docker", "-f", file, "-t", IMAGE, ".")
        yield store
    finally:
        store.podman("rm", "--all", "--force", "--time", "0")
        subprocess.run(["umount", "--lazy", directory / "root" / "overlay"], check=False, capture_output=True)


def built(where: Path, *command: str | Path) -> None:
    done = processes.run(command, cwd=where, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


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
        held += ["--cgroups=disabled", "--network=host", f"--volume={self.state}:/var/lib/valetkey"]
        return ["run", f"--name={name}", *held, *env, *args]

    def once(self, *args: str) -> str:
        return self.store.podman(*self.command(f"once-{secrets.token_hex(4)}", "--rm", IMAGE, *args))

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The name of a container that serves; it is stopped as `docker stop` does it, and has to end by itself."""
        name = f"serve-{secrets.token_hex(4)}"
        self.store.podman(*self.command(name, "--detach", IMAGE))
        try:
            self._wait(name)
            yield name
        finally:
            self.store.podman("stop", "--time", "75", name)
            said = self.store.podman("inspect", "--format", "{{.State.ExitCode}}", name)
            assert said == "0", self.store.podman("logs", name)

    def _wait(self, name: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise AssertionError(self.store.podman("logs", name))


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


def test_there_is_nothing_to_work_with(store: Store) -> None:
    """No shell, no package manager, no compiler, no pip; and scanners find what is in it."""
    look = (
        "import glob, os, sys; print(*[n for d in ('/bin', '/usr/bin', '/sbin', '/usr/sbin', '/opt/valetkey/bin') "
        "if os.path.isdir(d) for n in os.listdir(d)]); print(*os.listdir('/var/lib/dpkg/status.d')); "
        "import importlib.util as u; print(u.find_spec('pip'), u.find_spec('ensurepip'))"
    )
    command = [
        "run",
        "--rm",
        "--network=host",
        "--cgroups=disabled",
        "--entrypoint=/opt/valetkey/bin/python",
        IMAGE,
        "-c",
        look,
    ]
    commands, packages, installers = store.podman(*command).splitlines()
    for tool in ("sh", "bash", "dash", "apt", "apt-get", "dpkg", "gcc", "cc", "ld", "perl", "pip", "pip3", "busybox"):
        assert tool not in commands.split()
    assert {"libc6", "libssl3", "python3.11-minimal"} <= set(packages.split())
    assert installers.split()[0] == "None"
