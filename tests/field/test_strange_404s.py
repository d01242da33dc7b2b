"""E. A 404 from in front of the store: a proxy without a backend, or an ingress that routes unknown paths elsewhere.

Imitated, in the words of the default pages of nginx, Traefik, Kubernetes' ingress ("default backend - 404"), Spring's
gateway, and Envoy, which has none. By its status alone it said that there is no such object, or no such parts.
"""

import threading
from datetime import timedelta

import pytest
from tests.field.desk import MakeDesk
from tests.support.store_proxy import Answer, Quirk, Request, quirky
from tests.support.store_quirks import When
from tests.support.stores import Rgw, fresh_bucket, running_moto

from valetkey.core.errors import StoreUnavailable

PROFILES = """
[profiles.parts]
multipart_from = 1
[profiles.detected]
detect = "reject"
"""
PAGES = {
    "nginx": ("text/html", b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n</body>\r\n</html>\r\n"),
    "traefik": ("text/plain; charset=utf-8", b"404 page not found\n"),
    "kubernetes": ("text/plain; charset=utf-8", b"default backend - 404"),
    "gateway": ("application/json", b'{"timestamp":"2026-11-28","path":"/","status":404,"error":"Not Found"}'),
    "envoy": (None, b""),
}


class APage(Quirk):
    """Answers ``operations`` with a page of its own, and asks nobody."""

    def __init__(self, operations: set[str], page: str) -> None:
        self.operations = operations
        self.content_type, self.body = PAGES[page]

    def before(self, request: Request) -> Answer | None:
        if request.operation not in self.operations:
            return None
        body = b"" if request.method == "HEAD" else self.body
        headers = [("Server", "front"), ("Content-Length", str(len(body)))]
        return Answer(404, [*headers, *([("Content-Type", self.content_type)] if self.content_type else [])], body=body)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("profile", "operations"),
    [
        ("default", {"HEAD", "GET"}),
        ("default", {"COPY"}),
        ("detected", {"GET"}),
        ("parts", {"LIST_PARTS"}),
        ("parts", {"COMPLETE"}),
        ("parts", {"HEAD", "GET", "LIST_PARTS", "COMPLETE"}),
    ],
)
def test_it_says_nothing_of_what_is_there(
    profile: str, operations: set[str], page: str, rgw: Rgw, make_desk: MakeDesk
) -> None:
    """The store counts as unavailable, and the upload is confirmed when it is back: nothing was missing."""
    shown = threading.Event()
    with quirky(rgw, When(shown.is_set, APage(operations, page))) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(b"bytes", profile=profile)
        shown.set()
        for _ in range(2):
            answer = desk.complete(created)  # a copy that was begun is waited for
            assert answer.get("code") == "store_unavailable" or answer.get("state") == "stored", answer
        desk.make_due(created)
        desk.work()
        assert desk.kept(created).state in {"pending", "stored"}
        shown.clear()
        desk.make_due(created, patience=timedelta(minutes=10))
        desk.work()
        assert desk.complete(created)["state"] == "confirmed"


@pytest.mark.parametrize("page", PAGES)
def test_what_was_not_removed_is_not_gone(page: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """Who removes an object while it stands there is told that it is not removed."""
    shown = threading.Event()
    quirk = APage({"DELETE", "DELETE_MANY"}, page)
    with quirky(rgw, When(shown.is_set, quirk)) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket)
        created = desk.sent(b"bytes")
        shown.set()
        with pytest.raises(StoreUnavailable):
            desk.valetkey.sweep._store.delete(f"staging/{created['upload']['id']}")
        shown.clear()


def test_a_store_whose_404_looks_like_that(make_desk: MakeDesk) -> None:
    """Moto's HEAD has HTML's type and no id of the request: a GET tells that it is its own."""
    with running_moto() as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket)
        created = desk.create(5)
        answer = desk.http.post(f"/v1/uploads/{created['upload']['id']}/complete", json={})
        assert answer.status_code == 202, answer.text
