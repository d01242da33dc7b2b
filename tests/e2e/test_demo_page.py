"""The page of `valetkey dev`, in a real browser."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, Route, expect
from tests.support.pages import violations
from tests.support.servers import ValetkeyServer


def pick(page: Page, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(file)


def test_a_file_is_uploaded_and_confirmed(
    chromium: Browser, valetkey_server: Callable[..., ValetkeyServer], tmp_path: Path
) -> None:
    """Picking a file shows its states to the end, upload and grant as JSON, and the download gives the bytes back.

    Nothing scrolls sideways, on narrow pages neither."""
    server = valetkey_server(command="dev")
    content = b"\x89PNG" + bytes(range(256)) * 800
    photo = tmp_path / "Käse & Brot.png"
    photo.write_bytes(content)
    page = chromium.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(server.base_url)
    expect(page.get_by_text("The embedded S3 enforces no policy")).to_be_visible()
    pick(page, photo)
    states = page.locator("#states li b")
    expect(states).to_have_text(["queued", "creating", "sending", "confirming", "confirmed"])
    expect(page.locator("#upload")).to_contain_text('"state": "confirmed"')
    page.get_by_text("Its grant").click()
    expect(page.locator("#grant")).to_contain_text('"x-amz-signature"')
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download what was confirmed").click()
    assert hashlib.sha256(downloading.value.path().read_bytes()).digest() == hashlib.sha256(content).digest()
    assert downloading.value.suggested_filename == photo.name
    for width in (1280, 1100, 900, 400, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width, "the page scrolls sideways"
    tops = "[...document.querySelectorAll('.upload, #states, .plainly')].map((one) => one.getBoundingClientRect().top)"
    assert page.evaluate(tops) == sorted(page.evaluate(tops)), "what becomes of the file follows the field"
    assert [found["id"] for found in violations(page)] == []
    assert wrong == []


def test_a_form_without_javascript_is_confirmed(
    chromium: Browser, valetkey_server: Callable[..., ValetkeyServer], tmp_path: Path
) -> None:
    """With JavaScript off, a form posts the file to S3, comes back by its redirect, and the upload is confirmed."""
    server = valetkey_server(command="dev")
    notes = tmp_path / "notes.txt"
    notes.write_text("no script was here")
    page = chromium.new_page(java_script_enabled=False)
    page.goto(server.base_url)
    page.get_by_label("Name").fill("Grüße.txt")
    page.get_by_role("button", name="Make the form").click()
    page.get_by_label("A file of the type text/plain").set_input_files(notes)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("Your upload is confirmed.")).to_be_visible()
    found = re.search(r"/v1/uploads/([0-9a-f-]+)/return", page.url)
    assert found is not None
    upload = page.request.get(f"{server.base_url}/v1/uploads/{found[1]}").json()
    assert (upload["filename"], upload["state"]) == ("Grüße.txt", "confirmed")
    assert upload["object"]["size"] == len("no script was here")


def test_the_page_is_in_the_chosen_language(
    chromium: Browser, valetkey_server: Callable[..., ValetkeyServer], tmp_path: Path
) -> None:
    """The browser's at first; another one at once, all of it, what was uploaded stays; and on the next page."""
    server = valetkey_server(command="dev")
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    page = chromium.new_context(locale="de-AT").new_page()
    page.goto(server.base_url)
    expect(page.get_by_role("heading", name="Dateien hochladen")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Dateien auswählen").click()
    chooser.value.set_files(notes)
    expect(page.locator("#states li").last).to_contain_text("der Dienst hat das Objekt gesehen")
    page.get_by_label("Sprache").select_option("zh")
    expect(page.get_by_role("heading", name="上传文件")).to_be_visible()
    expect(page.locator("#states li").last).to_contain_text("服务已看到该对象")
    expect(page.get_by_role("button", name="选择文件", exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "zh"
    assert page.title() == "valetkey 演示"
    assert [found["id"] for found in violations(page)] == []
    page.get_by_role("button", name="生成表单").click()
    expect(page.get_by_role("heading", name="普通表单")).to_be_visible()
    page.get_by_role("link", name="返回演示").click()
    expect(page.get_by_role("heading", name="上传文件")).to_be_visible()


def test_a_form_that_cannot_be_made_says_why(valetkey_server: Callable[..., ValetkeyServer], chromium: Browser) -> None:
    """A content type that is none is a page for a person, without a violation, and a problem document for a program."""
    server = valetkey_server(command="dev")
    page = chromium.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if "422" not in said.text else None)
    address = f"{server.base_url}/demo/form?content_type=nonsense"
    page.goto(address)
    expect(page.get_by_text("A content type looks like 'image/png'.")).to_be_visible()
    assert [found["id"] for found in violations(page)] == []
    assert wrong == []
    page.get_by_role("link", name="What content_type_not_allowed means").click()
    expect(page.locator("#content_type_not_allowed")).to_be_visible()
    answer = page.request.get(address)
    assert answer.status == 422
    assert answer.json()["code"] == "content_type_not_allowed"


def test_the_api_documentation_is_readable(chromium: Browser, valetkey_server: Callable[..., ValetkeyServer]) -> None:
    """/docs/api/ shows every operation, and needs no other host than this one."""
    server = valetkey_server(command="dev")
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.base_url}/docs/api/")
    expect(page.get_by_text("Create an upload; the response contains the grant")).to_be_visible()
    paths = httpx.get(f"{server.base_url}/openapi.json").json()["paths"].values()
    expect(page.locator(".opblock")).to_have_count(sum(len(operations) for operations in paths))
    assert [url for url in asked if not url.startswith((server.base_url, "data:"))] == []


def test_a_service_that_is_away_for_a_moment_is_asked_again(
    chromium: Browser, valetkey_server: Callable[..., ValetkeyServer], tmp_path: Path
) -> None:
    """A 503 on the completion is not the end: the page asks again, and shows the upload confirmed."""
    server = valetkey_server(command="dev")
    photo = tmp_path / "a.png"
    photo.write_bytes(b"hello")
    page = chromium.new_page()
    away = [503, 503]

    def answer(route: Route) -> None:
        if away:
            route.fulfill(status=away.pop(), content_type="application/problem+json", body="{}")
        else:
            route.continue_()

    page.route("**/complete", answer)
    page.goto(server.base_url)
    pick(page, photo)
    expect(page.locator("#states li b").last).to_have_text("confirmed")
    assert away == []
