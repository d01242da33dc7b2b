"""A shop's page in a real browser, a service on another origin, and RGW on a third, behind a line that can be cut."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.browsers.drivers import LAUNCH, Browser, Page
from tests.browsers.line import AccessLog, Line, Sent
from tests.browsers.site import client_site
from tests.e2e.conftest import Service, service_on
from tests.support.servers import running_valetkey, running_worker
from tests.support.stores import Rgw, fresh_bucket

MIB = 1024**2
PATIENCE = 60
"""Seconds that a part may take to arrive, on a machine that has other things to do."""

PROFILES = f"""
[profiles.films]
content_types = ["video/*"]
max_size = {1024**3}

[profiles.parts]
max_size = {1024**3}
multipart_from = {5 * MIB}
part_size = {5 * MIB}

[profiles.brief]
expires_in = 2
multipart_from = {5 * MIB}
part_size = {5 * MIB}

[profiles.photos]
content_types = ["image/*"]
max_size = {MIB}
detect = "reject"
"""


@dataclass
class Shop:
    """All but the browser."""

    service: Service
    line: Line
    log: AccessLog
    port: int
    _visits: int = field(default=0)

    def cors_rule(self) -> Any:
        """For the page by its address; by the name `localhost` it is another origin."""
        return {
            "AllowedOrigins": [f"http://127.0.0.1:{self.port}"],
            "AllowedMethods": ["POST", "PUT"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"],
        }

    def visit(self, browser: Browser, profile: str, host: str = "127.0.0.1", page: str = "") -> "Visit":
        """A customer opens the page, with a ticket that the shop's server asked for."""
        self._visits += 1
        owner = f"customer-{self._visits}"
        asked = {"profile": profile, "owner": owner}
        ticket = self.service.api.http.post("/v1/tickets", json=asked).raise_for_status().json()["ticket"]
        query = urlencode(
            {"endpoint": self.service.server.base_url, "ticket": ticket, "owner": owner, "profile": profile}
        )
        return Visit(self, Page(browser, f"http://{host}:{self.port}/{page}?{query}"), owner, self.log.size)


@dataclass(frozen=True)
class Visit:
    """One customer's page, and what came of it."""

    shop: Shop
    page: Page
    owner: str
    begun: int

    def uploads(self) -> Any:
        """Those of this customer, by their names."""
        listed = self.shop.service.api.http.get("/v1/uploads", params={"limit": 200}).json()["uploads"]
        return {one["filename"]: one for one in listed if one["owner"] == self.owner}

    def upload(self) -> Any:
        """The one upload of this customer."""
        [upload] = self.uploads().values()
        return upload

    def content(self, upload: Any = None) -> bytes:
        """What is at S3 in the end, of this upload or of the only one."""
        bucket = self.shop.service.bucket
        key = (upload or self.upload())["object"]["key"]
        return bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"].read()

    def sent(self, since: int | None = None) -> list[Sent]:
        """What S3 was sent since then (the beginning), without the copy to the final key, which has no part number."""
        log = self.shop.log.sent(self.shop.service.bucket.name, self.begun if since is None else since)
        return [one for one in log if one.method == "POST" or (one.method == "PUT" and one.part)]

    def refusals(self) -> int:
        """How often S3 answered 403; RGW does so to the preflight of a URL that has expired, too."""
        return [one.status for one in self.shop.log.sent(self.shop.service.bucket.name, self.begun)].count(403)

    def get_half_way(self) -> None:
        """Returns when S3 has a part: six share the line, so half of the file is sent then, and little of the rest."""
        deadline = time.monotonic() + PATIENCE
        while not (self.uploads() and self.listed_parts()):
            assert time.monotonic() < deadline, "S3 has no part of it"
            time.sleep(0.1)

    def stored_parts(self) -> set[int]:
        """The parts that S3 has, as soon as it works on no further one."""
        before: set[int] | None = None
        while before != (now := self.listed_parts()):
            before = now
            time.sleep(0.5)
        return now

    def listed_parts(self) -> set[int]:
        """The parts that S3 has now."""
        answer = self.shop.service.api.http.get(f"/v1/uploads/{self.upload()['id']}/parts").raise_for_status()
        return {part["number"] for part in answer.json()["parts"]}


@pytest.fixture(scope="module", params=list(LAUNCH))
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Each of the three, with one tab."""
    with LAUNCH[request.param](tmp_path_factory.mktemp(request.param)) as browser:
        yield browser


@pytest.fixture(scope="module")
def running_shop(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, with a worker that looks at photos; not for the whole run, as an idle one takes CPU, too."""
    directory = tmp_path_factory.mktemp("shop")
    (directory / "valetkey.toml").write_text(PROFILES)
    with ExitStack() as stack:
        port = stack.enter_context(client_site())
        line = stack.enter_context(Line(rgw.endpoint_url))
        bucket = stack.enter_context(fresh_bucket(rgw))
        origins = f"http://127.0.0.1:{port},http://localhost:{port}"
        env = {"VALETKEY_CORS_ORIGINS": origins, "VALETKEY_S3_PUBLIC_ENDPOINT_URL": line.url}
        server = stack.enter_context(running_valetkey(directory, bucket, env=env))
        stack.enter_context(running_worker(server))
        shop = Shop(service_on(server, bucket), line, AccessLog(Path(rgw.directory) / "radosgw.log"), port)
        bucket.client.put_bucket_cors(Bucket=bucket.name, CORSConfiguration={"CORSRules": [shop.cors_rule()]})
        yield shop


@pytest.fixture
def shop(running_shop: Shop) -> Iterator[Shop]:
    """The shop, on a line that is as fast as it can be until the test says otherwise."""
    yield running_shop
    running_shop.line.delay = 0


@pytest.fixture
def visit(shop: Shop, browser: Browser) -> Callable[..., Visit]:
    """`visit(profile, host=...)`: the page in this browser."""
    return lambda profile, **options: shop.visit(browser, profile, **options)
