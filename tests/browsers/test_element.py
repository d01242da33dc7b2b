"""`<valet-upload>` in Chromium, Firefox and WebKitGTK, against `valetkey serve` and Ceph RGW."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.browsers.conftest import MIB, Visit
from tests.browsers.test_client import CRAWLING, content, good_parts
from tests.e2e.api import wait_for

FILES = "input.files()"
INTERRUPTED = "input.interrupted()"
FILM = 60 * MIB
PARTS = set(range(1, 13))


@pytest.fixture
def customer(visit: Callable[..., Visit]) -> Visit:
    """At a page with the element, whose uploads go in parts from 5 MiB on."""
    return visit("parts", page="element.html")


def written(path: Path, size: int) -> Path:
    path.write_bytes(content(size))
    return path


def interrupt(customer: Visit, film: Path) -> None:
    """Upload the first parts of a film, and load the page again before the others can follow."""
    line = customer.shop.line
    line.delay = CRAWLING
    customer.page.pick(FILES, film)
    customer.page.run("reach", 0.1)
    assert wait_for(lambda: bool(customer.listed_parts()), 60)
    customer.page.load()
    line.delay = 0
    time.sleep(1)  # what is in the air arrives, or does not


def interrupted_keys(customer: Visit) -> list[str]:
    """Where S3 still keeps parts of this customer's upload."""
    bucket = customer.shop.service.bucket
    uploads = bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])
    return [one["Key"] for one in uploads if customer.upload()["id"] in one["Key"]]


def test_a_small_and_a_large_file_are_picked(customer: Visit, tmp_path: Path) -> None:
    """One goes by POST, one in parts; both are confirmed, the form has their ids, and the console is quiet."""
    page = customer.page
    small, large = written(tmp_path / "Käse 図.txt", 1000), written(tmp_path / "film.mp4", 12 * MIB)
    look = page.run("look")
    assert (look["choose"], look["valid"], look["accent"]) == ("Choose files", True, "rgb(11, 110, 79)")
    assert look["height"] >= 36
    page.pick(FILES, small, large)
    entries = page.run("end")
    uploads = customer.uploads()
    assert entries == [["files", uploads[file.name]["id"]] for file in (small, large)]
    for file in (small, large):
        assert uploads[file.name]["state"] == "confirmed"
        assert customer.content(uploads[file.name]) == file.read_bytes()
    answers = Counter((one.method, one.status) for one in customer.sent())
    del answers["POST", 200]  # the service's own: it begins and completes what comes in parts
    assert answers == {("POST", 201): 1, ("PUT", 200): 3}
    # the form's entries come with the end of an upload, the words with the next frame that the browser draws
    assert wait_for(lambda: page.run("shown") == ["Uploaded · 1 kB", "Uploaded · 12.6 MB"])
    assert page.run("wrong") == []


def test_an_interrupted_upload_goes_on_after_a_reload(customer: Visit, tmp_path: Path) -> None:
    """It is listed with what is there; its file, picked again, sends the rest only."""
    page = customer.page
    film = written(tmp_path / "film.mp4", FILM)
    interrupt(customer, film)
    stored = customer.stored_parts()
    assert 0 < len(stored) < len(PARTS)
    [said] = page.run("interrupted")
    assert said.endswith("of 62.9 MB uploaded\u00a0· Choose the file again to resume")
    since = customer.shop.log.size
    page.run("goOn")
    page.pick(INTERRUPTED, written(tmp_path / "other.mp4", MIB))
    assert wait_for(lambda: page.run("shown") == ["That is a different file. Choose the same one again"])
    page.pick(INTERRUPTED, film)
    assert page.run("end") == [["files", customer.upload()["id"]]]
    assert customer.content() == film.read_bytes()
    assert good_parts(customer, since) == Counter(PARTS - stored)
    assert page.run("wrong") == []


def test_an_interrupted_upload_is_discarded(customer: Visit, tmp_path: Path) -> None:
    """It ends at the service, and nothing of it stays at S3."""
    page = customer.page
    interrupt(customer, written(tmp_path / "film.mp4", FILM))
    page.run("interrupted")
    assert interrupted_keys(customer)
    page.run("discard")
    assert customer.upload()["state"] == "aborted"
    assert wait_for(lambda: not interrupted_keys(customer))
    assert page.run("wrong") == []


HEIC = bytes.fromhex("00000018667479706865696300000000686569636d696631") + bytes(200)


def test_a_photo_without_a_type_is_an_image(visit: Callable[..., Visit], tmp_path: Path) -> None:
    """Few browsers know a type of `.HEIC`: the element takes it as `image/*`, the service grants it by its name, and
    the worker finds in its bytes what was granted. A text is turned away by its name."""
    customer = visit("photos", page="element.html")
    page = customer.page
    page.run("set", {"accept": "image/*"})
    photo, note = tmp_path / "IMG_0001.HEIC", tmp_path / "notes.md"
    photo.write_bytes(HEIC)
    note.write_bytes(b"# Notes")
    page.pick(FILES, photo)
    page.run("end")
    upload = customer.upload()
    assert (upload["state"], upload["detected_type"]) == ("confirmed", "image/heic")
    assert upload["content_type"] in {"image/heic", "image/heif"}  # WebKitGTK asks the desktop, which says the latter
    page.pick(FILES, note)
    assert wait_for(lambda: page.run("shown")[-1] == "This kind of file is not accepted here")
    assert list(customer.uploads()) == ["IMG_0001.HEIC"]
    look = page.run("look")
    assert (look["valid"], look["message"]) == (False, "notes.md was not uploaded. Remove it to continue.")
