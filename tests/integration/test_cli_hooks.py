"""`valetkey hooks`: lists hooks and dead calls, repeats calls, and forgets hooks."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.support.ledgers import migrated

from valetkey.adapters.sql import SqlLedger
from valetkey.cli import main
from valetkey.core.model.announcement import Announcer, Status
from valetkey.testing.contracts.hooks import abort

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    """One that knows two hooks."""
    with migrated("sqlite:///valetkey.db", Announcer(None, lambda: NOW)) as made:
        made.record_hooks({"shop.mail": {"upload.aborted", "upload.rejected"}, "shop.thumbs": {"upload.aborted"}}, NOW)
        yield made


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["hooks", *args])


def shown(*args: str) -> Any:
    return json.loads(run(*args, "--json").output)


def dead_call(ledger: SqlLedger, hook: str = "shop.thumbs") -> str:
    """An end of which the call of one hook is dead; its id. The other hook's waits."""
    upload = abort(ledger)
    name = f"{upload.id}-aborted"
    [one] = [one for one in ledger.calls(hook).claim(NOW, NOW, 9) if one.id == name]
    assert ledger.calls(hook).settle(one, one.changed(status=Status.DEAD, attempts=10, detail="ValueError: no"))
    return name


def test_hooks_are_listed_with_what_is_left_to_do(ledger: SqlLedger) -> None:
    """For people and for programs."""
    dead_call(ledger)
    assert shown("list") == {
        "hooks": [
            {"name": "shop.mail", "recorded_at": "2026-03-01T12:00:00Z", "waiting": 1, "dead": 0}
            | {"types": ["upload.aborted", "upload.rejected"]},
            {"name": "shop.thumbs", "recorded_at": "2026-03-01T12:00:00Z", "waiting": 0, "dead": 1}
            | {"types": ["upload.aborted"]},
        ]
    }
    head, mail, thumbs, count = run("list").output.splitlines()
    assert head.split()[0] == "name"
    assert mail.split() == ["shop.mail", "upload.aborted", "upload.rejected", "2026-03-01", "12:00", "1", "0"]
    assert thumbs.split() == ["shop.thumbs", "upload.aborted", "2026-03-01", "12:00", "0", "1"]
    assert count == "2 in all."


def test_dead_calls_are_listed(ledger: SqlLedger) -> None:
    """With how they failed; those of one hook, and of other states, when asked for."""
    dead = dead_call(ledger)
    [row] = shown("calls")["calls"]
    assert row == {
        "hook": "shop.thumbs",
        "state": "dead",
        "id": dead,
        "type": "upload.aborted",
        "upload_id": dead.removesuffix("-aborted"),
        "created_at": "2026-03-01T12:00:00Z",
        "due_at": "2026-03-01T12:00:00Z",
        "attempts": 10,
        "detail": "ValueError: no",
    }
    _, line, _ = run("calls").output.splitlines()
    assert line.split()[:2] == ["shop.thumbs", dead]
    assert [one["hook"] for one in shown("calls", "--state", "waiting")["calls"]] == ["shop.mail"]
    assert shown("calls", "--hook", "shop.mail") == {"calls": []}
    assert len(shown("calls", "--state", "all")["calls"]) == 2
    assert len(shown("calls", "--state", "all", "--limit", "1")["calls"]) == 1


def test_dead_calls_are_repeated(ledger: SqlLedger) -> None:
    """Those of one hook or of all, or some by their ids; one that is not there is named, and hinders no other."""
    dead = [dead_call(ledger), dead_call(ledger), dead_call(ledger, "shop.mail")]
    assert shown("replay", "--all", "--hook", "shop.mail") == {"replayed": [{"hook": "shop.mail", "id": dead[2]}]}
    result = run("replay", dead[0], "nobody")
    assert result.exit_code == 1
    assert "1 will be called again." in result.output
    assert "nobody" in result.output
    assert run("replay", "--all").output == "1 will be called again.\n"
    assert shown("calls") == {"calls": []}


@pytest.mark.parametrize("args", [[], ["an-id", "--all"]])
def test_replay_wants_to_know_what(ledger: SqlLedger, args: list[str]) -> None:
    """Ids or --all, not both and not neither; nothing is called again."""
    dead_call(ledger)
    assert run("replay", *args).exit_code == 2
    assert len(shown("calls")["calls"]) == 1


def test_a_hook_is_forgotten(ledger: SqlLedger) -> None:
    """With its calls; one that nobody knows is said to be so, whatever is asked of it."""
    dead_call(ledger)
    assert run("forget", "shop.thumbs").exit_code == 0
    assert [one["name"] for one in shown("list")["hooks"]] == ["shop.mail"]
    for args in (["forget", "shop.thumbs"], ["calls", "--hook", "shop.thumbs"], ["replay", "--all", "--hook", "x"]):
        result = run(*args)
        assert (result.exit_code, "has no hook" in result.output) == (1, True)


def test_without_a_ledger_it_says_so() -> None:
    """Before `migrate` there is no table: the error is a sentence."""
    for args in (["list"], ["calls"], ["replay", "--all"], ["forget", "x"]):
        result = run(*args)
        assert result.exit_code == 1
        assert "valetkey migrate" in result.output
        assert "Traceback" not in result.output
