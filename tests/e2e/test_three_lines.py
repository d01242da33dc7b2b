"""An application with a login, Flask-WTF and a strict Content-Security-Policy, and valetkey in three lines."""

import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.e2e.api import wait_for
from tests.support import ledgers, processes
from tests.support.pages import PATIENCE, empty_site
from tests.support.servers import START, environment, free_port
from tests.support.stores import Bucket

APPLICATION = Path(__file__).with_name("three_lines") / "photos.py"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
PATH = "/files/session/ticket"
TRY_ALL = """async (url) => {
  const tried = [];
  for (const options of [
    { headers: { "Content-Type": "application/json" } },
    {},
    { body: new Blob(["{}"]) },
  ]) {
    const sent = fetch(url, { method: "POST", credentials: "include", body: "{}", ...options });
    tried.push(await sent.then((answer) => answer.text(), () => "unreadable"));
  }
  return tried;
}"""
VALUE = "document.querySelector('valet-upload').value"
ADD = """ids => document.forms[0].append(...ids.map((value) =>
  Object.assign(document.createElement("input"), { type: "hidden", name: "photos", value })))"""
UPLOAD_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Album:
    """The application, in a browser where somebody is logged in; what the browser complained of."""

    page: Page
    bucket: Bucket
    wrong: list[str]
    requests: list[tuple[str, str]]

    def add(self, name: str, content: bytes = PNG) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Choose files").click()
        chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": content})

    def rows(self, state: str) -> int:
        return self.page.locator(f"valet-upload [part~={state}]").count()

    def tickets(self) -> int:
        return sum(path == PATH for _, path in self.requests)


@pytest.fixture
def url(rgw_bucket: Bucket, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The application under `flask run`, on Ceph RGW; a parameter is more of its environment."""
    rgw_bucket.allow_pages()
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    env = environment(tmp_path, rgw_bucket) | getattr(request, "param", {})
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    command = [sys.executable, "-m", "flask", "--app", str(APPLICATION), "run", "--port", str(port)]
    with (tmp_path / "flask.log").open("wb") as log, processes.running(command, env=env, stdout=log, stderr=log):
        for _ in range(int(START / 0.05)):
            try:
                httpx.get(f"{base}/login")
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        else:
            raise RuntimeError((tmp_path / "flask.log").read_text())
        yield base


@pytest.fixture
def album(url: str, chromium: Browser, rgw_bucket: Bucket) -> Iterator[Album]:
    context = chromium.new_context(viewport={"width": 800, "height": 600})
    context.set_default_timeout(PATIENCE)
    opened = _logged_in(context, url, rgw_bucket)
    yield opened
    context.close()


def _logged_in(context: BrowserContext, url: str, bucket: Bucket, user: str = "user-17") -> Album:
    page = context.new_page()
    wrong: list[str] = []
    requests: list[tuple[str, str]] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("request", lambda made: requests.append((made.method, made.url.removeprefix(url))))
    page.goto(f"{url}/login")
    page.get_by_label("Name").fill(user)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_title("A new album")
    return Album(page, bucket, wrong, requests)


def test_a_form_with_photos(album: Album, tmp_path: Path) -> None:
    """Log in, choose files, submit: the view gets the ids of confirmed uploads in `request.form`.

    The element finds endpoint and ticket by itself, a second ticket when the first is used up too; nothing breaks the
    policy, and the page imports the client by its name.
    """
    page = album.page
    page.get_by_label("Title").fill("Summer")
    for count, name in enumerate(("cat.png", "dog.png"), 1):
        album.add(name)
        expect(page.locator("valet-upload [part~=confirmed]")).to_have_count(count)
    page.screenshot(path=tmp_path / "album.png")
    assert album.tickets() == 2
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Summer")).to_be_visible()
    ids = page.locator("li").all_text_contents()
    assert len(set(ids)) == 2
    assert all(UPLOAD_ID.fullmatch(upload_id) for upload_id in ids)
    kept = [item["Key"] for item in album.bucket.client.list_objects_v2(Bucket=album.bucket.name)["Contents"]]
    assert all(any(upload_id in key and not key.startswith("staging/") for key in kept) for upload_id in ids)
    # from a script's own nonce, as the policy takes no other
    nonce = page.evaluate("document.querySelector('script[type=module]').nonce")
    code = "import { createUploader } from '@valetkey/client'; window.imported = typeof createUploader"
    page.evaluate(
        """([nonce, textContent]) => document.head.append(
          Object.assign(document.createElement("script"), { type: "module", nonce, textContent }))""",
        [nonce, code],
    )
    # `wait_for_function` evaluates a string in the page when its first look found nothing: the policy forbids that
    assert wait_for(lambda: page.evaluate("window.imported") == "function")
    # the answer to the first ticket's second upload; Chromium says nothing of the policy, nor of digests
    assert album.wrong == ["Failed to load resource: the server responded with a status of 403 (FORBIDDEN)"]


def test_a_form_that_is_shown_again(album: Album, url: str, chromium: Browser, rgw_bucket: Bucket) -> None:
    """After an error elsewhere in the form its uploads are there, done, and sent again but for those that are removed.

    Somebody else's id, and garbage, show nothing and are sent no more.
    """
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    other = _logged_in(context, url, rgw_bucket, "user-18")
    other.add("secret.png")
    expect(other.page.locator("valet-upload [part~=confirmed]")).to_have_count(1)
    strangers = other.page.evaluate(VALUE)
    context.close()
    page = album.page
    page.get_by_label("Title").fill("wrong")
    for count, name in enumerate(("cat.png", "dog.png"), 1):
        album.add(name)
        expect(page.locator("valet-upload [part~=confirmed]")).to_have_count(count)
    ids = page.evaluate(VALUE)
    page.evaluate(ADD, [*strangers, "01a21a44-8d15-70b4-b5c1-d8691bdbbabc", "<b>garbage", ""])
    page.get_by_role("button", name="Save").click()
    rows = page.locator("valet-upload [part~=confirmed]")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("cat.png")
    expect(rows.nth(0)).to_contain_text("Uploaded · 10 kB")
    expect(page.locator("valet-upload [role=status]")).to_have_text("2 files are uploaded already.")
    assert page.evaluate(VALUE) == ids
    page.get_by_role("button", name="Remove dog.png from the list").click()
    album.add("bird.png")
    expect(rows).to_have_count(2)
    page.get_by_label("Title").fill("Summer")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Summer")).to_be_visible()
    sent = page.locator("li").all_text_contents()
    assert (sent[0], len(sent), set(sent) & {ids[1], *strangers}) == (ids[0], 2, set())


def test_uploads_that_cannot_be_looked_up_stay_in_the_form(album: Album) -> None:
    """Where nobody answers it says so, sends them all the same, and shows them when it is answered."""
    page = album.page
    page.get_by_label("Title").fill("wrong")
    album.add("cat.png")
    rows = page.locator("valet-upload [part~=confirmed]")
    expect(rows).to_have_count(1)
    ids = page.evaluate(VALUE)
    page.route("**/session/uploads", lambda route: route.fulfill(status=503))
    page.get_by_role("button", name="Save").click()
    notice = page.locator("valet-upload [part~=notice]")
    expect(notice).to_contain_text("1 file that was uploaded before could not be looked up")
    assert page.evaluate("new FormData(document.forms[0]).getAll('photos')") == ids
    assert page.evaluate("document.forms[0].querySelector('valet-upload').validity.valid")
    page.unroute("**/session/uploads")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(rows).to_have_count(1)
    expect(notice).to_be_hidden()
    assert page.evaluate(VALUE) == ids


@pytest.mark.parametrize("url", [{"PHOTOS_CONNECT": "https://elsewhere.example"}], indirect=True)
def test_a_policy_that_forgets_the_store(album: Album) -> None:
    """The field names the address and the directive at once, where it would else wait for a network that is there."""
    album.add("cat.png")
    notice = album.page.locator("valet-upload [part~=notice]")
    expect(notice).to_contain_text(album.bucket.server.endpoint_url)  # Chromium tells no path of another origin
    expect(notice).to_contain_text("connect-src")
    assert album.rows("confirmed") == 0


@pytest.mark.parametrize("url", [{"PHOTOS_WORKERS": "'none'"}], indirect=True)
def test_a_policy_without_workers(album: Album) -> None:
    """That is said, too."""
    album.add("cat.png")
    notice = album.page.locator("valet-upload [part~=notice]")
    expect(notice).to_contain_text(".worker-")
    expect(notice).to_contain_text("worker-src")


def test_a_session_that_has_ended(album: Album) -> None:
    """Who logged out elsewhere is told so at once, and nothing is uploaded."""
    album.page.context.clear_cookies()
    album.add("cat.png")
    row = album.page.locator("valet-upload [part~=failed]")
    expect(row).to_contain_text("You are logged out")
    assert album.rows("confirmed") == 0
    assert album.tickets() == 1
    assert "Contents" not in album.bucket.client.list_objects_v2(Bucket=album.bucket.name)


def test_another_origin_gets_no_ticket(album: Album, url: str, tmp_path: Path) -> None:
    """A page on another port of the same host, to which the browser's cookies go along, by all that a page can send."""
    page = album.page.context.new_page()
    with empty_site() as port:
        page.goto(f"http://127.0.0.1:{port}/")
        assert page.evaluate(TRY_ALL, url + PATH) == ["unreadable"] * 3
    # The first one needs a preflight, and is never sent. The others have the session: without it the application's own
    # hook would have answered with a redirect to its login. Werkzeug's log is in colours.
    answered = re.findall(rf'POST {PATH} HTTP/1\.1\S*" (\d+)', (tmp_path / "flask.log").read_text())
    assert answered == ["403", "403"]
