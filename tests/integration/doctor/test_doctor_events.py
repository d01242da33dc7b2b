"""Events on moto: with the notifications that --fix sets they arrive, and doctor sees the event of its own probe."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from tests.e2e.rgw_events import created_event
from tests.support import doctors
from tests.support.doctors import SECRETS, line, report, visit
from tests.support.stores import Bucket

from valetkey import ValetKey
from valetkey.adapters import embedded
from valetkey.adapters.sqs import SqsQueue, make_client
from valetkey.app import installed_in
from valetkey.core.model.upload import new_upload_id
from valetkey.doctor.findings import Level, failed
from valetkey.doctor.fixing import changes
from valetkey.doctor.visit import Visit
from valetkey.senders.records import read_queued_records
from valetkey.settings import Settings
from valetkey.worker import QueueLoop


def test_events_go_round_once_fix_has_set_them(tmp_path: Path) -> None:
    """Without a notification no event arrives; with the one that --fix sets it does, and rules of others stay."""
    store = embedded.start()
    try:
        settings = Settings(
            bucket=embedded.BUCKET,
            s3_region=embedded.REGION,
            s3_endpoint_url=store.endpoint_url,
            database_url=f"sqlite:///{tmp_path / 'valetkey.db'}",
            secret_keys=SECRETS[:1],
            events_sqs_queue_url=store.queue_url,
            cors_origins=("https://app.example",),
        )
        s3: Any = store.session.client("s3", endpoint_url=store.endpoint_url)
        others = {"ID": "theirs", "AllowedOrigins": ["https://other.example"], "AllowedMethods": ["GET"]}
        s3.put_bucket_cors(Bucket=embedded.BUCKET, CORSConfiguration={"CORSRules": [others]})
        theirs = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 9}}
        s3.put_bucket_lifecycle_configuration(Bucket=embedded.BUCKET, LifecycleConfiguration={"Rules": [theirs]})
        s3.put_bucket_notification_configuration(Bucket=embedded.BUCKET, NotificationConfiguration={})
        _go_round(settings, store, s3)
    finally:
        store.stop()


def _go_round(settings: Settings, store: Any, s3: Any) -> None:
    app = Flask("worker")
    ValetKey(app, settings=settings, profiles=doctors.DEFAULT, session=store.session)
    installed = installed_in(app)
    installed.ledger.migrate()
    url = settings.events_sqs_queue_url or ""
    queue = SqsQueue(make_client(store.session, url, settings.s3_region), url, 60)
    observer = installed.core.observer
    loop = QueueLoop(queue, read_queued_records, lambda events: observer.observe(events, sender="sqs"))
    thread = Thread(target=loop.run, daemon=True)
    thread.start()
    try:
        wanted = ("schema", "reach", "cors", "round-trip", "lifecycle", "probes")
        first = Visit(settings, doctors.DEFAULT, store.session, event_patience=1.5)
        before = report(first, checks=wanted)
        assert "no event within" in line(before, "round-trip").seen
        assert line(before, "round-trip").level is Level.FAIL
        made = {change.name: change.apply().ok for change in changes(first, before.findings)}
        assert made == {"CORS": True, "lifecycle": True, "notifications": True}
        after = report(Visit(settings, doctors.DEFAULT, store.session), checks=wanted)
        assert line(after, "round-trip").level is Level.PASS
        assert "sqs: an event was seen" in line(after, "round-trip").seen
        assert [line(after, check).level for check in ("lifecycle-staging", "lifecycle-parts")] == [Level.PASS] * 2
    finally:
        loop.stop()
        thread.join(60)
        installed.ledger.close()
    rules = s3.get_bucket_cors(Bucket=embedded.BUCKET)["CORSRules"]
    assert [rule["AllowedOrigins"] for rule in rules] == [["https://app.example"], ["https://other.example"]]
    kept = s3.get_bucket_lifecycle_configuration(Bucket=embedded.BUCKET)["Rules"]
    assert {rule["ID"] for rule in kept} == {"logs", "valetkey-staging", "valetkey-parts"}


TOPIC = "arn:aws:sns:us-east-1:123456789012:uploads"


def test_a_topic_is_notified_beside_what_is_there(moto_bucket: Bucket, tmp_path: Path) -> None:
    """--fix adds our rule to the bucket's, once; the rules of others stay, also those for queues."""
    s3: Any = moto_bucket.client
    session = moto_bucket.server.session
    for name, where in (("sns", "us-east-1"), ("sqs", "us-east-1")):
        make: Any = session.client
        made = make(name, region_name=where, endpoint_url=moto_bucket.server.endpoint_url)
        made.create_topic(Name="uploads") if name == "sns" else made.create_queue(QueueName="theirs")
    theirs = {"Id": "theirs", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:theirs", "Events": ["s3:ObjectRemoved:*"]}
    logs = {
        "Id": "logs",
        "TopicArn": TOPIC,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "logs/"}]}},
    }
    there = {"QueueConfigurations": [theirs], "TopicConfigurations": [logs]}
    s3.put_bucket_notification_configuration(Bucket=moto_bucket.name, NotificationConfiguration=there)
    one = visit(moto_bucket, tmp_path, events_sns_topic_arns=("arn:aws:sns:eu-west-1:123456789012:far", TOPIC))
    wrong = [failed("round-trip", "sns: no event", "")]
    [change] = changes(one, wrong)
    assert TOPIC in change.shown
    assert "beside" not in change.shown
    for _ in range(2):
        assert change.apply().ok
    assert list(changes(one, wrong)) != []  # ours is replaced, whatever it says by now
    told = s3.get_bucket_notification_configuration(Bucket=moto_bucket.name)
    assert [rule["Id"] for rule in told["QueueConfigurations"]] == ["theirs"]
    assert sorted(rule["Id"] for rule in told["TopicConfigurations"]) == ["logs", "valetkey-topic"]
    [ours] = [rule for rule in told["TopicConfigurations"] if rule["Id"] == "valetkey-topic"]
    assert ours["TopicArn"] == TOPIC
    assert ours["Filter"]["Key"]["FilterRules"][0]["Value"] == "staging/"


def test_a_pushed_event_of_a_probe_is_seen(mount: Any, settings: Settings) -> None:
    """It is recorded with its sender, and has no other effect."""
    app = Flask("shop")
    secret = "a-secret-of-ceph-for-this"
    installed = mount(app, settings=settings.model_copy(update={"events_ceph_secret": secret}))
    probe, now = new_upload_id(), datetime.now(UTC)
    installed.ledger.open_event_probe(probe, now, now - timedelta(days=1))
    event = created_event(settings.bucket or "", f"staging/{probe}", 1, "0" * 32)
    said = app.test_client().post(f"/v1/events/ceph?secret={secret}", json=event)
    assert said.get_json() == {"confirmed": 0, "rejected": 0, "ignored": 1}
    assert installed.ledger.events_seen(probe).keys() == {"ceph"}
