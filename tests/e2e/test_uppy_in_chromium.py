"""Uppy 5.1 and 6 from npm, in a real browser with a real S3."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Route
from tests.e2e.api import Json, stored_parts, wait_for
from tests.e2e.conftest import Service, running_service
from tests.e2e.rgw_events import pushing
from tests.support.pages import empty_site
from tests.support.stores import Rgw, fresh_bucket
from tests.uppy.bundle import bundle

MIB = 1024**2
SIZE = 24 * MIB
PARTS = [1, 2, 3, 4, 5]
"""24 MiB in Uppy's parts of 5 MiB."""

PROFILES = f"""
[profiles.films]
min_size = 1
max_size = {64 * MIB}
content_types = ["video/*"]
key = "films/{{owner}}/{{id}}{{ext}}"

[profiles.clips]
max_size = {6 * MIB}
"""

PAGE = Path(__file__).parents[2] / "service/docs/browser.md"
AS_WRITTEN = """async ([lines, options]) => {
    const uppy = await eval(`(async () => { ${lines}; return uppy; })()`);
    uppy.iteratePlugins((plugin) => plugin.setOptions(options));
    Object.assign(window, {uppy, seen: {errors: []}});
}"""
"""Runs lines of a page's script, and then sets options of the plugin."""

ENDPOINT = {"v5": "endpoint", "v6": "companionEndpoint"}
PATIENCE = 60_000


def content(size: int) -> bytes:
    """What `content` of page.js makes."""
    period = bytes(range(251))
    return (period * (size // 251 + 1))[:size]


@dataclass
class Tab:
    """A page with Uppy, and what it has sent to S3."""

    page: Page
    version: str
    service: Service
    endpoint: str
    known: set[str]
    parts: list[int] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        self.page.on("request", self._count)
        self.page.goto(url)
        self.load()

    def load(self) -> None:
        self.page.add_script_tag(path=bundle(self.version))

    def start(self, *, told: Json | None = None, **options: Any) -> None:
        self.page.evaluate(
            "([options, told]) => start(options, told)", [{ENDPOINT[self.version]: self.endpoint} | options, told or {}]
        )

    def upload(self, size: int, name: str = "a film.mp4", kind: str = "video/mp4", meta: Json | None = None) -> None:
        self.page.evaluate(
            "([name, kind, size, meta]) => upload(name, kind, size, meta)", [name, kind, size, meta or {}]
        )

    def seen(self) -> Json:
        seen: Json = self.page.evaluate("seen")
        return seen

    def until(self, condition: str) -> Json:
        """What its user sees as soon as `condition` holds."""
        self.page.wait_for_function(condition, timeout=PATIENCE)
        return self.seen()

    def the_upload(self) -> Json:
        """The one upload that was created since the page was opened."""
        [new] = known_ids(self.service) - self.known
        return self.service.api.upload(new)

    def _count(self, request: Request) -> None:
        url = urlsplit(request.url)
        if request.url.startswith(self.service.bucket.server.endpoint_url) and request.method in {"PUT", "POST"}:
            self.methods.append(request.method)
            self.parts += [int(value) for name, value in parse_qsl(url.query) if name == "partNumber"]


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with empty_site() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def films(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory, origin: str) -> Iterator[Service]:
    """A service for a page of one other origin, which hears of single uploads where a test asks for `told`."""
    directory = tmp_path_factory.mktemp("films")
    (directory / "valetkey.toml").write_text(PROFILES)
    env = {"VALETKEY_CORS_ORIGINS": origin}
    with fresh_bucket(rgw) as bucket, running_service(directory, bucket, env) as service:
        bucket.allow_pages()
        yield service


@pytest.fixture
def told(films: Service) -> Iterator[None]:
    """RGW tells the service of each object that comes, as long as the test runs."""
    with pushing(films.bucket, f"{films.event_url}?secret={films.event_secret}"):
        yield


@pytest.fixture(params=["v5", "v6"])
def visit(
    request: pytest.FixtureRequest, chromium: Browser, films: Service, origin: str
) -> Iterator[Callable[[str], Tab]]:
    """Opens the page of a shop: it has a ticket for a profile from the shop's server, and nothing else."""
    page = chromium.new_page()

    def go(profile: str) -> Tab:
        owner = f"ann-{request.param}"
        asked = {"profile": profile, "owner": owner}
        ticket = films.api.http.post("/v1/tickets", json=asked).raise_for_status().json()["ticket"]
        tab = Tab(page, request.param, films, f"{films.server.base_url}/uppy/{ticket}", known_ids(films))
        tab.open(origin)
        return tab

    yield go
    page.close()


@pytest.fixture
def tab(visit: Callable[[str], Tab]) -> Tab:
    return visit("films")


def known_ids(service: Service) -> set[str]:
    uploads = service.api.http.get("/v1/uploads", params={"limit": 200}).json()["uploads"]
    return {upload["id"] for upload in uploads}


def stored_bytes(tab: Tab, upload: Json) -> bytes:
    bucket = tab.service.bucket
    return bucket.client.get_object(Bucket=bucket.name, Key=upload["object"]["key"])["Body"].read()


def test_a_file_in_one_piece(told: None, tab: Tab) -> None:
    """Uppy says that it succeeded, and RGW's event confirms it: nobody calls `complete`. Metadata and name are kept."""
    tab.start()
    tab.upload(1000, name="Käse & Brot.mp4", meta={"album": "Grün"})
    complete = tab.until("seen.complete")["complete"]
    assert (complete["failed"], len(complete["successful"])) == (0, 1)
    assert tab.methods == {"v5": ["PUT"], "v6": ["POST"]}[tab.version]
    assert wait_for(lambda: tab.the_upload()["state"] == "confirmed")
    upload = tab.the_upload()
    assert (upload["confirmed_by"], upload["owner"]) == ("event", f"ann-{tab.version}")
    assert (upload["filename"], upload["content_type"]) == ("Käse & Brot.mp4", "video/mp4")
    assert upload["metadata"] == {"album": "Grün"}
    assert stored_bytes(tab, upload) == content(1000)
    assert tab.seen()["errors"] == []


def test_a_file_in_parts(tab: Tab) -> None:
    """Each part is sent once; confirmed when Uppy has called `complete`, under the key that Uppy shows."""
    tab.start(shouldUseMultipart=True)
    tab.upload(SIZE)
    complete = tab.until("seen.complete")["complete"]
    upload = tab.the_upload()
    assert (upload["state"], upload["confirmed_by"]) == ("confirmed", "client")
    assert sorted(tab.parts) == PARTS
    assert complete["successful"][0]["uploadURL"].endswith(f"/{upload['object']['key']}")
    assert stored_bytes(tab, upload) == content(SIZE)


@pytest.mark.parametrize("in_parts", [False, True])
def test_as_the_documentation_says(visit: Callable[[str], Tab], films: Service, in_parts: bool) -> None:
    """Its lines, as they are written there, upload a file and confirm it without waiting for event or sweep."""
    tab = visit("films")
    section = PAGE.read_text().partition("## Uppy\n")[2].partition("\n## ")[0]
    [lines] = re.findall(r"```js\n(.*?)```", section, re.DOTALL)
    lines = re.sub(r"^import .*\n", "", lines, flags=re.MULTILINE)  # the page has Uppy already
    lines = lines.replace("https://uploads.example", films.server.base_url)
    if tab.version == "v5":
        lines = lines.replace("companionEndpoint", "endpoint")
    ticket = tab.endpoint.rpartition("/")[2]
    tab.page.route("**/upload-ticket", lambda route: route.fulfill(body=ticket, content_type="text/plain"))
    tab.page.evaluate(AS_WRITTEN, [lines, {"shouldUseMultipart": in_parts}])
    tab.upload(6 * MIB)
    assert wait_for(lambda: bool(known_ids(films) - tab.known) and tab.the_upload()["state"] == "confirmed")
    assert stored_bytes(tab, tab.the_upload()) == content(6 * MIB)
    assert tab.seen()["errors"] == []
    assert tab.methods == (["PUT"] * 2 if in_parts else {"v5": ["PUT"], "v6": ["POST"]}[tab.version])


def test_a_cancel_in_the_middle(tab: Tab) -> None:
    """The upload is aborted, and of the parts that were sent nothing stays at S3."""
    tab.start(told={"cancelAfter": 2}, shouldUseMultipart=True, limit=1)
    tab.upload(SIZE)
    tab.until("seen.parts.length >= 2")
    upload_id = tab.the_upload()["id"]
    assert wait_for(lambda: tab.the_upload()["state"] == "aborted")
    assert wait_for(lambda: tab.service.open_multiparts(upload_id) == [])  # the state is written first
    tab.service.assert_nothing_is_left(upload_id)


def test_pause_and_resume(tab: Tab) -> None:
    """While it is paused nothing is completed; then what S3 has already is not sent again."""
    tab.start(told={"pauseAfter": 2}, shouldUseMultipart=True, limit=1)
    tab.upload(SIZE)
    tab.until("seen.parts.length >= 2")
    tab.page.wait_for_timeout(700)
    assert tab.seen()["complete"] is None
    upload_id = tab.the_upload()["id"]
    there = {part["number"] for part in stored_parts(tab.service.api, upload_id)}
    assert there == {1, 2}
    tab.page.evaluate("uppy.resumeAll()")
    tab.until("seen.complete")
    assert {number: times for number, times in Counter(tab.parts).items() if number in there} == {1: 1, 2: 1}
    assert set(tab.parts) == set(PARTS)
    assert tab.the_upload()["state"] == "confirmed"
    assert stored_bytes(tab, tab.the_upload()) == content(SIZE)


def test_golden_retriever_after_a_reload(tab: Tab) -> None:
    """The page is loaded anew in the middle: Uppy goes on with the same upload, and sends the missing parts only."""
    tab.start(told={"pauseAfter": 2}, shouldUseMultipart=True, limit=1)
    tab.upload(SIZE)
    tab.until("seen.parts.length >= 2")
    upload_id = tab.the_upload()["id"]
    tab.page.wait_for_timeout(5000)  # the plugin writes its notes now and then
    sent = len(tab.parts)
    tab.page.reload()
    tab.load()
    tab.start(shouldUseMultipart=True, limit=1)
    tab.until("seen.restored")
    tab.page.evaluate("uppy.emit('restore-confirmed')")
    tab.until("seen.complete")
    assert tab.parts[sent:] == [3, 4, 5]
    upload = tab.the_upload()
    assert (upload["id"], upload["state"]) == (upload_id, "confirmed")
    assert stored_bytes(tab, upload) == content(SIZE)


@pytest.mark.parametrize("visit", ["v6"], indirect=True)
def test_a_completion_whose_answer_is_lost(tab: Tab) -> None:
    """A retry finds the file confirmed, and sends nothing again. (Version 5 begins a new upload then.)"""

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    tab.page.route("**/complete?*", lose)
    tab.start(shouldUseMultipart=True)
    tab.upload(SIZE)
    assert tab.until("seen.complete")["complete"]["failed"] == 1
    tab.page.unroute("**/complete?*")
    tab.page.evaluate("seen.complete = null; uppy.retryAll()")
    complete = tab.until("seen.complete")["complete"]
    assert (complete["failed"], len(complete["successful"])) == (0, 1)
    assert sorted(tab.parts) == PARTS
    assert tab.the_upload()["state"] == "confirmed"


def test_a_type_that_the_profile_does_not_take(tab: Tab) -> None:
    """Uppy shows why: version 5 our words, version 6 the status."""
    tab.start()
    tab.upload(10, name="notes.txt", kind="text/plain")
    seen = tab.until("seen.complete && seen.errors.length")
    assert seen["complete"]["failed"] == 1
    words = {"v5": "Profile 'films' accepts video/*, not text/plain.", "v6": "Unprocessable Entity"}[tab.version]
    assert words in seen["errors"][0]
    assert tab.methods == []


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_file_larger_than_the_profile(told: None, visit: Callable[[str], Tab], in_parts: bool) -> None:
    """It is never confirmed, and nothing of it stays at S3; Uppy shows a failure as soon as somebody can know."""
    tab = visit("clips")
    tab.start(shouldUseMultipart=in_parts)
    tab.upload(7 * MIB)
    seen = tab.until("seen.complete")
    known_late = tab.version == "v5" and not in_parts  # a PUT without a declared size: it is looked at afterwards
    assert seen["complete"]["failed"] == (0 if known_late else 1), seen
    upload_id = tab.the_upload()["id"]
    if in_parts or known_late:
        assert wait_for(lambda: tab.the_upload()["state"] == "rejected")
        assert tab.the_upload()["reason"]["code"] == "size_mismatch"
    tab.service.assert_nothing_is_left(upload_id)
    assert tab.service.object_keys(f"staging/{upload_id}") == []


@pytest.mark.parametrize("visit", ["v5"], indirect=True)
@pytest.mark.parametrize("header", ["Authorization", "uppy-auth-token"])
def test_version_5_sends_the_ticket_in_a_header(tab: Tab, header: str) -> None:
    """By its option `headers`: the browser asks first, and is allowed to."""
    tab.endpoint, _, ticket = tab.endpoint.rpartition("/")
    tab.start(
        headers={header: f"Bearer {ticket}" if header == "Authorization" else ticket},
        shouldUseMultipart=True,
    )
    tab.upload(1000)
    assert tab.until("seen.complete")["complete"]["failed"] == 0
    assert tab.the_upload()["state"] == "confirmed"


def test_a_ticket_that_is_none(tab: Tab) -> None:
    """Uppy shows a failure, and nothing is created."""
    tab.endpoint += "x"
    tab.start()
    tab.upload(10)
    seen = tab.until("seen.complete && seen.errors.length")
    assert {"v5": "Authorization required", "v6": "Unauthorized"}[tab.version] in seen["errors"][0]
    assert known_ids(tab.service) == tab.known
