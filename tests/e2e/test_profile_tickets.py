"""Profile tickets on a running service: what a browser without an API key may do, and what a hostile one may not."""

import base64
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.api import Api, Created, assert_problem
from tests.e2e.conftest import Service, running_service, write_profiles
from tests.support.stores import Bucket

PNG = {"filename": "cat.png", "content_type": "image/png", "size": 10}
CONTENT = b"0123456789"


def ticket(api: Api, **wanted: Any) -> str:
    """A new ticket for the profile `images` unless `wanted` says otherwise."""
    answer = api.http.post("/v1/tickets", json={"profile": "images"} | wanted)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"ticket", "expires_at"}
    return str(answer.json()["ticket"])


@pytest.fixture
def holder(api: Api) -> Api:
    """A browser that has nothing but a ticket."""
    return api.with_token(ticket(api, owner="ann"))


def create(holder: Api, **wanted: Any) -> Created:
    return Created(**holder.http.post("/v1/uploads", json=PNG | wanted).raise_for_status().json())


def test_the_whole_way_with_nothing_but_a_ticket(service: Service, holder: Api) -> None:
    """Created, read, renewed, sent to RGW, confirmed and downloaded; the key's holder sees it, too."""
    created = create(holder)
    assert (created.upload["profile"], created.upload["owner"]) == ("images", "ann")
    assert holder.upload(created.id) == created.upload
    renewed = Created(**holder.http.post(f"/v1/uploads/{created.id}/grant").raise_for_status().json())
    assert renewed.post(CONTENT).status == 201
    assert holder.confirm(created.id)["state"] == "confirmed"
    link = holder.http.get(f"/v1/uploads/{created.id}/download")
    assert httpx.get(link.headers["location"]).content == CONTENT
    assert created.id in [one["id"] for one in service.api.http.get("/v1/uploads").json()["uploads"]]
    assert service.api.with_token(created.ticket).upload(created.id)["state"] == "confirmed"


NOWHERE = "0192f0c1-2b3c-7d4e-8f50-123456789abc"
ALLOWED = [
    ("POST /v1/uploads", PNG, 201),
    ("POST /v1/uploads/batch", {"uploads": [PNG]}, 200),
    ("GET /v1/uploads", None, 403),
    ("POST /v1/tickets", {"profile": "images"}, 403),
    ("GET /v1/uploads/{own}", None, 200),
    ("POST /v1/uploads/{own}/grant", None, 200),
    ("POST /v1/uploads/{own}/complete", {}, 202),
    ("GET /v1/uploads/{own}/download", None, 409),
    ("DELETE /v1/uploads/{own}", None, 204),
    ("GET /v1/uploads/{confirmed}", None, 200),
    ("GET /v1/uploads/{confirmed}/download", None, 303),
    ("DELETE /v1/uploads/{confirmed}", None, 403),
    *[
        (f"{method} /v1/uploads/{{{whose}}}{path}", None, 404)
        for whose in ("keys", "other", "nobody")
        for method, path in [
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "/grant"),
            ("POST", "/complete"),
            ("GET", "/download"),
        ]
    ],
]


@pytest.mark.parametrize(("call", "body", "status"), ALLOWED)
def test_what_a_ticket_opens(api: Api, holder: Api, call: str, body: Any, status: int) -> None:
    """Each call, on its own uploads, on the key's, on those of another ticket of the same account, on none."""
    confirmed = create(holder)
    assert confirmed.post(CONTENT).status == 201
    holder.confirm(confirmed.id)
    ids = {
        "own": create(holder).id,
        "confirmed": confirmed.id,
        "keys": api.create().id,
        "other": create(api.with_token(ticket(api, owner="ann"))).id,
        "nobody": NOWHERE,
    }
    answer = holder.http.request(*call.format(**ids).split(), json=body)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert_problem(answer, 403, "forbidden")
    if status == 404:
        assert_problem(answer, 404, "upload_not_found")
    assert [api.upload(ids[name])["state"] for name in ("keys", "other")] == ["pending"] * 2
    assert api.upload(confirmed.id)["state"] == "confirmed"


def test_a_ticket_of_another_profile_or_owner(holder: Api) -> None:
    """What the body asks for beyond the ticket is forbidden, and the answer says what the ticket is for."""
    refused = assert_problem(holder.http.post("/v1/uploads", json=PNG | {"profile": "default"}), 403, "forbidden")
    assert "'images'" in refused["detail"]
    assert_problem(holder.http.post("/v1/uploads", json=PNG | {"owner": "bob"}), 403, "forbidden")
    batch = holder.http.post("/v1/uploads/batch", json={"uploads": [PNG, PNG | {"profile": "default"}]}).json()[
        "results"
    ]
    assert batch[0]["upload"]["owner"] == "ann"
    assert (batch[1]["error"]["status"], batch[1]["error"]["code"]) == (403, "forbidden")
    assert create(holder, profile="images", owner="ann").upload["owner"] == "ann"


def test_bent_claims(api: Api, holder: Api) -> None:
    """Another profile, owner, account, end or number under the old signature: a stranger, on every call."""
    assert holder.token is not None
    kind, claims, signature = holder.token.split(".")
    known = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    for place, value in enumerate(["x" * 16, "stranger", "bob", "default", known[4] + 1, 5]):
        changed = [*known[:place], value, *known[place + 1 :]]
        bent = base64.urlsafe_b64encode(json.dumps(changed, separators=(",", ":")).encode()).rstrip(b"=").decode()
        thief = api.with_token(f"{kind}.{bent}.{signature}")
        assert_problem(thief.http.post("/v1/uploads", json=PNG), 401, "unauthenticated")
        assert_problem(thief.http.get(f"/v1/uploads/{NOWHERE}"), 401, "unauthenticated")
    assert_problem(api.with_token(f"vt_u.{claims}.{signature}").http.get("/v1/uploads"), 401, "unauthenticated")


def test_one_idempotency_key_of_two_tickets(api: Api, holder: Api) -> None:
    """Nobody gets another's upload by guessing its key: neither another ticket's holder, nor one with the API key's."""
    other = api.with_token(ticket(api, owner="ann"))
    body = PNG | {"profile": "images", "owner": "ann"}
    answers = [
        one.http.post("/v1/uploads", json=body, headers={"Idempotency-Key": "guessed"})
        for one in (holder, other, api, holder, other, api)
    ]
    assert [answer.status_code for answer in answers] == [201] * 6
    ids = [answer.json()["upload"]["id"] for answer in answers]
    assert len(set(ids[:3])) == 3
    assert ids[3:] == ids[:3]
    assert ["idempotency-replayed" in answer.headers for answer in answers] == [False] * 3 + [True] * 3


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"profile": "nothing"}, "unknown_profile"),
        ({"profile": None}, "invalid_request"),
        ({"ttl": 59}, "invalid_request"),
        ({"ttl": 604_801}, "invalid_request"),
        ({"ttl": "60"}, "invalid_request"),
        ({"max_uploads": 0}, "invalid_request"),
        ({"max_uploads": 1_000_001}, "invalid_request"),
        ({"owner": ""}, "invalid_request"),
        ({"more": 1}, "invalid_request"),
    ],
)
def test_tickets_that_are_not_made(api: Api, wanted: dict[str, Any], code: str) -> None:
    """422, and where the culprit is."""
    assert assert_problem(api.http.post("/v1/tickets", json={"profile": "images"} | wanted), 422, code)["errors"]


def test_tickets_are_in_no_log(service: Service, holder: Api) -> None:
    """Neither in the header nor, by a mistake, in a path."""
    create(holder)
    holder.http.get(f"/v1/{holder.token}/uploads")
    assert holder.token is not None
    assert holder.token.split(".")[1] not in service.server.log


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, rgw_bucket: Bucket, tmp_path: Path) -> Iterator[list[Service]]:
    """Two services on one ledger."""
    env = write_profiles(tmp_path)
    if request.param == "postgresql":
        env["VALETKEY_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    with ExitStack() as stack:
        first = stack.enter_context(running_service(tmp_path, rgw_bucket, env))
        own = {"VALETKEY_PORT", "VALETKEY_PUBLIC_URL"}
        shared = {
            name: value for name, value in first.server.env.items() if name.startswith("VALETKEY_") and name not in own
        }
        (tmp_path / "second").mkdir()
        yield [first, stack.enter_context(running_service(tmp_path / "second", rgw_bucket, shared))]


def test_max_uploads_is_exact(pair: list[Service]) -> None:
    """1,000 creations at once at two services, some with a key sent twice: 100 uploads, and 403 for the rest."""
    text = ticket(pair[0].api, max_uploads=100)
    clients = cycle([service.api.with_token(text).http for service in pair])

    def ask(number: int) -> httpx.Response:
        headers = {"Idempotency-Key": f"key {number // 2}"} if number < 40 else {}
        answer = next(clients).post("/v1/uploads", json=PNG, headers=headers)
        for _ in range(30):  # two services and one SQLite file: a lock that was waited for too long says try again
            if answer.status_code != 503:
                break
            time.sleep(int(answer.headers["retry-after"]))
            answer = next(clients).post("/v1/uploads", json=PNG, headers=headers)
        return answer

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(ask, range(1000)))
    refused = [answer for answer in answers if answer.status_code != 201]
    assert Counter(answer.json()["code"] for answer in refused) == {"ticket_used_up": len(refused)}
    assert {answer.status_code for answer in refused} == {403}
    made = {answer.json()["upload"]["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 100
    listed = pair[1].api.http.get("/v1/uploads", params={"limit": 200}).json()["uploads"]
    assert {upload["id"] for upload in listed} == made
    assert_problem(next(clients).post("/v1/uploads/batch", json={"uploads": [PNG]}), 403, "ticket_used_up")
    assert next(clients).get(f"/v1/uploads/{made.pop()}").status_code == 200
