"""E. Something else responds in the store's place, and its status is mistaken for the store's.

Reported: Traefik's "404 page not found" while what is behind it is being exchanged (traefik/traefik #621 and #5332).
Maintenance pages with status 200 are imitated. A deletion that is answered so has removed nothing, and the ledger said
that it has; a listing has shown nothing, and a tag is not set. A firewall's 405 and a load balancer's 501 (imitated)
were taken for a store that cannot do what was asked, and that was remembered.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.field.desk import Desk, Json, MakeDesk
from tests.support.store_proxy import Answer, Quirk, Request, quirky
from tests.support.stores import Bucket, Rgw, fresh_bucket

from valetkey.core.errors import StoreUnavailable

PAGES = {
    "maintenance": (200, "text/html", b"<!doctype html><title>Maintenance</title>Back soon"),
    "well-formed": (200, "application/xhtml+xml", b"<html><body>Back soon</body></html>"),
    "Traefik": (404, "text/plain; charset=utf-8", b"404 page not found\n"),
    "nginx": (404, "text/html", b"<html>\r\n<head><title>404 Not Found</title></head></html>\r\n"),
}
UNABLE = {
    "nginx": (405, "text/html", b"<html>\r\n<head><title>405 Not Allowed</title></head></html>\r\n"),
    "Kong": (405, "application/json; charset=utf-8", b'{"message":"Method not allowed"}'),
    "Pound": (501, "text/html", b"<html><head><title>501</title></head>This method may not be used.</html>"),
    "nothing": (501, "application/octet-stream", b""),
}
TEXT = b"plain text"
PROFILES = """
[profiles.parts]
multipart_from = 1
[profiles.tagged]
tags = { a = "b" }
"""


class Stranger(Quirk):
    """Answers some operations in the store's place, while it is there."""

    def __init__(self, page: str) -> None:
        self.status, self.kind, self.body = (PAGES | UNABLE)[page]
        self.operations: set[str] = set()

    def before(self, request: Request) -> Answer | None:
        if request.operation in self.operations or self.operations & request.parameters.keys():
            said = [("Content-Type", self.kind), ("Content-Length", str(len(self.body)))]
            return Answer(self.status, said, body=self.body)
        return None


@pytest.fixture(params=PAGES)
def stranger(request: pytest.FixtureRequest) -> Stranger:
    return Stranger(request.param)


@pytest.fixture(params=[False, True], ids=["plain", "versions"])
def bucket(request: pytest.FixtureRequest, stranger: Stranger, rgw: Rgw) -> Iterator[Bucket]:
    """One behind the stranger, with versions or without."""
    with quirky(rgw, stranger) as server, fresh_bucket(server) as made:
        if request.param:
            made.client.put_bucket_versioning(Bucket=made.name, VersioningConfiguration={"Status": "Enabled"})
        yield made
        stranger.operations = set()


def confirmed(desk: Desk, **asked: str) -> Json:
    created = desk.sent(TEXT, **asked)
    assert desk.complete(created)["state"] == "confirmed"
    desk.stored()
    return created


def deleted(desk: Desk, created: Json) -> int:
    return desk.http.delete(f"/v1/uploads/{created['upload']['id']}").status_code


@pytest.mark.parametrize("operations", [{"DELETE", "DELETE_MANY"}, {"LIST_VERSIONS"}], ids=["deletions", "versions"])
def test_nothing_is_deleted_by_a_page(
    operations: set[str], stranger: Stranger, bucket: Bucket, make_desk: MakeDesk
) -> None:
    """It is a 503, and the object's removal is tried again; no delete marker is all that becomes of it."""
    desk = make_desk(bucket)
    created = confirmed(desk)
    before = desk.versions()
    stranger.operations = operations
    answer = deleted(desk, created)
    stranger.operations = set()
    if operations == {"LIST_VERSIONS"} and "Status" not in bucket.client.get_bucket_versioning(Bucket=bucket.name):
        assert (answer, desk.stored()) == (204, [])  # nobody asks for versions there
        return
    assert (answer, desk.versions()) == (503, before)
    assert deleted(desk, created) == 204
    assert desk.versions() == []


def test_nothing_is_erased_by_a_page(stranger: Stranger, bucket: Bucket, make_desk: MakeDesk) -> None:
    """The job of an owner's erasure goes on until the store itself has answered: the ledger forgot what was there."""
    desk = make_desk(bucket)
    created = confirmed(desk)
    stranger.operations = {"DELETE", "DELETE_MANY"}
    assert desk.http.delete(f"/v1/owners/{created['upload']['owner']}").status_code == 202
    list(desk.valetkey.core.eraser.run())
    stranger.operations = set()
    assert desk.kept(created).object is not None


def test_no_parts_are_given_up_by_a_page(stranger: Stranger, rgw: Rgw, make_desk: MakeDesk) -> None:
    """Nor is an upload in parts ended by one: it is an error like that of a store that is away."""
    with quirky(rgw, stranger) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        begun = desk.kept(desk.sent(TEXT, profile="parts")).multipart
        assert begun is not None
        assert begun.id is not None
        stranger.operations = {"ABORT"}
        with pytest.raises(StoreUnavailable):
            desk.valetkey.store.abort_multipart(begun.key, begun.id)
        stranger.operations = set()
        desk.valetkey.store.abort_multipart(begun.key, begun.id)
        assert desk.valetkey.store.parts(begun.key, begun.id) is None


def test_no_tags_are_set_by_a_page(stranger: Stranger, bucket: Bucket, make_desk: MakeDesk) -> None:
    """What is confirmed has them: RGW 16 loses those of a copy, so they are set by a call of their own."""
    desk = make_desk(bucket, PROFILES)
    created = desk.sent(TEXT, profile="tagged")
    stranger.operations = {"tagging"}
    problem = desk.complete(created)
    assert (problem.get("status"), problem.get("code")) == (503, "store_unavailable"), problem
    stranger.operations = set()
    desk.make_due(created, patience=timedelta(hours=1))
    desk.work()
    done = desk.upload(created)
    assert done["state"] == "confirmed", done
    found = bucket.client.get_object_tagging(Bucket=bucket.name, Key=done["object"]["key"])
    assert found["TagSet"] == [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize("page", UNABLE)
def test_a_page_says_nothing_of_what_the_store_is_able_to_do(page: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """No upload in parts is granted while it stands there, and the next one is; one of a store is believed."""
    stranger = Stranger(page)
    with quirky(rgw, stranger) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        asked = {"filename": "a.txt", "content_type": "text/plain", "size": len(TEXT), "profile": "parts"}
        stranger.operations = {"LIST_PARTS"}
        answer = desk.http.post("/v1/uploads", json=asked)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable"), answer.text
        assert "front of the store" in answer.text or "store's place" in answer.text
        stranger.operations = set()
        assert desk.complete(desk.sent(TEXT, profile="parts"))["state"] == "confirmed"
