"""What `valetkey doctor` says on moto, which enforces nothing; how checks are run; what findings are used for."""

import json
import logging
import os
import signal
import sqlite3
import subprocess
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from standardwebhooks import Webhook, WebhookVerificationError
from tests.e2e.rgw_events import created_event
from tests.support import doctors, processes
from tests.support.doctors import DEFAULT, line, lines, report, visit
from tests.support.ledgers import migrated
from tests.support.receiver import Behaviour, answer, running_receiver
from tests.support.servers import VALETKEY, free_port
from tests.support.store_proxy import quirky
from tests.support.store_quirks import DateIsOff, Slow
from tests.support.stores import Bucket
from tests.support.tls import tls_for
from urllib3 import Timeout

from valetkey import ValetKey
from valetkey.adapters import embedded
from valetkey.adapters.s3 import S3Store
from valetkey.adapters.sqs import SqsQueue, make_client
from valetkey.app import installed_in
from valetkey.cli import main
from valetkey.client import verify_webhook
from valetkey.core.model.upload import new_upload_id
from valetkey.core.ports.health import StalledWork, StoreProof, WorkerBeat
from valetkey.doctor.checks import Check, Group
from valetkey.doctor.examination import examine, visit_from_environment
from valetkey.doctor.findings import Finding, Level, Report, failed, passed
from valetkey.doctor.fixing import changes
from valetkey.doctor.groups import GROUPS
from valetkey.doctor.probes import Probes, new_probe_id
from valetkey.doctor.running import run_check
from valetkey.doctor.store.writing import put_probe
from valetkey.doctor.table import WIDTH, lines_of
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import LIMIT, attempt
from valetkey.senders.records import read_queued_records
from valetkey.settings import Settings
from valetkey.worker import BeatLoop, QueueLoop

SECRETS = ("0f4bb3a1cd9e47f6a3b5e02c71d8f964", "whsec_3q2+7wAhU0Vk1mXyZ9pLbTnGdRfCsJ8i")


@pytest.fixture
def one(moto_bucket: Bucket, tmp_path: Path) -> Iterator[Visit]:
    """An installation on moto, whose ledger is ready."""
    made = visit(moto_bucket, tmp_path)
    with migrated(made.settings.database_url):
        pass
    yield made
    made.close()


def keys(bucket: Bucket) -> list[str]:
    found = bucket.client.list_objects_v2(Bucket=bucket.name)
    return [item["Key"] for item in found.get("Contents", [])]


def test_moto_enforces_nothing(one: Visit, moto_bucket: Bucket) -> None:
    """It is said in as many words, nothing is left behind, and the run is no success."""
    found = report(one, "store")
    assert not found.ok
    for check, what in (("post", "a form"), ("put", "a PUT")):
        assert line(found, check).seen.startswith(f"Nothing that {what} says is enforced")
        assert line(found, check).level is Level.FAIL
    assert "development only" in line(found, "enforcement").action
    assert line(found, "copy-condition").level is Level.WARN
    assert found.capabilities["conditional_copy"] is False
    assert line(found, "probes").level is Level.PASS
    assert keys(moto_bucket) == []
    assert moto_bucket.client.list_multipart_uploads(Bucket=moto_bucket.name).get("Uploads", []) == []


def test_the_command_prints_a_table_or_json(
    moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has 80 columns; JSON has the documented shape; neither has a secret in it, whatever is wrong."""
    monkeypatch.chdir(tmp_path)
    given = moto_bucket.server.env() | {
        "VALETKEY_BUCKET": moto_bucket.name,
        "VALETKEY_SECRET_KEYS": SECRETS[0],
        "VALETKEY_WEBHOOK_URL": f"http://127.0.0.1:{free_port()}/{SECRETS[0]}",
        "VALETKEY_WEBHOOK_SECRETS": SECRETS[1],
        "VALETKEY_EVENTS_CEPH_SECRET": "ceph-secret-that-is-long",
        "VALETKEY_DATABASE_URL": f"sqlite:///{tmp_path / 'no-such-folder' / 'valetkey.db'}",
        "AWS_SECRET_ACCESS_KEY": "moto-secret-of-this-test",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    before = signal.getsignal(signal.SIGTERM)
    table = CliRunner().invoke(main, ["doctor"])
    shown = CliRunner().invoke(main, ["doctor", "--json"])
    assert signal.getsignal(signal.SIGTERM) is before
    assert (table.exit_code, shown.exit_code) == (1, 1)
    said = json.loads(shown.stdout)
    assert said.keys() == {"ok", "started_at", "seconds", "store", "counts", "capabilities", "findings"}
    assert {one["group"] for one in said["findings"]} == {one.name for one in GROUPS}
    assert said["findings"][0].keys() == {"group", "check", "level", "seen", "action"}
    assert said["counts"]["fail"] == sum(one["level"] == "fail" for one in said["findings"])
    assert max(len(one) for one in table.output.splitlines()) <= WIDTH
    for secret in (*SECRETS, "ceph-secret-that-is-long", "moto-secret-of-this-test"):
        assert secret not in table.output + shown.output
    assert "Traceback" not in table.output + shown.output


def test_settings_that_cannot_be_read_are_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is tried then."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALETKEY_WORKERS", "many")
    done = CliRunner().invoke(main, ["doctor", "--json"])
    assert done.exit_code == 1
    [finding] = json.loads(done.stdout)["findings"]
    assert finding["group"] == "configuration"
    assert "VALETKEY_WORKERS" in finding["seen"]


def test_a_check_that_fails_or_hangs_is_a_finding(one: Visit) -> None:
    """What it had found till then counts, and nothing waits for it."""
    never = Event()

    def hangs(_: Visit) -> Iterator[Finding]:
        yield passed("first", "found")
        never.wait(150)

    def fails(_: Visit) -> Iterator[Finding]:
        yield passed("first", str(1 // 0))

    (first, late), is_late = run_check(one, Check("hangs", hangs, 2.0))
    assert is_late
    assert (first.seen, late.level, late.check) == ("found", Level.FAIL, "hangs")
    never.set()
    found = examine(one, [Group("group", [Check("fails", fails)])])
    assert line(found, "fails").level is Level.FAIL
    assert "ZeroDivisionError" in line(found, "fails").seen


def test_probes_go_after_an_interrupt(one: Visit, moto_bucket: Bucket) -> None:
    """Whenever it comes: what was written is removed, parts too."""

    def interrupt(finding: Finding) -> None:
        if finding.check == "post":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine(one, [group for group in GROUPS if group.name == "store"], tell=interrupt)
    assert one.probes.keys
    assert keys(moto_bucket) == []
    assert moto_bucket.client.list_multipart_uploads(Bucket=moto_bucket.name).get("Uploads", []) == []


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT means what Python makes of it, however the run was started."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_removal_that_is_interrupted_is_made(
    one: Visit, moto_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stops a run at its end still finds nothing of it."""
    as_ever, asked = Probes.remove, Event()

    def slowly(self: Probes, store: S3Store) -> list[Finding]:
        if not asked.is_set():
            asked.set()
            interrupt_main()
            Event().wait(5)
        return as_ever(self, store)

    monkeypatch.setattr(Probes, "remove", slowly)
    with pytest.raises(KeyboardInterrupt):
        examine(one, [group for group in GROUPS if group.name == "store"])
    assert keys(moto_bucket) == []


def test_what_an_earlier_run_has_left_is_removed(
    moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what nobody else calls an upload: objects and parts of others stay, and those of a run beside this one."""
    client, name = moto_bucket.client, moto_bucket.name
    left, others = [new_probe_id() for _ in range(2)], [new_upload_id() for _ in range(2)]
    for written in (*left, *others):
        client.put_object(Bucket=name, Key=f"staging/{written}", Body=b"bytes")
        client.create_multipart_upload(Bucket=name, Key=f"quarantine/{written}/0")
    checks = [Group("store", (Check("probe", lambda here: iter([passed("probe", put_probe(here))])),))]
    assert examine(visit(moto_bucket, tmp_path), checks).ok
    assert len(keys(moto_bucket)) == 4
    monkeypatch.setattr("valetkey.doctor.probes.ABANDONED", timedelta(0))
    report = examine(visit(moto_bucket, tmp_path), checks)
    found, old = line(report, "probes"), line(report, "leftovers")
    assert (found.level, found.seen) == (Level.PASS, "All 1 probe objects are removed.")
    assert (old.level, old.seen) == (Level.PASS, "2 probe objects of an earlier run are removed.")
    assert keys(moto_bucket) == sorted(f"staging/{written}" for written in others)
    kept = client.list_multipart_uploads(Bucket=name)["Uploads"]
    assert sorted(item["Key"] for item in kept) == sorted(f"quarantine/{written}/0" for written in others)


def test_lines_are_80_columns_wide() -> None:
    """However long what was seen is."""
    shown = lines_of(Finding("check", Level.WARN, "word " * 60, "do " * 60))
    assert max(map(len, shown)) <= WIDTH
    assert shown[0].startswith("  WARN  check: word")


@pytest.mark.parametrize(
    ("off", "level", "words"),
    [
        (timedelta(minutes=-60, seconds=-30), Level.FAIL, ["60 min", "ahead of"]),  # the store's Date has no fractions
        (timedelta(seconds=-150), Level.WARN, ["2 min", "ahead of"]),
        (timedelta(seconds=150), Level.WARN, ["2 min", "behind"]),
        (timedelta(seconds=3), Level.PASS, ["agree"]),
    ],
)
def test_the_clock(off: timedelta, level: Level, words: list[str], moto_bucket: Bucket, tmp_path: Path) -> None:
    """It is compared with the store's Date."""
    with quirky(moto_bucket.server, DateIsOff(off)) as server:
        bucket = Bucket(moto_bucket.name, server.client(), server)
        found = line(report(visit(bucket, tmp_path), "machine"), "clock")
    assert found.level is level
    assert all(word in found.seen for word in words)


def test_the_ledger(one: Visit, moto_bucket: Bucket, tmp_path: Path) -> None:
    """One that is not there is told from one that works; a worker is known by its sign of life."""
    empty = visit(moto_bucket, tmp_path, database_url=f"sqlite:///{tmp_path}/none.db")
    assert "migrate" in line(report(empty, "ledger"), "schema").action
    assert not (tmp_path / "none.db").exists()

    found = report(one, "ledger")
    assert [line(found, check).level for check in ("schema", "encoding")] == [Level.PASS] * 2
    assert "a commit" in line(found, "latency").seen
    assert line(found, "worker").seen == "No worker runs."

    now = datetime.now(UTC)
    old = WorkerBeat("w", "host", now - timedelta(days=1), now - timedelta(hours=3))
    one.ledger.beat(old, now - timedelta(days=2))
    assert "seen 3 h ago on host" in line(report(one, "ledger"), "worker").seen

    stuck = WorkerBeat("w", "host", now - timedelta(days=1), now, now - timedelta(hours=3))
    one.ledger.beat(stuck, now - timedelta(days=2))
    seen = line(report(one, "ledger"), "worker")
    assert (seen.level, "3 h ago" in seen.seen) == (Level.WARN, True)

    since = now - timedelta(hours=5)
    one.ledger.beat(
        replace(stuck, looked_at=now, still=(StalledWork("cleaning up of store eu", since),)), now - timedelta(days=2)
    )
    good, bad = lines(report(one, "ledger"), "worker")
    assert (good.level, bad.level) == (Level.PASS, Level.WARN)
    assert bad.seen == "On host cleaning up of store eu has not got on for 5 h."


def test_a_worker_says_that_it_runs(one: Visit) -> None:
    """From its begin to its end."""
    looked = datetime.now(UTC)
    loop = BeatLoop(one.ledger, lambda: looked, 0.01)
    thread = Thread(target=loop.run)
    thread.start()
    try:
        for _ in range(6000):
            if one.ledger.workers():
                break
            Event().wait(0.01)
        [beat] = one.ledger.workers()
        assert beat.looked_at == looked
        assert beat.still == ()
        assert beat.started_at <= beat.seen_at
    finally:
        loop.stop()
        thread.join(60)
    assert one.ledger.workers() == []


def test_secrets_and_addresses(moto_bucket: Bucket, tmp_path: Path) -> None:
    """A secret that can be guessed is named by its setting; an address that is not ours is told."""
    with running_receiver(answer(200, body=b"hello")) as other:
        url = other.url.rstrip("/").rpartition("/")[0]
        found = report(
            visit(moto_bucket, tmp_path, secret_keys=("a" * 40,), public_url=url, events_minio_token="minio" * 4),
            "configuration",
        )
    assert "VALETKEY_SECRET_KEYS" in line(found, "secrets").seen
    assert "VALETKEY_EVENTS_MINIO_TOKEN" in line(found, "secrets").seen
    assert "aaaa" not in line(found, "secrets").seen
    assert line(found, "public-url").level is Level.FAIL
    quiet = report(visit(moto_bucket, tmp_path, public_url=f"http://127.0.0.1:{free_port()}"), "configuration")
    assert line(quiet, "public-url").level is Level.WARN


def test_webhooks_are_pinged(moto_bucket: Bucket, tmp_path: Path) -> None:
    """A receiver that checks signatures passes; one that takes anything, and one that fails, are told."""

    given: dict[str, Any] = {"webhook_secrets": (SECRETS[1],), "webhook_allow_private": True}
    with running_receiver(answer(200)) as receiver:

        def careful(request: BaseHTTPRequestHandler) -> None:
            came = receiver.received[-1]
            try:
                Webhook(SECRETS[1]).verify(came.body, came.headers)
            except WebhookVerificationError:
                answer(401)(request)
            else:
                answer(204)(request)

        def found() -> Report:
            return report(visit(moto_bucket, tmp_path, webhook_url=receiver.url, **given), "webhooks")

        naive = found()
        assert [line(naive, check).level for check in ("ping", "forged-ping")] == [Level.PASS, Level.WARN]
        first = receiver.received[0]
        ping = verify_webhook(first.body.encode(), first.headers, SECRETS[1])
        assert (ping.type, ping.id, ping.upload) == ("ping", first.id, None)
        assert json.loads(first.body)["data"]["id"] == first.id
        receiver.behave = careful
        assert [line(found(), check).level for check in ("ping", "forged-ping")] == [Level.PASS, Level.PASS]
        receiver.behave = answer(500)
        assert "HTTP 500" in line(found(), "ping").seen


def test_findings_are_used(moto_bucket: Bucket, tmp_path: Path) -> None:
    """Where POST was found missing `auto` is PUT, but where a setting says otherwise; nothing depends on a run."""
    server = moto_bucket.server
    given: dict[str, Any] = {
        "bucket": moto_bucket.name,
        "s3_endpoint_url": server.endpoint_url,
        "s3_region": server.region,
        "database_url": f"sqlite:///{tmp_path / 'valetkey.db'}",
        "secret_keys": SECRETS[:1],
        "auth": "open",
    }

    def method(*, proven: bool, **more: Any) -> str:
        app = Flask("shop")
        settings = Settings(**given, **more)
        ValetKey(app, settings=settings, profiles=doctors.DEFAULT, session=server.session, allow_open=True)
        installed: Any = app.extensions["valetkey"]
        with closing(installed.ledger):
            installed.ledger.migrate()
            if proven:
                place = f"{server.endpoint_url}/{moto_bucket.name}"
                found, summary = {"post": False, "unheard_of": True}, {"counts": {"pass": 3, "fail": 1}}
                installed.ledger.record_proof(StoreProof(place, found, summary, datetime.now(UTC)))
            client = app.test_client()
            asked = {"filename": "a.png", "content_type": "image/png", "size": 1}
            made = client.post("/v1/uploads", json=asked)
            assert made.status_code == 201, made.text
            ready = client.get("/readyz?verbose").get_json()
            assert (ready["doctor"] is not None) is proven
            if proven:
                assert ready["doctor"]["ok"] is False
                assert ready["doctor"]["counts"] == {"pass": 3, "fail": 1}
            assert client.get("/readyz").get_json() == {"status": "ok"}
        return str(made.get_json()["grant"]["method"])

    assert method(proven=False) == "POST"
    assert method(proven=True) == "PUT"
    assert method(proven=True, s3_post=True) == "POST"


def test_events_go_round_once_fix_has_set_them(tmp_path: Path) -> None:
    """Without a notification no event comes; with what --fix sets one does, and others' rules are as they were."""
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
    """What --fix sets is told of in the bucket, once, and rules of others, of queues too, stay as they are."""
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


def test_nothing_is_set_without_a_word(moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--fix asks, and a no leaves the bucket as it is; --yes needs --fix."""
    monkeypatch.chdir(tmp_path)
    given = moto_bucket.server.env() | {"VALETKEY_BUCKET": moto_bucket.name, "VALETKEY_SECRET_KEYS": SECRETS[0]}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["doctor", "--fix"], input="n\n" * 9)
    assert "Lifecycle rules are set" in done.output
    with pytest.raises(Exception, match="NoSuchLifecycleConfiguration"):
        moto_bucket.client.get_bucket_lifecycle_configuration(Bucket=moto_bucket.name)
    assert CliRunner().invoke(main, ["doctor", "--yes"]).exit_code == 2
    assert CliRunner().invoke(main, ["doctor", "--fix", "--json"]).exit_code == 2


@pytest.mark.parametrize(
    ("stop", "slow"),
    [
        (signal.SIGINT, {"PUT", "FORM", "PART"}),
        (signal.SIGTERM, {"PUT", "FORM", "PART"}),
        (signal.SIGTERM, {"CREATE"}),
        (signal.SIGHUP, {"CREATE"}),
    ],
)
def test_a_command_that_is_stopped_leaves_nothing(
    stop: signal.Signals, slow: set[str], moto_bucket: Bucket, tmp_path: Path
) -> None:
    """Ctrl-C, SIGTERM and SIGHUP in the middle of its writing, and before it knows what it has begun."""
    given = moto_bucket.server.env() | {"VALETKEY_BUCKET": moto_bucket.name, "VALETKEY_SECRET_KEYS": SECRETS[0]}
    env = os.environ | given | {"VALETKEY_DATABASE_URL": f"sqlite:///{tmp_path / 'valetkey.db'}"}
    with quirky(moto_bucket.server, Slow(0.3 if "PUT" in slow else 3, frozenset(slow))) as server:
        command = [str(VALETKEY), "doctor", "--json"]
        env["VALETKEY_S3_ENDPOINT_URL"] = server.endpoint_url
        with processes.running(command, env=env, cwd=tmp_path, stdout=subprocess.PIPE) as running:
            for _ in range(2400):
                if server.count("PUT") + server.count("FORM") > 3 if "PUT" in slow else server.count("CREATE"):
                    break
                Event().wait(0.05)
            running.send_signal(stop)
            said, _ = running.communicate(timeout=120)
    assert running.returncode == 1
    assert said == b""
    assert server.count("PUT") > 0
    assert keys(moto_bucket) == []
    assert moto_bucket.client.list_multipart_uploads(Bucket=moto_bucket.name).get("Uploads", []) == []


def test_a_pushed_event_of_a_probe_is_seen(mount: Any, settings: Settings) -> None:
    """By its sender; it leads to nothing else."""
    app = Flask("shop")
    secret = "a-secret-of-ceph-for-this"
    installed = mount(app, settings=settings.model_copy(update={"events_ceph_secret": secret}))
    probe, now = new_upload_id(), datetime.now(UTC)
    installed.ledger.open_event_probe(probe, now, now - timedelta(days=1))
    event = created_event(settings.bucket or "", f"staging/{probe}", 1, "0" * 32)
    said = app.test_client().post(f"/v1/events/ceph?secret={secret}", json=event)
    assert said.get_json() == {"confirmed": 0, "rejected": 0, "ignored": 1}
    assert installed.ledger.events_seen(probe).keys() == {"ceph"}


def test_a_store_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one failure, what cannot be tried is one line, and nobody waits for it again and again."""
    monkeypatch.chdir(tmp_path)
    given = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "a-secret-key-of-aws", "VALETKEY_BUCKET": "bucket"}
    given |= {"VALETKEY_S3_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}", "VALETKEY_SECRET_KEYS": SECRETS[0]}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    shown = CliRunner().invoke(main, ["doctor", "--json"])
    failures = [(one["group"], one["check"]) for one in json.loads(shown.stdout)["findings"] if one["level"] == "fail"]
    assert failures == [("ledger", "schema"), ("store", "reach")]
    table = CliRunner().invoke(main, ["doctor"])
    assert table.output.count("was not reached") <= 4
    assert "cannot be used" in table.output


@contextmanager
def something_else(behave: Behaviour) -> Iterator[str]:
    """The address of a server that is no store: it answers everything so."""
    methods = dict.fromkeys((f"do_{name}" for name in ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")), behave)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (BaseHTTPRequestHandler,), methods))
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def drip(request: BaseHTTPRequestHandler) -> None:
    """Never done, and never silent for long."""
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    with suppress(OSError):
        while True:
            request.wfile.write(b" ")
            Event().wait(0.1)


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (answer(200, {}, b"<html><body>Welcome</body></html>"), "200 with a page, so it is not S3"),
        (answer(200), "without a listing, so it is not S3"),
        (answer(301), "redirects without an end"),
        (drip, "no whole answer within 2 s"),
    ],
)
def test_what_is_no_store(
    behave: Behaviour, words: str, tmp_path: Path, moto_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one failure, found once and in time, and nothing is learned of it."""
    if behave is drip:  # what does answer has its time
        monkeypatch.setattr("valetkey.doctor.visit.REACH_TIMEOUT", 2.0)
    with something_else(behave) as url:
        found = report(visit(moto_bucket, tmp_path, s3_endpoint_url=url), "store", "cors", "events")
    assert [(each.check, each.level) for each in found.findings if each.level is not Level.SKIP] == [
        ("reach", Level.FAIL)
    ]
    assert words in line(found, "reach").seen
    assert found.capabilities == {}


def test_a_page_that_nobody_named_is_skipped_with_what_to_set(one: Visit) -> None:
    """A reader of the report is told the settings, as after a failure."""
    found = line(report(one, "store", "cors", checks=["cors"]), "cors")
    assert found.level is Level.SKIP
    assert "VALETKEY_PUBLIC_URL" in found.action
    assert "VALETKEY_CORS_ORIGINS" in found.action


def endless(request: BaseHTTPRequestHandler) -> None:
    """An answer without an end."""
    request.send_response(200)
    request.end_headers()
    with suppress(OSError):
        while True:
            request.wfile.write(b"<" * 65_536)


@pytest.mark.parametrize("behave", [drip, endless])
def test_answers_without_an_end(
    behave: Behaviour, moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a request as clients send it nor a call of boto3 reads on for ever."""
    quick = Timeout(connect=60, read=1)
    for name in ("TIMEOUT", "PATIENT"):
        monkeypatch.setattr(f"valetkey.doctor.wire.{name}", quick)
    with something_else(behave) as url:
        one = visit(moto_bucket, tmp_path, s3_endpoint_url=url, events_sqs_queue_url=f"{url}/queue")
        queue = one.bounded(make_client(moto_bucket.server.session, f"{url}/queue", "us-east-1"))
        sizes: list[int] = []

        def ask() -> None:
            sizes.append(len(one.wire.send("GET", url).body))
            assert not attempt(one.client.list_objects_v2, Bucket=one.bucket).ok
            assert not attempt(queue.get_queue_attributes, QueueUrl=f"{url}/queue").ok
            sizes.append(0)

        asking = Thread(target=ask, daemon=True)
        asking.start()
        asking.join(60)
    assert len(sizes) == 2
    assert sizes[0] <= LIMIT


def test_an_unreadable_database_url_is_one_failure(moto_bucket: Bucket, tmp_path: Path) -> None:
    """Its sentence says what it should look like, and nothing of what is in it."""
    one = visit(moto_bucket, tmp_path, database_url="postgresql://bob:p4ssw0rd@host:none/shop")
    found = report(one, "machine", "ledger", checks=["disk-space", "fsync", "schema", "condition"])
    assert [each.check for each in found.findings if each.level is Level.FAIL] == ["schema"]
    assert "The database URL cannot be read" in line(found, "schema").seen
    assert "p4ssw0rd" not in str(found.as_json())


@pytest.mark.parametrize("url", ["postgresql://bob:p%2F4ss@host/shop", "postgresql://host/shop?password=p/4ss"])
def test_passwords_of_databases_are_not_shown(url: str, moto_bucket: Bucket, tmp_path: Path) -> None:
    """Neither in the URL's own spelling nor in its meaning."""
    one = visit(moto_bucket, tmp_path, database_url=url)
    shown = one.redact(f"no entry for {url}, or p/4ss")
    assert "4ss" not in shown


@pytest.mark.parametrize("name", ["public_url", "events_sqs_queue_url"])
def test_addresses_that_are_shown_have_no_password(name: str, moto_bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must have no user and no password"):
        visit(moto_bucket, tmp_path, DEFAULT, **{name: "https://bob:p4ssw0rd@uploads.example"})


@pytest.mark.parametrize("behave", [answer(200, {}, b"Welcome"), answer(404), answer(405)])
def test_nothing_is_learned_where_clients_are_led_elsewhere(
    behave: Behaviour, moto_bucket: Bucket, tmp_path: Path
) -> None:
    """It is said once; that no form is taken there says nothing of the store."""
    with something_else(behave) as url:
        one = visit(moto_bucket, tmp_path, s3_public_endpoint_url=url, public_url="https://uploads.invalid")
        found = report(one, "store", "cors", checks=["addressing", "post", "put", "put-once", "parts", "cors"])
    assert [each.check for each in found.findings if each.level is Level.FAIL] == ["addressing"]
    assert line(found, "post").level is Level.SKIP
    assert found.capabilities == {}


def test_a_ledger_that_cannot_be_written(one: Visit, tmp_path: Path) -> None:
    """It can be read: the line says what is wrong, and what to do."""
    with closing(sqlite3.connect(tmp_path / "valetkey.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = report(one, "ledger", checks=["schema", "latency"])
    assert line(found, "latency").level is Level.FAIL
    assert "can be read, and not written" in line(found, "latency").seen
    assert "holds a lock" in line(found, "latency").action


def test_another_installation_is_seen_behind_many_old_objects(
    one: Visit, moto_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are in the order of their time, and so are listings, of which one page is read."""
    monkeypatch.setattr("valetkey.doctor.ledger.PAGE", 3)
    for number in range(3):
        moto_bucket.client.put_object(Bucket=moto_bucket.name, Key=f"staging/01000000-000{number}-7000-8000-{'0' * 12}")
    assert line(report(one, "ledger"), "shared-staging").level is Level.PASS  # their uploads ended long ago
    moto_bucket.client.put_object(Bucket=moto_bucket.name, Key=f"staging/{new_upload_id()}")
    found = line(report(one, "ledger"), "shared-staging")
    assert found.seen.startswith("Objects under staging/ whose uploads this ledger does not know: 1.")


def test_fix_without_anybody_who_answers(moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to do, and sets nothing."""
    monkeypatch.chdir(tmp_path)
    given = moto_bucket.server.env() | {"VALETKEY_BUCKET": moto_bucket.name, "VALETKEY_SECRET_KEYS": SECRETS[0]}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["doctor", "--fix"], input="")
    assert done.exit_code == 1
    assert "--yes changes it without asking" in done.output
    with pytest.raises(Exception, match="NoSuchLifecycleConfiguration"):
        moto_bucket.client.get_bucket_lifecycle_configuration(Bucket=moto_bucket.name)


def test_a_setting_that_is_wrong_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word of the library that reads it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALETKEY_CORS_ORIGINS", "app.example/path")
    shown = CliRunner().invoke(main, ["doctor", "--json"])
    [finding] = json.loads(shown.stdout)["findings"]
    assert finding["seen"].startswith("VALETKEY_CORS_ORIGINS: 'app.example/path' has no scheme")
    assert logging.getLogger("valetkey").level < logging.CRITICAL  # what runs afterwards in this process may log


def test_a_bucket_that_cannot_be_is_a_failure(moto_bucket: Bucket, tmp_path: Path) -> None:
    """All the rest is skipped, which alone would be a success."""
    found = report(visit(replace(moto_bucket, name="Bad_Bucket/../x"), tmp_path), "store")
    assert not found.ok
    assert line(found, "reach").level is Level.FAIL
    assert "Bad_Bucket" in line(found, "reach").seen


def test_a_bucket_of_somebody_else(moto_bucket: Bucket, tmp_path: Path) -> None:
    """It is said in one line, which names the rights as well."""
    refused = answer(403, {}, b"<Error><Code>AccessDenied</Code></Error>")
    with something_else(refused) as url:
        found = report(visit(moto_bucket, tmp_path, s3_endpoint_url=url), "store", checks=["rights"])
    assert "somebody else's" in line(found, "rights").seen
    assert "s3:PutObject" in line(found, "rights").action


def test_one_of_several_stores_is_tried_for_its_own_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a profile asks of another store need not be here; a rule by owner may lead any of them here."""
    monkeypatch.chdir(tmp_path)
    tables = "".join(f'[stores.{name}]\nbucket = "{name}-uploads"\nregion = "us-east-1"\n' for name in ("eu", "cold"))
    profiles = '[profiles.default]\nstore = "eu"\n[profiles.scans]\nstore = "cold"\nkey = "scans/{id}"\n'
    config = tmp_path / "valetkey.toml"
    config.write_text(tables + profiles)
    assert set(visit_from_environment("eu").profiles) == {"default"}
    assert set(visit_from_environment("cold").profiles) == {"scans"}
    config.write_text(f'{tables}[stores_by_owner]\n"a*" = "eu"\n{profiles}')
    assert set(visit_from_environment("eu").profiles) == {"default", "scans"}


def test_a_certificate_of_ones_own_is_not_to_be_renewed(moto_bucket: Bucket, tmp_path: Path) -> None:
    """Who issued it is unknown: to renew it would change nothing."""
    with running_receiver(answer(200), tls_for("127.0.0.1", tmp_path)[0]) as receiver:
        one = visit(moto_bucket, tmp_path, webhook_url=receiver.url)
        found = report(one, "configuration", checks=["tls"])
    assert line(found, "tls").level is Level.FAIL
    assert "SSL_CERT_FILE" in line(found, "tls").action
