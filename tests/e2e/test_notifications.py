"""Events that RGW pushes, and events posted to the endpoint by hand."""

import hashlib
from functools import partial
from urllib.parse import quote

import httpx
import pytest
from tests.e2e.api import Json, assert_problem, wait_for
from tests.e2e.conftest import Service
from tests.e2e.rgw_events import created_event, pushing
from tests.support.parallel import in_parallel

ETAG = hashlib.md5(b"x").hexdigest()


def endpoint_and_opaque(service: Service, secret: str, carried_by: str) -> tuple[str, str | None]:
    """Where RGW is told to push, with the secret in the URL or as the topic's OpaqueData."""
    if carried_by == "query":
        return f"{service.event_url}?secret={quote(secret, safe='')}", None
    return service.event_url, secret


@pytest.mark.parametrize("carried_by", ["query", "opaque data"])
def test_rgw_confirms_an_upload_whose_client_said_nothing(service: Service, carried_by: str) -> None:
    """The push alone confirms; the copy to the final key, which RGW pushes too, disturbs nothing."""
    endpoint, opaque = endpoint_and_opaque(service, service.event_secret, carried_by)
    created = service.api.create("text/plain", size=1)
    with pushing(service.bucket, endpoint, opaque, prefix=""):
        assert created.post(b"x").status == 201
        assert wait_for(lambda: service.api.upload(created.id)["state"] == "confirmed")
    upload = service.api.upload(created.id)
    assert upload["confirmed_by"] == "event"
    assert upload["object"]["etag"] == ETAG
    assert service.final_keys(created.id) == [upload["object"]["key"]]
    assert service.object_keys(created.staging_key) == []


@pytest.mark.parametrize("carried_by", ["query", "opaque data"])
def test_a_push_with_another_secret_confirms_nothing(service: Service, carried_by: str) -> None:
    """A topic that somebody else made reaches nothing; the client's own word still works."""
    endpoint, opaque = endpoint_and_opaque(service, "not-the-secret", carried_by)
    created = service.api.create("text/plain", size=1)
    with pushing(service.bucket, endpoint, opaque):
        created.post(b"x")
    assert service.api.upload(created.id)["state"] == "pending"
    assert created.post(b"x").status == 201
    service.api.confirm(created.id)


@pytest.mark.parametrize("prefix", ["staging/", ""], ids=["staging", "whole bucket"])
def test_many_pushes_at_once_all_confirm(own_service: Service, prefix: str) -> None:
    """RGW waits for each push. Without a prefix it also pushes each copy that a push led to: no knot of that."""
    endpoint, _ = endpoint_and_opaque(own_service, own_service.event_secret, "query")
    uploads = [own_service.api.create("text/plain", size=1) for _ in range(24)]
    with pushing(own_service.bucket, endpoint, prefix=prefix):
        answers = in_parallel([partial(created.post, b"x") for created in uploads])
        assert {answer.status for answer in answers} == {201}
        assert wait_for(lambda: {own_service.api.upload(created.id)["state"] for created in uploads} == {"confirmed"})


def post(service: Service, body: Json, secret: str | None = None) -> httpx.Response:
    params = {"secret": service.event_secret if secret is None else secret}
    return httpx.post(service.event_url, params=params, json=body, timeout=60)


def test_the_webhook_counts_what_became_of_events(service: Service) -> None:
    """Confirmed once; repeated, foreign and unknown ones are ignored, in one body or in several."""
    bucket = service.bucket.name
    created = service.api.create("text/plain", size=1)
    assert created.post(b"x").status == 201
    ours = created_event(bucket, created.staging_key, 1, ETAG)["Records"]
    foreign = created_event("someone-elses", created.staging_key, 1, ETAG)["Records"]
    unknown = created_event(bucket, "holiday/é.png", 1, ETAG)["Records"]
    first = post(service, {"Records": [*foreign, *unknown, *ours]})
    assert (first.status_code, first.json()) == (200, {"confirmed": 1, "rejected": 0, "ignored": 2})
    assert service.api.upload(created.id)["confirmed_by"] == "event"
    again = post(service, {"Records": ours})
    assert (again.status_code, again.json()) == (200, {"confirmed": 0, "rejected": 0, "ignored": 1})


def test_an_event_is_only_a_hint(service: Service) -> None:
    """What an event says of an object that is not there, or of another size, is not believed."""
    created = service.api.create("text/plain", size=1)
    answer = service.push_event(created, size=1, etag=ETAG)
    assert answer.json() == {"confirmed": 0, "rejected": 0, "ignored": 1}
    service.api.assert_still_pending(created.id)
    assert created.post(b"x").status == 201
    assert service.push_event(created, size=999, etag="0" * 32).json()["confirmed"] == 1
    assert service.api.upload(created.id)["object"]["size"] == 1


def test_an_object_that_breaks_its_grant_is_rejected(service: Service) -> None:
    """An object that came another way, with a wrong size, ends the upload as rejected and is removed."""
    created = service.api.create("text/plain", size=1)
    service.write(created, b"too long", "text/plain")
    assert service.push_event(created, size=1).json() == {"confirmed": 0, "rejected": 1, "ignored": 0}
    upload = service.api.upload(created.id)
    assert (upload["state"], upload["reason"]["code"], upload["object"]) == ("rejected", "size_mismatch", None)
    assert service.final_keys(created.id) == []
    assert service.object_keys(created.staging_key) == []


def test_an_object_of_another_type_is_rejected(service: Service) -> None:
    """The type at S3 has to be the granted one."""
    created = service.api.create("text/plain", size=1)
    service.write(created, b"x", "text/html")
    answer = service.api.complete(created.id)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["reason"]["code"]) == ("rejected", "type_mismatch")
    assert service.final_keys(created.id) == []


@pytest.mark.parametrize("secret", ["", "wrong", "é", "x" * 5000])
def test_strangers_push_nothing(service: Service, secret: str) -> None:
    """Without the secret an event is refused, whatever it says."""
    created = service.api.create("text/plain", size=1)
    assert created.post(b"x").status == 201
    body = created_event(service.bucket.name, created.staging_key, 1, ETAG, opaque=secret)
    answer = post(service, body, secret=secret)
    assert answer.status_code in {401, 403}, answer.text
    assert_problem(answer, answer.status_code, "sender_refused")
    assert service.api.upload(created.id)["state"] == "pending"


def test_one_record_without_the_secret_spoils_the_push(service: Service) -> None:
    """With the secret as OpaqueData, every record has to carry it."""
    created = service.api.create("text/plain", size=1)
    assert created.post(b"x").status == 201
    bucket, key = service.bucket.name, created.staging_key
    good = created_event(bucket, "staging/x", 1, ETAG, opaque=service.event_secret)["Records"]
    bad = created_event(bucket, key, 1, ETAG, opaque="guess")["Records"]
    answer = httpx.post(service.event_url, json={"Records": [*good, *bad]})
    assert answer.status_code in {401, 403}, answer.text
    assert service.api.upload(created.id)["state"] == "pending"


@pytest.mark.parametrize("sender", ["minio", "sns", "nobody"])
def test_a_sender_that_is_not_switched_on_is_not_there(service: Service, sender: str) -> None:
    """A sender without its secret, or an unknown one, answers 404."""
    url = f"{service.server.base_url}/v1/events/{sender}"
    answer = httpx.post(url, params={"secret": service.event_secret}, json={"Records": []})
    assert_problem(answer, 404, "sender_unknown")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"Records": 3}', b"{}", b"\xff", b"{"])
def test_a_push_that_is_no_event_is_refused(service: Service, body: bytes) -> None:
    """Right secret, nonsense inside: a problem document, and never a 5xx, which RGW would repeat for ever."""
    answer = httpx.post(service.event_url, params={"secret": service.event_secret}, content=body)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_bad_record_in_a_push_spoils_no_good_one(service: Service) -> None:
    """It is counted as ignored: RGW would repeat a refused push for ever, or lose the good record with the bad one."""
    created = service.api.create("text/plain", size=1)
    assert created.post(b"x").status == 201
    [good] = created_event(service.bucket.name, created.staging_key, 1, ETAG)["Records"]
    answer = post(service, {"Records": [{}, None, {"eventName": "ObjectRemoved:Delete"}, good]})
    assert (answer.status_code, answer.json()) == (200, {"confirmed": 1, "rejected": 0, "ignored": 3})
