"""What commands share: errors as a sentence, JSON or tables, and the ledger they work on."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
import orjson

from valetkey.core.errors import ValetKeyError

P = ParamSpec("P")
R = TypeVar("R")


def explained(command: Callable[P, R]) -> Callable[P, R]:
    """Our errors end a command with their sentence and exit code 1, without a stack trace."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ValetKeyError as error:
            cause = getattr(error.__cause__, "orig", None)  # what a database said: an operator may read it
            raise click.ClickException(f"{error.detail} {cause}" if cause else error.detail) from error

    return wrapper


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(value: object) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_UTC_Z))


def as_text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


def print_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; whole lines where nobody looks, so that nothing is cut for another program."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=10_000)
    table = Table(*names, box=None, pad_edge=False)
    for row in rows:
        # what a client named is no markup, and no control sequence for a terminal either
        table.add_row(*(Text(cell if cell.isprintable() else ascii(cell)) for cell in row))
    console.print(table)
    click.echo(f"{len(rows)} in all.")


def open_ledger() -> Any:
    from valetkey.adapters import ledgers
    from valetkey.settings import load_settings

    return ledgers.open_ledger(load_settings().database_url)
