"""`valetkey hooks`."""

from datetime import UTC, datetime
from typing import Any

import click

from valetkey.commands.announced import (
    CELLS,
    announcement_cells,
    announcement_row,
    limit_option,
    state_option,
    status_of,
)
from valetkey.commands.terminal import json_option, open_ledger, print_json, print_table, report_errors
from valetkey.core.errors import ConfigurationError

_hook = click.option("--hook", "name", metavar="NAME", help="Only this hook.")


@click.group()
def hooks() -> None:
    """Inspect the hooks of applications and their calls, and repeat calls."""


@hooks.command("list")
@json_option
@report_errors
def list_hooks(*, as_json: bool) -> None:
    """List the hooks in the ledger, with the number of their calls that are waiting or dead."""
    found = open_ledger().hooks()
    if as_json:
        print_json({"hooks": [_as_json(one) for one in found]})
        return
    rows = [
        (one.name, " ".join(sorted(one.types)), f"{one.recorded_at:%Y-%m-%d %H:%M}", str(one.waiting), str(one.dead))
        for one in found
    ]
    print_table(("name", "called for", "known since (UTC)", "waiting", "dead"), rows)


@hooks.command("calls")
@state_option
@limit_option
@_hook
@json_option
@report_errors
def list_calls(state: str, limit: int, name: str | None, *, as_json: bool) -> None:
    """List calls of hooks, newest first. Lists dead ones unless --state names another state."""
    ledger = open_ledger()
    found = [one for each in _chosen(ledger, name) for one in ledger.calls(each).announcements(status_of(state), limit)]
    found = sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)[:limit]
    if as_json:
        print_json({"calls": [{"hook": one.hook} | announcement_row(one) for one in found]})
        return
    print_table(("hook", *CELLS), [(one.hook, *announcement_cells(one)) for one in found])


@hooks.command("replay")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "all_dead", is_flag=True, help="Repeat all dead calls.")
@_hook
@json_option
@report_errors
def replay_calls(ids: tuple[str, ...], name: str | None, *, all_dead: bool, as_json: bool) -> None:
    """Repeat calls of hooks: dead or delivered ones by their IDs. A worker of the application makes them within a
    second."""
    if bool(ids) == all_dead:
        raise click.UsageError("Give either the IDs of the calls to repeat, or --all.")
    ledger = open_ledger()
    now = datetime.now(UTC)
    replayed = [
        {"hook": each, "id": one}
        for each in _chosen(ledger, name)
        for one in ledger.calls(each).replay(None if all_dead else ids, now)
    ]
    if as_json:
        print_json({"replayed": replayed})
    else:
        click.echo(f"{len(replayed)} will be called again.")
    if missing := set(ids) - {one["id"] for one in replayed}:
        raise ConfigurationError(f"Neither dead nor delivered: {', '.join(sorted(missing))}.")


@hooks.command("forget")
@click.argument("name")
@report_errors
def forget_hook(name: str) -> None:
    """Delete a hook that no application has any more, with all of its calls. If an application still has the hook, it
    is recorded again when a process of the application starts."""
    ledger = open_ledger()
    _chosen(ledger, name)
    ledger.forget_hook(name)
    click.echo(f"The hook {name} is forgotten.")


def _chosen(ledger: Any, name: str | None) -> list[str]:
    """The names of the selected hooks. Raises `ConfigurationError` if there is no hook ``name``."""
    known = [one.name for one in ledger.hooks()]
    if name is None:
        return known
    if name not in known:
        raise ConfigurationError(f"The ledger has no hook {name!r}: see `valetkey hooks list`.")
    return [name]


def _as_json(one: Any) -> dict[str, Any]:
    names = ("name", "recorded_at", "waiting", "dead")
    return {name: getattr(one, name) for name in names} | {"types": sorted(one.types)}
