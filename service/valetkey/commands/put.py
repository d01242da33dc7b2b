"""`valetkey put`."""

import os
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from valetkey.client.display.reporters import BarReporter, JsonReporter, LineReporter
from valetkey.client.files.find import FileOptions
from valetkey.client.outcome import exit_code
from valetkey.client.put import PutOptions
from valetkey.client.put import put as put_files
from valetkey.client.remote.addresses import ADDRESS, CREDENTIAL
from valetkey.client.sending.concurrency import default_most
from valetkey.client.sending.options import UploadOptions
from valetkey.client.transport.connections import Timeouts
from valetkey.commands.interruptions import signals_interrupt


def _http_address(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """The URL without a trailing slash."""
    if not ADDRESS.fullmatch(value):
        raise click.BadParameter(f"{value!r} is not an address such as https://uploads.example")
    return value.rstrip("/")


def _text(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Text that JSON can carry: bytes of the command line that are not UTF-8 become U+FFFD, as in file names."""
    return None if value is None else os.fsencode(value).decode("utf-8", "replace")


def _credential(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """A credential that an HTTP header can carry."""
    if value is not None and not CREDENTIAL.fullmatch(value):
        raise click.BadParameter("it contains characters that neither an API key nor a ticket has")
    return value


def _pairs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The pairs in values of the form KEY=VALUE."""
    values = [_text(context, option, value) or "" for value in given]
    for value in values:
        if not value.partition("=")[0] or "=" not in value:
            raise click.BadParameter(f"{value!r} is not KEY=VALUE")
    return tuple((value.partition("=")[0], value.partition("=")[2]) for value in values)


def _available(_context: click.Context, _option: click.Parameter, value: str | None) -> bool:
    """Whether a checksum is to be declared. Only one algorithm is supported."""
    if value is not None and find_spec("anycrc") is None:
        raise click.BadParameter("it needs the package anycrc: pip install 'valetkey[crc64]'")
    return value is not None


PUT_EPILOG = """\b
Exit codes. If the files have different outcomes, it is the lowest code other than 0:
  0    all files are confirmed
  2    the command line is wrong
  3    a file was rejected, for its size, its type or its content
  4    the service or the store refused a request: credential, profile, metadata
  5    the service or the store could not be reached, even after retries, or its certificate is not trusted
  6    a file cannot be read, or changed while it was being sent
  7    everything was sent, but not confirmed in time (--wait)
  130  interrupted, also by SIGTERM or SIGHUP; run the same command again to resume
"""


@click.command(epilog=PUT_EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(readable=False, path_type=str))
@click.option(
    "--endpoint", envvar="VALETKEY_ENDPOINT", default="http://127.0.0.1:8000", show_default=True, show_envvar=True,
    callback=_http_address, help="The address of the service.",
)  # fmt: skip
@click.option(
    "--token", envvar="VALETKEY_TOKEN", show_envvar=True, callback=_credential,
    help="An API key or a profile ticket. `valetkey dev` needs none. The variable keeps it out of the process list.",
)  # fmt: skip
@click.option("-p", "--profile", callback=_text, help="The profile. By default `default`, or the ticket's.")
@click.option(
    "--content-type",
    metavar="TYPE",
    callback=_text,
    help="The content type of all files. By default it is derived from each file's name.",
)
@click.option(
    "-m", "--metadata", multiple=True, metavar="KEY=VALUE", callback=_pairs, help="Metadata to keep with each upload."
)
@click.option(
    "--checksum", type=click.Choice(["crc64nvme"]), callback=_available,
    help="Declare a checksum for each file. Each file is read once more to compute it.",
)  # fmt: skip
@click.option("--no-paths", is_flag=True, help="Do not send the paths of files within a directory.")
@click.option(
    "--filename", default="stdin", show_default=True, callback=_text, help="The file name of standard input (-)."
)
@click.option(
    "--spool-limit", type=click.IntRange(0), default=5 * 1024**3, show_default=True, metavar="BYTES",
    help="The most bytes of standard input to keep in a temporary file.",
)  # fmt: skip
@click.option(
    "-c", "--concurrency", type=click.IntRange(1, 64), default=default_most, show_default="64",
    help="The most files and parts to send at the same time. It starts with ten and adapts to the connection.",
)  # fmt: skip
@click.option(
    "--retry-for", type=click.FloatRange(0), default=120.0, show_default=True, metavar="SECONDS",
    help="How long to retry a failing request.",
)  # fmt: skip
@click.option(
    "--wait", type=click.FloatRange(0), default=60.0, show_default=True, metavar="SECONDS",
    help="How long to wait for the service to confirm what was sent.",
)  # fmt: skip
@click.option(
    "--stall-timeout", type=click.FloatRange(0.1), default=60.0, show_default=True, metavar="SECONDS",
    help="How long a connection may stall while something is sent.",
)  # fmt: skip
@click.option(
    "--answer-timeout", type=click.FloatRange(0.1), default=300.0, show_default=True, metavar="SECONDS",
    help="How long the store may take to respond after it has all bytes, plus 1 s for each 8 MiB.",
)  # fmt: skip
@click.option("--no-resume", is_flag=True, help="Resume no interrupted uploads, and record none for a later run.")
@click.option(
    "--state-home", envvar="XDG_STATE_HOME", show_envvar=True, default="~/.local/state", show_default=True,
    type=click.Path(readable=False), help="Where uploads are recorded (in valetkey/), so that a later run can resume.",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print failures only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each file.")
@click.pass_context
def put(context: click.Context, /, files: tuple[str, ...], *, quiet: bool, as_json: bool, **given: Any) -> None:
    """Upload FILEs straight to S3, and wait until the service has confirmed each of them.

    A FILE may be a directory (all files in it are uploaded) or - (standard input). Large files are sent in parts,
    several at a time. After an interruption, run the same command again: it continues where it stopped.
    """
    if files.count("-") > 1:
        raise click.UsageError("Standard input can be sent once only.")
    if as_json:
        reporter: LineReporter = JsonReporter()
    else:
        on_terminal = sys.stderr is not None and sys.stderr.isatty()
        reporter = BarReporter() if on_terminal and not quiet else LineReporter(quiet=quiet)
    options = replace(
        _read_options(**given),
        endpoint_is_default=context.get_parameter_source("endpoint") is ParameterSource.DEFAULT,
    )
    with signals_interrupt(), reporter:
        outcomes = put_files(files, options, sys.stdin.buffer if sys.stdin else None, reporter)
        if reporter.problem:
            reporter.warn(f"The output cannot be written: {reporter.problem}.")
    sys.exit(exit_code(outcomes) or (1 if reporter.problem else 0))


def _read_options(
    *,
    endpoint: str,
    token: str | None,
    profile: str | None,
    content_type: str | None,
    metadata: tuple[tuple[str, str], ...],
    checksum: bool,
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
) -> PutOptions:
    """The options of the command line as those of the client."""
    return PutOptions(
        uploads=UploadOptions(endpoint, profile, metadata, not no_paths, wait, checksum=checksum),
        files=FileOptions(content_type, filename, spool_limit),
        token=token or None,
        concurrency=concurrency,
        retry_for=retry_for,
        state=None if no_resume else _state_folder(state_home),
        timeouts=Timeouts(stall=stall_timeout, answer=answer_timeout),
    )


def _state_folder(state_home: str) -> Path | None:
    """Where interrupted uploads are recorded; None if that is in a home that nobody knows, as in a container whose user
    has no entry in /etc/passwd."""
    try:
        return Path(state_home).expanduser() / "valetkey" / "uploads"
    except RuntimeError:
        click.echo("There is no home directory: no interrupted upload can be resumed. Set XDG_STATE_HOME.", err=True)
        return None
