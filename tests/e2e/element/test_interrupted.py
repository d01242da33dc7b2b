"""Interrupted uploads in `<valet-upload>`: listed, resumed, discarded."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Route, expect
from tests.e2e.api import wait_for
from tests.e2e.element.field import Field, Open, drop

PART = 5 * 1024**2
SIZE = 2 * PART + 1000
PARTS = "multiple profile=parts"
LATER_PARTS = re.compile(r"partNumber=[23]")
THERE = "5.2 MB of 10.5 MB uploaded"
CHOOSE = "Choose the file again to resume"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file of three parts."""
    path = tmp_path / "Käse 图.mp4"
    path.write_bytes(bytes(range(250)) * (SIZE // 250))
    return path


def choose(field: Field, button: Locator, file: Path) -> None:
    """Press the button, and take this file in the browser's dialogue."""
    with field.page.expect_file_chooser() as chooser:
        button.click()
    chooser.value.set_files(file)


def refuse(route: Route) -> None:
    """Nobody is there. (A request that is held would get through when its page ends.)"""
    route.abort("connectionrefused")


def begin(field: Field, file: Path) -> str:
    """Upload a film up to its first part; gives the upload's id."""
    field.page.route(LATER_PARTS, refuse)
    choose(field, field.button("Choose files"), file)
    return first_part(field)


def first_part(field: Field) -> str:
    known = "document.querySelector('valet-upload').items.at(-1)?.snapshot?.upload?.id"
    identifier: str = field.page.wait_for_function(known).json_value()
    assert wait_for(lambda: parts(field, identifier) == {1})
    return identifier


def parts(field: Field, identifier: str) -> set[int]:
    """The parts that S3 has."""
    answer = httpx.get(f"{field.endpoint}/v1/uploads/{identifier}/parts").raise_for_status()
    return {part["number"] for part in answer.json()["parts"]}


def interrupt(field: Field, file: Path) -> str:
    """Begin, and load the page again."""
    identifier = begin(field, file)
    field.reload()
    field.page.unroute(LATER_PARTS)
    return identifier


def listed(field: Field) -> Locator:
    """The part of the element that shows what was interrupted."""
    return field.page.locator("valet-upload [part=interrupted]")


def sent_parts(field: Field) -> list[str]:
    """Gathers the numbers of the parts that the page sends from now on."""
    numbers: list[str] = []

    def look(url: str) -> None:
        if found := re.search(r"partNumber=(\d+)", url):
            numbers.append(found[1])

    field.page.on("request", lambda request: look(request.url) if request.method == "PUT" else None)
    return numbers


def test_an_upload_goes_on_when_its_file_is_picked_again(open_page: Open, film: Path, tmp_path: Path) -> None:
    """The list says how much is there, refuses another file, sends what is missing, and the value is the old upload."""
    field = open_page(PARTS)
    identifier = interrupt(field, film)
    numbers = sent_parts(field)
    expect(field.status(film.name)).to_have_text(f"{THERE} · {CHOOSE}")
    expect(field.page.get_by_text("1 upload was interrupted")).to_be_visible()
    others = [tmp_path / "other.mp4", tmp_path / "shorter" / film.name]
    others[1].parent.mkdir()
    for other, content in zip(others, (film.read_bytes(), b"short"), strict=True):
        other.write_bytes(content)
        choose(field, field.button(f"Resume {film.name}"), other)
        expect(field.status(film.name)).to_have_text("That is a different file. Choose the same one again")
    choose(field, field.button(f"Resume {film.name}"), film)
    expect(field.status(film.name)).to_have_text("Uploaded · 10.5 MB")
    expect(field.rows).to_have_count(1)
    expect(listed(field)).to_be_hidden()
    assert field.value() == [identifier]
    assert sorted(numbers) == ["2", "3"]
    assert field.upload(identifier)["state"] == "confirmed"


def test_a_file_that_was_picked_as_ever_goes_on_too(open_page: Open, film: Path) -> None:
    """Who picks the file like a new one goes on with the old upload, and it is no longer listed as interrupted."""
    field = open_page(PARTS)
    identifier = interrupt(field, film)
    expect(listed(field)).to_be_visible()
    choose(field, field.button("Choose files"), film)
    expect(listed(field)).to_be_hidden()
    expect(field.status(film.name)).to_have_text("Uploaded · 10.5 MB")
    assert field.value() == [identifier]


def test_a_dropped_file_goes_on_by_its_handle(open_page: Open, film: Path) -> None:
    """The browser gave a handle with the drop: one press, and nobody picks anything."""
    field = open_page(PARTS)
    field.page.route(LATER_PARTS, refuse)
    drop(field, film)
    identifier = first_part(field)
    field.reload()
    field.page.unroute(LATER_PARTS)
    numbers = sent_parts(field)
    expect(field.status(film.name)).to_have_text(THERE)
    field.button(f"Resume {film.name}").focus()
    field.page.keyboard.press("Enter")
    expect(field.button("Choose files")).to_be_focused()  # not the page, though the button is gone
    expect(field.status(film.name)).to_have_text("Uploaded · 10.5 MB")
    assert field.value() == [identifier]
    assert sorted(numbers) == ["2", "3"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("FileSystemHandle.prototype.queryPermission = async () => 'denied'", CHOOSE),
        ("", "The file was changed, moved or deleted. Choose it again"),
    ],
    ids=["denied", "changed"],
)
def test_a_handle_of_no_use_asks_for_the_file(open_page: Open, film: Path, spoil: str, said: str) -> None:
    """Where the handle may not be read, or has another file by now, it says so, and the next press lets one pick."""
    field = open_page(PARTS)
    field.page.route(LATER_PARTS, refuse)
    drop(field, film)
    identifier = first_part(field)
    field.reload()
    field.page.unroute(LATER_PARTS)
    expect(field.status(film.name)).to_have_text(THERE)
    field.page.evaluate(spoil)
    content = film.read_bytes()
    times = film.stat()
    if not spoil:
        film.write_bytes(b"other")
    field.button(f"Resume {film.name}").click()
    expect(field.status(film.name)).to_have_text(said)
    film.write_bytes(content)
    os.utime(film, ns=(times.st_atime_ns, times.st_mtime_ns))
    choose(field, field.button(f"Resume {film.name}"), film)
    expect(field.status(film.name)).to_have_text("Uploaded · 10.5 MB")
    assert field.value() == [identifier]


def test_what_is_all_there_needs_no_file(open_page: Open, film: Path) -> None:
    """A page that went when all was sent: the next one only has it confirmed, and knows its name and size."""
    field = open_page(PARTS)
    field.page.route("**/complete", refuse)
    choose(field, field.button("Choose files"), film)
    known = "document.querySelector('valet-upload').items[0]?.state === 'confirming'"
    field.page.wait_for_function(known)
    field.reload()
    field.page.unroute("**/complete")
    expect(field.status(film.name)).to_have_text("All 10.5 MB uploaded")
    field.button(f"Resume {film.name}").click()
    expect(field.status(film.name)).to_have_text("Uploaded · 10.5 MB")
    [identifier] = field.value()
    assert field.upload(identifier)["object"]["size"] == film.stat().st_size


def test_one_is_discarded_by_keyboard(open_page: Open, film: Path) -> None:
    """It ends at the service and at S3, screen readers hear it, and the focus stays in the element."""
    field = open_page(PARTS)
    identifier = interrupt(field, film)
    expect(field.page.get_by_role("status")).to_have_text(f"The upload of {film.name} was interrupted.")
    field.button(f"Resume {film.name}").focus()
    field.page.keyboard.press("Tab")
    expect(field.button(f"Discard {film.name}")).to_be_focused()
    field.page.keyboard.press("Enter")
    expect(listed(field)).to_be_hidden()
    expect(field.button("Choose files")).to_be_focused()
    expect(field.page.get_by_role("status")).to_have_text(f"{film.name} was discarded.")
    assert field.upload(identifier)["state"] == "aborted"
    field.reload()
    field.page.wait_for_timeout(300)
    expect(listed(field)).to_be_hidden()


def test_one_cannot_be_discarded_while_the_service_is_away(open_page: Open, film: Path) -> None:
    """It says so and is kept, since its parts are still at S3; the next press discards it."""
    field = open_page(PARTS)
    identifier = interrupt(field, film)
    expect(listed(field)).to_be_visible()
    pattern = re.compile("/v1/uploads/")
    field.page.route(pattern, refuse)
    field.button(f"Discard {film.name}").click()
    said = "Not discarded: the service is unavailable. Try again"
    expect(field.status(film.name)).to_have_text(said)
    field.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    field.page.wait_for_timeout(500)
    expect(field.status(film.name)).to_have_text(said)
    field.page.unroute(pattern)
    field.button(f"Discard {film.name}").click()
    expect(listed(field)).to_be_hidden()
    assert field.upload(identifier)["state"] == "aborted"


def test_all_are_discarded_at_once(open_page: Open, film: Path, tmp_path: Path) -> None:
    """Of several, a button above them ends all."""
    field = open_page(PARTS)
    second = tmp_path / "second.mp4"
    second.write_bytes(film.read_bytes())
    identifiers = [begin(field, film), begin(field, second)]
    field.reload()
    expect(field.page.get_by_text("2 uploads were interrupted")).to_be_visible()
    field.button("Discard all").click()
    expect(listed(field)).to_be_hidden()
    assert [field.upload(one)["state"] for one in identifiers] == ["aborted", "aborted"]


def test_one_that_ended_meanwhile_is_not_listed(open_page: Open, film: Path) -> None:
    """What the service has ended, or knows no more, vanishes without a word, also from what the browser keeps."""
    field = open_page(PARTS)
    first, second = begin(field, film), begin(field, film)
    httpx.delete(f"{field.endpoint}/v1/uploads/{first}").raise_for_status()

    def forgotten(route: Route) -> None:
        problem = {"status": 404, "code": "upload_not_found", "detail": "There is no such upload."}
        route.fulfill(headers={"Access-Control-Allow-Origin": "*"}, status=404, json=problem)

    field.page.route(f"**/v1/uploads/{second}", forgotten)
    kept = """new Promise((resolve) => { indexedDB.open("valetkey").onsuccess = ({ target }) => {
      target.result.transaction("uploads").objectStore("uploads").count().onsuccess =
        (counted) => resolve(counted.target.result); }; })"""
    assert field.page.evaluate(kept) == 2
    field.reload()
    assert wait_for(lambda: field.page.evaluate(kept) == 0)
    expect(listed(field)).to_be_hidden()
    expect(field.page.get_by_role("status")).to_have_text("")


@pytest.mark.parametrize(
    "change",
    [
        lambda url: {"endpoint": url.replace("127.0.0.1", "localhost")},
        lambda _: {"profile": "images"},
        lambda _: {"accept": "image/*"},
    ],
    ids=["endpoint", "profile", "accept"],
)
def test_what_another_field_left_is_not_offered(
    open_page: Open, film: Path, change: Callable[[str], dict[str, str]]
) -> None:
    """An upload of another service or profile, or that this field would not take, is none of its business."""
    field = open_page(PARTS)
    interrupt(field, film)
    expect(listed(field)).to_be_visible()
    was = {"endpoint": field.endpoint, "profile": "parts", "accept": ""}
    script = "(field, values) => { Object.assign(field, values) }"
    field.element.evaluate(script, change(field.endpoint))
    look = "document.dispatchEvent(new Event('visibilitychange'))"
    field.page.evaluate(look)
    expect(listed(field)).to_be_hidden()
    field.element.evaluate(script, was)
    field.page.evaluate(look)
    expect(listed(field)).to_be_visible()


def test_what_another_tab_uploads_is_not_interrupted(open_page: Open, film: Path) -> None:
    """A tab does not offer what another one is uploading; when that is closed, it does, as soon as one looks at it."""
    field = open_page(PARTS)
    identifier = begin(field, film)
    other = field.other_tab()
    other.page.wait_for_timeout(500)
    expect(listed(other)).to_be_hidden()
    field.page.close()
    other.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    choose(other, other.button(f"Resume {film.name}"), film)
    expect(other.status(film.name)).to_have_text("Uploaded · 10.5 MB")
    assert other.value() == [identifier]


def test_what_another_tab_went_on_with_vanishes(open_page: Open, film: Path) -> None:
    """Listed in two tabs, taken up in one: the other neither goes on with it nor discards it, and lists it no more."""
    field = open_page(PARTS)
    identifier = interrupt(field, film)
    others = [field.other_tab(), field.other_tab()]
    for tab in (field, *others):
        expect(listed(tab)).to_be_visible()
    field.page.wait_for_timeout(6000)  # each looks once more a moment after it was opened
    field.page.route(LATER_PARTS, refuse)
    choose(field, field.button(f"Resume {film.name}"), film)
    expect(field.status(film.name)).to_have_text(re.compile("No response"))
    choose(others[0], others[0].button(f"Resume {film.name}"), film)
    others[1].button(f"Discard {film.name}").click()
    for tab in others:
        expect(listed(tab)).to_be_hidden()
        expect(tab.rows).to_have_count(0)
    field.page.unroute(LATER_PARTS)
    expect(field.status(film.name)).to_have_text("Uploaded · 10.5 MB")
    assert field.value() == [identifier]


def test_while_the_service_is_away_they_are_listed_without_a_number(open_page: Open, film: Path) -> None:
    """Nobody can say how much is there, but it can be gone on with: the upload waits for the service by itself."""
    field = open_page(PARTS)
    begin(field, film)
    pattern = re.compile("/v1/uploads/")
    field.page.route(pattern, refuse)
    field.reload()
    field.page.unroute(LATER_PARTS)
    expect(field.status(film.name)).to_have_text(f"10.5 MB · {CHOOSE}")
    choose(field, field.button(f"Resume {film.name}"), film)
    expect(field.status(film.name)).to_have_text(re.compile("No response"))
    field.page.unroute(pattern)
    expect(field.status(film.name)).to_have_text("Uploaded · 10.5 MB")


@pytest.mark.parametrize(
    ("language", "said", "look"),
    [
        ("en", "1 upload was interrupted", ("light", 1100)),
        ("de", "1 Datei wurde nicht fertig hochgeladen", ("dark", 400)),
        ("es", "Se interrumpió 1 subida", ("light", 400)),
        ("zh", "1 个上传中断", ("dark", 1100)),
    ],
)
def test_axe_finds_nothing_in_the_list(
    open_page: Open, film: Path, language: str, said: str, look: tuple[str, int]
) -> None:
    """In each language, light and dark, wide and narrow, listed and in trouble; and the page never scrolls sideways."""
    scheme, width = look
    size = {"width": width, "height": 800}
    field = open_page(PARTS, language, color_scheme=scheme, viewport=size)
    field.page.route(LATER_PARTS, refuse)
    drop(field, film)
    first_part(field)
    field.reload()
    expect(field.page.get_by_text(said)).to_be_visible()
    field.assert_accessible()
    film.write_bytes(b"other")
    field.row(film.name).locator("[part~=resume]").click()
    expect(field.page.locator("valet-upload li[data-state=troubled]")).to_be_visible()
    field.assert_accessible()
    assert field.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
