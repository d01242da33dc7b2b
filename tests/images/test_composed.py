"""The services of infra/docker/compose.yaml as podman containers: our own images, and stand-ins for others."""

import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.images.containers import DOCKER, STAND_INS, Store
from tests.support import processes
from tests.support.servers import VALETKEY

pytestmark = [pytest.mark.needs("containers"), pytest.mark.timeout(1800)]

STAND_IN = "stand-ins:1"
COMMANDS = {"postgres": ["postgres"]}
"""Of stand-ins: what the image that they stand for starts by itself."""
FRONT, AUTHORITY = "https://localhost:8443", "/data/caddy/pki/authorities/local/root.crt"


@pytest.fixture
def network() -> Iterator[str]:
    """A network namespace with nothing but loopback: all ports of the file are free in it."""
    name = f"valetkey-{secrets.token_hex(4)}"
    for command in (["ip", "netns", "add", name], ["ip", "-n", name, "link", "set", "lo", "up"]):
        assert processes.run(command, timeout=10).returncode == 0
    yield f"/run/netns/{name}"
    processes.run(["ip", "netns", "delete", name], timeout=10)


@dataclass(frozen=True)
class Composed:
    """What docker compose does with the file, in one network in which every name is this machine."""

    store: Store
    services: dict[str, Any]

    def up(self, name: str) -> None:
        """With what it depends on before it."""
        for other, how in self.services[name].get("depends_on", {}).items():
            if not self.store.podman("ps", "--all", "--quiet", "--filter", f"name=^{other}$"):
                self.up(other)
            if how["condition"] == "service_completed_successfully":
                assert self.store.podman("wait", other) == "0", self.store.logs(other)
            else:
                self._wait(other)
        self.store.podman(
            "run",
            "--detach",
            "--log-driver=k8s-file",
            f"--name={name}",
            "--network=host",
            *self.store.bounds,
            *self._options(name),
        )

    def _options(self, name: str) -> list[str]:
        service = self.services[name]
        options = [f"--add-host={other}:127.0.0.1" for other in self.services]
        options += [f"--env={key}={value}" for key, value in service.get("environment", {}).items()]
        options += ["--read-only"] if service.get("read_only") else []
        options += [f"--tmpfs={each}" for each in service.get("tmpfs", [])]
        options += [f"--cap-drop={each}" for each in service.get("cap_drop", [])]
        options += [f"--security-opt={each.partition(':')[0]}" for each in service.get("security_opt", [])]
        options += [f"--volume={each.replace('./', f'{DOCKER}/')}" for each in service.get("volumes", [])]
        ours = service["image"].startswith("valetkey")
        command = service.get("command", [] if ours else COMMANDS.get(name, []))
        return [*options, service["image"] if ours else STAND_IN, *command]

    def _wait(self, name: str, seconds: float = 90) -> None:
        """Until it is healthy, as the file or the image says it."""
        test = self.services[name].get("healthcheck", {}).get("test")
        check = ["exec", name, *test[1:]] if test else ["healthcheck", "run", name]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.store.podman(*check)
            except AssertionError:
                time.sleep(0.5)
            else:
                return
        raise AssertionError(self.store.logs(name))


@pytest.fixture
def composed(store: Store, network: str) -> Composed:
    """All of the file, up."""
    store.build("valetkey-store:0.1.0", DOCKER / "store.Dockerfile")
    store.build(STAND_IN, STAND_INS / "Dockerfile", STAND_INS)
    fresh = dict(line.split("=", 1) for line in processes.run([DOCKER / "env"], timeout=10).stdout.splitlines())
    text = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: fresh[found[1]], (DOCKER / "compose.yaml").read_text())
    made = Composed(store.within("nsenter", f"--net={network}"), yaml.safe_load(text)["services"])
    for name in ("front", "serve", "worker"):
        made.up(name)
    made._wait("serve")
    return made


def test_uploads_through_all_of_it(composed: Composed, network: str, tmp_path: Path) -> None:
    """`valetkey put` through the front, to the store and back; once more after the service was stopped and started."""
    podman = composed.store.podman
    key = json.loads(podman("exec", "serve", "/opt/valetkey/bin/valetkey", "keys", "create", "tests", "--json"))["key"]
    (tmp_path / "authority.pem").write_text(podman("exec", "front", "cat", AUTHORITY))
    (tmp_path / "file").write_bytes(b"hello")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VALETKEY_")}
    env = inherited | {"VALETKEY_ENDPOINT": FRONT, "VALETKEY_TOKEN": key, "NO_PROXY": "*"}
    env |= {"SSL_CERT_FILE": str(tmp_path / "authority.pem"), "XDG_STATE_HOME": str(tmp_path)}
    put = ["nsenter", f"--net={network}", str(VALETKEY), "put", "file", "--json"]
    for _ in range(2):
        done = processes.run(put, env=env, cwd=tmp_path, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["upload"]["state"] == "confirmed"
        podman("stop", "--time", "75", "serve")
        assert podman("inspect", "--format", "{{.State.ExitCode}}", "serve") == "0"
        podman("start", "serve")
        composed._wait("serve")
    assert podman("inspect", "--format", "{{.State.Running}}", "worker") == "true"
