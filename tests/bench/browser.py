"""The browser client's multipart beside Uppy's, in one Chromium.

A page on its own origin sends the same file to the same service and the same Ceph RGW, from the first call until the
upload is confirmed, by our client, by Uppy as it comes, and by Uppy with parts of our size. They take turns in an order
that rotates, each with a browser context and a file of its own, and what was sent is deleted again. The first round
only warms up.
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, sync_playwright
from tests.bench.result import Row
from tests.browsers.site import client_site
from tests.e2e.conftest import Service, service_on
from tests.support.pages import CHROMIUM, QUIET
from tests.support.servers import VALETKEY, running_valetkey
from tests.support.stores import Bucket, fresh_bucket
from tests.uppy.bundle import bundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.place import Place

MIB = 1024**2
PROFILE = f'[profiles.films]\nmax_size = {1024**3}\ncontent_types = ["video/*"]\n'

FILE = """async (size) => {
    const blocks = Array.from({length: size / 2 ** 20}, (_, number) => new Uint8Array(2 ** 20).fill(number));
    window.file = new File(blocks, "film.mp4", {type: "video/mp4"});
    await file.slice(0, 1).arrayBuffer();
}"""

OURS = """async ([endpoint, ticket]) => {
    const {createUploader} = await import("/index.js");
    const begun = performance.now();
    await createUploader({endpoint, token: ticket}).upload(file).done;
    return performance.now() - begun;
}"""

UPPYS = """async ([endpoint, ticket, partSize]) => {
    const options = {companionEndpoint: `${endpoint}/uppy/${ticket}`, ...(partSize && {getChunkSize: () => partSize})};
    const begun = performance.now();
    const uppy = new Uppy().use(AwsS3, options);
    uppy.addFile({name: file.name, type: file.type, data: file});
    const {failed} = await uppy.upload();
    if (failed.length) throw failed[0].error;
    return performance.now() - begun;
}"""


@dataclass(frozen=True)
class Contender:
    """A way to upload: its script, and the bytes of a part where it is told."""

    name: str
    script: str
    part_size: int | None = None


OUR_CLIENT = Contender("@valetkey/client", OURS)
UPPY = Contender("Uppy", UPPYS)
UPPY_WITH_OUR_PARTS = Contender("Uppy, parts of 8 MiB", UPPYS, 8 * MIB)
CONTENDERS = (OUR_CLIENT, UPPY, UPPY_WITH_OUR_PARTS)


@dataclass(frozen=True)
class Track:
    """Where they run."""

    browser: Browser
    service: Service
    page_url: str
    size: int

    def seconds(self, contender: Contender) -> float:
        """One upload; RuntimeError when the service has not confirmed it with all its bytes."""
        api = self.service.api.http
        ticket = api.post("/v1/tickets", json={"profile": "films"}).raise_for_status().json()["ticket"]
        with self.browser.new_context() as context:
            page = context.new_page()
            page.goto(self.page_url)
            page.add_script_tag(path=bundle("v6"))
            page.evaluate(FILE, self.size)
            script, endpoint = contender.script, self.service.server.base_url
            taken: float = page.evaluate(script, [endpoint, ticket, contender.part_size])
        self._clear()
        return taken / 1000

    def _clear(self) -> None:
        api = self.service.api.http
        [upload] = api.get("/v1/uploads", params={"state": "confirmed"}).raise_for_status().json()["uploads"]
        if upload["object"]["size"] != self.size:
            raise RuntimeError(f"the object has {upload['object']['size']} bytes")
        api.delete(f"/v1/uploads/{upload['id']}").raise_for_status()


def measure(track: Track, rounds: int) -> dict[Contender, list[float]]:
    """Seconds of each round but the first."""
    taken: dict[Contender, list[float]] = {contender: [] for contender in CONTENDERS}
    for number in range(rounds + 1):
        turn = number % len(CONTENDERS)
        for contender in CONTENDERS[turn:] + CONTENDERS[:turn]:
            seconds = track.seconds(contender)
            if number:
                taken[contender].append(seconds)
    return taken


@contextmanager
def track(folder: Path, bucket: Bucket, size: int, env: dict[str, str]) -> Iterator[Track]:
    """A service on `bucket`, with `env` besides, a page and a browser; its files are in `folder`."""
    (folder / "valetkey.toml").write_text(PROFILE)
    bucket.allow_pages()
    with ExitStack() as stack:
        page_url = f"http://127.0.0.1:{stack.enter_context(client_site())}/"
        env = {"VALETKEY_CORS_ORIGINS": page_url[:-1]} | env
        server = stack.enter_context(running_valetkey(folder, bucket, env=env, executable=[VALETKEY]))
        playwright = stack.enter_context(sync_playwright())
        browser = stack.enter_context(playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET))
        yield Track(browser, service_on(server, bucket), page_url, size)


def rows(place: Place) -> Iterator[Row]:
    """Beside Uppy as it comes, and beside Uppy with parts of our size."""
    folder, size = place.fresh("browser"), 200 * MIB
    with fresh_bucket(place.rgw) as bucket, track(folder, bucket, size, {}) as ready:
        taken = measure(ready, place.rounds(9))
    medians = {contender: statistics.median(seconds) for contender, seconds in taken.items()}
    for other in (UPPY, UPPY_WITH_OUR_PARTS):
        work = f"browser client, {size // MIB} MiB, loopback"
        yield Row(work, medians[OUR_CLIENT], 1, "s", other.name, medians[other], at_least=False)
