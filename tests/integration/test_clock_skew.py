"""Our clock is an hour off: what S3 refuses then, what clients are told, and that senders' clocks do not matter."""

import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from tests.contract.harnesses import s3_store
from tests.e2e.rgw_events import created_event
from tests.support import ledgers
from tests.support.clients import post_form
from tests.support.parallel import in_parallel
from tests.support.stores import Bucket

from valetkey.app import create_app, installed_in
from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.upload import MultipartUploadId
from valetkey.settings import Settings

if TYPE_CHECKING:
    from valetkey.adapters.s3 import S3Store

SECRET = secrets.token_hex(16)
HOUR = timedelta(hours=1)
OFF = [
    pytest.param(HOUR, "59 minutes ahead of|60 minutes ahead of", id="ahead"),
    pytest.param(-HOUR, "59 minutes behind|60 minutes behind", id="behind"),
]


def shift(patch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Our clock, by which requests to the store are signed, is off ``by`` so much."""

    def shifted(remove_tzinfo: bool = True) -> datetime:
        now = datetime.now(UTC) + by
        return now.replace(tzinfo=None) if remove_tzinfo else now

    patch.setattr("botocore.auth.get_current_datetime", shifted)
    patch.setattr("botocore.compat.get_current_datetime", shifted)
    patch.setattr("valetkey.adapters.s3.caller.now", lambda: shifted(remove_tzinfo=False))


@pytest.fixture
def client(rgw_bucket: Bucket, tmp_path: Path) -> Iterator[FlaskClient]:
    """An open service in this process, on RGW."""
    server = rgw_bucket.server
    settings = Settings(
        bucket=rgw_bucket.name,
        s3_endpoint_url=server.endpoint_url,
        s3_region=server.region,
        database_url=f"sqlite:///{tmp_path / 'valetkey.db'}",
        secret_keys=("s" * 40,),
        auth="open",
        public_url="http://uploads.example",
        events_ceph_secret=SECRET,
    )
    app = create_app(settings, server.session, allow_open=True)
    ledgers.migrate(installed_in(app).settings.database_url)
    yield app.test_client()
    installed_in(app).ledger.close()


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_the_stores_time_is_in_its_refusal(client: FlaskClient, by: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    """What refuses us for our clock says its own: by that a worker removes confirmed objects."""
    shift(monkeypatch, by)
    theirs = installed_in(client.application).store.now()
    assert theirs is not None
    assert abs(theirs - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(("by", "says"), OFF)
def test_a_clock_that_is_off_is_named(
    client: FlaskClient, by: timedelta, says: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """RGW refuses each request: `/readyz` is a 503 with the reason, which the log has as well. What confirms corrects
    the time that it signs by the store's."""
    granted = client.post("/v1/uploads", json={"filename": "f", "content_type": "text/plain", "size": 5}).get_json()
    upload, grant = granted["upload"], granted["grant"]
    assert post_form(grant["url"], grant["fields"], b"bytes").status == 201
    bucket = installed_in(client.application).store.bucket
    event = created_event(bucket, grant["fields"]["key"], 5, etag="")
    with monkeypatch.context() as patch:
        shift(patch, by)
        answer = client.get("/readyz")
        assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        assert re.search(says, caplog.text)
        assert "correct it" in answer.get_json()["detail"]
        caplog.clear()
        answer = client.post("/v1/events/ceph", query_string={"secret": SECRET}, json=event)
        assert (answer.status_code, answer.get_json()["confirmed"]) == (200, 1)
        assert re.search(says, caplog.text)
        assert caplog.text.count("correct it") == 1
        assert client.post(f"/v1/uploads/{upload['id']}/complete").get_json()["state"] == "confirmed"
    caplog.clear()
    assert installed_in(client.application).store.head(grant["fields"]["key"] + "-") is None
    assert "correct it" in caplog.text


@pytest.mark.parametrize(("by", "says"), OFF)
def test_every_operation_learns_the_time(
    rgw_bucket: Bucket, by: timedelta, says: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With a body, where RGW says RequestTimeTooSkewed, and without one, where a HEAD gets no more than 403. Once is
    enough for all that follow."""
    calls: list[Callable[[S3Store], object]] = [
        lambda store: store.head("a"),
        lambda store: store.delete_batch(["a"]),
        lambda store: store.parts("a", MultipartUploadId("none")),
    ]
    for call in calls:
        store = s3_store(rgw_bucket.server, rgw_bucket.name)
        store.delete("a")
        caplog.clear()
        with monkeypatch.context() as patch:
            shift(patch, by)
            assert call(store) is None
            assert len(re.findall(says, caplog.text)) == 1
            assert call(store) is None
            assert len(re.findall(says, caplog.text)) == 1


def test_many_learn_the_time_at_once(rgw_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call that was refused is made again by the right time, whoever has found it out."""
    store = s3_store(rgw_bucket.server, rgw_bucket.name)
    shift(monkeypatch, HOUR)
    assert in_parallel([lambda: store.head("a")] * 8) == [None] * 8


def test_a_clock_that_is_right_is_not_blamed(rgw_bucket: Bucket) -> None:
    """A wrong secret is refused with the same status, and is not the clock's fault."""
    store = s3_store(rgw_bucket.server, rgw_bucket.name, secret_key="wrong")
    with pytest.raises(StoreUnavailable, match=r"HeadObject: 403\.$"):
        store.head("a")
