"""`valetkey owners`."""

from datetime import UTC, datetime

import click

from valetkey.commands.terminal import json_option, open_ledger, print_json, print_record, report_errors
from valetkey.core.errors import ConfigurationError, ErasureNotFound
from valetkey.core.model.erasure import ALL_ACCOUNTS, Erasure, new_erasure
from valetkey.core.model.upload import parse_upload_id


@click.group()
def owners() -> None:
    """Erase the data of owners: their objects, and what the ledger has about them."""


@owners.command("erase")
@click.argument("name")
@click.option("--account", help="Only uploads of the API keys with this name. By default of all accounts.")
@json_option
@report_errors
def erase_owner(name: str, account: str | None, *, as_json: bool) -> None:
    """Have `valetkey worker` erase everything of the owner NAME. Uploads created from now on are not erased."""
    from valetkey.api.requests import EraseOwner, checked

    if account == "":  # as from a shell variable that is not set
        raise ConfigurationError("--account is empty: name an account, or leave it out for all accounts.")
    owner = checked(EraseOwner, owner=name).owner
    job = open_ledger().begin_erasure(
        new_erasure(ALL_ACCOUNTS if account is None else account, owner, datetime.now(UTC))
    )
    _print(job, as_json=as_json)


@owners.command("show")
@click.argument("erasure_id")
@json_option
@report_errors
def show_erasure(erasure_id: str, *, as_json: bool) -> None:
    """Show the progress of an erasure."""
    known = parse_upload_id(erasure_id)  # erasure ids are UUIDv7, too
    job = open_ledger().get_erasure(known) if known else None
    if job is None:
        raise ErasureNotFound
    _print(job, as_json=as_json)


def _print(job: Erasure, *, as_json: bool) -> None:
    from valetkey.api.responses import erasure_body

    body = erasure_body(job)
    if as_json:
        print_json(body)
    else:
        print_record(body.items())
