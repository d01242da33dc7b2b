"""The adapter for React Native with a real S3, and Node as the phone: see `frontend/react-native/tests/app.ts`."""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.api import stored_parts, wait_for
from tests.e2e.conftest import Service, running_service, write_profiles
from tests.support import processes
from tests.support.mobile_apps import only_row, require_killed
from tests.support.servers import run_valetkey
from tests.support.stores import Bucket

if TYPE_CHECKING:
    import subprocess

FRONTEND = Path(__file__).parents[2] / "frontend"
HERE = FRONTEND / "react-native"
STAND_INS = {
    "expo-file-system": "expo-file-system",
    "@react-native-async-storage/async-storage": "async-storage",
}
MIB = 1024**2

pytestmark = pytest.mark.needs("pages")


@dataclass(frozen=True)
class Phone:
    """Its storage, and the app on it."""

    app: Path
    storage: Path
    service: Service

    def run(self, *args: str, profile: str = "parts", method: str = "") -> "subprocess.CompletedProcess[str]":
        env = {
            **os.environ,
            "VALETKEY_DEVICE": str(self.storage),
            "ENDPOINT": self.service.server.base_url,
            "TOKEN": str(self.service.api.token),
            "PROFILE": profile,
        }
        command = ["node", str(self.app), *args]
        return processes.run(command, env=env | ({"METHOD": method} if method else {}), timeout=150)

    def ended(self, *args: str, **options: str) -> dict[str, Any]:
        """What the one upload of an app became that ran to its end."""
        return only_row(self.run(*args, **options))

    def killed(self, *args: str) -> None:
        """An app that the system ends."""
        require_killed(self.run(*args))

    def file(self, size: int, name: str = "film.mp4") -> tuple[str, bytes]:
        content = random.Random(size).randbytes(size)
        path = self.storage / "document" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path.as_uri(), content


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app in one file, with stand-ins for the native modules."""
    out = tmp_path_factory.mktemp("app") / "app.mjs"
    stand_ins = [f"--alias:{name}=./tests/stand-ins/{file}.ts" for name, file in STAND_INS.items()]
    options = ["--bundle", "--platform=node", "--format=esm", "--log-level=warning", f"--outfile={out}", *stand_ins]
    esbuild = FRONTEND / "node_modules" / ".bin" / "esbuild"
    done = processes.run([esbuild, "tests/app.ts", *options], cwd=HERE, timeout=150)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def phone(rgw_bucket: Bucket, tmp_path: Path, app: Path) -> Iterator[Phone]:
    """With a service whose sweep looks at an upload a second after its creation."""
    quick = write_profiles(tmp_path) | {"VALETKEY_SWEEP_FIRST_LOOK": "1"}
    with running_service(tmp_path, rgw_bucket, quick) as service:
        yield Phone(app, tmp_path / "device", service)


def content_of(service: Service, upload_id: str) -> bytes:
    key = service.api.upload(upload_id)["object"]["key"]
    return bytes(service.bucket.client.get_object(Bucket=service.bucket.name, Key=key)["Body"].read())


def only_upload(service: Service) -> dict[str, Any]:
    [upload] = service.api.http.get("/v1/uploads").json()["uploads"]
    return dict(upload)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_photo_in_one_request(phone: Phone, method: str) -> None:
    """As it is by PUT; as a form that is written to a file where one is asked for. S3 takes both."""
    uri, content = phone.file(300_000, 'a"; b.jpg')
    row = phone.ended("upload", uri, profile="default", method="post" if method == "POST" else "")
    assert (row["state"], row["methods"]) == ("confirmed", [method])
    assert content_of(phone.service, row["id"]) == content
    assert phone.service.api.upload(row["id"])["content_type"] == "image/jpeg"


def test_an_app_that_is_ended_goes_on_with_what_s3_has(phone: Phone) -> None:
    """Six parts; it is ended within the fourth, and its relaunch sends three."""
    uri, content = phone.file(26 * MIB)
    phone.killed("upload", uri, "--killed-at", "4")
    upload = only_upload(phone.service)
    assert upload["state"] == "pending"
    assert [part["number"] for part in stored_parts(phone.service.api, upload["id"])] == [1, 2, 3]
    row = phone.ended("relaunched")
    assert row == {"id": upload["id"], "state": "confirmed", "requests": 3, "methods": ["PUT"] * 3}
    assert content_of(phone.service, upload["id"]) == content
    assert list((phone.storage / "storage").iterdir()) == []  # no record is left


@pytest.mark.parametrize("size", [300_000, 11 * MIB], ids=["whole", "parts"])
def test_nobody_completes(phone: Phone, size: int) -> None:
    """The app is ended after the last byte, and never comes back: the sweep proves the upload."""
    uri, content = phone.file(size)
    phone.killed("upload", uri, "--killed-before-completion")
    server = phone.service.server

    def confirmed() -> bool:
        run_valetkey("uploads", "sweep", env=server.env, directory=server.directory)
        return bool(only_upload(phone.service)["state"] == "confirmed")

    assert wait_for(confirmed, every=0.5)
    upload = only_upload(phone.service)
    assert upload["confirmed_by"] == "sweep"
    assert content_of(phone.service, upload["id"]) == content
