"""A process meets rows that a newer version has written into their shared ledger (a rolling upgrade).

Found by our own audit: an unknown state, method, scope or claim was answered with 500, and one such row ended the sweep
of all others.
"""

import json
import logging
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from tests.field.desk import Desk, MakeDesk
from tests.support.stores import Bucket

from valetkey.adapters.sql import SqlLedger
from valetkey.core.access.api_keys import new_key
from valetkey.core.access.tickets import TICKET_PREFIX, Tickets, _signature
from valetkey.core.errors import Unavailable
from valetkey.core.events.event import EventCounts, ObjectEvent
from valetkey.core.model.upload import UploadId, UploadState
from valetkey.core.sweeping.findings import Action

UNKNOWN = [("state", "archived"), ("method", "torrent"), ("confirmed_by", "queue"), ("checksum_algorithm", "blake3")]
SECRET = "s" * 40


def write(desk: Desk, column: str, value: str, upload_id: str) -> None:
    """What a newer process does."""
    ledger = desk.valetkey.ledger
    assert isinstance(ledger, SqlLedger)
    with ledger._writers.begin() as connection:
        connection.exec_driver_sql(f"UPDATE uploads SET {column} = ? WHERE id = ?", (value, upload_id))


def row(desk: Desk, upload_id: str) -> dict[str, object]:
    ledger = desk.valetkey.ledger
    assert isinstance(ledger, SqlLedger)
    with ledger._reading() as connection:
        return dict(connection.exec_driver_sql("SELECT * FROM uploads WHERE id = ?", (upload_id,)).mappings().one())


@pytest.mark.parametrize(("column", "value"), UNKNOWN)
def test_its_uploads_are_left_alone(
    column: str, value: str, rgw_bucket: Bucket, make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """Each call answers 503 with the reason, the sweep names the upload once and goes on with the others, and neither
    its row nor its bytes are touched, however old they are."""
    desk = make_desk(rgw_bucket)
    strange, other = desk.sent(b"first", filename="a.txt"), desk.sent(b"second", filename="b.txt")
    for created in (strange, other):
        desk.make_due(created)
    name = strange["upload"]["id"]
    write(desk, column, value, name)
    before = row(desk, name)
    problem = desk.complete(strange)
    assert (problem["status"], problem["code"]) == (503, "record_unknown"), problem
    assert value in problem["detail"]
    for method, path in (("GET", ""), ("POST", "/grant"), ("GET", "/parts"), ("DELETE", ""), ("GET", "/download")):
        answer = desk.http.open(f"/v1/uploads/{name}{path}", method=method)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "record_unknown"), path
    page = desk.http.get("/v1/uploads").get_json()
    assert ([one["id"] for one in page["uploads"]], page["unreadable"]) == ([other["upload"]["id"]], [name])
    caplog.clear()
    with caplog.at_level(logging.WARNING, "valetkey"):
        assert [(one.action, one.subject) for one in desk.work()] == [(Action.CONFIRM, other["upload"]["id"])]
        assert desk.work() == []
    assert [record.getMessage().count(name) for record in caplog.records if name in record.getMessage()] == [1]

    orphan = f"staging/{new_id_of_nobody()}"
    rgw_bucket.client.put_object(Bucket=rgw_bucket.name, Key=orphan, Body=b"nobody's")
    sweep = desk.valetkey.sweep
    sweep._clock = lambda: datetime.now(UTC) + timedelta(days=400)
    removed = [one.subject for one in sweep.clean()]
    assert orphan in removed
    assert desk.stored("staging/") == [f"staging/{name}"]
    assert row(desk, name) == before


def new_id_of_nobody() -> str:
    return "0192f0c1-2b3c-7d4e-8f50-123456789abc"


def test_many_of_them_do_not_hide_the_others(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """More than a sweep takes at once, and all due before the one that it can read."""
    desk = make_desk(rgw_bucket)
    strange = [desk.create(5) for _ in range(60)]
    good = desk.sent(b"bytes")
    for created in (*strange, good):
        desk.make_due(created)
    for created in strange:
        write(desk, "state", "archived", created["upload"]["id"])
    assert [one.subject for one in desk.work()] == [good["upload"]["id"]]
    assert desk.upload(good)["state"] == "confirmed"


def test_a_list_goes_on_behind_them(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """Each upload is on one page, those that cannot be read by their ids, and no page is longer than was asked."""
    desk = make_desk(rgw_bucket)
    ids = [desk.create(5)["upload"]["id"] for _ in range(7)][::-1]
    for name in (ids[0], ids[2], ids[3], ids[6]):
        write(desk, "state", "archived", name)
    pages: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = desk.http.get(f"/v1/uploads?limit=2{cursor and '&cursor='}{cursor}").get_json()
        pages.append(sorted([one["id"] for one in page["uploads"]] + page.get("unreadable", []), reverse=True))
        cursor = page["next_cursor"]
    assert pages == [ids[0:2], ids[2:4], ids[4:6], ids[6:]]


def test_their_events_come_again(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """Whoever sent one tries again, perhaps at a newer process; the others of its delivery are handled."""
    desk = make_desk(rgw_bucket)
    strange, good = desk.sent(b"first"), desk.sent(b"second")
    write(desk, "state", "archived", strange["upload"]["id"])
    events = [ObjectEvent(rgw_bucket.name, f"staging/{one['upload']['id']}") for one in (strange, good)]
    observe = desk.valetkey.core.observer.observe
    with pytest.raises(Unavailable, match="older"):
        observe(events)
    assert desk.upload(good)["state"] == "confirmed"
    assert observe(events[1:]) == EventCounts(ignored=1)


def test_an_owner_is_erased_but_for_them(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """What can be read is erased, whatever its place in the order; the job waits for a newer process and says so."""
    desk = make_desk(rgw_bucket)
    uploads = [desk.sent(b"bytes", owner="ann") for _ in range(3)]
    for created in uploads:
        assert desk.complete(created)["state"] == "confirmed"
    write(desk, "state", "archived", uploads[1]["upload"]["id"])
    job = desk.http.delete("/v1/owners/ann").get_json()
    list(desk.valetkey.core.eraser.run())
    found = desk.http.get(f"/v1/erasures/{job['id']}").get_json()
    assert found["state"] == "running", found
    states = {desk.http.get(f"/v1/uploads/{one['upload']['id']}").status_code for one in uploads}
    assert states == {200, 503}
    assert len(desk.stored("uploads/")) == 1, desk.stored()
    write(desk, "state", "confirmed", uploads[1]["upload"]["id"])
    desk.valetkey.core.eraser._clock = lambda: datetime.now(UTC) + timedelta(minutes=5)
    list(desk.valetkey.core.eraser.run())
    assert desk.http.get(f"/v1/erasures/{job['id']}").get_json()["state"] == "done"


@pytest.mark.parametrize(
    "claim",
    [
        "p."
        + urlsafe_b64encode(json.dumps(["i" * 16, "a", "o", "default", 9e9, 3, "eu"]).encode()).decode().strip("="),
        "u.0192f0c1-2b3c-7d4e-8f50-123456789abc.9999999999.read",
        "g.0192f0c1-2b3c-7d4e-8f50-123456789abc.9999999999",
    ],
)
def test_a_ticket_with_an_unknown_claim(claim: str, rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """It is ours, so nobody has to throw it away (401); and what it says may be a limit, so it does not count here."""
    desk = make_desk(rgw_bucket, auth="keys", secret_keys=(SECRET,))
    ticket = f"{TICKET_PREFIX}{claim}.{_signature(Tickets([SECRET])._keys[0], claim)}"
    body = {"filename": "a.txt", "content_type": "text/plain", "size": 5}
    answer = desk.http.post("/v1/uploads", json=body, headers={"Authorization": f"Bearer {ticket}"})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "record_unknown"), answer.text
    answer = desk.http.post("/v1/uploads", json=body, headers={"Authorization": f"Bearer {ticket[:-1]}~"})
    assert answer.status_code == 401


def test_an_api_key_of_an_unknown_scope(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """It opens nothing here, and an older `valetkey keys revoke` revokes it."""
    desk = make_desk(rgw_bucket, auth="keys", secret_keys=(SECRET,))
    key, text = new_key("auditor", datetime.now(UTC))
    ledger = desk.valetkey.ledger
    assert isinstance(ledger, SqlLedger)
    ledger.add_key(key)
    with ledger._writers.begin() as connection:
        connection.exec_driver_sql("UPDATE api_keys SET scope = 'audit'")
    answer = desk.http.get("/v1/uploads", headers={"Authorization": f"Bearer {text}"})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "record_unknown"), answer.text
    assert ledger.revoke_key(key.id, datetime.now(UTC))
    assert not ledger.revoke_key("0" * 12, datetime.now(UTC))
    with pytest.raises(Unavailable):
        ledger.get_key(key.id)


def test_what_only_goes_through_is_shown(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """A reason is text for people and programs, which an older process passes on."""
    desk = make_desk(rgw_bucket)
    created = desk.create(5)
    upload = desk.kept(created)
    assert desk.valetkey.ledger.replace(upload, upload.moved(UploadState.REJECTED))
    write(desk, "reason_code", "moon_phase", created["upload"]["id"])
    write(desk, "reason_detail", "Not today.", created["upload"]["id"])
    assert desk.upload(created)["reason"] == {"code": "moon_phase", "detail": "Not today."}
    assert desk.valetkey.ledger.get(UploadId(created["upload"]["id"])) is not None
