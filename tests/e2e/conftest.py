"""One `valetkey serve` on a real Ceph RGW, shared by the tests of a worker; each test makes its own uploads."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.e2e.api import Api, Created
from tests.e2e.rgw_events import created_event
from tests.servers import ValetkeyServer, run_valetkey, running_valetkey
from tests.stores import Bucket, Rgw, fresh_bucket

RETURN_URL = "http://127.0.0.1:9/uploaded?from=test"

PROFILES = f"""
[profiles.default]
min_size = 1
max_size = {1024**3}

[profiles.images]
min_size = 10
max_size = 1000
content_types = ["image/*", "application/pdf"]
key = "images/{{id}}{{ext}}"

[profiles.noted]
metadata = ["album", "place"]

[profiles.brief]
expires_in = 1

[profiles.parts]
max_size = {1024**3}
multipart_from = {5 * 1024**2}
part_size = {5 * 1024**2}
key = "parts/{{id}}/{{filename}}"

[profiles.returning]
return_url = "{RETURN_URL}"
"""


@dataclass(frozen=True)
class Service:
    """A running service, the bucket it uses, and a client with an API key."""

    server: ValetkeyServer
    bucket: Bucket
    api: Api

    @property
    def event_secret(self) -> str:
        return self.server.env["VALETKEY_EVENTS_CEPH_SECRET"]

    @property
    def event_url(self) -> str:
        return f"{self.server.base_url}/v1/events/ceph"

    def other_key(self, name: str) -> Api:
        """A client with an API key of another name."""
        return self.api.with_token(self.server.create_key(name).key)

    def revoke_key(self, key_id: str) -> None:
        run_valetkey("keys", "revoke", key_id, env=self.server.env, directory=self.server.directory)

    def push_event(self, created: Created, size: int, etag: str = "") -> httpx.Response:
        """Tell the service what RGW would: an object came to this upload's staging key."""
        body = created_event(self.bucket.name, created.staging_key, size, etag)
        return self.api.http.post("/v1/events/ceph", params={"secret": self.event_secret}, json=body)

    def object_keys(self, prefix: str = "") -> list[str]:
        """Keys in the bucket that start with `prefix`."""
        pages = self.bucket.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket.name, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def final_keys(self, upload_id: str) -> list[str]:
        """Keys outside of `staging/` that belong to this upload (every template names its id)."""
        return [key for key in self.object_keys() if upload_id in key and not key.startswith("staging/")]


def service_on(server: ValetkeyServer, bucket: Bucket) -> Service:
    """Describe a running service, with a new API key for it."""
    never = [
        bucket.server.secret_key,
        server.env["VALETKEY_SECRET_KEYS"],
        server.env["VALETKEY_EVENTS_CEPH_SECRET"],
    ]
    return Service(server, bucket, Api(server.base_url, server.create_key("tests").key, never))


def write_profiles(directory: Path) -> dict[str, str]:
    """The profiles of these tests as a file, and the environment that names it."""
    config = directory / "valetkey.toml"
    config.write_text(PROFILES)
    return {"VALETKEY_CONFIG": str(config)}


@pytest.fixture(scope="session")
def service(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`valetkey serve` with the profiles above, on a bucket of its own."""
    directory = tmp_path_factory.mktemp("service")
    with (
        fresh_bucket(rgw) as bucket,
        running_valetkey(directory, bucket, env=write_profiles(directory)) as server,
    ):
        yield service_on(server, bucket)


@pytest.fixture
def own_service(rgw_bucket: Bucket, tmp_path: Path) -> Iterator[Service]:
    """The same for one test alone: the bucket holds nothing but that test's objects."""
    with running_valetkey(tmp_path, rgw_bucket, env=write_profiles(tmp_path)) as server:
        yield service_on(server, rgw_bucket)


@pytest.fixture
def api(service: Service) -> Api:
    """A client with an API key."""
    return service.api
