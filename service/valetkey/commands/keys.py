"""`valetkey keys`."""

import sys
from datetime import UTC, datetime

import click
import orjson

from valetkey.commands.terminal import json_option, open_ledger, print_table, report_errors
from valetkey.core.access.api_keys import Scope, new_key
from valetkey.core.errors import ConfigurationError, LedgerUnavailable


@click.group()
def keys() -> None:
    """Manage API keys, for the servers and scripts that create uploads."""


@keys.command("create")
@click.argument("name", default="default")
@click.option(
    "--scope",
    type=click.Choice(["uploads", "verdict"]),
    default="uploads",
    show_default=True,
    help="`verdict` is for a scanner: it reports verdicts on all uploads, and can do nothing else.",
)
@json_option
@report_errors
def create_key(name: str, scope: str, *, as_json: bool) -> None:
    """Create a key for NAME. Keys with the same name share their uploads. The key is shown once: only its hash is
    stored."""
    if not 0 < len(name) <= 100:
        raise ConfigurationError("The name of a key must have 1 to 100 characters.")
    if sys.stdout is None:
        raise ConfigurationError("Standard output is closed, and the key is written nowhere else: none was created.")
    key, text = new_key(name, datetime.now(UTC), Scope(scope))
    ledger = open_ledger()
    try:
        ledger.add_key(key)
    except LedgerUnavailable:
        ledger.check()  # raises a more helpful error if the schema is the reason
        raise
    shown = orjson.dumps({"id": key.id, "name": key.name, "scope": key.scope, "key": text}) if as_json else text
    try:
        click.echo(shown)  # nothing else on stdout, so that KEY=$(valetkey keys create) works
    except OSError:
        ledger.revoke_key(key.id, datetime.now(UTC))
        click.echo(f"The key could not be shown: it is revoked again. Its id is {key.id}.", err=True)
        raise
    if not as_json:
        click.echo(f"Store this key now: it is not shown again. Its id is {key.id}.", err=True)


@keys.command("list")
@json_option
@report_errors
def list_keys(*, as_json: bool) -> None:
    """List the keys: id, name, scope, and when they were created and revoked."""
    names = ("id", "name", "scope", "created_at", "revoked_at")
    rows = [{name: getattr(key, name) for name in names} for key in open_ledger().list_keys()]
    if as_json:
        click.echo(orjson.dumps({"keys": rows}, option=orjson.OPT_UTC_Z))
        return
    table = [
        (row["id"], row["name"], str(row["scope"]), _minute(row["created_at"]), _minute(row["revoked_at"]))
        for row in rows
    ]
    print_table(("id", "name", "scope", "created (UTC)", "revoked (UTC)"), table)


@keys.command("revoke")
@click.argument("key_id")
@json_option
@report_errors
def revoke_key(key_id: str, *, as_json: bool) -> None:
    """Revoke a key by its id. Running services stop accepting it within five seconds."""
    if not open_ledger().revoke_key(key_id, datetime.now(UTC)):
        raise ConfigurationError(f"There is no key {key_id!r}.")
    click.echo(orjson.dumps({"id": key_id, "revoked": True}) if as_json else f"{key_id} is revoked.")


def _minute(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
