"""Lists of uploads, and conditional requests for one upload."""

from secrets import token_hex

import pytest
from tests.e2e.api import Api, Json, assert_problem
from tests.e2e.conftest import Service


@pytest.fixture(scope="module")
def reader(service: Service) -> Api:
    """A client whose account has seven uploads: three of `images`, one confirmed, one aborted."""
    api = service.other_key(f"reader-{token_hex(4)}")  # a worker that goes on with this module makes another one
    for _ in range(3):
        api.create("image/png", profile="images", size=10)
    made = [api.create() for _ in range(4)]
    assert made[0].post(b"x").status == 201
    api.confirm(made[0].id)
    assert api.http.delete(f"/v1/uploads/{made[1].id}").status_code == 204
    return api


def page(api: Api, **params: str | int) -> Json:
    answer = api.http.get("/v1/uploads", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_newest_first_and_the_callers_own(reader: Api, service: Service) -> None:
    """All seven, newest first; another account's upload is not among them."""
    foreign = service.api.create()
    uploads = page(reader)["uploads"]
    assert len(uploads) == 7
    ids = [upload["id"] for upload in uploads]
    assert ids == sorted(ids, reverse=True)
    assert foreign.id not in ids
    assert uploads[-1] == reader.upload(ids[-1])


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_the_cursor_walks_all_and_none_twice(reader: Api, limit: int) -> None:
    """Pages of every size put together are the whole list; the last one has no cursor."""
    whole = [upload["id"] for upload in page(reader)["uploads"]]
    found: list[str] = []
    cursor: str | None = None
    for _ in range(8):
        answer = page(reader, limit=limit, **({"cursor": cursor} if cursor else {}))
        assert len(answer["uploads"]) <= limit
        found += [upload["id"] for upload in answer["uploads"]]
        if (cursor := answer["next_cursor"]) is None:
            break
    assert cursor is None
    assert found == whole


def test_an_upload_made_meanwhile_moves_no_page(service: Service) -> None:
    """The cursor names a place, not a number: new uploads do not shift what follows."""
    api = service.other_key("meanwhile")
    old = [api.create().id for _ in range(4)]
    first = page(api, limit=2)
    api.create()
    second = page(api, limit=2, cursor=first["next_cursor"])
    assert [upload["id"] for upload in second["uploads"]] == [old[1], old[0]]


def test_filters(reader: Api) -> None:
    """By state, by profile, by both; a filter that nothing meets gives an empty list."""
    assert {upload["state"] for upload in page(reader, state="confirmed")["uploads"]} == {"confirmed"}
    assert len(page(reader, state="pending")["uploads"]) == 5
    assert len(page(reader, state="aborted")["uploads"]) == 1
    assert {upload["profile"] for upload in page(reader, profile="images")["uploads"]} == {"images"}
    assert len(page(reader, profile="images", state="pending")["uploads"]) == 3
    assert page(reader, profile="images", state="confirmed") == {"uploads": [], "next_cursor": None}
    first = page(reader, profile="images", limit=2)
    rest = page(reader, profile="images", limit=2, cursor=first["next_cursor"])
    assert (len(rest["uploads"]), rest["next_cursor"]) == (1, None)


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "100000"},
        {"limit": "x"},
        {"state": "gone"},
        {"cursor": "nonsense"},
        {"cursor": "'; drop table uploads;--"},
    ],
    ids=str,
)
def test_a_bad_parameter_is_said_to_be_bad(reader: Api, params: dict[str, str]) -> None:
    """Which one, in a problem document with 422."""
    answer = reader.http.get("/v1/uploads", params=params)
    problem = assert_problem(answer, 422, answer.json()["code"])
    assert next(iter(params)) in str(problem)


def test_an_etag_saves_the_body_until_something_changes(api: Api) -> None:
    """`If-None-Match` with the current ETag is 304 without a body; after a change it is 200 with another ETag."""
    created = api.create()
    path = f"/v1/uploads/{created.id}"
    etag = api.http.get(path).headers["etag"]
    same = api.http.get(path, headers={"If-None-Match": etag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert api.http.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert created.post(b"x").status == 201
    api.confirm(created.id)
    changed = api.http.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag
    assert changed.json()["state"] == "confirmed"
