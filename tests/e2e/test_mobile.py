"""The needs of a phone app: all URLs before it is suspended, and the state of many uploads when it resumes."""

import os
import time
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.e2e.api import Api, Created, Json, assert_problem, signed_parts, stored_parts
from tests.e2e.conftest import Service
from tests.support.clients import put
from tests.support.servers import run_valetkey

PART = 5 * 1024**2
CONTENT = os.urandom(2 * PART + 7)


@pytest.fixture
def app(api: Api) -> Api:
    """An app that has nothing but a ticket, which its own server got for it."""
    answer = api.http.post("/v1/tickets", json={"profile": "mobile", "owner": "ann", "ttl": 604_800})
    return api.with_token(answer.raise_for_status().json()["ticket"])


def create(app: Api, size: int, **wanted: object) -> Created:
    body = {"filename": "film.mp4", "content_type": "video/mp4", "size": size, "signed_parts": 1000} | wanted
    return Created(**app.http.post("/v1/uploads", json=body).raise_for_status().json())


def send(part: Json, content: bytes) -> None:
    """As a background session does: of the answer nothing is kept but that it was good."""
    assert put(part["url"], part["headers"], content[(part["number"] - 1) * PART :][: part["size"]]).status == 200


def look(app: Api, *ids: str) -> tuple[dict[str, str], list[str]]:
    """The states of those that were found, and the ids that were not."""
    answer = app.http.get("/v1/uploads", params=[("id", one) for one in ids])
    assert answer.status_code == 200, answer.text
    return {one["id"]: one["state"] for one in answer.json()["uploads"]}, answer.json()["not_found"]


def test_a_thousand_parts_in_the_call_that_creates(service: Service, app: Api) -> None:
    """Each has a URL of its own that lives for a week, and S3 takes the first, one between and the last of them."""
    created = create(app, 1000 * PART)
    parts = created.grant["parts"]
    assert [part["number"] for part in parts] == list(range(1, 1001))
    assert len({part["url"] for part in parts}) == 1000
    for part in (parts[0], parts[499], parts[999]):
        [life] = parse_qs(urlsplit(part["url"]).query)["X-Amz-Expires"]
        assert 604_700 <= int(life) <= 604_800
        assert datetime.fromisoformat(part["expires_at"]) - datetime.fromisoformat(
            created.upload["created_at"]
        ) > timedelta(days=6.99)
        assert put(part["url"], part["headers"], bytes(PART)).status == 200
    assert [part["number"] for part in stored_parts(app, created.id)] == [1, 500, 1000]
    assert [part["number"] for part in signed_parts(app, created.id, range(1, 1001))] == list(range(1, 1001))
    too_many = app.http.post(f"/v1/uploads/{created.id}/parts", json={"numbers": list(range(1, 1002))})
    assert_problem(too_many, 422, "invalid_request")
    assert app.http.delete(f"/v1/uploads/{created.id}").status_code == 204


@pytest.mark.parametrize("number", [-1, 1001, "all", 1.5, None])
def test_a_number_of_urls_that_nobody_gets(app: Api, number: object) -> None:
    """At most as many as one call signs."""
    body = {"filename": "a", "content_type": "video/mp4", "size": PART, "signed_parts": number}
    problem = assert_problem(app.http.post("/v1/uploads", json=body), 422, "invalid_request")
    assert [one["pointer"] for one in problem["errors"]] == ["/signed_parts"]


def test_an_app_that_never_comes_back(service: Service, app: Api) -> None:
    """It is gone before its parts are sent, and says nothing any more: the sweep joins them, and they are confirmed."""
    created = create(app, len(CONTENT))
    for part in created.grant["parts"]:
        send(part, CONTENT)
    deadline = time.monotonic() + 90
    while look(app, created.id)[0] != {created.id: "confirmed"} and time.monotonic() < deadline:
        run_valetkey("uploads", "sweep", env=service.server.env, directory=service.server.directory)
        time.sleep(0.5)  # it is due after some seconds
    shown = app.upload(created.id)
    assert (shown["state"], shown["confirmed_by"], shown["size"]) == ("confirmed", "sweep", len(CONTENT))


def test_an_app_that_was_started_again(service: Service, app: Api) -> None:
    """It has the ids on its disk, and asks for all in one call; completes without ETags what is there, sends others."""
    sent, half, aborted = (create(app, len(CONTENT)) for _ in range(3))
    small = create(app, 5, method="put")
    for part in [*sent.grant["parts"], half.grant["parts"][1]]:
        send(part, CONTENT)
    assert put(small.grant["url"], small.grant["headers"], b"hello").status == 200
    app.confirm(small.id)
    app.http.delete(f"/v1/uploads/{aborted.id}").raise_for_status()
    others = service.api.create().id
    states, missing = look(app, sent.id, half.id, others, small.id, "lost", aborted.id, sent.id)
    assert states == {sent.id: "pending", half.id: "pending", small.id: "confirmed", aborted.id: "aborted"}
    assert missing == [others, "lost"]
    assert app.http.post(f"/v1/uploads/{sent.id}/complete").json()["state"] == "confirmed"  # without a body at all
    there = {part["number"] for part in stored_parts(app, half.id)}
    assert there == {2}
    for part in signed_parts(app, half.id, {1, 2, 3} - there):
        send(part, CONTENT)
    assert app.confirm(half.id)["size"] == len(CONTENT)
    assert look(app, sent.id, half.id)[0] == {sent.id: "confirmed", half.id: "confirmed"}
