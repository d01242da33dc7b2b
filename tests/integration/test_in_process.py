"""An application's own calls: a form on moto with API keys enabled, and the same calls on valetkey in memory."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, request
from tests.support import ledgers
from tests.support.clients import post_form
from tests.support.stores import Bucket
from werkzeug.exceptions import NotFound
from werkzeug.test import TestResponse

import valetkey as public
from valetkey import (
    AlreadyClaimed,
    ErasureNotFound,
    InvalidRequest,
    ObjectReplaced,
    Profile,
    StateConflict,
    Unauthenticated,
    Unavailable,
    UnknownProfile,
    UploadNotFound,
    ValetKey,
    ValetKeyError,
    WrongProfile,
    upload_deleted,
    upload_unclaimed,
)
from valetkey.app import installed_in
from valetkey.core.model.upload import Upload as Ended
from valetkey.settings import Settings
from valetkey.testing import MemoryValetKey

DAY = timedelta(days=1)
PROFILES = {
    "photos": Profile("photos", content_types=("image/*",), claim_within=DAY),
    "default": Profile("default"),
}
CAT = {"filename": "cat.png", "content_type": "image/png"}
JSON = {"Accept": "application/json"}


class Desk:
    """An application whose form accepts photos, and a browser that uploads with its tickets."""

    def __init__(self, app: Flask, valetkey: ValetKey | MemoryValetKey, send: Callable[[Any, bytes], int]) -> None:
        self.app, self.valetkey, self.send = app, valetkey, send
        self.http = app.test_client()
        add_views(app, valetkey)

    def granted(self, owner: str = "ann", profile: str = "photos", size: int = 5) -> dict[str, Any]:
        """A page of ``owner`` has requested an upload, with a ticket of the application."""
        ticket = self.http.post("/ticket", data={"owner": owner, "profile": profile}).text
        answer = self.http.post("/v1/uploads", json=CAT | {"size": size}, headers={"Authorization": f"Bearer {ticket}"})
        found: dict[str, Any] = answer.get_json()
        return found

    def uploaded(self, owner: str = "ann", profile: str = "photos", content: bytes = b"hello") -> str:
        """Its bytes are sent, too: the id of a confirmed upload."""
        granted = self.granted(owner, profile, len(content))
        assert self.send(granted["grant"], content) < 400
        upload_id: str = granted["upload"]["id"]
        done = self.http.post(
            f"/v1/uploads/{upload_id}/complete", headers={"Authorization": f"Bearer {granted['ticket']}"}
        )
        assert done.get_json()["state"] == "confirmed"
        return upload_id

    def post(self, *ids: str, owner: str = "ann", reference: str = "post:17", **headers: str) -> TestResponse:
        """Submits the form with these uploads."""
        data = {"photos": list(ids), "owner": owner, "reference": reference}
        return self.http.post("/posts", data=data, headers=headers)


def add_views(app: Flask, valetkey: ValetKey | MemoryValetKey) -> None:
    @app.post("/ticket")
    def ticket() -> str:
        return str(valetkey.ticket(request.form["profile"], owner=request.form["owner"], max_uploads=5, ttl=900))

    @app.post("/posts")
    def post() -> list[str]:
        reference = request.form["reference"] or None
        photos = valetkey.take("photos", owner=request.form["owner"], reference=reference, profile="photos")
        return [photo.object.key for photo in photos if photo.object]


@pytest.fixture
def on_moto(settings: Settings, moto_bucket: Bucket) -> Desk:
    server = moto_bucket.server
    session = server.session
    app = Flask("shop")
    valetkey = ValetKey(app, settings=settings.model_copy(update={"auth": "keys"}), session=session, profiles=PROFILES)
    ledgers.migrate(installed_in(app).settings.database_url)

    def send(grant: Any, content: bytes) -> int:
        return post_form(grant["url"], grant["fields"], content).status

    return Desk(app, valetkey, send)


def in_memory(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Desk:
    app = Flask("shop")
    valetkey = MemoryValetKey(app, profiles=PROFILES, clock=clock)

    def send(grant: Any, content: bytes) -> int:
        return valetkey.store.post(list(grant["fields"].items()), content).status

    return Desk(app, valetkey, send)


@pytest.fixture(params=["moto", "memory"])
def desk(request: pytest.FixtureRequest) -> Desk:
    found: Desk = request.getfixturevalue("on_moto") if request.param == "moto" else in_memory()
    return found


def test_a_form_takes_the_uploads_of_its_visitor(desk: Desk) -> None:
    """The whole way: tickets, uploads, the form; a repeated form has the same result, and another post is refused."""
    ids = [desk.uploaded(), desk.uploaded()]
    first = desk.post(*ids, "")
    keys = [upload.object.key for upload in map(desk.valetkey.get, ids) if upload.object]
    assert (first.status_code, first.get_json()) == (200, keys)
    assert desk.post(*ids).get_json() == keys
    assert {upload.claim and upload.claim.reference for upload in map(desk.valetkey.get, ids)} == {"post:17"}
    assert desk.post(*ids, reference="post:18").status_code == 409
    assert desk.post().get_json() == []


def test_what_a_visitor_may_not_take(desk: Desk) -> None:
    """Uploads of others, pending ones, ones of another profile, and malformed ids get a page that says so, never a
    500."""
    good, bens = desk.uploaded(), desk.uploaded("ben")
    pending: str = desk.granted()["upload"]["id"]
    other = desk.uploaded(profile="default")
    missing = good[:-1] + ("0" if good[-1] != "0" else "1")
    for upload_id, status, code in (
        (bens, 404, "upload_not_found"),
        (missing, 404, "upload_not_found"),
        ("../../etc/passwd", 404, "upload_not_found"),
        ("\x00", 404, "upload_not_found"),
        (pending, 409, "state_conflict"),
        (other, 422, "wrong_profile"),
    ):
        page = desk.post(good, upload_id, Accept="text/html,*/*;q=0.8")
        assert (page.status_code, page.mimetype) == (status, "text/html")
        document = desk.post(good, upload_id, **JSON)
        assert (document.status_code, document.mimetype) == (status, "application/problem+json")
        assert document.get_json()["code"] == code
    assert desk.valetkey.get(good).claim is None
    assert desk.post(good, owner="").status_code == 422
    assert desk.post(good, reference="x" * 256).status_code == 422


def test_ids_as_applications_have_them() -> None:
    """A UUID column does not return text, and a form without the field returns None: the first is an id, the second an
    unknown upload. Both were a `TypeError`, which visitors saw as a 500."""
    desk = in_memory()
    valetkey, kept = desk.valetkey, UUID(desk.uploaded())
    assert valetkey.get(kept).id == str(kept)
    for claimed in (kept, [kept], str(kept)):
        assert [one.id for one in valetkey.claim(claimed, owner="ann", reference="post:17")] == [str(kept)]
    assert str(kept) in valetkey.download_url(kept)
    assert [one.id for one in valetkey.release(kept, reference="post:17")] == [str(kept)]
    valetkey.delete(kept)
    missing: Any = None
    for call in (valetkey.get, valetkey.open, valetkey.download_url, valetkey.delete, valetkey.erasure):
        with pytest.raises((UploadNotFound, ErasureNotFound)):
            call(missing)
    with pytest.raises(UploadNotFound):
        valetkey.claim(missing, owner="ann", reference="post:17")
    with pytest.raises(UploadNotFound):
        valetkey.release([missing], reference="post:17")


def test_taking_without_a_reference_only_looks(desk: Desk) -> None:
    """It is for uploads that the application claims later: it refuses those that are claimed at all."""
    upload_id = desk.uploaded()
    assert desk.post(upload_id, reference="").status_code == 200
    assert desk.valetkey.get(upload_id).claim is None
    [claimed] = desk.valetkey.claim(upload_id, owner="ann", reference="post:17", profile="photos")
    assert claimed.claim is not None
    assert desk.valetkey.get(upload_id) == claimed
    assert desk.post(upload_id, reference="").status_code == 409
    [released] = desk.valetkey.release([upload_id], reference="post:17")
    assert released.claim is None
    assert desk.post(upload_id, reference="").status_code == 200


def test_the_calls_and_their_errors(desk: Desk) -> None:
    """Each raises an error that `valetkey` exports, and has no effect if the upload is not found."""
    mine, garbage = desk.uploaded(), "0197"
    calls: list[Callable[[str], object]] = [
        desk.valetkey.get,
        desk.valetkey.open,
        desk.valetkey.download_url,
        desk.valetkey.delete,
        lambda id_: desk.valetkey.claim(id_, owner="ann", reference="a"),
        lambda id_: desk.valetkey.release(id_, reference="a"),
    ]
    for call in calls:
        with pytest.raises(UploadNotFound):
            call(garbage)
    pending = desk.granted()["upload"]["id"]
    for call in (desk.valetkey.open, desk.valetkey.download_url, calls[4]):
        with pytest.raises(StateConflict):
            call(pending)
    with pytest.raises(WrongProfile):
        desk.valetkey.claim(mine, owner="ann", reference="a", profile="default")
    desk.valetkey.claim([mine], owner="ann", reference="a")
    with pytest.raises(AlreadyClaimed):
        desk.valetkey.release(mine, reference="b")
    with pytest.raises(UnknownProfile):
        desk.valetkey.ticket("nonsense", owner="ann")
    desk.valetkey.delete(mine)
    desk.valetkey.delete(mine)
    assert desk.valetkey.get(mine).state == "deleted"


def test_an_owner_that_is_nobody_is_no_wildcard(desk: Desk) -> None:
    """`current_user.get_id()` is None without a login: that means nobody, never everybody."""
    upload_id = desk.uploaded()
    nobody: Any = None
    for call in (
        lambda: desk.valetkey.ticket("photos", owner=nobody),
        lambda: desk.valetkey.claim(upload_id, owner=nobody, reference="a"),
    ):
        with pytest.raises(Unauthenticated, match="owner"):
            call()
    with desk.app.test_request_context(method="POST", data={"photos": upload_id}):
        for reference in (None, "a"):
            with pytest.raises(Unauthenticated, match="owner"):
                desk.valetkey.take("photos", owner=nobody, reference=reference)
    for ttl in (59, 604_801, nobody):
        with pytest.raises(InvalidRequest, match="ttl"):
            desk.valetkey.ticket("photos", owner="ann", ttl=ttl)


def test_an_object_is_read_as_a_file(desk: Desk) -> None:
    """A job reads it outside of any request; its URL needs no credential."""
    content = bytes(range(256)) * 1000
    upload_id = desk.uploaded(content=content)
    with desk.valetkey.open(upload_id, buffer_size=1000) as file:
        assert file.read(10) == content[:10]
        assert file.seek(-10, 2) == len(content) - 10
        assert file.read() == content[-10:]
        assert (file.seek(100_000), file.read(50)) == (100_000, content[100_000:100_050])
    assert "cat.png" in desk.valetkey.download_url(upload_id)


def test_a_replaced_object_is_a_conflict(on_moto: Desk, moto_bucket: Bucket) -> None:
    """Another object under the key, even of the same size, is an error in the middle of the file."""
    upload_id = on_moto.uploaded(content=b"a" * 5000)
    upload = on_moto.valetkey.get(upload_id)
    assert upload.object is not None
    with on_moto.valetkey.open(upload_id, buffer_size=100) as file:
        assert file.read(100) == b"a" * 100
        installed_in(on_moto.app).store.client.put_object(
            Bucket=moto_bucket.name, Key=upload.object.key, Body=b"b" * 5000
        )
        with pytest.raises(ObjectReplaced):
            file.read(100)


def test_the_object_shows_what_the_json_shows(desk: Desk) -> None:
    """The names and values are the same at every depth: pending, confirmed and claimed."""
    granted = desk.granted()
    headers = {"Authorization": f"Bearer {granted['ticket']}"}

    def compare(id_: str, headers: dict[str, str]) -> None:
        wire = desk.http.get(f"/v1/uploads/{id_}", headers=headers).get_json()
        ours = desk.app.json.loads(desk.app.json.dumps(asdict(desk.valetkey.get(id_)), default=_as_json))
        assert ours == wire

    compare(granted["upload"]["id"], headers)
    assert desk.send(granted["grant"], b"hello") < 400
    desk.http.post(f"/v1/uploads/{granted['upload']['id']}/complete", headers=headers)
    compare(granted["upload"]["id"], headers)
    desk.valetkey.claim(granted["upload"]["id"], owner="ann", reference="post:1")
    compare(granted["upload"]["id"], headers)


def _as_json(value: Any) -> str:
    assert isinstance(value, datetime)
    return value.isoformat().replace("+00:00", "Z")


def test_uploads_of_api_keys_are_not_the_applications(on_moto: Desk) -> None:
    """Its calls find uploads of its tickets, and an API key finds none of them."""
    key = _key(on_moto, "shop")
    theirs = on_moto.http.post("/v1/uploads", json=CAT | {"size": 5}, headers=key).get_json()["upload"]["id"]
    ours = on_moto.uploaded()
    with pytest.raises(UploadNotFound):
        on_moto.valetkey.get(theirs)
    assert on_moto.http.get(f"/v1/uploads/{ours}", headers=key).status_code == 404
    assert on_moto.http.get(f"/v1/uploads/{ours}", headers=_key(on_moto, "application")).status_code == 200


def test_claims_over_http(on_moto: Desk) -> None:
    """The same rules apply with an API key; a ticket may not claim or release, and a key may delete claimed uploads."""
    key, upload_id = _key(on_moto, "application"), on_moto.uploaded()
    path = f"/v1/uploads/{upload_id}"

    def call(what: str, headers: dict[str, str] = key, **body: Any) -> tuple[int, Any, Any]:
        answer = on_moto.http.post(f"{path}/{what}", json=body, headers=headers)
        said = answer.get_json()
        return answer.status_code, said.get("code"), said.get("claim")

    ticket = {"Authorization": f"Bearer {on_moto.valetkey.ticket('photos', owner='ann')}"}
    assert call("claim", ticket, reference="post:1")[:2] == (403, "forbidden")
    own = on_moto.granted()
    for what in ("claim", "release"):
        refused = on_moto.http.post(
            f"/v1/uploads/{own['upload']['id']}/{what}",
            json={"reference": "a"},
            headers={"Authorization": f"Bearer {own['ticket']}"},
        )
        assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    for body in ({}, {"reference": ""}, {"reference": "x" * 256}, {"reference": "a\x00"}, {"reference": "a", "x": 1}):
        assert call("claim", **body)[:2] == (422, "invalid_request")
        assert call("release", **body)[:2] == (422, "invalid_request")
    assert call("claim", reference="post:1", owner="ben")[:2] == (404, "upload_not_found")
    assert call("claim", reference="post:1", profile="default")[:2] == (422, "wrong_profile")
    status, _, claim = call("claim", reference="post:1", owner="ann", profile="photos")
    assert (status, claim["reference"]) == (200, "post:1")
    assert call("claim", reference="post:1") == (200, None, claim)
    assert call("claim", reference="post:2")[:2] == (409, "already_claimed")
    assert call("release", reference="post:2")[:2] == (409, "already_claimed")
    assert on_moto.http.get(path, headers=key).get_json()["claim"] == claim
    assert call("release", reference="post:1") == (200, None, None)
    assert call("release", reference="post:1") == (200, None, None)
    assert call("claim", reference="post:2")[0] == 200
    assert on_moto.http.delete(path, headers=key).status_code == 204
    gone = on_moto.http.get(path, headers=key).get_json()
    assert (gone["state"], gone["reason"], gone["claim"]["reference"]) == ("deleted", None, "post:2")


def _key(desk: Desk, name: str) -> dict[str, str]:
    from valetkey.core.access.api_keys import new_key

    key, token = new_key(name, datetime.now(UTC))
    installed_in(desk.app).ledger.add_key(key)
    return {"Authorization": f"Bearer {token}"}


def test_a_form_that_was_abandoned_leaves_nothing() -> None:
    """In an application's own test, time included: unclaimed uploads are removed a day later, and the signal says
    so."""
    now = [datetime.now(UTC)]
    desk = in_memory(lambda: now[0])
    left, taken = desk.uploaded(), desk.uploaded()
    assert desk.post(taken).status_code == 200
    heard: list[tuple[str, str]] = []

    def on_unclaimed(sender: Ended) -> None:
        heard.append(("unclaimed", sender.id))

    def on_deleted(sender: Ended) -> None:
        heard.append(("deleted", sender.id))

    assert isinstance(desk.valetkey, MemoryValetKey)
    with upload_unclaimed.connected_to(on_unclaimed), upload_deleted.connected_to(on_deleted):
        now[0] += DAY
        desk.valetkey.work()
    assert heard == [("unclaimed", left)]
    gone = desk.valetkey.get(left)
    assert gone.reason is not None
    assert (gone.state, gone.reason.code) == ("deleted", "unclaimed")
    assert desk.valetkey.get(taken).state == "confirmed"
    assert len(desk.valetkey.store.keys()) == 1
    assert desk.post(left, **JSON).get_json()["code"] == "state_conflict"


def test_a_crash_between_claim_and_commit_is_mended() -> None:
    """The claim is released when it is old enough, and the form can be sent again."""
    now = [datetime.now(UTC)]
    desk = in_memory(lambda: now[0])
    lost, kept = desk.uploaded(), desk.uploaded()
    desk.post(lost, reference="post:1")
    desk.post(kept, reference="post:2")
    assert desk.valetkey.reconcile({"post:2"}) == []
    now[0] += timedelta(hours=2)
    assert [one.id for one in desk.valetkey.reconcile(["post:2"], prefix="post:", release=False)] == [lost]
    assert [one.id for one in desk.valetkey.reconcile(["post:2"], prefix="post:")] == [lost]
    assert desk.post(lost, reference="post:3").status_code == 200


def test_an_application_has_its_own_pages_for_our_errors(desk: Desk) -> None:
    """Its handlers for a status, for one of our errors, and of a blueprint take precedence; other errors are
    unaffected."""
    missing = "01900000-0000-7000-8000-000000000000"

    @desk.app.errorhandler(404)
    def not_found(error: NotFound) -> tuple[str, int]:
        return f"Our page: {error.description}", 404

    @desk.app.errorhandler(StateConflict)
    def conflict(error: StateConflict) -> tuple[str, int]:
        return f"Ours, too: {error.code}", 418

    @desk.app.get("/away")
    def away() -> str:
        raise Unavailable("The store is away.", 7)

    @desk.app.get("/broken")
    def broken() -> str:
        raise LookupError("the application's own")

    assert desk.post(missing).text == "Our page: There is no such upload, or it is not yours."
    upload_id = desk.uploaded()
    desk.post(upload_id, reference="a")
    answer = desk.post(upload_id, reference="b")
    assert (answer.status_code, answer.text) == (418, "Ours, too: already_claimed")
    for headers in ({}, JSON):
        unavailable = desk.http.get("/away", headers=headers)
        assert (unavailable.status_code, unavailable.headers["Retry-After"]) == (503, "7")
    assert desk.http.get("/broken").status_code == 500


def test_an_application_that_answers_all_of_them_itself_is_left_alone() -> None:
    """Whether its handler was registered before or after valetkey."""
    for first in (True, False):
        app = Flask("shop")

        def answer(error: ValetKeyError) -> tuple[str, int]:
            return f"mine: {error.code}", 400

        if first:
            app.register_error_handler(ValetKeyError, answer)
        valetkey = MemoryValetKey(app)
        if not first:
            app.register_error_handler(ValetKeyError, answer)
        app.add_url_rule("/", view_func=lambda valetkey=valetkey: valetkey.download_url("x"))
        assert app.test_client().get("/").text == "mine: upload_not_found"


def test_a_view_of_a_mistake_is_a_500() -> None:
    """A configuration error is not a page for visitors."""
    from valetkey import ConfigurationError

    app = Flask("shop")
    MemoryValetKey(app)

    @app.get("/")
    def view() -> str:
        raise ConfigurationError("Set it.")

    answer = app.test_client().get("/")
    assert (answer.status_code, "Set it." in answer.text) == (500, False)


def test_every_public_name_is_there() -> None:
    """All exported names can be imported, and the error classes are ours."""
    found = {name: getattr(public, name) for name in public.__all__}
    assert sorted(public.__all__, key=lambda name: (not name.isupper(), name)) == public.__all__
    errors = [one for one in found.values() if isinstance(one, type) and issubclass(one, Exception)]
    assert len(errors) == 14
    assert all(issubclass(one, ValetKeyError) for one in errors)
    assert found["Upload"].__module__ == "valetkey.api.records"
