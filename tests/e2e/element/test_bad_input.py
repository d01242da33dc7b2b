"""Bad files, names, stores and networks in `<valet-upload>`: it reports them, and the page keeps working."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect
from tests.e2e.api import wait_for
from tests.e2e.element.field import Field, Open, payload
from tests.e2e.proxy import CountingProxy
from tests.support.servers import ValetkeyServer

PART = 5 * 1024**2
LATER_PARTS = re.compile(r"partNumber=[23]")
STORE = re.compile(r"/valetkey-dev(/|$)")
ALLOWED = {"Access-Control-Allow-Origin": "*"}
NAMES = [
    "../../../etc/passwd",
    "..",
    "CON.txt",
    'a";filename="b.exe',
    "line\r\nX-Evil: 1\r\n\r\nbreak.txt",
    "nul\0byte.txt",
    "\u202egnp.exe",
    "'; DROP TABLE uploads; --",
    "{{7*7}} ${7*7} %00 %2e%2e%2f",
    "</style><script>document.title='pwned'</script>",
    "https://evil.example/?a=b&c#d",
    "   ",
    "ഫയൽ العربية עברית ไฟล์ 文件 ファイル 파일 ⵉⴼⵉⵍⵓ 𒀀.txt",
    "🏳️‍🌈👨‍👩‍👧‍👦.png",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!.txt",
    "n" * 255,
]


def pick(field: Field, file: Path) -> None:
    with field.page.expect_file_chooser() as chooser:
        field.button("Choose files").click()
    chooser.value.set_files(file)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b"shorter"),
        lambda file: file.write_bytes(b"z" * 2 * PART),
    ],
    ids=["vanishes", "shrinks", "other bytes"],
)
def test_a_file_that_changes_while_it_is_read(open_page: Open, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """Between two parts: the upload fails with a sentence, is not in the value, and another file goes."""
    film = tmp_path / "film.bin"
    film.write_bytes(b"a" * 2 * PART)
    field = open_page("multiple profile=parts")
    field.page.route(LATER_PARTS, lambda route: route.abort("connectionrefused"))
    pick(field, film)
    sent = "document.querySelector('valet-upload').items[0]?.snapshot?.progress.sent"
    assert wait_for(lambda: field.page.evaluate(sent) == PART)
    spoil(film)
    field.page.unroute(LATER_PARTS)
    expect(field.status("film.bin")).to_have_text("The file was changed, moved or deleted. Choose it again")
    assert field.value() == []
    field.pick(payload("other.txt"))
    expect(field.status("other.txt")).to_have_text("Uploaded · 5 bytes")


def test_names_of_any_kind(open_page: Open) -> None:
    """Each is shown as text, kept at the service, and comes back with the download; none becomes anything else."""
    field = open_page()
    field.element.evaluate("(field, names) => field.add(names.map((name) => new File(['x'], name)))", NAMES)
    expect(field.page.get_by_text(f"{len(NAMES)} of {len(NAMES)} files uploaded")).to_be_visible()
    shown = field.element.evaluate("field => [...field.shadowRoot.querySelectorAll('.name')].map((name) => name.title)")
    assert shown == NAMES
    uploads = [field.upload(one) for one in field.value()]
    assert [upload["state"] for upload in uploads] == ["confirmed"] * len(NAMES)
    assert [upload["filename"] for upload in uploads] == [name.replace("\0", "") for name in NAMES]
    for upload in uploads:
        assert field.page.request.get(f"{field.endpoint}/v1/uploads/{upload['id']}/download").body() == b"x"
    assert field.page.title() == "An application"
    field.assert_accessible()
    assert field.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_ten_thousand_files_while_they_are_sent(open_page: Open) -> None:
    """While they are sent, a press on a row's cancel is answered, the list scrolls, and files can still be picked."""
    field = open_page()
    field.element.evaluate("""field => field.add(Array.from({ length: 10000 }, (_, index) =>
      new File(["x"], `${index}.bin`, { lastModified: index })))""")
    expect(field.page.get_by_text("and 9,900 more")).to_be_visible()
    list_ = field.page.locator("valet-upload [part=list]")
    began = time.monotonic()
    last = field.rows.last
    name = last.locator("[part=name]").get_attribute("title")

    def is_at_its_end() -> bool:
        """Rows that are sent meanwhile may move it away once more."""
        list_.evaluate("list => list.scrollTo(0, list.scrollHeight)")
        row, shown = last.bounding_box(), list_.bounding_box()
        return row is not None and shown is not None and row["y"] < shown["y"] + shown["height"]

    assert wait_for(is_at_its_end)
    field.button(f"Cancel {name}").click()
    expect(field.status(str(name))).to_have_text("Cancelled")
    assert time.monotonic() - began < 100  # far more than it takes; a page that stands still takes minutes
    field.pick(payload("one more.txt"))
    expect(field.page.get_by_text("of 10,001 files uploaded")).to_be_visible()
    field.button("Cancel all").click()
    expect(field.button("Clear finished")).to_be_visible()


def test_a_store_that_answers_200_with_an_error(open_page: Open) -> None:
    """That is no success: the file is sent again, and is there in the end."""
    field = open_page()
    answers = [200, 200]
    body = "<?xml version='1.0'?><Error><Code>InternalError</Code><Message>Oh.</Message></Error>"

    def answer(route: Route) -> None:
        if answers:
            route.fulfill(status=answers.pop(), headers=ALLOWED, content_type="application/xml", body=body)
        else:
            route.continue_()

    field.page.route(STORE, answer)
    field.pick(payload("a.txt"))
    expect(field.status("a.txt")).to_have_text("Uploaded · 5 bytes")
    assert answers == []
    assert field.upload(field.value()[0])["object"]["size"] == 5


def test_a_service_that_goes_away_in_the_middle(open_page: Open, server: ValetkeyServer, tmp_path: Path) -> None:
    """Its port is closed when the first part is there, and open again after a while: the rest goes by itself."""
    film = tmp_path / "film.bin"
    film.write_bytes(bytes(range(256)) * (8 * PART // 256))
    with CountingProxy(server.base_url) as line:
        field = open_page("multiple profile=parts")
        field.element.evaluate("(field, url) => { field.endpoint = url }", line.url)
        pick(field, film)
        sent = "document.querySelector('valet-upload').items[0]?.snapshot?.progress.sent"
        assert wait_for(lambda: (field.page.evaluate(sent) or 0) >= PART)
        line.stop()
        expect(field.status("film.bin")).to_have_text(re.compile("No response"))
        expect(field.page.get_by_role("status")).to_have_text(
            re.compile("No response. Uploading resumes automatically.")
        )
        field.page.wait_for_timeout(5000)
        line.start()
        expect(field.status("film.bin")).to_have_text("Uploaded · 41.9 MB")
        [identifier] = field.value()
    newest = field.page.request.get(f"{server.base_url}/v1/uploads").json()["uploads"][0]
    assert (newest["id"], newest["state"]) == (identifier, "confirmed")
