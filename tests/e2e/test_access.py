"""Permissions of API keys, of tickets, and without a credential."""

import pytest
from tests.e2e.api import Api, Created, assert_problem, wait_for
from tests.e2e.conftest import Service

MISSING = "0192f0c1-2b3c-7d4e-8f50-123456789abc"


@pytest.fixture
def created(api: Api) -> Created:
    return api.create()


@pytest.fixture
def holder(api: Api, created: Created) -> Api:
    """A client that has nothing but the ticket of `created`."""
    return api.with_token(created.ticket)


def test_a_ticket_reads_renews_and_completes_its_upload(holder: Api, created: Created) -> None:
    """With the ticket alone a client goes the whole way from the grant to the confirmed upload."""
    assert holder.upload(created.id) == created.upload
    renewal = holder.http.post(f"/v1/uploads/{created.id}/grant")
    assert renewal.status_code == 200, renewal.text
    assert Created(**renewal.json()).post(b"x").status == 201
    assert holder.confirm(created.id)["state"] == "confirmed"
    assert holder.upload(created.id)["state"] == "confirmed"


def test_a_ticket_aborts_its_upload(holder: Api, created: Created) -> None:
    """DELETE with the ticket aborts the pending upload."""
    assert holder.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    assert holder.upload(created.id)["state"] == "aborted"


def test_a_ticket_creates_and_lists_nothing(holder: Api) -> None:
    """A ticket for one upload is no key: neither creation nor the list is open to it."""
    wanted = {"filename": "f", "content_type": "text/plain", "size": 1}
    assert_problem(holder.http.post("/v1/uploads", json=wanted), 403, "forbidden")
    assert_problem(holder.http.post("/v1/uploads/batch", json={"uploads": [wanted]}), 403, "forbidden")
    assert_problem(holder.http.get("/v1/uploads"), 403, "forbidden")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/grant"), ("POST", "/complete"), ("DELETE", ""), ("GET", "/download")],
)
def test_a_ticket_opens_no_other_upload(api: Api, holder: Api, method: str, path: str) -> None:
    """Another upload, also of the same owner, looks like one that does not exist."""
    other = api.create()
    answer = holder.http.request(method, f"/v1/uploads/{other.id}{path}")
    assert_problem(answer, 404, "upload_not_found")
    assert api.upload(other.id)["state"] == "pending"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/uploads"),
        ("POST", "/v1/uploads/batch"),
        ("GET", "/v1/uploads"),
        ("GET", "/v1/uploads/{id}"),
        ("POST", "/v1/uploads/{id}/grant"),
        ("POST", "/v1/uploads/{id}/complete"),
        ("DELETE", "/v1/uploads/{id}"),
        ("GET", "/v1/uploads/{id}/download"),
        ("POST", "/v1/tickets"),
    ],
)
@pytest.mark.parametrize("token", [None, "vk_wrong", "vt_x.y.z", "vt_p.W10.x", "é"])
def test_strangers_are_asked_who_they_are(
    api: Api, created: Created, method: str, path: str, token: str | None
) -> None:
    """Without a credential, or with one that is not ours, every call is 401, and says which scheme to use."""
    answer = api.with_token(token).http.request(method, path.format(id=created.id))
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_bent_ticket_is_worth_nothing(api: Api, created: Created) -> None:
    """Each part of a ticket is signed: any changed character makes it a stranger's."""
    for position in range(0, len(created.ticket), 7):
        old = created.ticket[position]
        bent = created.ticket[:position] + ("A" if old != "A" else "B") + created.ticket[position + 1 :]
        answer = api.with_token(bent).http.get(f"/v1/uploads/{created.id}")
        assert_problem(answer, 401, "unauthenticated")


def test_another_key_sees_nothing_of_ours(service: Service, created: Created) -> None:
    """Uploads belong to the key's name: under another name they are neither read, changed nor listed."""
    stranger = service.other_key("stranger")
    for method, path in [("GET", ""), ("POST", "/grant"), ("POST", "/complete"), ("DELETE", "")]:
        answer = stranger.http.request(method, f"/v1/uploads/{created.id}{path}")
        assert_problem(answer, 404, "upload_not_found")
    assert stranger.http.get("/v1/uploads").json() == {"uploads": [], "next_cursor": None}
    assert service.api.upload(created.id)["state"] == "pending"


def test_an_unknown_upload_looks_like_a_foreign_one(service: Service, created: Created) -> None:
    """Nobody can tell from an answer which ids exist."""
    stranger = service.other_key("stranger-two")
    foreign = stranger.http.get(f"/v1/uploads/{created.id}").json()
    unknown = stranger.http.get(f"/v1/uploads/{MISSING}").json()
    assert {**foreign, "detail": ""} == {**unknown, "detail": ""}
    assert foreign["detail"].replace(created.id, "") == unknown["detail"].replace(MISSING, "")


def test_a_revoked_key_is_a_strangers(service: Service) -> None:
    """`keys revoke` ends what a key may do within its five seconds, without a restart."""
    key = service.server.create_key("leaver")
    leaver = service.api.with_token(key.key)
    assert leaver.http.get("/v1/uploads").status_code == 200
    service.revoke_key(key.id)
    assert wait_for(lambda: leaver.http.get("/v1/uploads").status_code != 200)
    assert_problem(leaver.http.get("/v1/uploads"), 401, "unauthenticated")
