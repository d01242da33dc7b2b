"""A page on another origin, in a real browser, with only a ticket."""

from collections.abc import Callable

from playwright.sync_api import Browser
from tests.e2e.api import Api
from tests.support.pages import empty_site
from tests.support.servers import ValetkeyServer
from tests.support.stores import Bucket

UPLOAD = """async ([api, ticket]) => {
    const call = (path, body, more) => fetch(api + path, {
        method: "POST",
        headers: {Authorization: `Bearer ${ticket}`, "Content-Type": "application/json", ...more},
        body: JSON.stringify(body),
    });
    try {
        const asked = {filename: "cat.png", content_type: "image/png", size: 5};
        const created = await call("/v1/uploads", asked, {"Idempotency-Key": crypto.randomUUID()});
        const {upload, grant} = await created.json();
        const form = new FormData();
        for (const [name, value] of Object.entries(grant.fields)) form.append(name, value);
        form.append("file", new Blob(["hello"]));
        const sent = await fetch(grant.url, {method: "POST", body: form});
        const done = await (await call(`/v1/uploads/${upload.id}/complete`, {})).json();
        const refused = await call("/v1/tickets", {profile: "default"});
        const missing = await call("/v1/nothing", {});
        return {
            location: created.headers.get("Location"), id: upload.id, sent: sent.status,
            etag: (await sent.text()).match(/[0-9a-f]{32}/)[0], state: done.state,
            refused: (await refused.json()).code, missing: (await missing.json()).status,
        };
    } catch (error) {
        return {error: error.name};
    }
}"""


def test_a_page_of_another_origin(
    chromium: Browser, valetkey_server: Callable[..., ValetkeyServer], rgw_bucket: Bucket
) -> None:
    """An allowed page uploads by its ticket, sees the headers it needs and reads the errors; any other is kept out by
    the browser, and creates nothing."""
    rgw_bucket.allow_pages()
    with empty_site() as port:
        allowed, stranger = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        server = valetkey_server(rgw_bucket, env={"VALETKEY_CORS_ORIGINS": f"https://app.example,{allowed}"})
        api = Api(server.base_url, server.create_key("shop").key)
        ticket = api.http.post("/v1/tickets", json={"profile": "default"}).json()["ticket"]
        page = chromium.new_page()
        page.goto(stranger)
        assert page.evaluate(UPLOAD, [server.base_url, ticket]) == {"error": "TypeError"}
        assert api.http.get("/v1/uploads").json()["uploads"] == []
        page.goto(allowed)
        seen = page.evaluate(UPLOAD, [server.base_url, ticket])
        page.close()
    assert seen.pop("etag") == "5d41402abc4b2a76b9719d911017c592"
    assert seen.pop("location") == f"/v1/uploads/{seen['id']}"
    assert api.upload(seen.pop("id"))["state"] == "confirmed"
    assert seen == {"sent": 201, "state": "confirmed", "refused": "forbidden", "missing": 404}
