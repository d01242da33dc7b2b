"""`valetkey webhooks`: lists dead webhooks, and sends them again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result
from tests.support.ledgers import migrated

from valetkey.adapters.sql import SqlLedger
from valetkey.api.webhooks import webhook_body
from valetkey.cli import main
from valetkey.core.model.announcement import Announcer, Status
from valetkey.core.model.upload import UploadState
from valetkey.testing.contracts.samples import new_upload

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    with migrated("sqlite:///valetkey.db", Announcer(webhook_body, lambda: NOW)) as made:
        yield made


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["webhooks", *args])


def announced(ledger: SqlLedger, status: Status) -> str:
    """An end whose webhook has come so far; its id."""
    upload = new_upload(NOW)
    ledger.add([upload])
    assert ledger.replace(upload, upload.moved(UploadState.ABORTED))
    if status is not Status.WAITING:
        [one] = ledger.claim(NOW, NOW, 1)
        assert ledger.settle(one, one.changed(status=status, attempts=10, detail="HTTP 500"))
    return f"{upload.id}-aborted"


def listed(*args: str) -> list[str]:
    return [row["id"] for row in json.loads(run("list", "--json", *args).output)["webhooks"]]


def test_dead_ones_are_listed(ledger: SqlLedger) -> None:
    """With how they failed, for people and for programs; the others when asked for; no body, which holds file names."""
    dead, delivered, waiting = (announced(ledger, one) for one in (Status.DEAD, Status.DELIVERED, Status.WAITING))
    [row] = json.loads(run("list", "--json").output)["webhooks"]
    assert row == {
        "state": "dead",
        "id": dead,
        "type": "upload.aborted",
        "upload_id": dead.removesuffix("-aborted"),
        "created_at": "2026-03-01T12:00:00Z",
        "due_at": "2026-03-01T12:00:00Z",
        "attempts": 10,
        "detail": "HTTP 500",
    }
    head, line, count = run("list").output.splitlines()
    assert (head.split()[0], line.split()) == ("id", [dead, "2026-03-01", "12:00", "dead", "10", "HTTP", "500"])
    assert count == "1 in all."
    assert listed("--state", "delivered") == [delivered]
    assert listed("--state", "waiting") == [waiting]
    assert sorted(listed("--state", "all")) == sorted([dead, delivered, waiting])
    assert len(listed("--state", "all", "--limit", "2")) == 2


def test_all_dead_ones_are_replayed(ledger: SqlLedger) -> None:
    """They wait again, and no other is touched."""
    dead = [announced(ledger, Status.DEAD) for _ in range(2)]
    announced(ledger, Status.DELIVERED)
    assert sorted(json.loads(run("replay", "--all", "--json").output)["replayed"]) == sorted(dead)
    assert sorted(listed("--state", "waiting")) == sorted(dead)
    assert run("replay", "--all").output == "0 will be sent again.\n"


def test_some_are_replayed(ledger: SqlLedger) -> None:
    """By their ids; one that is not there ends the command with 1 and its name, and hinders no other."""
    dead, delivered = announced(ledger, Status.DEAD), announced(ledger, Status.DELIVERED)
    result = run("replay", dead, delivered, "nobody")
    assert result.exit_code == 1
    assert "2 will be sent again." in result.output
    assert "nobody" in result.output
    assert dead not in result.output
    assert sorted(listed("--state", "waiting")) == sorted([dead, delivered])


@pytest.mark.parametrize("args", [[], ["an-id", "--all"]])
def test_replay_wants_to_know_what(ledger: SqlLedger, args: list[str]) -> None:
    """Ids or --all, not both and not neither; nothing is sent again."""
    announced(ledger, Status.DEAD)
    assert run("replay", *args).exit_code == 2
    assert len(listed()) == 1


def test_without_a_ledger_it_says_so() -> None:
    """Before `migrate` there is no table: the error is a sentence."""
    for args in (["list"], ["replay", "--all"]):
        result = run(*args)
        assert result.exit_code == 1
        assert "ledger" in result.output
        assert "Traceback" not in result.output
