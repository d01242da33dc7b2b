"""A service on Ceph RGW for the Kotlin client, with a network in front of each that can be bad."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.api import wait_for
from tests.e2e.conftest import Service, service_on
from tests.e2e.proxy import CountingProxy, StoreProxy
from tests.kotlin.driver import Application
from tests.support.servers import running_valetkey
from tests.support.stores import Rgw, fresh_bucket

MIB = 1024**2
PART = 5 * MIB

PROFILES = f"""
[profiles.default]
max_size = {1024**3}
part_size = {PART}

[profiles.brief]
max_size = {1024**3}
part_size = {PART}
expires_in = 6

[profiles.ending]
max_size = {1024**3}
part_size = {PART}
expires_in = 2
renewable_for = 2

[profiles.strict]
checksum = "required"

[profiles.texts]
content_types = ["text/*"]
max_size = 1000
detect = "reject"
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """How large the test with kills may be made by hand."""
    parser.addoption("--kotlin-uploads", type=int, default=20, help="uploads of tests/kotlin/test_line.py")


class LosesAnswers(CountingProxy):
    """In front of a service: passes a request that contains ``wanted`` on, and cuts its connection at the answer."""

    def __init__(self, target: str) -> None:
        self.wanted: bytes | None = None
        self.lost = 0
        self._doomed: set[int] = set()
        super().__init__(target)

    def lose(self, wanted: bytes) -> None:
        """The next answer to such a request."""
        self.wanted, self.lost = wanted, 0

    def _saw(self, source: Any, data: bytes) -> None:
        to_service = source.getpeername() != self._target
        if to_service and self.wanted is not None and self.wanted in data:
            self.wanted = None
            self._doomed.add(source.getpeername()[1])
            self._answers_to = source.getpeername()[1]
        elif not to_service and self._doomed:
            self._doomed.clear()
            self.lost += 1
            raise OSError("lost")


@dataclass(frozen=True)
class House:
    """The service, the network between application and store, and the one between application and service."""

    service: Service
    network: StoreProxy
    front: LosesAnswers
    directory: Path

    def application(self, profile: str | None = None, **wanted: Any) -> Application:
        """One with a folder of its own, and a ticket for ``profile``."""
        where = self.directory / secrets.token_hex(4)
        where.mkdir()
        (where / "token").write_text(self.ticket(profile or "default", **wanted))
        return Application(self.front.url, where / "token", where / "records")

    def ticket(self, profile: str, **wanted: Any) -> str:
        answer = self.service.api.http.post("/v1/tickets", json={"profile": profile, "owner": "phone"} | wanted)
        return str(answer.raise_for_status().json()["ticket"])

    def file(self, content: bytes, name: str | None = None) -> Path:
        path = self.directory / (name or f"{secrets.token_hex(4)}.bin")
        path.write_bytes(content)
        return path

    def content(self, upload_id: str) -> bytes:
        """The bytes of a confirmed upload."""
        upload = self.service.api.upload(upload_id)
        assert upload["state"] == "confirmed", upload
        found = self.service.bucket.client.get_object(Bucket=self.service.bucket.name, Key=upload["object"]["key"])
        return found["Body"].read()

    def uploads(self) -> list[dict[str, Any]]:
        """All that there are, newest first."""
        return list(self.service.api.http.get("/v1/uploads", params={"limit": 200}).json()["uploads"])


@pytest.fixture(scope="module")
def built_house(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("kotlin")
    (directory / "valetkey.toml").write_text(PROFILES)
    with fresh_bucket(rgw) as bucket, StoreProxy(rgw.endpoint_url) as network:
        env = {
            "VALETKEY_CONFIG": str(directory / "valetkey.toml"),
            "VALETKEY_S3_PUBLIC_ENDPOINT_URL": network.url,
            "VALETKEY_SWEEP_FIRST_LOOK": "2",
            "VALETKEY_SWEEP_GRACE": "5",
        }
        with running_valetkey(directory, bucket, env=env) as server, LosesAnswers(server.base_url) as front:
            yield House(service_on(server, bucket), network, front, directory)


@pytest.fixture
def house(built_house: House, tmp_path: Path) -> Iterator[House]:
    yield replace(built_house, directory=tmp_path)
    built_house.network.heal()
    assert wait_for(built_house.network.idle)
    built_house.network.heal()
