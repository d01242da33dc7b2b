"""A rule of an upload never disappears (FIELD.md, B: a profile that left the configuration).

An upload outlives the process that granted it, and the configuration of that process: our own audit found one with
``scan`` confirmed unchecked after its profile was gone.
"""

import logging

import pytest
from tests.field.desk import MakeDesk
from tests.support.stores import Bucket

from valetkey.adapters.sql import SqlLedger
from valetkey.core.sweeping.findings import Action

CHECKED = """
[profiles.photo]
detect = "reject"
content_types = ["image/png"]
key = "photos/{id}{ext}"
max_size = 200
"""
SCANNED = """
[profiles.photo]
scan = true
key = "photos/{id}{ext}"
"""
OTHER = """
[profiles.photo]
key = "elsewhere/{id}{ext}"
"""
PAGE = b"<html><script>alert(1)</script></html>"


@pytest.mark.parametrize("now", ["", OTHER, CHECKED.replace("detect", "#detect")])
@pytest.mark.parametrize("before", [CHECKED, SCANNED])
def test_what_has_to_be_checked_is_checked(before: str, now: str, rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """By a process whose profile is gone, or says nothing of it any more, whichever signal comes."""
    first = make_desk(rgw_bucket, before)
    created = first.sent(PAGE, filename="a.png", content_type="image/png", profile="photo")
    second = make_desk(rgw_bucket, now)
    assert second.complete(created)["state"] == "stored"
    second.make_due(created)
    actions = [finding.action for finding in second.work()]
    if before == CHECKED:
        assert actions == [Action.REJECT]
        assert second.upload(created)["reason"]["code"] == "content_mismatch"
        assert second.stored() == []
    else:
        assert second.upload(created)["state"] == "stored"
        second.judge(created, second.upload(created)["object"]["etag"], clean=True)
        assert second.upload(created)["object"]["key"] == f"photos/{created['upload']['id']}.png"


def test_the_key_and_the_grant_are_those_of_the_beginning(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """Another template, or none, moves nothing; a renewal of an upload whose profile is gone still works."""
    template = '[profiles.photo]\nkey = "photos/{owner}/{id}"\n'
    encrypted = make_desk(rgw_bucket, template + 'sse = "AES256"\n').create(5, profile="photo")
    created = make_desk(rgw_bucket, template).create(5, profile="photo")
    second = make_desk(rgw_bucket)
    renewed = second.http.post(f"/v1/uploads/{encrypted['upload']['id']}/grant").get_json()
    assert renewed["grant"]["fields"]["x-amz-server-side-encryption"] == "AES256"
    renewed = second.http.post(f"/v1/uploads/{created['upload']['id']}/grant").get_json()
    assert second.send(renewed, b"bytes").status == 201
    assert second.complete(created)["object"]["key"] == f"photos/open/{created['upload']['id']}"


def test_rules_of_a_newer_version_stop(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """Unknown means stop, not go: a named error until somebody who knows comes, and nothing is lost."""
    desk = make_desk(rgw_bucket, CHECKED)
    created = desk.sent(PAGE, filename="a.png", content_type="image/png", profile="photo")
    upload = desk.kept(created)
    assert upload.rules is not None
    ledger = desk.valetkey.ledger
    assert isinstance(ledger, SqlLedger)
    with ledger._writers.begin() as connection:
        connection.exec_driver_sql("UPDATE uploads SET rules = ?", ('{"detect": "ask the oracle"}',))
    problem = desk.complete(created)
    assert (problem["status"], problem["code"]) == (503, "rules_unknown")
    desk.make_due(created)
    assert [finding.action for finding in desk.work()] == [Action.STUCK]
    assert desk.upload(created)["state"] == "pending"
    assert desk.stored() == [f"staging/{upload.id}"]


def test_processes_that_disagree_say_so(
    rgw_bucket: Bucket, make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start, by name, with what differs; who agrees says nothing."""
    make_desk(rgw_bucket, CHECKED).valetkey.begin()
    for profiles, said in ((CHECKED, ""), (OTHER, "'photo' differs from"), ("", "'photo' is not configured here")):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "valetkey"):
            make_desk(rgw_bucket, profiles).valetkey.begin()
        warnings = [record.getMessage() for record in caplog.records if "rofile" in record.getMessage()]
        assert len(warnings) == bool(said), warnings
        assert all(said in warning for warning in warnings)
