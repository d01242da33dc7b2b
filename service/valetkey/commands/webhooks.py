"""`valetkey webhooks`."""

from datetime import UTC, datetime

import click
import orjson

from valetkey.commands.announced import (
    CELLS,
    announcement_cells,
    announcement_row,
    limit_option,
    state_option,
    status_of,
)
from valetkey.commands.terminal import json_option, open_ledger, print_table, report_errors
from valetkey.core.errors import ConfigurationError


@click.group()
def webhooks() -> None:
    """Inspect and resend webhooks, which notify the application of the outcome of uploads."""


@webhooks.command("list")
@state_option
@limit_option
@json_option
@report_errors
def list_webhooks(state: str, limit: int, *, as_json: bool) -> None:
    """List webhooks, newest first. Lists dead ones unless --state names another state."""
    found = open_ledger().announcements(status_of(state), limit)
    if as_json:
        rows = [announcement_row(one) for one in found]
        click.echo(orjson.dumps({"webhooks": rows}, option=orjson.OPT_UTC_Z))
        return
    print_table(CELLS, [announcement_cells(one) for one in found])


@webhooks.command("replay")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "all_dead", is_flag=True, help="Send all dead webhooks again.")
@json_option
@report_errors
def replay_webhooks(ids: tuple[str, ...], *, all_dead: bool, as_json: bool) -> None:
    """Send webhooks again: dead or delivered ones by their IDs. The worker sends them within a second."""
    if bool(ids) == all_dead:
        raise click.UsageError("Give either the IDs of the webhooks to send again, or --all.")
    replayed = open_ledger().replay(None if all_dead else ids, datetime.now(UTC))
    click.echo(orjson.dumps({"replayed": replayed}) if as_json else f"{len(replayed)} will be sent again.")
    if missing := set(ids) - set(replayed):
        raise ConfigurationError(f"Neither dead nor delivered: {', '.join(sorted(missing))}.")
