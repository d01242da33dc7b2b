"""`valetkey dev`: valetkey with its demo page, or an application that mounts it, on an embedded in-memory S3."""

import logging
import os
import secrets
import shlex
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import load_dotenv
from flask.helpers import get_debug_flag
from werkzeug.debug import DebuggedApplication
from werkzeug.serving import is_running_from_reloader, make_server, run_simple
from werkzeug.wrappers import Response

from valetkey.adapters import embedded
from valetkey.adapters.ledgers import DurableLedger
from valetkey.adapters.s3 import make_session
from valetkey.api.demo import demo
from valetkey.app import create_app, installed_in
from valetkey.background import loops
from valetkey.core.errors import ConfigurationError
from valetkey.core.model.upload import DEFAULT_STORE
from valetkey.core.ports.ledger import Query
from valetkey.opening import endpoint_of
from valetkey.serve import exclusive_address
from valetkey.settings import CONFIG_FILE, MADE_FOR_A_RUN, Settings, load_settings
from valetkey.settings.values import address_of
from valetkey.worker import Worker

DEV_SWEEP = {"sweep_first_look": 5, "sweep_grace": 60, "sweep_clean_interval": 60}
"""In seconds; short, so that effects can be seen soon. Environment variables take precedence."""

_NO_OWNER = (
    "Its pages may not upload yet: decorate a function with @valetkey.owner_loader that returns the user who is logged"
    ' in (to try it out, "me").'
)

_FOLDER = "_VALETKEY_DEV_FOLDER"
"""The environment variable that tells the reloader's child process the temporary folder of this run."""

_SHARED = (
    "VALETKEY_BUCKET",
    "VALETKEY_S3_ENDPOINT_URL",
    "VALETKEY_DATABASE_URL",
    "VALETKEY_SECRET_KEYS",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    *(f"VALETKEY_{name.upper()}" for name in DEV_SWEEP),
)
"""The variables that other processes of the application need."""

_LEDGER = "VALETKEY_DATABASE_URL"

_HAS_RUN = "has-run"
"""A file in that folder, created when the application was first loaded: later errors wait for a change of the code."""


def run_dev(host: str | None, port: int | None) -> None:
    """Serves an embedded S3, its events and the demo page until it is stopped.

    Raises `ConfigurationError` if moto is not installed, or the ledger has uploads of another store.
    """
    ledger = os.environ.get(_LEDGER)
    with _embedded(host, port) as (store, folder):
        settings = _settings(
            host,
            port,
            store,
            folder,
            ledger,
            secret_keys=(_new_key(),),
            auth="open",
            cors_origins=None if os.environ.get("VALETKEY_CORS_ORIGINS") else "*",
        )
        app, worker = _demonstration(settings, store)
        server = make_server(settings.host, settings.port, app, threaded=True)
        worker.start()
        click.echo(_greeting(settings, server.server_port, store))
        try:
            server.serve_forever()
        finally:
            worker.stop(wait=0)  # nothing is kept, so Ctrl-C need not wait for the worker


def run_dev_app(load: Callable[[], Flask], host: str | None, port: int | None, *, reload: bool) -> None:
    """Serves the application that ``load`` returns, with the worker in the same process, on an embedded S3, until it is
    stopped. With ``reload`` it is restarted whenever its code changes; S3 and the ledger keep their contents.

    Raises the exception of the first call of ``load``, and those of `run_dev` and `_worker_of`.
    """
    if is_running_from_reloader():
        _serve_application(load, Path(os.environ[_FOLDER]), reload=True)
        return
    ledger = os.environ.get(_LEDGER)
    load_dotenv()
    unused = _leave_accounts()
    with _embedded(host, port) as (store, folder):
        settings = _settings(host, port, store, folder, ledger)
        if settings.port == 0:  # each process that the reloader starts has to use the same port
            settings = settings.model_copy(update={"port": _free_port(settings.host)})
        unused += _tell_environment(settings, store)
        os.environ.setdefault("FLASK_DEBUG", "1")
        os.environ[_FOLDER] = str(folder)
        if unused:
            click.echo(f"Ignored, as `valetkey dev` uses its own: {', '.join(sorted(unused))}.", err=True)
        if reload:  # this process keeps the store and the port, and serves no requests itself
            run_simple(settings.host, settings.port, Response(status=503), use_reloader=True)
        else:
            _serve_application(load, folder, reload=False)


@contextmanager
def _embedded(host: str | None, port: int | None) -> Iterator[tuple[embedded.Embedded, Path]]:
    """The embedded store, and a temporary folder for this run. SIGTERM ends the block as Ctrl-C does."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # otherwise it logs each request to both servers
    here = load_settings(host=host, port=port)
    _leave_accounts()
    with exclusive_address(here.host, here.port), _temporary_folder() as folder:
        click.echo("Starting the embedded S3, which takes some seconds ...", err=True)
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        store = embedded.start()
        try:
            yield store, Path(folder)
        finally:
            store.stop()
            signal.signal(signal.SIGTERM, before)


def _temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    try:
        return tempfile.TemporaryDirectory(prefix="valetkey-dev-")
    except OSError as error:
        raise ConfigurationError(
            "`valetkey dev` needs a temporary directory: set TMPDIR to a folder that can be written to."
        ) from error


def _serve_application(load: Callable[[], Flask], folder: Path, *, reload: bool) -> None:
    settings = load_settings()
    has_run = folder / _HAS_RUN
    try:
        app: Any = load()
        worker = _worker_of(app, settings)
    except Exception as error:
        if not has_run.exists():
            raise
        click.echo(f"Error: {error}\nThe application will be loaded again when its code changes.", err=True)
        _answer_again(_raising(error), settings)
        return
    worker.start()
    try:
        if reload:
            _greet(app, settings, has_run)
            _answer_again(app, settings)
        else:
            shown = DebuggedApplication(app, evalex=True) if get_debug_flag() else app
            server = make_server(settings.host, settings.port, shown, threaded=True)
            _greet(app, settings)
            server.serve_forever()
    finally:
        worker.stop(wait=0)


def _answer_again(app: Any, settings: Settings) -> None:
    """Serves ``app`` on the port that the parent process keeps, until code changes."""
    logging.getLogger("werkzeug").setLevel(logging.INFO)  # the store is in the parent process, so it logs nothing here
    run_simple(
        settings.host,
        settings.port,
        app,
        threaded=True,
        use_reloader=True,
        use_debugger=get_debug_flag(),
        extra_files=[str(settings.config or CONFIG_FILE)],
    )


def _greet(app: Flask, settings: Settings, has_run: Path | None = None) -> None:
    """Prints the application's address the first time, and then creates the file ``has_run``."""
    if has_run is None or not has_run.exists():
        click.echo(_application_greeting(app, settings, reload=has_run is not None))
    if has_run is not None:
        has_run.touch()
    if installed_in(app).page_tickets.loader is None:
        click.echo(_NO_OWNER)


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _raising(error: Exception) -> Any:
    """A WSGI application that raises ``error`` for every request, so that the debugger shows it."""

    def answer(*_: object) -> Any:
        raise error

    return answer


def _settings(
    host: str | None, port: int | None, store: embedded.Embedded, folder: Path, ledger: str | None, **others: object
) -> Settings:
    """The settings from the environment, except for ``others`` and those of the embedded store. ``ledger`` is the
    database URL that the environment had before `.env` was loaded: the database named in that file is a real one, and
    must not be migrated."""
    return load_settings(
        host=host,
        port=port,
        **others,
        **_of_store(store),
        database_url=ledger or f"sqlite:///{folder / 'valetkey.db'}",
        **{name: seconds for name, seconds in DEV_SWEEP.items() if not os.environ.get(f"VALETKEY_{name.upper()}")},
    )


def _of_store(store: embedded.Embedded) -> Mapping[str, Any]:
    """All settings that describe the store, with the values of the embedded one."""
    return {
        "bucket": embedded.BUCKET,
        "s3_region": embedded.REGION,
        "s3_endpoint_url": store.endpoint_url,
        "s3_public_endpoint_url": store.endpoint_url,
        "s3_addressing_style": "path",
        "s3_accelerate": False,
        "s3_dualstack": False,
        "s3_post": True,
        "s3_lacks": (),
        "s3_grant_access_key_id": store.keys[0],
        "s3_grant_secret_access_key": store.keys[1],
        "events_sqs_queue_url": store.queue_url,
    }


def _tell_environment(settings: Settings, store: embedded.Embedded) -> list[str]:
    """Puts these settings into the environment, for the application and its child processes, so that a `.env` that the
    application loads does not replace them. Returns the names of variables that had other values."""
    decided: dict[str, object] = {
        "host": settings.host,
        "port": settings.port,
        "secret_keys": (_new_key(),),  # it is printed, so it must not be one that is used elsewhere
        "database_url": settings.database_url,
        **{name: getattr(settings, name) for name in DEV_SWEEP},
        **_of_store(store),
    }
    told = {f"VALETKEY_{name.upper()}": _as_text(value) for name, value in decided.items()}
    told |= {"AWS_ACCESS_KEY_ID": store.keys[0], "AWS_SECRET_ACCESS_KEY": store.keys[1]}
    unused = {name for name, text in told.items() if os.environ.get(name, text) not in {"", text}}
    os.environ.update(told)
    _leave_accounts()  # `.env` may have set them again
    return list(unused - {"VALETKEY_HOST", "VALETKEY_PORT"})


def _new_key() -> str:
    """A secret key for this run, with a prefix that says so: the ledger may be kept, but the next run has another
    key."""
    return MADE_FOR_A_RUN + secrets.token_hex(32)


def _leave_accounts() -> list[str]:
    """Removes the variables that select an AWS account from the environment, and returns their names."""
    return [name for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE") if os.environ.pop(name, "")]


def _as_text(value: object) -> str:
    """A setting as an environment variable. An empty tuple becomes ",", as an empty variable counts as not set."""
    if isinstance(value, tuple):
        return ",".join(value) or ","
    return str(value).lower() if isinstance(value, bool) else str(value)


def _greeting(settings: Settings, port: int, store: embedded.Embedded) -> str:
    return (
        f"valetkey listens on http://{settings.host}:{port}/ (documentation at /docs/, API reference at /docs/api/). "
        "Stop it with Ctrl-C.\n"
        f"The embedded S3 at {store.endpoint_url} ENFORCES NO POLICY and keeps nothing. Use it for trials only.\n"
        "Anybody who can reach this address may upload: no key is required.\n"
        "To run a Flask application of your own, stop this, and run `valetkey dev --app NAME` in its folder.\n"
        f"To use this S3 in another process, set:\n{store.exports}"
    )


def _application_greeting(app: Flask, settings: Settings, *, reload: bool) -> str:
    again = " It restarts when its code changes." if reload else ""
    exports = "\n".join(f"export {name}={shlex.quote(os.environ[name])}" for name in _SHARED)
    return (
        f"The application {app.name!r}, with valetkey and its worker in it, listens on "
        f"{address_of(settings.host, settings.port)}/. Stop it with Ctrl-C.{again}\n"
        f"The embedded S3 at {settings.s3_endpoint_url} ENFORCES NO POLICY and keeps nothing. Use it for trials only.\n"
        f"To use the same S3 and ledger in another process, such as a shell or a job, set:\n{exports}"
    )


def _demonstration(settings: Settings, store: embedded.Embedded) -> tuple[Flask, Worker]:
    """valetkey with the demo page, on the embedded store, and the worker that reads this store's events. Raises
    `ConfigurationError` if the ledger has uploads of another store."""
    app = create_app(settings, store.session, allow_open=True)
    valetkey = installed_in(app)
    _begin_ledger(valetkey.ledger)
    app.register_blueprint(demo)
    return app, Worker(loops(valetkey, settings, store.session))


def _worker_of(app: Flask, settings: Settings) -> Worker:
    """The worker for ``app``; ``settings`` are those of the embedded store.

    Raises `ConfigurationError` if the application does not mount valetkey or uses another store, or if the ledger has
    uploads of another store.
    """
    valetkey = installed_in(app)
    for one in valetkey.core.stores:
        if one.endpoint != endpoint_of(settings.s3_endpoint_url):
            whose = "passes its own settings to ValetKey" if one.name == DEFAULT_STORE else f"has [stores.{one.name}]"
            raise ConfigurationError(
                f"The application {app.name!r} {whose}, and would upload to {one.endpoint or 'AWS'}. `valetkey dev`"
                " uses its embedded S3 only: let the application use VALETKEY_* variables and no other store, or run"
                " `flask run` and `valetkey worker --app` instead."
            )
    _begin_ledger(valetkey.ledger)
    valetkey.begin()
    mine = valetkey.settings.model_copy(update={"events_sqs_queue_url": settings.events_sqs_queue_url})
    return Worker(loops(valetkey, mine, valetkey.session or make_session()))


def _begin_ledger(ledger: DurableLedger) -> None:
    """Migrates the ledger. Raises `ConfigurationError` if it has uploads of another store: the worker would find none
    of their objects, and end them all."""
    ledger.migrate()
    for upload in ledger.page(Query(account=None, limit=1)):
        if upload.bucket != embedded.BUCKET:
            raise ConfigurationError(
                f"The ledger has uploads of the bucket {upload.bucket!r}, which `valetkey dev` would lose, as it uses"
                " its embedded S3. Unset VALETKEY_DATABASE_URL, or set it to a separate database."
            )
