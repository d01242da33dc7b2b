"""The page of `valetkey dev`, in a real browser."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect, sync_playwright
from tests.servers import ValetkeyServer

CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def test_a_file_is_uploaded_and_confirmed(
    chromium: Browser, valetkey_server: Callable[..., ValetkeyServer], tmp_path: Path
) -> None:
    """Picking a file and pressing the button shows its states to the end, and the download gives the bytes back."""
    server = valetkey_server(command="dev")
    content = b"\x89PNG" + bytes(range(256)) * 800
    photo = tmp_path / "Käse & Brot.png"
    photo.write_bytes(content)
    page = chromium.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(server.base_url)
    expect(page.get_by_text("The embedded S3 enforces no policy")).to_be_visible()
    page.get_by_label("File").set_input_files(photo)
    page.get_by_role("button", name="Upload").click()
    states = page.locator("#states li b")
    expect(states).to_have_text(["pending", "sent", "confirmed"], timeout=20_000)
    expect(page.locator("#sent")).to_have_text("100 %")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download what was confirmed").click()
    assert hashlib.sha256(downloading.value.path().read_bytes()).digest() == hashlib.sha256(content).digest()
    assert downloading.value.suggested_filename == photo.name
    assert wrong == []


def test_the_api_documentation_is_readable(chromium: Browser, valetkey_server: Callable[..., ValetkeyServer]) -> None:
    """/docs/ shows every operation, and needs no other host than this one."""
    server = valetkey_server(command="dev")
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.base_url}/docs/")
    expect(page.get_by_text("Ask for an upload: the answer holds the grant")).to_be_visible(timeout=20_000)
    expect(page.locator(".opblock")).to_have_count(14)
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
    page.get_by_label("File").set_input_files(photo)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#states li b")).to_have_text(["pending", "sent", "confirmed"], timeout=20_000)
    assert away == []
