"""`valetkey doctor`."""

import logging
import signal
import sys
from typing import NoReturn

import click

from valetkey.commands.terminal import json_option, print_json, report_errors


@click.command()
@json_option
@report_errors
def doctor(*, as_json: bool) -> None:
    """Try store and set-up by doing, and say what to do. Writes probe objects, and removes them.

    Exit code 0 only when nothing failed.
    """
    from valetkey.core.errors import ConfigurationError
    from valetkey.doctor.examination import broken_off, examine, visit_from_environment
    from valetkey.doctor.table import summary, table

    logging.getLogger("valetkey").setLevel(logging.CRITICAL)  # what it would log is in the findings
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        visit = visit_from_environment()
    except ConfigurationError as error:
        report = broken_off(error)
    else:
        report = examine(visit)
    if as_json:
        print_json(report.as_json())
    else:
        click.echo("\n".join([*table(report.findings), "", summary(report)]))
    sys.exit(0 if report.ok else 1)


def _interrupt(*_: object) -> NoReturn:
    """SIGTERM like Ctrl-C: the probes are removed."""
    raise KeyboardInterrupt
