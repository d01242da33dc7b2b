"""One `valetkey serve` on a real Ceph RGW, shared by the tests of a worker; each test makes its own uploads."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.e2e.api import Api, Created, wait_for
from tests.e2e.rgw_events import created_event
from tests.support.servers import ValetkeyServer, run_valetkey, running_valetkey
from tests.support.stores import Bucket, Rgw, fresh_bucket

RETURN_URL = "http://127.0.0.1:9/uploaded?from=test"

TIDIED = 20
"""How long what is tidied up may take, in seconds; it is half a second where the machine has nothing else to do."""

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

[profiles.mobile]
multipart_from = {5 * 1024**2}
part_size = {5 * 1024**2}
expires_in = {7 * 86_400}
renewable_for = {7 * 86_400}

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

    def object_keys(self, prefix: str = "", of: str = "") -> list[str]:
        """Keys in the bucket that start with `prefix` and have `of` in them. What was confirmed is tidied up a little
        later: while there is any of these in staging or quarantine, it waits up to `TIDIED` seconds for that to go."""

        def found() -> list[str]:
            return [key for key in self.listed_keys(prefix) if of in key]

        wait_for(lambda: not any(key.startswith(("staging/", "quarantine/")) for key in found()), TIDIED)
        return found()

    def listed_keys(self, prefix: str = "") -> list[str]:
        """The same, now."""
        pages = self.bucket.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket.name, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def final_keys(self, upload_id: str) -> list[str]:
        """Keys outside of `staging/` that belong to this upload (every template names its id)."""
        return [key for key in self.object_keys(of=upload_id) if not key.startswith("staging/")]

    def open_multiparts(self, upload_id: str) -> list[str]:
        """The multipart uploads that are open at S3 for this upload."""
        found = self.bucket.client.list_multipart_uploads(Bucket=self.bucket.name).get("Uploads", [])
        return [upload["UploadId"] for upload in found if upload_id in upload["Key"]]

    def assert_nothing_is_left(self, upload_id: str) -> None:
        assert self.final_keys(upload_id) == []
        assert self.open_multiparts(upload_id) == []

    def write(self, created: Created, content: bytes, content_type: str) -> None:
        """Writes to this upload's staging key as somebody with S3 credentials may, past the grant."""
        self.bucket.client.put_object(
            Bucket=self.bucket.name,
            Key=created.staging_key,
            Body=content,
            ContentType=content_type,
            Metadata={"upload-id": created.id},
        )


def service_on(server: ValetkeyServer, bucket: Bucket) -> Service:
    """Describe a running service, with a new API key for it."""
    never = [
        bucket.server.secret_key,
        server.env["VALETKEY_SECRET_KEYS"],
        server.env["VALETKEY_EVENTS_CEPH_SECRET"],
    ]
    telling = [secret for secret in never if secret != "test"]  # LocalStack's; it would be found in every answer
    return Service(server, bucket, Api(server.base_url, server.create_key("tests").key, telling))


@contextmanager
def running_service(directory: Path, bucket: Bucket, env: Mapping[str, str] | None = None) -> Iterator[Service]:
    """`valetkey serve` on this bucket, and what describes it."""
    with running_valetkey(directory, bucket, env=env) as server:
        yield service_on(server, bucket)


def write_profiles(directory: Path) -> dict[str, str]:
    """The profiles of these tests as a file, and the environment that names it."""
    config = directory / "valetkey.toml"
    config.write_text(PROFILES)
    return {"VALETKEY_CONFIG": str(config)}


@pytest.fixture(scope="session")
def service(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`valetkey serve` with the profiles above, on a bucket of its own."""
    directory = tmp_path_factory.mktemp("service")
    with fresh_bucket(rgw) as bucket, running_service(directory, bucket, write_profiles(directory)) as service:
        yield service


@pytest.fixture
def own_service(rgw_bucket: Bucket, tmp_path: Path) -> Iterator[Service]:
    """The same for one test alone: the bucket holds nothing but that test's objects."""
    with running_service(tmp_path, rgw_bucket, write_profiles(tmp_path)) as service:
        yield service


@pytest.fixture
def without_post(rgw_bucket: Bucket, tmp_path: Path) -> Iterator[Service]:
    """A service whose store is said to take no forms."""
    with running_service(tmp_path, rgw_bucket, {"VALETKEY_S3_POST": "false"}) as service:
        yield service


@pytest.fixture
def api(service: Service) -> Api:
    """A client with an API key."""
    return service.api
