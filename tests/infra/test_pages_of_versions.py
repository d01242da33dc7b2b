"""Pages and services of two versions during a rolling upgrade: a real browser, `valetkey serve`, Ceph RGW.

The other version is the one before the newest migration.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, Request
from tests.browsers.site import client_site
from tests.browsers.test_client import content
from tests.e2e.api import Api
from tests.support.servers import environment, run_valetkey, running_valetkey
from tests.support.stores import Bucket

MIB = 1024**2
FILM = 17 * MIB
PARTS = ["1", "2", "3", "4"]
"""17 MiB in parts of 5 MiB."""

PROFILES = f"""
[profiles.photos]
content_types = ["video/*"]

[profiles.films]
content_types = ["video/*"]
multipart_from = {5 * MIB}
part_size = {5 * MIB}
"""

pytestmark = [pytest.mark.timeout(300), pytest.mark.needs("browser", "pages")]


@pytest.fixture(scope="module")
def port(older_page: Path) -> Iterator[int]:
    """Of the site: `/` has this version's client, `/older/` the other's. To a browser both are the same site."""
    with client_site({"/older": older_page}) as port:
        yield port


@contextmanager
def service(directory: Path, bucket: Bucket, port: int, env: Mapping[str, str]) -> Iterator[Api]:
    """A service for the pages of that site."""
    (directory / "valetkey.toml").write_text(PROFILES)
    rule: Any = {
        "AllowedOrigins": ["*"],
        "AllowedMethods": ["POST", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
    }
    bucket.client.put_bucket_cors(Bucket=bucket.name, CORSConfiguration={"CORSRules": [rule]})
    env = {**env, "VALETKEY_CORS_ORIGINS": f"http://127.0.0.1:{port}"}
    run_valetkey("migrate", env=environment(directory, bucket) | env, directory=directory)
    with running_valetkey(directory, bucket, env=env, migrate=False) as server:
        yield Api(server.base_url, server.create_key("tests").key)


class Visit:
    """A page in the browser, and the numbers of the parts that it sent."""

    def __init__(self, page: Page, api: Api, port: int, profile: str) -> None:
        ticket = api.http.post("/v1/tickets", json={"profile": profile}).raise_for_status().json()["ticket"]
        self._query = urlencode({"endpoint": str(api.http.base_url).rstrip("/"), "ticket": ticket, "connections": 1})
        self._page, self._port = page, port
        self.parts: list[str] = []
        page.on("request", self._note)

    def open(self, folder: str) -> None:
        """Load the page, as after a reload: nothing of the one before it goes on."""
        self._page.goto(f"http://127.0.0.1:{self._port}{folder}/?{self._query}")
        self.parts.clear()

    def run(self, command: str, *args: Any) -> Any:
        return json.loads(self._page.evaluate("([command, args]) => run(command, ...args)", [command, args]))

    def _note(self, request: Request) -> None:
        if request.method == "PUT":
            self.parts.append(number_of(request.url))


def number_of(url: str) -> str:
    """The part that is sent there; empty where it is no part."""
    return url.partition("partNumber=")[2].partition("&")[0]


def assert_arrived(api: Api, bucket: Bucket, end: Mapping[str, Any], size: int) -> None:
    assert end.get("state") == "confirmed", end
    upload = api.upload(end["id"])
    assert upload["state"] == "confirmed"
    body = bucket.client.get_object(Bucket=bucket.name, Key=upload["object"]["key"])["Body"].read()
    assert body == content(size)


@dataclass(frozen=True)
class Pair:
    """A page in its folder, and a service of another version."""

    folder: str
    api: Api
    bucket: Bucket
    port: int


@pytest.fixture(params=["older page, newer service", "newer page, older service"])
def pair(request: pytest.FixtureRequest, older: Path, port: int, rgw_bucket: Bucket, tmp_path: Path) -> Iterator[Pair]:
    page_is_older = request.param.startswith("older")
    env = {} if page_is_older else {"PYTHONPATH": str(older / "service")}
    with service(tmp_path, rgw_bucket, port, env) as api:
        yield Pair("/older" if page_is_older else "", api, rgw_bucket, port)


@pytest.mark.parametrize(("profile", "size"), [("photos", 100_000), ("films", FILM)], ids=["form", "parts"])
def test_a_page_and_a_service_of_two_versions(chromium: Browser, pair: Pair, profile: str, size: int) -> None:
    """The page has a file uploaded, in one request and in parts, and is told that it is confirmed."""
    visit = Visit(chromium.new_page(), pair.api, pair.port, profile)
    visit.open(pair.folder)
    visit.run("upload", {"size": size, "profile": profile})
    assert_arrived(pair.api, pair.bucket, visit.run("end"), size)
    assert visit.parts == (PARTS if profile == "films" else [])


def test_an_upload_goes_on_after_the_page_was_upgraded(
    chromium: Browser, port: int, rgw_bucket: Bucket, tmp_path: Path
) -> None:
    """An older page is interrupted half way; the newer one reads its record, and sends what is missing."""
    with service(tmp_path, rgw_bucket, port, {}) as api:
        page = chromium.new_page()
        visit = Visit(page, api, port, "films")
        visit.open("/older")
        to_store = f"{rgw_bucket.server.endpoint_url}/**"
        page.route(to_store, lambda route: route.abort() if number_of(route.request.url) > "2" else route.continue_())
        visit.run("upload", {"size": FILM, "profile": "films"})
        visit.run("waits")
        visit.open("")
        page.unroute(to_store)  # not before: the older page tries again and again
        [interrupted] = visit.run("listInterrupted")
        visit.run("upload", {"size": FILM, "profile": "films"})
        end = visit.run("end")
        assert end["id"] == interrupted
        assert_arrived(api, rgw_bucket, end, FILM)
        assert visit.parts == ["3", "4"]
        assert visit.run("listInterrupted") == []
