"""The client for browsers in Chromium, Firefox and WebKitGTK, against `valetkey serve` and Ceph RGW."""

import time
from collections import Counter
from collections.abc import Callable

import pytest
from tests.browsers.conftest import MIB, Visit
from tests.e2e.api import wait_for

FILM = 60 * MIB
PARTS = set(range(1, 13))
"""60 MiB in parts of 5 MiB."""

CONNECTIONS = 6
SLOW = 0.2
FAST = 0.0
CRAWLING = 0.25
"""Seconds per piece of up to 256 KiB: a film takes eight seconds, so that a busy machine finds its middle, too; a part
alone takes three or more."""


def content(size: int) -> bytes:
    """What `fileOf` of page.html makes."""
    pattern = (bytes(range(251)) * (MIB // 251 + 1))[:MIB]
    blocks = [bytes([number]) + pattern[1:] for number in range(-(-size // MIB))]
    return b"".join(blocks)[:size]


def good_parts(visit: Visit, since: int | None = None) -> Counter[int]:
    """How often S3 has taken each part."""
    return Counter(one.part for one in visit.sent(since) if one.part and one.status == 200)


def assert_whole(visit: Visit, size: int) -> None:
    """The page was told that it is confirmed, the service says so, and S3 has these very bytes."""
    end = visit.page.run("end")
    upload = visit.upload()
    assert end == {"id": upload["id"], "state": "confirmed"}
    assert upload["state"] == "confirmed"
    assert visit.content() == content(size)


def test_a_small_file_goes_by_one_post(visit: Callable[..., Visit]) -> None:
    """One form, sent once, from another origin."""
    customer = visit("films")
    customer.page.run("upload", {"size": 100_000})
    assert_whole(customer, 100_000)
    assert [(one.method, one.status) for one in customer.sent()] == [("POST", 201)]


def test_200_mib_go_in_parts(visit: Callable[..., Visit]) -> None:
    """30 parts, which is what nobody had to ask for: a multiple of the six that a browser sends at once, each once."""
    customer = visit("films")
    customer.page.run("upload", {"size": 200 * MIB})
    assert_whole(customer, 200 * MIB)
    assert good_parts(customer) == Counter(range(1, 31))


def test_pause_and_resume(visit: Callable[..., Visit]) -> None:
    """While it is paused no byte moves; then what had arrived stays, but for what was in the air."""
    customer = visit("parts")
    line, page = customer.shop.line, customer.page
    line.delay = SLOW
    page.run("upload", {"size": FILM})
    customer.get_half_way()
    page.run("pause")
    stored = customer.stored_parts()
    assert 0 < len(stored) < len(PARTS)
    line.wait_for_rest()  # what was in the air when it was paused
    before = line.bytes, page.run("look")["sent"]
    time.sleep(1)
    assert (line.bytes, page.run("look")["sent"]) == before
    assert page.run("look")["state"] == "paused"
    line.delay = FAST
    page.run("resume")
    assert_whole(customer, FILM)
    taken = good_parts(customer)
    assert set(taken) == PARTS
    assert taken.total() <= len(PARTS) + CONNECTIONS


def test_the_network_is_cut_in_the_middle(visit: Callable[..., Visit]) -> None:
    """The page says that it tries again, and goes on by itself with what is missing."""
    customer = visit("parts")
    line, page = customer.shop.line, customer.page
    line.delay = SLOW
    page.run("upload", {"size": FILM})
    customer.get_half_way()
    with line.cut():
        page.run("waits")
        stored = customer.stored_parts()
        time.sleep(1)
        assert page.run("look")["state"] == "sending"
    assert 0 < len(stored) < len(PARTS)
    line.delay = FAST
    assert_whole(customer, FILM)
    assert "storage_unreachable" in page.run("look")["codes"]
    taken = good_parts(customer)
    assert set(taken) == PARTS
    assert taken.total() <= len(PARTS) + CONNECTIONS


def test_a_reload_in_the_middle(visit: Callable[..., Visit]) -> None:
    """The same file picked again goes on: S3 is sent the parts that it does not have, and nothing else."""
    customer = visit("parts")
    customer.shop.line.delay = SLOW
    customer.page.run("upload", {"size": FILM})
    customer.get_half_way()
    customer.page.load()
    stored = customer.stored_parts()
    assert 0 < len(stored) < len(PARTS)
    customer.shop.line.delay = FAST
    since = customer.shop.log.size
    assert customer.page.run("listInterrupted") == [customer.upload()["id"]]
    customer.page.run("upload", {"size": FILM})
    assert_whole(customer, FILM)
    assert good_parts(customer, since) == Counter(PARTS - stored)
    assert customer.page.run("listInterrupted") == []


@pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
def test_a_reload_with_a_handle_of_the_file(visit: Callable[..., Visit]) -> None:
    """With a File System Access handle nobody has to pick the file again. (WebKitGTK has none.)"""
    customer = visit("parts")
    customer.shop.line.delay = SLOW
    customer.page.run("uploadHandle", {"size": FILM})
    customer.get_half_way()
    customer.page.load()
    stored = customer.stored_parts()
    customer.shop.line.delay = FAST
    since = customer.shop.log.size
    customer.page.run("resumeHandle")
    assert_whole(customer, FILM)
    assert good_parts(customer, since) == Counter(PARTS - stored)


def test_a_grant_that_expired(visit: Callable[..., Visit]) -> None:
    """S3 refuses the form of an upload that was paused for too long: renewed and sent again, as the same upload."""
    customer = visit("brief")
    with customer.shop.line.cut():
        customer.page.run("upload", {"size": 1000})
        customer.page.run("waits")
        customer.page.run("pause")
    time.sleep(3)
    customer.page.run("resume")
    assert_whole(customer, 1000)
    refused, *others, taken = [one.status for one in customer.sent()]
    assert (refused, taken) == (403, 201)
    assert set(others) <= {403}  # a grant of two seconds may be over once more on its way


def test_signatures_of_parts_that_expired(visit: Callable[..., Visit]) -> None:
    """On a line where parts take longer than signatures live, S3 refuses those that waited: signed and sent again."""
    customer = visit("brief")
    customer.shop.line.delay = CRAWLING
    customer.page.run("upload", {"size": 40 * MIB})
    assert_whole(customer, 40 * MIB)
    assert good_parts(customer) == Counter(range(1, 9))
    assert wait_for(lambda: customer.refusals() > 0)


def test_files_that_are_refused(visit: Callable[..., Visit]) -> None:
    """By the service before a byte is sent, or afterwards by what they turn out to be: an error with the code of it."""
    customer = visit("photos")
    ends = []
    for file in (
        {"size": 1000, "type": "video/mp4"},
        {"size": 2 * MIB, "name": "a.png", "type": "image/png"},
        {"size": 1000, "name": "a.png", "type": "image/png"},
    ):
        customer.page.run("upload", file)
        ends.append(customer.page.run("end"))
    assert [(end["name"], end["code"], end["state"]) for end in ends] == [
        ("ValetKeyError", "content_type_not_allowed", "failed"),
        ("ValetKeyError", "size_out_of_range", "failed"),
        ("UploadRejected", "content_mismatch", "rejected"),
    ]
    assert customer.upload()["state"] == "rejected"


def test_a_page_that_the_bucket_does_not_know(visit: Callable[..., Visit]) -> None:
    """The page is told soon which origin the bucket's CORS rules have to allow, and nothing is sent."""
    customer = visit("films", host="localhost")
    customer.page.run("upload", {"size": 1000})
    detail = customer.page.run("told", "cors_forbidden")
    assert f"allow the origin http://localhost:{customer.shop.port}, the methods POST and PUT" in detail
    customer.page.run("abort")
    assert wait_for(lambda: customer.upload()["state"] == "aborted")
    assert [one.status for one in customer.sent()] == []
