"""Shared by commands: errors as one sentence, output as JSON or as a table, opening the ledger."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
import orjson

from valetkey.core.errors import ValetKeyError

P = ParamSpec("P")
R = TypeVar("R")


def report_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Decorates a command: a `ValetKeyError` ends it with its sentence and exit code 1, without a traceback.

    Arguments have to be valid UTF-8 (Python escapes other bytes): no ledger contains anything else, and with
    replacement characters an argument could become somebody else's name.
    """

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if wrong := [text for text in _texts(kwargs.values()) if not _is_text(text)]:
            raise click.UsageError(f"{wrong[0]!r} is not UTF-8.")
        try:
            return command(*args, **kwargs)
        except ValetKeyError as error:
            cause: object = error.__cause__
            if not isinstance(cause, OSError):
                cause = getattr(cause, "orig", None)  # the database's own message: an operator may read it
            raise click.ClickException(f"{error.detail} {cause}" if cause else error.detail) from error

    return wrapper


def _texts(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple):
            yield from _texts(value)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(value: object) -> None:
    """Prints ``value`` as JSON, with times in UTC."""
    click.echo(orjson.dumps(value, option=orjson.OPT_UTC_Z))


def print_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table and the number of its rows; see `_print_rows`."""
    _print_rows(names, rows)
    click.echo(f"{len(rows)} in all.")


def print_record(fields: Iterable[tuple[str, object]]) -> None:
    """Prints a record, a line for each field: text as it is, other values as JSON, with times in UTC."""
    _print_rows(("field", "value"), [(name, _as_text(value)) for name, value in fields])


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


def _print_rows(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows under a header. Cells are shortened only on a terminal, so that programs get all of them."""
    # names chosen by clients must not have markup or control sequences take effect
    cells = [[cell if cell.isprintable() else ascii(cell) for cell in row] for row in rows]
    if sys.stdout is not None and sys.stdout.isatty():  # None: it was closed from the beginning
        _print_for_people(names, cells)
    else:
        _print_for_programs([names, *cells])


def _print_for_people(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*names, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _print_for_programs(rows: Sequence[Sequence[str]]) -> None:
    """Prints columns of equal width, without rich, which takes a second for 5,000 rows."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    click.echo("\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows))


def open_ledger() -> Any:
    """The ledger that the settings name. Raises `ConfigurationError`."""
    from valetkey.adapters import ledgers
    from valetkey.settings import load_settings

    return ledgers.open_ledger(load_settings().database_url)
