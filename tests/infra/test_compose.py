"""infra/docker/compose.yaml, as far as it can be checked without a registry of images."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support import processes

from valetkey.settings import Settings

DOCKER = Path(__file__).parents[2] / "infra" / "docker"
COMPOSE = (DOCKER / "compose.yaml").read_text()
OURS = ("migrate", "serve", "worker")


@pytest.fixture
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
    return found


def test_every_secret_is_a_fresh_one(tmp_path: Path) -> None:
    """What the file takes from its environment is what `env` prints: other values each time, none of them a default."""
    first, second = (processes.run([DOCKER / "env"], timeout=10).stdout for _ in range(2))
    printed, again = (dict(line.split("=", 1) for line in text.splitlines()) for text in (first, second))
    assert set(re.findall(r"\$\{(\w+):\?", COMPOSE)) == printed.keys()
    assert "${" not in re.sub(r"\$\{\w+:\?run infra/docker/env\}", "", COMPOSE)
    assert not set(printed.values()) & set(again.values())
    assert min(len(value) for value in printed.values()) >= 20


def test_our_containers_may_do_little(services: dict[str, Any]) -> None:
    """All of them run one image with a root that is read-only, and know settings that exist."""
    known = {f"VALETKEY_{name.upper()}" for name in Settings.model_fields}
    for name in OURS:
        service = services[name]
        assert service["command"] == [name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert "no-new-privileges:true" in service["security_opt"]
        assert {each for each in service["environment"] if each.startswith("VALETKEY_")} <= known


def test_only_the_front_is_reached_from_outside(services: dict[str, Any]) -> None:
    """Its two sites, on loopback: they stand at the store, whose network it shares."""
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"store": ["127.0.0.1:8443:8443", "127.0.0.1:8444:8444"]}
    assert services["front"]["network_mode"] == "service:store"


@pytest.mark.needs("fronts")
def test_caddy_understands_its_file(tmp_path: Path) -> None:
    """And it says what the service is told: the public addresses are its sites, the store's is its third."""
    file = DOCKER / "Caddyfile"
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(file)]
    done = processes.run(command, env=os.environ | home, timeout=60)
    assert done.returncode == 0, done.stderr
    settings = yaml.safe_load(COMPOSE)["services"]["serve"]["environment"]
    text = file.read_text()
    assert f"\n{settings['VALETKEY_PUBLIC_URL']} {{" in text
    assert f"\n{settings['VALETKEY_S3_PUBLIC_ENDPOINT_URL']} {{" in text
    assert f"\nhttp://:{settings['VALETKEY_S3_ENDPOINT_URL'].rpartition(':')[2]} {{" in text
