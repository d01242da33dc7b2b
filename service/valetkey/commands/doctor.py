"""`valetkey doctor`."""

import logging
import sys
from typing import TYPE_CHECKING

import click

from valetkey.commands.interruptions import signals_interrupt
from valetkey.commands.terminal import json_option, print_json, report_errors

if TYPE_CHECKING:
    from valetkey.doctor.findings import Report
    from valetkey.doctor.visit import Visit


@click.command()
@json_option
@click.option(
    "--fix", is_flag=True, help="Offer to configure CORS, lifecycle rules, notifications and the public access block."
)
@click.option("--yes", is_flag=True, help="With --fix: change the configuration without asking.")
@click.option(
    "--app",
    "application",
    metavar="MODULE[:NAME]",
    help="The Flask application that valetkey is mounted in, as for `flask --app`.",
)
@click.option("--store", metavar="NAME", help="The store to check. By default that of the environment variables.")
@report_errors
def doctor(application: str | None, store: str | None, *, as_json: bool, fix: bool, yes: bool) -> None:
    """Test the store and the configuration, and print what to change.

    Writes probe objects to the bucket and removes them. Records in the ledger what the store supports, for the service
    and the worker. The exit code is 0 if no check failed.
    """
    from valetkey.core.errors import ConfigurationError
    from valetkey.doctor.examination import report_of_failed_start
    from valetkey.doctor.table import Printer

    if yes and not fix:
        raise click.UsageError("--yes needs --fix.")
    if fix and as_json and not yes:
        raise click.UsageError("--fix asks before each change: with --json, add --yes.")
    log = logging.getLogger("valetkey")
    level = log.level
    log.setLevel(logging.CRITICAL)  # the findings contain what it would log
    try:
        with signals_interrupt():  # so that the probes are removed
            visit = _visit(application, store)
            report = _examined(visit, as_json=as_json)
            if fix and _mended(visit, report, yes=yes, quiet=as_json):
                report = _examined(_visit(application, store), as_json=as_json)
    except ConfigurationError as error:
        report = report_of_failed_start(error)
        if not as_json:
            with Printer(click.echo) as printer:
                printer.tell(*report.findings)
    finally:
        log.setLevel(level)
    if as_json:
        print_json(report.as_json())
    sys.exit(0 if report.ok else 1)


def _visit(application: str | None, store: str | None) -> "Visit":
    from valetkey.doctor.examination import visit_from_environment, visit_of

    if application is None:
        return visit_from_environment(store)
    from valetkey.commands.applications import load_application

    return visit_of(load_application(application), store)


def _examined(visit: "Visit", *, as_json: bool) -> "Report":
    from valetkey.doctor.examination import examine
    from valetkey.doctor.table import Printer, summary

    if as_json:
        return examine(visit)
    with Printer(click.echo) as printer:
        report = examine(visit, tell=printer.tell)
    click.echo(f"\n{summary(report)}")
    return report


def _mended(visit: "Visit", report: "Report", *, yes: bool, quiet: bool) -> bool:
    """Offers each change, makes those that are confirmed, and returns whether it made any."""
    from valetkey.doctor.fixing import changes

    has_changed = False
    for change in changes(visit, report.findings):
        if not quiet:
            click.echo(f"\n{change.shown}")
        try:
            is_wanted = yes or click.confirm("Set it?")
        except click.Abort:  # no terminal, or Ctrl-C
            raise click.ClickException("No answer: nothing more is changed. --yes changes it without asking.") from None
        if not is_wanted:
            continue
        made = change.apply()
        has_changed |= made.ok
        if not quiet or not made.ok:
            click.echo(f"{change.name}: {'set' if made.ok else f'refused: {made.said}'}.", err=True)
    return has_changed
