"""The command line: `valetkey --help`."""

import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import orjson

from valetkey.core.errors import ConfigurationError, UploadNotFound, ValetKeyError
from valetkey.core.upload import UploadState

P = ParamSpec("P")
R = TypeVar("R")


def _explained(command: Callable[P, R]) -> Callable[P, R]:
    """Our errors end a command with their sentence and exit code 1, without a stack trace."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ValetKeyError as error:
            cause = getattr(error.__cause__, "orig", None)  # what a database said: an operator may read it
            raise click.ClickException(f"{error.detail} {cause}" if cause else error.detail) from error

    return wrapper


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

_host = click.option("--host", help="Address to listen on (VALETKEY_HOST, 127.0.0.1).")
_port = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (VALETKEY_PORT, 8000).")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="valetkey")
def main() -> None:
    """Direct-to-S3 uploads: grants, and proof that the bytes arrived. Settings come from VALETKEY_* variables."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("valetkey").setLevel(logging.INFO)


@main.command()
@_host
@_port
@_explained
def dev(host: str | None, port: int | None) -> None:
    """Try it: SQLite, an embedded S3, its events and a demo page, all in this process. Nothing is kept."""
    from valetkey.serve import run_dev

    run_dev(host, port)


@main.command()
@_host
@_port
@_explained
def serve(host: str | None, port: int | None) -> None:
    """Serve the API by granian. Refuses to start without secrets, and with an open door."""
    from valetkey.serve import run_production

    run_production(host, port)


@main.command()
@_explained
def worker() -> None:
    """Read the store's events from a queue, and sweep. Any number may run side by side; SIGTERM ends one cleanly."""
    from valetkey.serve import run_worker

    run_worker()


@main.command()
@_explained
def migrate() -> None:
    """Bring the ledger's schema to this version's."""
    ledger = _ledger()
    ledger.migrate()
    ledger.close()
    click.echo("The ledger is at this version's schema.")


@main.command()
@_explained
def openapi() -> None:
    """Print the OpenAPI 3.1 document."""
    from valetkey.api.openapi import document

    click.echo(orjson.dumps(document(), option=orjson.OPT_INDENT_2).decode())


@main.group()
def keys() -> None:
    """API keys, for the servers and scripts that ask for uploads."""


@keys.command("create")
@click.argument("name", default="default")
@click.option(
    "--scope",
    type=click.Choice(["uploads", "verdict"]),
    default="uploads",
    show_default=True,
    help="verdict: for a scanner, which says what it found in everybody's uploads and can do nothing else.",
)
@_json
@_explained
def create_key(name: str, scope: str, *, as_json: bool) -> None:
    """Make a key for NAME. Keys of one name share their uploads. It is shown once: only a hash is kept."""
    from valetkey.core.keys import Scope, new_key

    if not 0 < len(name) <= 100:
        raise ConfigurationError("A key's name has 1 to 100 characters.")
    key, text = new_key(name, datetime.now(UTC), Scope(scope))
    _ledger().add_key(key)
    if as_json:
        click.echo(orjson.dumps({"id": key.id, "name": key.name, "scope": key.scope, "key": text}))
    else:
        click.echo(f"{text}\n\nKeep it now: it is not shown again. Its id is {key.id}.")


@keys.command("list")
@_json
@_explained
def list_keys(*, as_json: bool) -> None:
    """List the keys: id, name, what for where that is not uploads, when created, when revoked."""
    names = ("id", "name", "scope", "created_at", "revoked_at")
    rows = [{name: getattr(key, name) for name in names} for key in _ledger().list_keys()]
    if as_json:
        click.echo(orjson.dumps({"keys": rows}, option=orjson.OPT_UTC_Z))
        return
    for row in rows:
        revoked = f"revoked {row['revoked_at']:%Y-%m-%d %H:%M}" if row["revoked_at"] else ""
        scope = "" if row["scope"] == "uploads" else f"({row['scope']})  "
        click.echo(f"{row['id']}  {row['created_at']:%Y-%m-%d %H:%M}  {row['name']}  {scope}{revoked}".rstrip())


@keys.command("revoke")
@click.argument("key_id")
@_json
@_explained
def revoke_key(key_id: str, *, as_json: bool) -> None:
    """Revoke a key by its id. Services that run forget it within five seconds."""
    if not _ledger().revoke_key(key_id, datetime.now(UTC)):
        raise ConfigurationError(f"There is no key {key_id!r}.")
    click.echo(orjson.dumps({"id": key_id, "revoked": True}) if as_json else f"{key_id} is revoked.")


@main.group()
def webhooks() -> None:
    """What the application is told of the ends of its uploads."""


@webhooks.command("list")
@click.option("--state", type=click.Choice(["dead", "waiting", "delivered", "all"]), default="dead", show_default=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@_json
@_explained
def list_webhooks(state: str, limit: int, *, as_json: bool) -> None:
    """List webhooks, the newest first; the dead ones unless another state is asked for."""
    from valetkey.core.announcement import Status

    found = _ledger().announcements(None if state == "all" else Status(state), limit)
    if as_json:
        rows = [_webhook_row(one) for one in found]
        click.echo(orjson.dumps({"webhooks": rows}, option=orjson.OPT_UTC_Z))
        return
    for one in found:
        tried = f"attempts {one.attempts}  {one.detail or ''}"
        click.echo(f"{one.id}  {one.created_at:%Y-%m-%d %H:%M}  {one.status}  {tried}".rstrip())


@webhooks.command("replay")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "all_dead", is_flag=True, help="All that are dead.")
@_json
@_explained
def replay_webhooks(ids: tuple[str, ...], *, all_dead: bool, as_json: bool) -> None:
    """Send webhooks again, dead or delivered ones by their IDs. The worker takes them within a second."""
    if bool(ids) == all_dead:
        raise click.UsageError("Name the IDs to send again, or --all.")
    replayed = _ledger().replay(None if all_dead else ids, datetime.now(UTC))
    click.echo(orjson.dumps({"replayed": replayed}) if as_json else f"{len(replayed)} will be sent again.")
    if missing := set(ids) - set(replayed):
        raise ConfigurationError(f"Neither dead nor delivered: {', '.join(sorted(missing))}.")


def _webhook_row(one: Any) -> dict[str, Any]:
    names = ("id", "type", "upload_id", "created_at", "due_at", "attempts", "detail")
    return {"state": one.status.value} | {name: getattr(one, name) for name in names}


@main.group()
def uploads() -> None:
    """The uploads in the ledger, of all accounts."""


@uploads.command("list")
@click.option("--state", type=click.Choice([str(state) for state in UploadState]), help="Only those in this state.")
@click.option("--profile", help="Only those of this profile.")
@click.option("--account", help="Only those of this API key's name.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@_json
@_explained
def list_uploads(state: str | None, profile: str | None, account: str | None, limit: int, *, as_json: bool) -> None:
    """List uploads, the newest first."""
    from valetkey.api.schemas import upload_body
    from valetkey.core.ports import Query

    query = Query(account, limit, UploadState(state) if state else None, profile)
    found = _ledger().page(query)
    if as_json:
        _print_json({"uploads": [upload_body(upload) for upload in found]})
        return
    rows = [
        (one.id, one.state, one.profile, one.owner, str(one.size), f"{one.created_at:%Y-%m-%d %H:%M:%S}")
        for one in found
    ]
    _print_table(("id", "state", "profile", "owner", "bytes", "created (UTC)"), rows)


@uploads.command("show")
@click.argument("upload_id")
@_json
@_explained
def show_upload(upload_id: str, *, as_json: bool) -> None:
    """Show all that the ledger knows of one upload."""
    from valetkey.api.schemas import upload_body

    upload = _ledger().get(upload_id)
    if upload is None:
        raise UploadNotFound
    body = upload_body(upload)
    if as_json:
        _print_json(body)
        return
    rows = [*body.items(), ("account", upload.account), ("verdict", upload.verdict), ("next look", upload.due_at)]
    _print_table(("field", "value"), [(name, _as_text(value)) for name, value in rows])


@uploads.command("sweep")
@click.option("--dry-run", is_flag=True, help="Change nothing: print what would be done.")
@_json
@_explained
def sweep_uploads(*, dry_run: bool, as_json: bool) -> None:
    """Do now, once, what `valetkey worker` does all the time: look at what is due, and remove what nobody owns."""
    from valetkey.app import create_sweep

    sweep = create_sweep()
    findings = sweep.foresee() if dry_run else sweep.run()
    rows = [(finding.action, finding.subject, finding.detail) for finding in findings]
    if as_json:
        _print_json({"findings": [dict(zip(("action", "subject", "detail"), row, strict=True)) for row in rows]})
        return
    _print_table(("would" if dry_run else "did", "what", "why"), rows)


@main.command(epilog=PUT_EPILOG)
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
    help="Files, and parts of files, on their way at once.",
)  # fmt: skip
@click.option(
    "--retry-for", type=click.FloatRange(0), default=120.0, show_default=True, metavar="SECONDS",
    help="How long what fails is tried again.",
)  # fmt: skip
@click.option(
    "--wait", type=click.FloatRange(0), default=60.0, show_default=True, metavar="SECONDS",
    help="How long the service may take to confirm what was sent.",
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
    from valetkey.client.outcome import exit_code
    from valetkey.client.progress import Bars, JsonLines, Lines
    from valetkey.client.put import put as send

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
    no_resume: bool,
    state_home: str,
) -> Any:
    """The options of `put`, as its client takes them."""
    from valetkey.client.put import Run
    from valetkey.client.sources import Options
    from valetkey.client.wanted import Wanted

    state = None if no_resume else Path(state_home).expanduser() / "valetkey" / "uploads"
    wanted = Wanted(endpoint, profile, metadata, not no_paths, wait)
    return Run(wanted, Options(content_type, filename, spool_limit), token or None, concurrency, retry_for, state)


def _print_json(value: object) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_UTC_Z))


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


def _print_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
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


def _ledger() -> Any:
    from valetkey.adapters.sql import SqlLedger
    from valetkey.settings import load_settings

    return SqlLedger(load_settings().database_url)


if __name__ == "__main__":
    sys.exit(main())
