"""The Swift package: its own tests, and a program that is killed while it uploads to a real service and S3."""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.api import stored_parts, wait_for
from tests.e2e.conftest import Service, running_service, write_profiles
from tests.support.mobile_apps import only_row, require_killed
from tests.support.servers import run_valetkey
from tests.support.stores import Bucket
from tests.swift_client.conftest import BUILDING, PACKAGE, Swift

if TYPE_CHECKING:
    import subprocess

MIB = 1024**2

pytestmark = pytest.mark.timeout(BUILDING + 180)  # whichever test comes first has the package built


def test_its_own_tests(swift: Swift) -> None:
    done = swift.tool("test", "--skip-build")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "with 0 failures" in done.stdout + done.stderr


def test_its_format(swift: Swift) -> None:
    """As `.swift-format` says; StoreAnswers.swift is generated."""
    files = [str(file) for file in PACKAGE.rglob("*.swift") if file.name != "StoreAnswers.swift"]
    assert len(files) > 5
    done = swift.run("/usr/libexec/swift/bin/swift-format", "lint", "--strict", *files)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Phone:
    """Its storage, and the app on it: `Sources/valetkey-upload`."""

    swift: Swift
    storage: Path
    service: Service

    def run(self, *args: str, profile: str = "parts", token: str | None = None) -> "subprocess.CompletedProcess[str]":
        env = {
            "ENDPOINT": self.service.server.base_url,
            "TOKEN": token or str(self.service.api.token),
            "PROFILE": profile,
        }
        app = self.swift.folder / "build" / "release" / "valetkey-upload"
        return self.swift.run(str(app), str(self.storage / "records"), *args, env=env)

    def ended(self, *args: str, profile: str = "parts", token: str | None = None) -> dict[str, Any]:
        """What the one upload of an app became that ran to its end."""
        return only_row(self.run(*args, profile=profile, token=token))

    def killed(self, *args: str) -> None:
        """An app that the system ends."""
        require_killed(self.run(*args))

    def file(self, size: int, name: str = "film.mp4") -> tuple[str, bytes]:
        content = random.Random(size).randbytes(size)
        path = self.storage / name
        path.write_bytes(content)
        return str(path), content

    @property
    def left(self) -> list[str]:
        """Records and temporary files that are still there."""
        return sorted(path.name for path in (self.storage / "records").rglob("*") if path.is_file())


@pytest.fixture
def phone(rgw_bucket: Bucket, tmp_path: Path, swift: Swift) -> Iterator[Phone]:
    """With a service whose sweep looks at an upload a second after its creation."""
    storage = swift.folder / tmp_path.name
    storage.mkdir()
    quick = write_profiles(tmp_path) | {"VALETKEY_SWEEP_FIRST_LOOK": "1"}
    with running_service(tmp_path, rgw_bucket, quick) as service:
        yield Phone(swift, storage, service)


def content_of(service: Service, upload_id: str) -> bytes:
    key = service.api.upload(upload_id)["object"]["key"]
    return bytes(service.bucket.client.get_object(Bucket=service.bucket.name, Key=key)["Body"].read())


def only_upload(service: Service) -> dict[str, Any]:
    [upload] = service.api.http.get("/v1/uploads").json()["uploads"]
    return dict(upload)


@pytest.mark.parametrize("method", ["put", "post", "multipart"])
def test_a_file_arrives(phone: Phone, method: str) -> None:
    """As it is by PUT, as a form that is written to a file, and in parts."""
    path, content = phone.file(11 * MIB, 'a"; b.mp4')
    row = phone.ended("upload", path, method)
    assert row["state"] == "confirmed", row
    assert content_of(phone.service, row["id"]) == content
    assert phone.left == []


def test_a_refusal_is_told_by_its_code(phone: Phone) -> None:
    path, _ = phone.file(100)
    row = phone.ended("upload", path, "put", profile="images")
    assert row["code"] == "content_type_not_allowed"


def test_a_ticket_that_is_used_up_ends_no_upload(phone: Phone) -> None:
    """The app's ticket is refused for its second upload, which goes on with another. A 401, as after a login that has
    expired, is for the unit tests: Foundation on Linux dies of the service's `WWW-Authenticate: Bearer`."""
    api = phone.service.api.http
    ticket = api.post("/v1/tickets", json={"profile": "parts", "max_uploads": 1}).json()["ticket"]
    first, _ = phone.file(1 * MIB, "first.mp4")
    assert phone.ended("upload", first, "put", token=ticket)["state"] == "confirmed"
    path, content = phone.file(6 * MIB)
    row = phone.ended("upload", path, "multipart", token=ticket)
    assert row["code"] == "ticket_used_up"
    assert [Path(name).suffix for name in phone.left] == [".json"]
    row = phone.ended("relaunched")
    assert row["state"] == "confirmed"
    assert content_of(phone.service, row["id"]) == content
    assert phone.left == []


def test_an_app_that_is_ended_goes_on_with_what_s3_has(phone: Phone) -> None:
    """Six parts; it is ended within the fourth. What S3 has of them stays as it is."""
    path, content = phone.file(26 * MIB)
    phone.killed("upload", path, "multipart", "--killed-at", str(16 * MIB))
    upload = only_upload(phone.service)
    assert upload["state"] == "pending"
    before = stored_parts(phone.service.api, upload["id"])
    assert [part["number"] for part in before] == [1, 2, 3]
    written = {part["PartNumber"]: part["LastModified"] for part in listed(phone.service, upload["id"])}
    phone.killed("relaunched", "-", "-", "--killed-at", str(22 * MIB))
    after = {part["PartNumber"]: part["LastModified"] for part in listed(phone.service, upload["id"])}
    assert {number: after[number] for number in written} == written
    row = phone.ended("relaunched")
    assert row == {"id": upload["id"], "state": "confirmed"}
    assert content_of(phone.service, upload["id"]) == content
    assert phone.left == []


def listed(service: Service, upload_id: str) -> list[Any]:
    """The parts as S3 tells of them, with the time at which each was written."""
    client, name = service.bucket.client, service.bucket.name
    [found] = [one for one in client.list_multipart_uploads(Bucket=name)["Uploads"] if upload_id in one["Key"]]
    return list(client.list_parts(Bucket=name, Key=found["Key"], UploadId=found["UploadId"])["Parts"])


def test_another_file_of_the_same_name_is_not_joined_with_it(phone: Phone) -> None:
    """Same size and date: digests of what S3 has tell them apart, and a new upload begins."""
    path, content = phone.file(26 * MIB)
    times = Path(path).stat().st_atime_ns, Path(path).stat().st_mtime_ns
    phone.killed("upload", path, "multipart", "--killed-at", str(16 * MIB))
    first = only_upload(phone.service)
    other = bytearray(content)
    other[7 * MIB] ^= 1
    Path(path).write_bytes(other)
    os.utime(path, ns=times)
    row = phone.ended("relaunched")
    assert row["state"] == "confirmed"
    assert row["id"] != first["id"]
    assert content_of(phone.service, row["id"]) == bytes(other)
    assert phone.service.api.upload(first["id"])["state"] == "aborted"


@pytest.mark.parametrize("method", ["put", "multipart"])
def test_nobody_completes(phone: Phone, method: str) -> None:
    """The app is ended after the last byte, and never comes back: the sweep proves the upload."""
    path, content = phone.file(6 * MIB)
    phone.killed("upload", path, method, "--killed-before-completion")
    server = phone.service.server

    def confirmed() -> bool:
        run_valetkey("uploads", "sweep", env=server.env, directory=server.directory)
        return bool(only_upload(phone.service)["state"] == "confirmed")

    assert wait_for(confirmed, every=0.5)
    upload = only_upload(phone.service)
    assert upload["confirmed_by"] == "sweep"
    assert content_of(phone.service, upload["id"]) == content
