"""The processes behind `valetkey serve` and `valetkey dev`."""

import logging
import os
import secrets
import signal
import tempfile
from pathlib import Path

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from werkzeug.serving import make_server

from valetkey.adapters import embedded
from valetkey.app import create_dev_app, create_served_app, create_worker, mounted
from valetkey.settings import Settings, load_settings

log = logging.getLogger("valetkey")

DEV_SWEEP = {"sweep_first_look": 5, "sweep_grace": 60, "sweep_clean_interval": 60}
"""Short, so that one sees it happen; what the environment says goes before it. In seconds."""


def run_production(host: str | None, port: int | None) -> None:
    """Serves by granian until it is stopped.

    Raises `ConfigurationError` and `LedgerUnavailable` before it listens, when it is not fit to.
    """
    settings = load_settings(host=host, port=port)
    # granian's processes read the environment again
    os.environ["VALETKEY_HOST"], os.environ["VALETKEY_PORT"] = settings.host, str(settings.port)
    mounted(create_served_app()).ledger.close()  # granian's processes make connections of their own
    Granian(
        "valetkey.app:create_served_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.threads,
        http=HTTPModes.http1,
        websockets=False,
    ).serve()


def run_dev(host: str | None, port: int | None) -> None:
    """Serves an embedded S3, its events and the demo page until it is stopped.

    Raises `ConfigurationError` where moto is missing.
    """
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # it would log each request of both servers
    store = embedded.start()
    with tempfile.TemporaryDirectory(prefix="valetkey-dev-") as folder:
        settings = _dev_settings(host, port, store, Path(folder))
        app, worker = create_dev_app(settings, store)
        server = make_server(settings.host, settings.port, app, threaded=True)
        worker.start()
        click.echo(_greeting(settings, server.server_port, store))
        try:
            server.serve_forever()
        finally:
            worker.stop(wait=0)  # nothing is kept here: Ctrl-C need not wait for a poll
            store.stop()


def run_worker() -> None:
    """Works until SIGTERM or SIGINT, and returns when what was in hand is finished.

    A shell's background job has SIGINT ignored, so that Ctrl-C ends what is in the foreground only: left so.

    Raises `ConfigurationError` and `LedgerUnavailable` before it begins, when it is not fit to.
    """
    ends = {signal.SIGTERM}
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        ends.add(signal.SIGINT)
    # blocked in every thread from here on, so that this one gets them, and no work is cut in two
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    worker = create_worker()
    worker.start()
    log.info("the worker has begun; stop it with SIGTERM or Ctrl-C")
    signal.sigwait(ends)
    log.info("the worker finishes what it has in hand")
    worker.stop()


def _dev_settings(host: str | None, port: int | None, store: embedded.Embedded, folder: Path) -> Settings:
    """What the environment says, but for what the embedded parts decide."""
    return load_settings(
        host=host,
        port=port,
        bucket=embedded.BUCKET,
        s3_region=embedded.REGION,
        s3_endpoint_url=store.endpoint_url,
        s3_addressing_style="path",
        database_url=os.environ.get("VALETKEY_DATABASE_URL") or f"sqlite:///{folder / 'valetkey.db'}",
        secret_keys=(secrets.token_hex(32),),
        auth="open",
        cors_origins=None if os.environ.get("VALETKEY_CORS_ORIGINS") else "*",
        **{name: seconds for name, seconds in DEV_SWEEP.items() if not os.environ.get(f"VALETKEY_{name.upper()}")},
    )


def _greeting(settings: Settings, port: int, store: embedded.Embedded) -> str:
    return (
        f"valetkey is at http://{settings.host}:{port}/ (API documentation at /docs/). Stop it with Ctrl-C.\n"
        f"The embedded S3 at {store.endpoint_url} ENFORCES NO POLICY and keeps nothing: it is for trying things out.\n"
        "Everybody who reaches this address may upload: no key is asked for."
    )
