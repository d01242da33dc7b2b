"""`valetkey put`."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from valetkey.client.outcome import exit_code
from valetkey.client.progress import Bars, JsonLines, Lines
from valetkey.client.put import Run
from valetkey.client.put import put as send
from valetkey.client.sources import Options
from valetkey.client.wanted import Wanted
from valetkey.client.wire import Timing


def _http_address(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """An address without a slash at its end."""
    if not re.fullmatch(r"https?://(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?(/[!-\"$->@-~]*)?", value):
        raise click.BadParameter(f"{value!r} is no address such as https://uploads.example")
    return value.rstrip("/")


def _text(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Text that JSON can carry: bytes of the command line that are no UTF-8 become U+FFFD, as in files' names."""
    return None if value is None else os.fsencode(value).decode("utf-8", "replace")


def _credential(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """What a header can carry."""
    if value is not None and not re.fullmatch(r"[!-~]*", value):
        raise click.BadParameter("there are characters in it that neither an API key nor a ticket has")
    return value


def _pairs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """KEY=VALUE, each."""
    values = [_text(context, option, value) or "" for value in given]
    for value in values:
        if not value.partition("=")[0] or "=" not in value:
            raise click.BadParameter(f"{value!r} is not KEY=VALUE")
    return tuple((value.partition("=")[0], value.partition("=")[2]) for value in values)


PUT_EPILOG = """\b
Exit codes; where files ended differently, the lowest but 0:
  0    all are confirmed
  2    the command line is wrong
  3    a file was rejected: its size or type, or what arrived of it
  4    refused by the service or the store: credential, profile, metadata
  5    the service or the store could not be reached, after retries, or its certificate is not trusted
  6    a file cannot be read, or changed while it was being sent
  7    all was sent, and not confirmed in time (--wait)
  130  interrupted; run it again to go on
"""


@click.command(epilog=PUT_EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(readable=False, path_type=str))
@click.option(
    "--endpoint", envvar="VALETKEY_ENDPOINT", default="http://127.0.0.1:8000", show_default=True, show_envvar=True,
    callback=_http_address, help="The service's address.",
)  # fmt: skip
@click.option(
    "--token", envvar="VALETKEY_TOKEN", show_envvar=True, callback=_credential,
    help="An API key or a profile ticket; `valetkey dev` needs none. The variable hides it from `ps`.",
)  # fmt: skip
@click.option("-p", "--profile", callback=_text, help="The profile; left out: `default`, or the ticket's.")
@click.option(
    "--content-type", metavar="TYPE", callback=_text, help="The type of all files; left out: by each file's name."
)
@click.option("-m", "--metadata", multiple=True, metavar="KEY=VALUE", callback=_pairs, help="Kept with each upload.")
@click.option("--no-paths", is_flag=True, help="Do not keep the path below a directory as the metadata `path`.")
@click.option(
    "--filename", default="stdin", show_default=True, callback=_text, help="What standard input (-) is called."
)
@click.option(
    "--spool-limit", type=click.IntRange(0), default=5 * 1024**3, show_default=True, metavar="BYTES",
    help="How much of standard input is kept in a temporary file.",
)  # fmt: skip
@click.option(
    "-c", "--concurrency", type=click.IntRange(1, 64), default=8, show_default=True,
    help="How many files, and parts of files, may be on their way at once; it begins with four.",
)  # fmt: skip
@click.option(
    "--retry-for", type=click.FloatRange(0), default=120.0, show_default=True, metavar="SECONDS",
    help="How long what fails is tried again.",
)  # fmt: skip
@click.option(
    "--wait", type=click.FloatRange(0), default=60.0, show_default=True, metavar="SECONDS",
    help="How long the service may take to confirm what was sent.",
)  # fmt: skip
@click.option(
    "--stall-timeout", type=click.FloatRange(0.1), default=60.0, show_default=True, metavar="SECONDS",
    help="How long a connection may stand still while something is sent.",
)  # fmt: skip
@click.option(
    "--answer-timeout", type=click.FloatRange(0.1), default=300.0, show_default=True, metavar="SECONDS",
    help="How long the store may take to answer when it has all bytes; 1 s more for each 8 MiB.",
)  # fmt: skip
@click.option("--no-resume", is_flag=True, help="Begin anew, and remember nothing.")
@click.option(
    "--state-home", envvar="XDG_STATE_HOME", show_envvar=True, default="~/.local/state", show_default=True,
    type=click.Path(readable=False), help="Where unfinished uploads are remembered, under valetkey/.",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print failures only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each file.")
def put(files: tuple[str, ...], *, quiet: bool, as_json: bool, **given: Any) -> None:
    """Send FILEs straight to S3, and wait until the service has confirmed each of them.

    A FILE may be a directory (all below it is sent) or - (standard input). Large files are sent in parts, several at
    once. Run the same command again after an interruption: what has arrived is not sent again.
    """
    if files.count("-") > 1:
        raise click.UsageError("Standard input can be sent once only.")
    if as_json:
        reporter: Lines = JsonLines()
    else:
        reporter = Lines(quiet=quiet) if quiet or not (sys.stderr and sys.stderr.isatty()) else Bars()
    with reporter:
        endings = send(files, _run_of(**given), sys.stdin.buffer if sys.stdin else None, reporter)
        if reporter.problem:
            reporter.note(f"The output cannot be written: {reporter.problem}.")
    sys.exit(exit_code(endings) or (1 if reporter.problem else 0))


def _run_of(
    *,
    endpoint: str,
    token: str | None,
    profile: str | None,
    content_type: str | None,
    metadata: tuple[tuple[str, str], ...],
    no_paths: bool,
    filename: str,
    spool_limit: int,
    concurrency: int,
    retry_for: float,
    wait: float,
    stall_timeout: float,
    answer_timeout: float,
    no_resume: bool,
    state_home: str,
) -> Run:
    """The options of `put`, as its client takes them."""
    state = None if no_resume else Path(state_home).expanduser() / "valetkey" / "uploads"
    wanted = Wanted(endpoint, profile, metadata, not no_paths, wait)
    timing = Timing(stall=stall_timeout, answer=answer_timeout)
    return Run(
        wanted, Options(content_type, filename, spool_limit), token or None, concurrency, retry_for, state, timing
    )
