"""No file passes through the service, as measured on its sockets."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.api import Api, send_parts
from tests.e2e.conftest import running_service
from tests.e2e.proxy import CountingProxy
from tests.support.stores import Bucket, Rgw

SIZE = 256 * 1024**2
LIMIT = 64 * 1024


@dataclass(frozen=True)
class Measured:
    """A service between two counters: one before it, and one between it and its store."""

    api: Api
    front: CountingProxy
    back: CountingProxy

    @property
    def total(self) -> int:
        return self.front.bytes + self.back.bytes


@pytest.fixture
def measured(rgw: Rgw, rgw_bucket: Bucket, tmp_path: Path) -> Iterator[Measured]:
    with CountingProxy(rgw.endpoint_url) as back:
        env = {"VALETKEY_S3_ENDPOINT_URL": back.url, "VALETKEY_S3_PUBLIC_ENDPOINT_URL": rgw.endpoint_url}
        with (
            running_service(tmp_path, rgw_bucket, env) as service,
            CountingProxy(service.server.base_url) as front,
        ):
            yield Measured(Api(front.url, service.api.token), front, back)


@pytest.mark.parametrize("method", ["post", "multipart"])
def test_a_large_file_moves_almost_nothing_through_the_service(measured: Measured, tmp_path: Path, method: str) -> None:
    """From the request to `confirmed` a 256 MiB upload moves less than 64 KiB in and out of the service."""
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(SIZE)
    before = measured.total

    created = measured.api.create(size=SIZE, method=method)
    if method == "post":
        assert created.post(path).status == 201
    else:
        send_parts(measured.api, created, path.read_bytes())
    measured.api.confirm(created.id)
    assert measured.api.http.get(f"/v1/uploads/{created.id}/download").status_code == 303

    moved = measured.total - before
    print(f"{SIZE} bytes uploaded, {moved} through the service ({measured.back.bytes} with S3 in all)")
    assert measured.front.bytes > 1000
    assert measured.back.bytes > 1000
    assert moved < LIMIT


def test_clients_are_given_the_public_endpoint(measured: Measured, rgw: Rgw) -> None:
    """Where S3 has an internal and a public address, no URL that leaves the service names the internal one."""
    created = measured.api.create()
    assert created.url.startswith(rgw.endpoint_url)
    assert created.post(b"x").status == 201
    measured.api.confirm(created.id)
    location = measured.api.http.get(f"/v1/uploads/{created.id}/download").headers["location"]
    assert location.startswith(rgw.endpoint_url)
    assert measured.back.url not in f"{created.upload}{created.grant}{location}"
