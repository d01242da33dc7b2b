"""Our clock is an hour off: what S3 refuses then, what clients are told, and that senders' clocks do not matter."""

import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from tests.contract.places import s3_store
from tests.e2e.rgw_events import created_event
from tests.support import ledgers
from tests.support.clients import post_form
from tests.support.stores import Bucket

from valetkey.app import create_app, installed_in
from valetkey.core.errors import StoreUnavailable
from valetkey.settings import Settings

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

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


@pytest.mark.parametrize(("by", "says"), OFF)
def test_a_clock_that_is_off_is_named(
    client: FlaskClient, by: timedelta, says: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """RGW refuses each request: 503 with Retry-After and the reason, also in the log; the right clock confirms."""
    granted = client.post("/v1/uploads", json={"filename": "f", "content_type": "text/plain", "size": 5}).get_json()
    upload, grant = granted["upload"], granted["grant"]
    assert post_form(grant["url"], grant["fields"], b"bytes").status == 201
    bucket = installed_in(client.application).store.bucket
    event = created_event(bucket, grant["fields"]["key"], 5, etag="")
    signals: list[Callable[[], TestResponse]] = [
        lambda: client.post(f"/v1/uploads/{upload['id']}/complete"),
        lambda: client.post("/v1/events/ceph", query_string={"secret": SECRET}, json=event),
        lambda: client.get("/readyz"),
    ]
    with monkeypatch.context() as patch:
        shift(patch, by)
        for signal in signals:
            caplog.clear()
            answer = signal()
            assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
            assert int(answer.headers["Retry-After"]) >= 1
            assert re.search(says, caplog.text)
            assert "set it right" in answer.get_json()["detail"]
    assert client.get(f"/v1/uploads/{upload['id']}").get_json()["state"] == "pending"
    assert signals[0]().get_json()["state"] == "confirmed"


@pytest.mark.parametrize(("by", "says"), OFF)
def test_every_operation_names_the_clock(
    rgw_bucket: Bucket, by: timedelta, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a body, where RGW says RequestTimeTooSkewed, and without one, where a HEAD gets no more than 403."""
    store = s3_store(rgw_bucket.server, rgw_bucket.name)
    shift(monkeypatch, by)
    with pytest.raises(StoreUnavailable, match=f"HeadObject: 403.*({says})"):
        store.head("a")
    with pytest.raises(StoreUnavailable, match=f"DeleteObject: RequestTimeTooSkewed.*({says})"):
        store.delete("a")


def test_a_clock_that_is_right_is_not_blamed(rgw_bucket: Bucket) -> None:
    """A wrong secret is refused with the same status, and is not the clock's fault."""
    store = s3_store(rgw_bucket.server, rgw_bucket.name, secret_key="wrong")
    with pytest.raises(StoreUnavailable, match=r"HeadObject: 403\.$"):
        store.head("a")
