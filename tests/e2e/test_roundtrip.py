"""The main job: request an upload, POST the file to S3, see it confirmed."""

import hashlib
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.e2e.api import UPLOAD_FIELDS, Api, Json
from tests.e2e.conftest import Service
from tests.support.clients import put
from tests.support.servers import running_valetkey
from tests.support.stores import Bucket

MIB = 1024**2
SPAWNING = "import multiprocessing as m; m.set_start_method('spawn'); from valetkey.cli import main; main()"


def a_file(path: Path, size: int) -> tuple[str, str]:
    """Write `size` bytes, random at the start, in places and at the end; their SHA-256 and MD5 in hex."""
    with path.open("wb") as file:
        for start in range(0, size, 32 * MIB):
            file.seek(start)
            file.write(os.urandom(min(MIB, size - start)))
        file.seek(max(0, size - 7))
        file.write(os.urandom(min(7, size)))
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        return sha256, hashlib.file_digest(file, "md5").hexdigest()


def stored_sha256(service: Service, key: str) -> str:
    """SHA-256 of an object's bytes, read in pieces."""
    digest = hashlib.sha256()
    for chunk in service.bucket.client.get_object(Bucket=service.bucket.name, Key=key)["Body"].iter_chunks():
        digest.update(chunk)
    return digest.hexdigest()


@pytest.mark.parametrize("size", [1, 5 * MIB, 256 * MIB], ids=["1 B", "5 MiB", "256 MiB"])
def test_a_file_ends_confirmed_with_its_bytes_under_the_final_key(service: Service, tmp_path: Path, size: int) -> None:
    """The bytes under the final key are the file's, the upload tells all about them, staging is empty again."""
    path = tmp_path / "holiday.mp4"
    sha256, md5 = a_file(path, size)
    created = service.api.create("video/mp4", filename=path.name, size=size, method="post")
    assert created.upload["state"] == "pending"
    assert created.post(path).status == 201

    upload = service.api.confirm(created.id)

    final_key = upload["object"]["key"]
    expected = created.upload | {
        "state": "confirmed",
        "object": {
            "bucket": service.bucket.name,
            "key": final_key,
            "etag": md5,
            "version_id": None,
            "size": size,
            "content_type": "video/mp4",
        },
        "confirmed_by": "client",
        "confirmed_at": upload["confirmed_at"],
    }
    assert upload == expected
    assert service.api.upload(created.id) == upload
    assert stored_sha256(service, final_key) == sha256
    head = service.bucket.client.head_object(Bucket=service.bucket.name, Key=final_key)
    assert (head["ContentLength"], head["ContentType"], head["ETag"]) == (size, "video/mp4", f'"{md5}"')
    assert service.object_keys(created.staging_key) == []
    assert service.final_keys(created.id) == [final_key]


@pytest.mark.parametrize(
    ("wanted", "method"),
    [
        ({"profile": "noted", "method": "post"}, "POST"),
        ({"profile": "noted", "method": "put"}, "PUT"),
        ({"profile": "parts"}, "POST"),
    ],
)
def test_an_empty_file_is_confirmed(service: Service, wanted: dict[str, str], method: str) -> None:
    """By either grant, and where the profile sends files in parts, of which it has none, by one request; a byte more is
    refused by S3."""
    created = service.api.create("text/plain", size=0, **wanted)
    assert created.grant["method"] == method
    if method == "POST":
        assert created.post(b"x").status == 400
        assert created.post(b"").status == 201
    else:
        assert put(created.url, created.grant["headers"], b"").status == 200
    stored = service.api.confirm(created.id)["object"]
    assert stored["size"] == 0
    assert stored_sha256(service, stored["key"]) == hashlib.sha256(b"").hexdigest()
    assert service.final_keys(created.id) == [stored["key"]]


def test_a_new_upload_is_described_in_full(api: Api) -> None:
    """201 carries the upload with every field of the contract, what was asked for, and nothing that is not so."""
    created = api.create("image/png", filename="a b.png", size=3)
    upload = created.upload
    assert upload.keys() == UPLOAD_FIELDS
    asked: Json = {
        "state": "pending",
        "profile": "default",
        "filename": "a b.png",
        "path": None,
        "content_type": "image/png",
        "size": 3,
        "checksum": None,
        "metadata": {},
        "object": None,
        "reason": None,
        "confirmed_by": None,
        "confirmed_at": None,
    }
    assert {name: upload[name] for name in asked} == asked
    assert upload["created_at"].endswith("Z")
    made, granted, until = (
        datetime.fromisoformat(text)
        for text in (upload["created_at"], created.grant["expires_at"], upload["expires_at"])
    )
    assert timedelta(seconds=890) < granted - made <= timedelta(seconds=900)
    assert granted <= until
    assert created.grant.keys() == {"method", "url", "fields", "file_field", "expires_at"}
    assert (created.grant["method"], created.grant["file_field"]) == ("POST", "file")
    assert created.staging_key == f"staging/{created.id}"


def test_confirming_again_changes_nothing(api: Api) -> None:
    """A repeated `complete` answers the same confirmed upload."""
    created = api.create()
    assert created.post(b"x").status == 201
    assert api.confirm(created.id) == api.confirm(created.id)


def test_a_profile_chooses_the_key(service: Service) -> None:
    """The final key follows the profile's template; the client has no say in it."""
    created = service.api.create("image/png", profile="images", filename="Cat.PNG", size=10)
    assert created.post(b"0123456789").status == 201
    key = service.api.confirm(created.id)["object"]["key"]
    assert key.startswith(f"images/{created.id}")
    assert key.lower().endswith(".png")


def test_metadata_that_is_not_ascii_comes_back(api: Api) -> None:
    """Metadata is kept in the ledger as it was given, also where an S3 header could not hold it."""
    metadata = {"album": "Été à Łódź 🌞", "place": "a\r\nb: c"}
    created = api.create(profile="noted", metadata=metadata)
    assert created.post(b"x").status == 201
    assert api.confirm(created.id)["metadata"] == metadata


def test_a_batch_gives_uploads_that_work_and_errors_in_their_places(api: Api) -> None:
    """Each result of a batch stands at its request's place; a bad one does not stop the others."""
    good = {"filename": "f", "content_type": "text/plain", "size": 1}
    wanted = [good, good | {"profile": "nope"}, good | {"size": 0}, good]
    answer = api.http.post("/v1/uploads/batch", json={"uploads": wanted})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    codes = [result.get("error", {}).get("code") for result in results]
    assert codes == [None, "unknown_profile", "size_out_of_range", None]
    assert results[0]["upload"]["id"] != results[3]["upload"]["id"]
    last = api.upload(results[3]["upload"]["id"])
    assert last == results[3]["upload"]


def test_deleting_a_confirmed_upload_removes_its_object(service: Service) -> None:
    """DELETE of a confirmed upload removes the bytes, and the ledger says so."""
    created = service.api.create()
    assert created.post(b"x").status == 201
    service.api.confirm(created.id)
    assert service.api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    assert service.final_keys(created.id) == []
    assert service.api.upload(created.id)["state"] == "deleted"


def test_bytes_that_arrive_after_an_abort_are_removed(service: Service) -> None:
    """An aborted upload stays aborted, and an object that still comes is taken away when a signal tells of it."""
    created = service.api.create()
    assert service.api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    assert created.post(b"x").status == 201
    service.push_event(created, size=1)
    assert service.api.upload(created.id)["state"] == "aborted"
    assert service.object_keys(created.staging_key) == []
    assert service.final_keys(created.id) == []


def test_processes_that_are_not_forked_serve(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """As on Python 3.14, and on macOS: each of them begins as a new Python."""
    env = {"VALETKEY_WORKERS": "2"}
    with running_valetkey(tmp_path, rgw_bucket, env=env, executable=(sys.executable, "-c", SPAWNING)) as server:
        api = Api(server.base_url, server.create_key().key)
        created = api.create(size=5)
        assert created.post(b"hello").status == 201
        assert api.confirm(created.id)["state"] == "confirmed"
    assert "Traceback" not in server.log
