"""The Kotlin client on a real S3: files in one request and in parts."""

import os
from pathlib import Path

import pytest
from tests.kotlin.conftest import MIB, PART, House
from tests.support.servers import running_worker


@pytest.mark.parametrize("size", [0, 1, 300_000, 12 * MIB + 7])
def test_a_file_is_confirmed(house: House, size: int) -> None:
    """In one piece by PUT, or in parts; the right bytes, and a record that tells how it ended."""
    content = os.urandom(size)
    application = house.application()
    end, _, upload_id, _ = application.ends(house.file(content, "naïve 文.bin"))
    assert end == "confirmed"
    assert house.content(upload_id) == content
    upload = house.service.api.upload(upload_id)
    assert (upload["filename"], upload["owner"], upload["confirmed_by"]) == ("naïve 文.bin", "phone", "client")
    assert sorted(house.network.parts) == ([1, 2, 3] if size > 8 * MIB else [])
    [record] = application.records()
    assert record["ended"]["state"] == "confirmed"
    assert application.run() == []  # what has ended is run no more


def test_a_checksum_is_declared(house: House) -> None:
    """Where the profile insists on one; a large file is sent in one piece then, as it has none in parts."""
    end, _, code, *_ = house.application("strict").ends(house.file(b"hello"))
    assert (end, code) == ("failed", "checksum_required")
    end, _, upload_id, reason = house.application("strict").ends(house.file(os.urandom(9 * MIB)), checksum="true")
    assert (end, reason) == ("rejected", "checksum_unverified")  # RGW 16 keeps none
    upload = house.service.api.upload(upload_id)
    assert upload["checksum"]["algorithm"] == "sha256"
    assert house.network.parts == []


def test_what_the_service_refuses_is_said(house: House) -> None:
    """With its code, at once, and without a byte sent."""
    application = house.application("texts")
    end, _, code, _, again = application.ends(house.file(b"x" * 1001), type="text/plain")
    assert (end, code, again) == ("failed", "size_out_of_range", "false")
    assert house.application("texts").ends(house.file(b"x"), type="image/png")[2] == "content_type_not_allowed"


def test_what_is_not_what_was_granted_ends_as_rejected(house: House) -> None:
    """It is no exception: the upload has come to its end, and the record says why."""
    application = house.application("texts")
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde"
    with running_worker(house.service.server):  # who looks into contents
        end, _, _, reason = application.ends(house.file(png), type="text/plain")
    assert (end, reason) == ("rejected", "content_mismatch")
    [record] = application.records()
    assert record["ended"]["reason"]["code"] == "content_mismatch"


def test_records_are_nobody_elses(house: House) -> None:
    """They hold tickets; once an upload was created, that of the application is not in them any more."""
    application = house.application()
    application.run(house.file(b"hello"))
    assert application.folder.stat().st_mode & 0o077 == 0
    [record] = application.folder.glob("*.json")
    assert record.stat().st_mode & 0o077 == 0
    assert application.token_file.read_text() not in record.read_text()


def test_many_files_at_once(house: House) -> None:
    """Each by itself: one that cannot be sent keeps no other."""
    files = [house.file(os.urandom(2000 + number), f"{number}.bin") for number in range(30)]
    gone = house.file(b"gone", "gone.bin")
    application = house.application()
    with application.started([*files, gone], only_add="true") as adding:
        assert len(list(adding)) == 31
    gone.unlink()
    ends = {event[1]: event for event in application.run(at_once=4)}
    assert ends["gone.bin"][0::2] == ["failed", "file_unreadable", "false"]
    for file in files:
        assert house.content(ends[file.name][2]) == file.read_bytes()


def test_a_file_is_added_once(house: House, tmp_path: Path) -> None:
    """By the application's own id, however often it says so."""
    file = house.file(b"hello", "photo.jpg")
    application = house.application()
    first = application.ends(file)
    assert application.run(file) == [["added", "photo.jpg"]]
    assert [one["ended"]["id"] for one in application.records()] == [first[2]]


def test_parts_have_the_size_of_the_plan(house: House) -> None:
    """Whatever their number; what is left is the last."""
    content = os.urandom(3 * PART)
    _, _, upload_id, _ = house.application().ends(house.file(content), parallel=1)
    assert house.content(upload_id) == content
    assert sorted(house.network.parts) == [1, 2, 3]
