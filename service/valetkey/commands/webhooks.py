"""`valetkey webhooks`."""

from datetime import UTC, datetime
from typing import Any

import click
import orjson

from valetkey.commands.terminal import json_option, open_ledger, print_table, report_errors
from valetkey.core.errors import ConfigurationError
from valetkey.core.model.announcement import Status


@click.group()
def webhooks() -> None:
    """Inspect and resend webhooks, which tell the application how its uploads ended."""


@webhooks.command("list")
@click.option("--state", type=click.Choice(["dead", "waiting", "delivered", "all"]), default="dead", show_default=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
@report_errors
def list_webhooks(state: str, limit: int, *, as_json: bool) -> None:
    """List webhooks, newest first. Lists dead ones unless --state names another state."""
    found = open_ledger().announcements(None if state == "all" else Status(state), limit)
    if as_json:
        rows = [_webhook_row(one) for one in found]
        click.echo(orjson.dumps({"webhooks": rows}, option=orjson.OPT_UTC_Z))
        return
    table = [
        (one.id, f"{one.created_at:%Y-%m-%d %H:%M}", one.status.value, str(one.attempts), one.detail or "")
        for one in found
    ]
    print_table(("id", "created (UTC)", "state", "attempts", "what went wrong"), table)


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


def _webhook_row(one: Any) -> dict[str, Any]:
    names = ("id", "type", "upload_id", "created_at", "due_at", "attempts", "detail")
    return {"state": one.status.value} | {name: getattr(one, name) for name in names}
