"""The command `valetkey doctor`: its table and JSON, questions of --fix, and what it leaves when it is stopped."""

import json
import logging
import os
import signal
import subprocess
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner
from tests.support import processes
from tests.support.doctors import SECRETS
from tests.support.servers import VALETKEY, free_port
from tests.support.store_proxy import quirky
from tests.support.store_quirks import Slow
from tests.support.stores import Bucket

from valetkey.cli import main
from valetkey.doctor.findings import Finding, Level
from valetkey.doctor.groups import GROUPS
from valetkey.doctor.table import WIDTH, lines_of


def test_the_command_prints_a_table_or_json(
    moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has 80 columns; JSON has the documented shape; neither contains a secret, whatever is wrong."""
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
    """No other check runs then."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALETKEY_WORKERS", "many")
    done = CliRunner().invoke(main, ["doctor", "--json"])
    assert done.exit_code == 1
    [finding] = json.loads(done.stdout)["findings"]
    assert finding["group"] == "configuration"
    assert "VALETKEY_WORKERS" in finding["seen"]


def test_lines_are_80_columns_wide() -> None:
    """A long finding is wrapped."""
    shown = lines_of(Finding("check", Level.WARN, "word " * 60, "do " * 60))
    assert max(map(len, shown)) <= WIDTH
    assert shown[0].startswith("  WARN  check: word")


def test_nothing_is_set_without_a_word(moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--fix asks, and "no" leaves the bucket as it is; --yes needs --fix."""
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
    """Ctrl-C, SIGTERM and SIGHUP, while it writes, and before it knows the multipart upload that it has begun."""
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
    assert moto_bucket.keys() == []
    assert moto_bucket.client.list_multipart_uploads(Bucket=moto_bucket.name).get("Uploads", []) == []


def test_a_store_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one failure, checks that cannot run are one line, and the time-out is waited for once."""
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


def test_fix_without_anybody_who_answers(moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says what to do, and changes nothing."""
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
    """It contains nothing of the library that reads settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALETKEY_CORS_ORIGINS", "app.example/path")
    shown = CliRunner().invoke(main, ["doctor", "--json"])
    [finding] = json.loads(shown.stdout)["findings"]
    assert finding["seen"].startswith("VALETKEY_CORS_ORIGINS: 'app.example/path' has no scheme")
    assert logging.getLogger("valetkey").level < logging.CRITICAL  # logging of this process works as before
