"""`Idempotency-Key`: a repeated creation creates nothing twice."""

from datetime import datetime

import httpx
import pytest
from tests.e2e.api import Api, Created, Json, assert_problem
from tests.e2e.conftest import Service
from tests.support.parallel import in_parallel

WANTED = {"filename": "f.txt", "content_type": "text/plain", "size": 1, "metadata": {}}


def create(api: Api, key: str, body: Json = WANTED) -> httpx.Response:
    return api.http.post("/v1/uploads", json=body, headers={"Idempotency-Key": key})


def assert_same(later: Json, first: Json) -> None:
    """One upload; what was asked for in another second is valid for longer."""
    ends = [datetime.fromisoformat(upload["expires_at"]) for upload in (first, later)]
    assert ends == sorted(ends)
    assert later | {"expires_at": None} == first | {"expires_at": None}


def test_the_same_request_again_gives_the_same_upload_and_a_valid_grant(api: Api) -> None:
    """A client that lost the answer asks again, and can go on with what it gets."""
    first, second = create(api, "again-1"), create(api, "again-1")
    assert (first.status_code, second.status_code) == (201, 201), second.text
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    created, upload = Created(**second.json()), first.json()["upload"]
    assert_same(created.upload, upload)
    assert created.post(b"x").status == 201
    assert api.with_token(created.ticket).confirm(created.id)["id"] == upload["id"]


def test_the_same_request_after_the_end_tells_the_end(api: Api) -> None:
    """Once the upload is confirmed there is nothing to grant: the answer shows the confirmed upload."""
    created = Created(**create(api, "again-2").json())
    assert created.post(b"x").status == 201
    confirmed = api.confirm(created.id)
    again = create(api, "again-2")
    assert again.status_code == 201, again.text
    assert again.json()["upload"] == confirmed
    assert again.json()["grant"] is None


def test_spelling_of_the_body_does_not_matter(api: Api) -> None:
    """The same request with its fields in another order and with defaults written out is the same request."""
    first = create(api, "again-3").json()
    turned = {"size": 1, "profile": "default", "content_type": "text/plain", "filename": "f.txt"}
    assert_same(create(api, "again-3", turned).json()["upload"], first["upload"])


@pytest.mark.parametrize("change", [{"size": 2}, {"filename": "g.txt"}, {"content_type": "text/html"}])
def test_another_body_under_the_same_key_is_refused(api: Api, change: Json) -> None:
    """A key that was used for something else is an error of the client, and makes nothing."""
    key = f"changed-{next(iter(change))}"
    first = create(api, key).json()["upload"]
    assert_problem(create(api, key, WANTED | change), 422, "idempotency_key_reused")
    again = create(api, key).json()["upload"]
    assert again | {"expires_at": ""} == first | {"expires_at": ""}  # a second later its grant is a renewed one


def test_many_at_once_make_one_upload(service: Service) -> None:
    """Requests with one key that arrive together get one upload between them."""
    api = service.other_key("at-once")
    answers = in_parallel([lambda: create(api, "at-once")] * 8)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["upload"]["id"] for answer in answers}) == 1
    assert len(api.http.get("/v1/uploads").json()["uploads"]) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 7


def test_keys_of_two_accounts_do_not_meet(service: Service) -> None:
    """Two API keys of different names may use the same text."""
    other = service.other_key("same-text")
    mine, theirs = create(service.api, "shared-text").json(), create(other, "shared-text").json()
    assert mine["upload"]["id"] != theirs["upload"]["id"]


@pytest.mark.parametrize("key", ["x" * 5000, ""])
def test_a_key_that_cannot_be_one_is_refused(api: Api, key: str) -> None:
    """Too long or empty: 422 as a problem document."""
    assert_problem(create(api, key), 422, "invalid_request")
