"""`GET /v1/uploads?id=…&id=…`: many uploads in one call, which an app requests after a restart."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from tests.support import ledgers
from werkzeug.test import TestResponse

from valetkey import Profile
from valetkey.app import Installed
from valetkey.core.access.api_keys import Scope
from valetkey.core.model.upload import new_upload_id

WANTED = {"filename": "a.txt", "content_type": "text/plain", "size": 1}


class Service:
    """An application with two API keys and a scanner's, and what its clients ask."""

    def __init__(self, mount: Callable[..., Installed], settings: Any) -> None:
        app = Flask("named")
        profiles = {"default": Profile("default"), "photos": Profile("photos")}
        mount(app, settings=settings.model_copy(update={"auth": "keys"}), profiles=profiles, allow_open=False)
        self.http = app.test_client()
        url = settings.database_url
        self.key, self.other = (ledgers.create_key(url, name)[1] for name in ("shop", "stranger"))
        self.scanner = ledgers.create_key(url, "scanner", Scope.VERDICT)[1]

    def create(self, bearer: str, **wanted: Any) -> dict[str, Any]:
        answer = self.http.post("/v1/uploads", json=WANTED | wanted, headers=_as(bearer))
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    def ids(self, bearer: str, count: int) -> list[str]:
        return [str(self.create(bearer)["upload"]["id"]) for _ in range(count)]

    def ticket(self) -> str:
        asked = {"profile": "photos", "owner": "ann"}
        return str(self.http.post("/v1/tickets", json=asked, headers=_as(self.key)).get_json()["ticket"])

    def look(self, bearer: str, ids: Sequence[str], **more: str) -> TestResponse:
        query = [("id", one) for one in ids] + list(more.items())
        return self.http.get("/v1/uploads", query_string=query, headers=_as(bearer))


def _as(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"}


@pytest.fixture
def service(mount: Callable[..., Installed], settings: Any) -> Service:
    return Service(mount, settings)


def found(answer: TestResponse) -> tuple[list[str], list[str]]:
    """The ids that were found, and those that were not."""
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert body["next_cursor"] is None
    return [one["id"] for one in body["uploads"]], body["not_found"]


def test_each_is_shown_as_it_is_alone(service: Service) -> None:
    """In the order of the call, each once; and nothing keeps the answer."""
    first, second, third = service.ids(service.key, 3)
    answer = service.look(service.key, [third, first, third, second])
    assert found(answer) == ([third, first, second], [])
    alone = [service.http.get(f"/v1/uploads/{one}", headers=_as(service.key)).get_json() for one in (third, first)]
    assert answer.get_json()["uploads"][:2] == alone
    assert "no-store" in answer.headers["Cache-Control"]


def test_what_is_not_there_is_named(service: Service) -> None:
    """Others', those of nobody and what is no id at all: one like the other, and each once."""
    [own] = service.ids(service.key, 1)
    [others] = service.ids(service.other, 1)
    missing = [others, new_upload_id(), str(uuid4()), own.upper(), "undefined", "'--", "../../v1/keys", "a" * 36]
    assert found(service.look(service.key, [*missing, own, *missing])) == ([own], missing)
    assert found(service.look(service.key, missing)) == ([], missing)


def test_who_sees_which(service: Service) -> None:
    """A key its account's, a ticket what was created with it, an upload's own ticket that one; a scanner nothing."""
    [of_key] = service.ids(service.key, 1)
    ticket, another = service.ticket(), service.ticket()
    made = service.create(ticket)
    of_ticket, of_another = made["upload"]["id"], service.create(another)["upload"]["id"]
    [of_other] = service.ids(service.other, 1)
    ids = [of_key, of_ticket, of_another, of_other]
    seen = {
        name: found(service.look(bearer, ids))[0]
        for name, bearer in {
            "key": service.key,
            "ticket": ticket,
            "own": made["ticket"],
            "other": service.other,
        }.items()
    }
    assert seen == {
        "key": [of_key, of_ticket, of_another],
        "ticket": [of_ticket],
        "own": [of_ticket],
        "other": [of_other],
    }
    for ids in ([of_key], [new_upload_id()], ["garbage"]):
        assert service.look(service.scanner, ids).get_json()["code"] == "forbidden"
    assert service.look("vt_u.nobody", [of_key]).status_code == 401


@pytest.mark.parametrize("count", [1, 99, 100])
def test_up_to_a_hundred(service: Service, count: int) -> None:
    """Of one call, whatever there is of them."""
    ids = [new_upload_id() for _ in range(count)]
    assert found(service.look(service.key, ids)) == ([], ids)


@pytest.mark.parametrize(
    ("ids", "status", "code"),
    [
        ([new_upload_id() for _ in range(101)], 422, "invalid_request"),
        ([new_upload_id()] * 101, 422, "invalid_request"),
        ([new_upload_id() for _ in range(1001)], 414, "request_uri_too_long"),
        ([""], 422, "invalid_request"),
        (["a" * 37], 422, "invalid_request"),
        (["blank space"], 422, "invalid_request"),
        (["é\x00"], 422, "invalid_request"),
    ],
    ids=["101", "101 of one", "1001", "empty", "long", "blank", "no ASCII"],
)
def test_what_is_refused(service: Service, ids: list[str], status: int, code: str) -> None:
    """Too many, and what nobody would take for an id: with the place that is wrong."""
    answer = service.look(service.key, ids)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    if status == 422:
        assert {one["pointer"].split("/")[1] for one in answer.get_json()["errors"]} == {"id"}


@pytest.mark.parametrize("more", [{"state": "pending"}, {"profile": "photos"}, {"cursor": "x"}])
def test_names_are_not_mixed_with_filters(service: Service, more: dict[str, str]) -> None:
    """Whoever names uploads and filters them would take those that are left out for lost."""
    [own] = service.ids(service.key, 1)
    answer = service.look(service.key, [own], **more)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == f"/{next(iter(more))}"


def test_a_limit_is_none_of_them(service: Service) -> None:
    """Clients that are generated send its default: it cuts off nothing that is named."""
    ids = service.ids(service.key, 3)
    assert found(service.look(service.key, ids, limit="1")) == (ids, [])


def test_a_list_is_what_it_was(service: Service) -> None:
    """Without a name it says nothing of names, and is not for tickets."""
    [own] = service.ids(service.key, 1)
    listed = service.look(service.key, []).get_json()
    assert ([one["id"] for one in listed["uploads"]], listed.keys()) == ([own], {"uploads", "next_cursor"})
    assert service.look(service.ticket(), []).status_code == 403
