"""`valetkey uploads`: the ledger as an operator sees it, and a sweep by hand."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from tests.support import processes
from tests.support.servers import VALETKEY
from tests.support.stores import Bucket

from valetkey.app import Installed
from valetkey.cli import main
from valetkey.core.access.callers import Caller
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.upload import Upload, UploadState, new_upload_id
from valetkey.settings import Settings


@dataclass
class Shell:
    """A shell with everything set, beside a running service."""

    valetkey: Installed
    bucket: Bucket

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(main, list(args), terminal_width=200)

    def json(self, *args: str) -> Any:
        result = self.run(*args, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    def create(self, filename: str = "a.txt", account: str = "shop", owner: str | None = None) -> Upload:
        request = UploadRequest(filename, "text/plain", 5, owner=owner)
        return self.valetkey.service.create(Caller(account), request).upload

    def put(self, key: str, upload: Upload | None = None) -> None:
        metadata = {"upload-id": upload.id} if upload else {}
        self.bucket.client.put_object(
            Bucket=self.bucket.name, Key=key, Body=b"bytes", ContentType="text/plain", Metadata=metadata
        )

    def keys(self) -> list[str]:
        return [item["Key"] for item in self.bucket.client.list_objects_v2(Bucket=self.bucket.name).get("Contents", [])]


@pytest.fixture
def shell(
    mount: Callable[..., Installed],
    settings: Settings,
    moto_bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Shell:
    for name in list(os.environ):
        if name.startswith(("VALETKEY_", "AWS_")):
            monkeypatch.delenv(name)
    short = {"sweep_first_look": 1, "sweep_retention": 1}
    environment = moto_bucket.server.env() | {
        "AWS_EC2_METADATA_DISABLED": "true",
        "VALETKEY_BUCKET": moto_bucket.name,
        "VALETKEY_DATABASE_URL": settings.database_url,
        "VALETKEY_SECRET_KEYS": "s" * 40,
        **{f"VALETKEY_{name.upper()}": str(value) for name, value in short.items()},
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Shell(mount(Flask("one"), settings=settings.model_copy(update=short)), moto_bucket)


def test_uploads_are_listed(shell: Shell) -> None:
    """The newest first, of all accounts, filtered as asked; whole lines where no terminal is."""
    first, second = shell.create("x" * 300, owner="[red]ann\x1b[0m"), shell.create(account="mall")
    shell.valetkey.service.remove(Caller("mall"), second.id)
    listed = shell.json("uploads", "list")["uploads"]
    assert [one["id"] for one in listed] == [second.id, first.id]
    assert [one["state"] for one in listed] == ["aborted", "pending"]
    by_account = shell.json("uploads", "list", "--account", "shop")["uploads"]
    by_state = shell.json("uploads", "list", "--state", "pending", "--profile", "default")["uploads"]
    assert [one["id"] for one in by_account] == [one["id"] for one in by_state] == [first.id]
    assert shell.json("uploads", "list", "--profile", "other")["uploads"] == []
    assert len(shell.json("uploads", "list", "--limit", "1")["uploads"]) == 1
    table = shell.run("uploads", "list").output
    assert first.id in table
    assert "2 in all." in table
    assert "[red]ann" in table
    assert "\x1b[0m" not in table


def test_an_upload_is_shown(shell: Shell) -> None:
    """Everything that the API shows, and for the operator the account and the next look; an unknown one is told."""
    upload = shell.create("größe.txt")
    assert shell.json("uploads", "show", upload.id)["filename"] == "größe.txt"
    shown = shell.run("uploads", "show", upload.id).output
    assert upload.id in shown
    assert "größe.txt" in shown
    assert "shop" in shown
    for unknown in (new_upload_id(), "nonsense"):
        result = shell.run("uploads", "show", unknown)
        assert result.exit_code == 1
        assert "no such upload" in result.output


def test_a_dry_run_says_what_the_sweep_then_does(shell: Shell) -> None:
    """As a table and as JSON, and changes nothing; the sweep does exactly that, and a second one finds nothing."""
    arrived, pending = shell.create(), shell.create()
    shell.put(arrived.staging_key, arrived)
    shell.put("staging/nobody's")
    shell.bucket.client.create_multipart_upload(Bucket=shell.bucket.name, Key="staging/nobody's-parts")
    sleep(2.1)  # the store's clock counts in seconds
    keys = shell.keys()
    foreseen = shell.json("uploads", "sweep", "--dry-run")["findings"]
    table = shell.run("uploads", "sweep", "--dry-run")
    assert table.exit_code == 0
    expected = {
        ("confirm", arrived.id),
        ("wait", pending.id),
        ("remove", "staging/nobody's"),
        ("abort", "staging/nobody's-parts"),
    }
    assert {(one["action"], one["subject"]) for one in foreseen} == expected
    assert all(f"{action} " in table.output and subject in table.output for action, subject in expected)
    assert "4 in all." in table.output
    assert shell.keys() == keys
    assert shell.valetkey.ledger.get(arrived.id) == arrived
    assert shell.valetkey.ledger.get(pending.id) == pending

    assert shell.json("uploads", "sweep")["findings"] == foreseen
    confirmed = shell.json("uploads", "show", arrived.id)
    assert (confirmed["state"], confirmed["confirmed_by"]) == ("confirmed", "sweep")
    assert shell.keys() == [confirmed["object"]["key"]]
    assert shell.bucket.client.list_multipart_uploads(Bucket=shell.bucket.name).get("Uploads", []) == []
    assert shell.run("uploads", "sweep").output.count("staging") == 0


def test_a_sweep_needs_its_store(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket that is not there is a sentence and exit code 1, not an empty sweep."""
    upload = shell.create()
    monkeypatch.setenv("VALETKEY_BUCKET", "no-such-bucket-of-ours")
    for args in (["uploads", "sweep"], ["uploads", "sweep", "--dry-run"]):
        result = shell.run(*args)
        assert result.exit_code == 1
        assert "NoSuchBucket" in result.output
        assert "Traceback" not in result.output
    kept = shell.valetkey.ledger.get(upload.id)
    assert kept is not None
    assert kept.state is UploadState.PENDING


def test_the_worker_needs_a_ledger(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its schema it does not begin, and says what to run; the sweep by hand neither."""
    monkeypatch.setenv("VALETKEY_DATABASE_URL", "sqlite:///other.db")
    for args in (["uploads", "sweep"], ["uploads", "sweep", "--dry-run"]):
        result = shell.run(*args)
        assert result.exit_code == 1
        assert "valetkey migrate" in result.output
    # a process of its own: it decides which signals its threads get
    done = processes.run([VALETKEY, "worker"], timeout=120)
    assert done.returncode == 1
    assert "valetkey migrate" in done.stderr
    assert "Traceback" not in done.stderr
