"""A small but real application (`application/gallery`) with the usual extensions around valetkey, in Chromium.

Factory, blueprints, Flask-Login, Flask-WTF, a strict Flask-Talisman, Flask-Limiter, Flask-SQLAlchemy, Celery on Redis,
two processes of gunicorn, `valetkey worker --app` beside them, and Ceph RGW.
"""

import re
import signal
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from subprocess import Popen
from uuid import uuid4

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.e2e.api import wait_for
from tests.support import ledgers, processes
from tests.support.clients import post_form
from tests.support.pages import PATIENCE
from tests.support.servers import START, VALETKEY, environment, free_port
from tests.support.stores import Bucket

APPLICATION = Path(__file__).with_name("application")
BIN = Path(sys.executable).parent
CSRF = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')


def picture(width: int, height: int) -> bytes:
    out = BytesIO()
    Image.effect_noise((width, height), 50).save(out, "PNG")
    return out.getvalue()


@dataclass
class Gallery:
    """The application as it runs: where it is, and its database."""

    base: str
    env: Mapping[str, str]
    directory: Path
    bucket: Bucket

    @contextmanager
    def worker(self) -> Iterator[Popen[bytes]]:
        """`valetkey worker` inside the application."""
        command: list[str | Path] = [VALETKEY, "worker", "--app", "gallery:create_app"]
        with _logged(command, "worker", self.env, self.directory) as process:
            yield process

    def described(self) -> dict[str, tuple[int, int, int]]:
        """Width, height and how often, by upload."""
        with closing(sqlite3.connect(self.directory / "gallery.db")) as db:
            return {row[0]: row[1:] for row in db.execute("SELECT upload_id, width, height, times FROM description")}

    def objects(self, upload_id: str) -> list[str]:
        pages = self.bucket.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket.name)
        return [item["Key"] for page in pages for item in page.get("Contents", []) if upload_id in item["Key"]]


@contextmanager
def _logged(command: list[str | Path], name: str, env: Mapping[str, str], directory: Path) -> Iterator[Popen[bytes]]:
    """Runs beside the block; what it printed is shown where the block fails."""
    log = directory / f"{name}.log"
    with (
        log.open("ab") as out,
        processes.running(command, env=env, cwd=directory, stdout=out, stderr=out, ends_by=signal.SIGTERM) as process,
    ):
        try:
            yield process
        except BaseException as error:
            error.add_note(f"{name}:\n{log.read_text()[-6000:]}")
            raise


@contextmanager
def running_gallery(directory: Path, bucket: Bucket, redis_url: str, claim_within: int) -> Iterator[Gallery]:
    """The application and its Celery worker, ready when yielded; `valetkey worker` is not among them."""
    bucket.allow_pages()
    port = free_port()
    env = environment(directory, bucket) | {
        "PYTHONPATH": str(APPLICATION),
        "GALLERY_DATABASE_URL": f"sqlite:///{directory / 'gallery.db'}",
        "GALLERY_CLAIM_WITHIN": str(claim_within),
        "REDIS_URL": redis_url,
    }
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    tables = "from gallery import create_app, db\nwith create_app().app_context(): db.create_all()"
    made = processes.run([sys.executable, "-c", tables], env=env, cwd=directory, timeout=START)
    assert made.returncode == 0, made.stderr
    web: list[str | Path] = [BIN / "gunicorn", "-k", "gthread", "--workers", "2", "--threads", "4"]
    web += ["--graceful-timeout", "3", "--keep-alive", "75", "--no-control-socket"]
    web += ["--bind", f"127.0.0.1:{port}", "gallery:create_app()"]
    celery: list[str | Path] = [BIN / "celery", "--app", "gallery.tasks:celery", "worker", "--concurrency", "1"]
    with ExitStack() as stack:
        process = stack.enter_context(_logged(web, "web", env, directory))
        stack.enter_context(_logged(celery, "celery", env, directory))
        base = f"http://127.0.0.1:{port}"
        _wait_until_ready(base, process)
        yield Gallery(base, env, directory, bucket)


def _wait_until_ready(base: str, process: Popen[bytes]) -> None:
    def answers() -> bool:
        assert process.poll() is None
        with suppress(httpx.TransportError):
            return httpx.get(f"{base}/login", timeout=5).is_success
        return False

    assert wait_for(answers, START)


@pytest.fixture
def gallery(tmp_path: Path, rgw_bucket: Bucket, redis_url: str) -> Iterator[Gallery]:
    with running_gallery(tmp_path, rgw_bucket, redis_url, claim_within=600) as gallery:
        yield gallery


@dataclass
class Visit:
    """Somebody who is logged in, in a browser."""

    page: Page
    wrong: list[str] = field(default_factory=list)

    def drop(self, *files: tuple[str, bytes]) -> None:
        """Lets files fall on the element, as a drag from a file manager does."""
        self.page.locator("valet-upload").evaluate(
            """(field, files) => {
              const dataTransfer = new DataTransfer();
              for (const [name, bytes] of files)
                dataTransfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
              for (const kind of ["dragenter", "dragover", "drop"])
                field.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
            }""",
            [[name, list(content)] for name, content in files],
        )

    def ids(self) -> list[str]:
        found: list[str] = self.page.locator("valet-upload").evaluate("field => field.value")
        return found


@contextmanager
def visiting(browser: Browser, gallery: Gallery, name: str) -> Iterator[Visit]:
    """A page with the form of a new album."""
    context = browser.new_context(viewport={"width": 900, "height": 700})
    context.set_default_timeout(PATIENCE)
    visit = Visit(context.new_page())
    visit.page.on("pageerror", lambda error: visit.wrong.append(str(error)))
    visit.page.on("console", lambda said: visit.wrong.append(said.text) if said.type == "error" else None)
    visit.page.goto(f"{gallery.base}/")
    visit.page.get_by_label("Name").fill(name)
    visit.page.get_by_role("button", name="Log in").click()
    expect(visit.page).to_have_title("A new album")
    try:
        yield visit
    finally:
        context.close()


class Member:
    """Somebody who is logged in, with a program: what a hostile one sends."""

    def __init__(self, gallery: Gallery, name: str) -> None:
        self._gallery = gallery
        self.http = httpx.Client(base_url=gallery.base, follow_redirects=True, timeout=60)
        self.post("/login", name=name)

    def post(self, path: str, **form: str | list[str]) -> httpx.Response:
        """Submits a form, with the token of its page."""
        found = CSRF.search(self.http.get(path).text)
        assert found
        return self.http.post(path, data=form | {"csrf_token": found[1]})

    def granted(self, content: bytes) -> httpx.Response:
        """An upload that has been asked for, and not been sent."""
        asked = self.http.post(
            "/files/session/ticket", json={"profile": "photos"}, headers={"Origin": self._gallery.base}
        )
        bearer = {"Authorization": f"Bearer {asked.raise_for_status().json()['ticket']}"}
        wanted = {"filename": "cat.png", "content_type": "image/png", "size": len(content), "profile": "photos"}
        return self.http.post("/files/v1/uploads", json=wanted, headers=bearer).raise_for_status()

    def uploaded(self, content: bytes) -> str:
        """The id of a confirmed upload."""
        created = self.granted(content)
        grant = created.json()["grant"]
        assert post_form(grant["url"], grant["fields"], content).status == 201
        bearer = {"Authorization": f"Bearer {created.json()['ticket']}"}
        done = self.http.post(f"{created.headers['Location']}/complete", headers=bearer).raise_for_status().json()
        assert done["state"] == "confirmed"
        return str(done["id"])

    def album(self, *ids: str) -> httpx.Response:
        return self.post("/", title="Summer", photos=list(ids))


def test_an_album_with_photos(gallery: Gallery, chromium: Browser, tmp_path: Path) -> None:
    """Log in, drop files, submit, see them, with what a task found out about them; the worker is killed before the
    hook, and runs it when it is started again."""
    sizes = {"cat.png": (40, 30), "dog.png": (64, 48)}
    with visiting(chromium, gallery, "ann") as visit:
        with gallery.worker() as worker:
            processes.end(worker, signal.SIGKILL)
        visit.page.get_by_label("Title").fill("Summer")
        visit.drop(*((name, picture(*size)) for name, size in sizes.items()))
        expect(visit.page.locator("valet-upload [part~=confirmed]")).to_have_count(2)
        ids = visit.ids()
        visit.page.get_by_role("button", name="Save").click()
        expect(visit.page).to_have_title("Summer")
        expect(visit.page.get_by_role("img")).to_have_count(2)
        assert gallery.described() == {}
        with gallery.worker():
            assert wait_for(lambda: set(gallery.described()) == set(ids))
        visit.page.reload()
        for name, (width, height) in sizes.items():
            row = visit.page.get_by_role("listitem").filter(has=visit.page.get_by_alt_text(name))
            expect(row).to_contain_text(f"{width}x{height}")
            decoded = "async (image) => { await image.decode(); return image.naturalWidth }"
            assert row.get_by_role("img").evaluate(decoded) == width
        visit.page.screenshot(path=tmp_path / "album.png")
        assert visit.wrong == []
    assert {found[2] for found in gallery.described().values()} == {1}


def test_what_a_form_may_not_take(gallery: Gallery) -> None:
    """Another member's upload, a pending one, one that is in an album already, and garbage: no album comes of it."""
    ann, bob = Member(gallery, "ann"), Member(gallery, "bob")
    content = picture(8, 8)
    mine, used, pending = ann.uploaded(content), ann.uploaded(content), ann.granted(content).json()["upload"]["id"]
    assert ann.album(used).status_code == 200
    refused = {pending: 409, used: 409, bob.uploaded(content): 404, str(uuid4()): 404, "../../é\r\n.png": 404, "'": 404}
    for bad, status in refused.items():
        answer = ann.album(mine, bad)
        assert answer.status_code == status, (bad, answer.text)
        assert "Traceback" not in answer.text
    assert bob.album(mine).status_code == 404
    album = ann.album(mine)
    assert album.status_code == 200
    assert album.text.count("<img") == 1
    photo = re.search(r'src="([^"]+)" alt="cat.png"', album.text)
    assert photo
    assert ann.http.get(photo[1]).content == content
    assert bob.http.get(photo[1]).status_code == 404
    assert bob.http.get(album.url.path).status_code == 404
    with closing(sqlite3.connect(gallery.directory / "gallery.db")) as db:
        assert db.execute("SELECT count(*) FROM album").fetchone() == (2,)


def test_a_form_that_is_abandoned(tmp_path: Path, rgw_bucket: Bucket, redis_url: str, chromium: Browser) -> None:
    """The page is closed after the upload: it is gone from ledger and store when its time is over."""
    with running_gallery(tmp_path, rgw_bucket, redis_url, claim_within=2) as gallery:
        with visiting(chromium, gallery, "ann") as visit:
            visit.drop(("cat.png", picture(8, 8)))
            expect(visit.page.locator("valet-upload [part~=confirmed]")).to_have_count(1)
            [upload_id] = visit.ids()
        # Only now: on a slow machine the page would hear of the end after the two seconds.
        with gallery.worker():
            assert wait_for(lambda: not gallery.objects(upload_id))
        assert Member(gallery, "ann").album(upload_id).status_code == 409
