"""The applications of `fastapi.md` and `django.md` as written there: with a browser, webhooks and strangers."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Browser, expect
from standardwebhooks import Webhook
from tests.docs.blocks import ROOT, blocks_of
from tests.docs.page import Page, running_page
from tests.e2e.api import wait_for
from tests.support.pages import PATIENCE
from tests.support.stores import Rgw

from valetkey.client import Client, Upload, UploadNotFound

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
OWNER = "user-17"
POLICY = "default-src 'none'; script-src {service}; connect-src 'self' {service} {store}; img-src 'self' blob:"
META = '<meta http-equiv="Content-Security-Policy" content="{policy}">'
"""In the template: a response that Playwright makes up may not load anything from loopback."""


@dataclass
class Recipe:
    """The application of a page while it runs, and the service that it uses, by the key that it has."""

    url: str
    page: Page
    client: Client
    key: str

    @property
    def secret(self) -> str:
        assert self.page.server is not None
        return self.page.server.env["VALETKEY_WEBHOOK_SECRETS"]

    @property
    def service(self) -> str:
        assert self.page.server is not None
        return self.page.server.base_url

    @contextmanager
    def user(self) -> Iterator[httpx.Client]:
        """Somebody's browser, logged in as `OWNER`."""
        with httpx.Client(base_url=self.url, timeout=60) as http:
            assert http.get("/").status_code == 200
            yield http

    def sent(self, owner: str = OWNER, profile: str = "default") -> Upload:
        """A confirmed upload of somebody's, by a ticket as pages get it."""
        ticket = self.client.ticket(profile, owner=owner).ticket
        with Client(self.service, ticket) as page:
            return page.upload(PNG, filename="cat.png")

    def said_of(self, upload_id: str) -> list[str]:
        """The lines that the application has printed of an upload: one for each webhook that it has handled."""
        printed = [file.read_text(errors="replace") for file in self.page.shell.directory.glob(".*.out")]
        return [
            line for text in printed for line in text.splitlines() if line.startswith("upload.") and upload_id in line
        ]


@pytest.fixture(scope="module", params=["fastapi", "django"])
def recipe(request: pytest.FixtureRequest, rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recipe]:
    """Everything on the page up to the command that starts the application, run as it is written."""
    text = (ROOT / "service" / "docs" / f"{request.param}.md").read_text()
    blocks = list(blocks_of(text))
    with running_page(text, blocks, tmp_path_factory.mktemp(str(request.param)), lambda: rgw) as page:
        assert page.server is not None
        store = page.server.env["VALETKEY_S3_ENDPOINT_URL"]
        meta = META.format(policy=POLICY.format(service=page.server.base_url, store=store))
        for block in blocks:
            page.run(block, lambda *_: None)
            if block.language == "html" and block.title:  # ports in the text would become others
                template = page.shell.directory / block.title
                template.write_text(template.read_text().replace("<title>", f"{meta}<title>"))
            if page.application:
                break
        assert page.application is not None
        key = page.server.create_key("docs").key
        with Client(page.server.base_url, key) as client:
            yield Recipe(page.application, page, client, key)


def album_of(user: httpx.Client, *ids: str) -> httpx.Response:
    """The form as the page sends it, with the token that its framework has in it, if any."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(.+?)"', user.get("/").text)
    return user.post("/albums", data={"photos": list(ids)} | ({"csrfmiddlewaretoken": token[1]} if token else {}))


def assert_refused(answer: httpx.Response, status: int, code: str) -> None:
    """With the service's own code, and nothing of ours."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert "Traceback" not in answer.text


@pytest.mark.needs("browser", "pages")
def test_a_photo_from_the_page_to_the_album(recipe: Recipe, chromium: Browser) -> None:
    """Chosen, uploaded by a ticket that the page gets itself, claimed by the form, and announced; under the policy that
    the documentation names."""
    wrong: list[str] = []
    with chromium.new_context() as context:
        tab = context.new_page()
        tab.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        tab.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # these applications have none
        tab.goto(recipe.url)
        assert tab.locator("meta[http-equiv]").count() == 1
        with tab.expect_file_chooser() as chooser:
            tab.get_by_role("button", name="Choose files").click()
        chooser.value.set_files({"name": "cat.png", "mimeType": "image/png", "buffer": PNG})
        expect(tab.locator("valet-upload [part~=confirmed]")).to_have_count(1, timeout=PATIENCE)
        tab.get_by_role("button", name="Save").click()
        tab.wait_for_url("**/albums")
        made = json.loads(tab.locator("body").inner_text())
    assert wrong == []
    assert made["photos"] == ["cat.png"]
    [upload] = [one for one in recipe.client.list() if one.claim and one.claim.reference == f"album:{made['id']}"]
    assert (upload.owner, upload.state) == (OWNER, "confirmed")
    assert wait_for(lambda: len(recipe.said_of(upload.id)) > 0)
    assert recipe.said_of(upload.id) == [f"upload.confirmed {upload.id} {OWNER}"]


def test_ids_that_are_not_the_users(recipe: Recipe) -> None:
    """Another owner's, a deleted one, one that never was, and what is no id: not found, all the same."""
    others, gone, mine = recipe.sent("user-18"), recipe.sent(), recipe.sent()
    recipe.client.delete(gone.id)
    never = mine.id[:-4] + ("0000" if mine.id[-4:] != "0000" else "0001")
    with recipe.user() as user:
        for text in (others.id, never, "garbage", "../tickets", f"{mine.id}/../{others.id}", "' OR 1=1 --"):
            assert_refused(album_of(user, mine.id, text), 404, "upload_not_found")
        assert_refused(album_of(user, gone.id), 409, "state_conflict")
    assert recipe.client.get(mine.id).claim is None  # one of them is refused: none is taken
    assert recipe.client.get(others.id).claim is None


def test_uploads_of_another_application(recipe: Recipe) -> None:
    """It has a key of its own, and may have users of the same names: its uploads are not found."""
    assert recipe.page.server is not None
    stranger = recipe.page.server.create_key("strangers").key
    with Client(recipe.service, stranger) as other:
        ours = other.upload(PNG, filename="cat.png", owner=OWNER)
    with recipe.user() as user:
        assert_refused(album_of(user, ours.id), 404, "upload_not_found")
    with pytest.raises(UploadNotFound):
        recipe.client.get(ours.id)


def test_ids_that_are_not_confirmed(recipe: Recipe) -> None:
    """A form that was sent too early, or by hand."""
    pending = recipe.client.create(filename="a.png", content_type="image/png", size=5, owner=OWNER).upload
    mine = recipe.sent()
    with recipe.user() as user:
        assert_refused(album_of(user, mine.id, pending.id), 409, "state_conflict")
    assert recipe.client.get(mine.id).claim is None


def test_what_is_claimed_elsewhere(recipe: Recipe) -> None:
    """By another part of the application, or by this form a moment ago; what was claimed stays so."""
    elsewhere, mine = recipe.sent(), recipe.sent()
    recipe.client.claim(elsewhere.id, "avatar:17", owner=OWNER)
    with recipe.user() as user:
        assert_refused(album_of(user, mine.id, elsewhere.id), 409, "already_claimed")
        assert recipe.client.get(mine.id).claim is None
        first = album_of(user, mine.id, mine.id)
        assert (first.status_code, first.json()["photos"]) == (201, ["cat.png"])
        assert_refused(album_of(user, mine.id), 409, "already_claimed")
    claims = [recipe.client.get(one.id).claim for one in (elsewhere, mine)]
    assert [claim.reference for claim in claims if claim] == ["avatar:17", f"album:{first.json()['id']}"]


def test_strangers(recipe: Recipe) -> None:
    """Without a login there is no ticket, no album and no photo; a page's ticket does not do what the key does."""
    mine = recipe.sent()
    with recipe.user() as user, httpx.Client(base_url=recipe.url) as stranger:
        made = album_of(user, mine.id).json()
        assert stranger.post("/tickets", json={"profile": "default"}).status_code == 401
        assert stranger.post("/albums", data={"photos": mine.id}).status_code in {401, 403}
        assert stranger.get(f"/albums/{made['id']}/{mine.id}").status_code in {401, 404}
        assert user.get(f"/albums/{made['id']}/{mine.id}").is_redirect
        assert user.get(f"/albums/{mine.id}/{mine.id}").status_code == 404
        ticket = user.post("/tickets", json={"profile": "secret", "owner": "root"}).json()["ticket"]
    for call in ("claim", "release"):
        answer = httpx.post(
            f"{recipe.service}/v1/uploads/{mine.id}/{call}",
            json={"reference": "stolen"},
            headers={"Authorization": f"Bearer {ticket}"},
        )
        assert answer.status_code in {403, 404}, answer.text


def webhook(recipe: Recipe, upload: Upload, number: int = 0) -> tuple[str, dict[str, str]]:
    """One of the service's form, with its secret; the id is another one for each number."""
    body = json.dumps(
        {"type": "upload.confirmed", "timestamp": "2026-01-01T00:00:00Z", "data": upload.model_dump(mode="json")}
    )
    now, webhook_id = datetime.now(UTC), f"{upload.id}-{number}"
    signature = Webhook(recipe.secret).sign(webhook_id, now, body)
    stamp = str(int(now.timestamp()))
    return body, {"webhook-id": webhook_id, "webhook-timestamp": stamp, "webhook-signature": signature}


def test_webhooks_that_are_forged_or_come_again(recipe: Recipe) -> None:
    """A forged one is 401 and does nothing; a replayed one is as good as received, and is handled once."""
    upload = recipe.client.create(filename="a.png", content_type="image/png", size=5, owner=OWNER).upload
    body, headers = webhook(recipe, upload)
    forged = [
        (body, {}),
        (body.replace(OWNER, "mallory"), headers),
        (body, headers | {"webhook-id": f"{upload.id}-9"}),
        (body, headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 3600)}),
        (body, headers | {"webhook-signature": "v1,AAAA"}),
        (body, headers | {"webhook-signature": "nonsense"}),
        (body, headers | {"webhook-timestamp": "1e400"}),
    ]
    with httpx.Client(base_url=recipe.url) as sender:
        for content, said in forged:
            assert sender.post("/hooks/valetkey", content=content, headers=said).status_code == 401, said
        assert recipe.said_of(upload.id) == []
        for _ in range(3):
            assert sender.post("/hooks/valetkey", content=body, headers=headers).status_code == 204
        again, others = webhook(recipe, upload, 1)
        assert sender.post("/hooks/valetkey", content=again, headers=others).status_code == 204
    assert wait_for(lambda: len(recipe.said_of(upload.id)) >= 2)
    assert len(recipe.said_of(upload.id)) == 2
