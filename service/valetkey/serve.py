"""The processes behind `valetkey serve` and `valetkey dev`."""

import logging
import os
import secrets
import tempfile
from pathlib import Path
from threading import Thread

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from werkzeug.serving import make_server

from valetkey.adapters import embedded
from valetkey.app import create_dev_app, create_served_app, mounted, outbox_loop
from valetkey.settings import Settings, load_settings


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
        app, events = create_dev_app(settings, store)
        server = make_server(settings.host, settings.port, app, threaded=True)
        outbox = outbox_loop(settings, mounted(app).ledger)
        Thread(target=events.run, name="valetkey-events", daemon=True).start()
        if outbox:
            Thread(target=outbox.run, name="valetkey-outbox", daemon=True).start()
        click.echo(_greeting(settings, server.server_port, store))
        try:
            server.serve_forever()
        finally:
            events.stop()
            if outbox:
                outbox.stop()
            store.stop()


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
    )


def _greeting(settings: Settings, port: int, store: embedded.Embedded) -> str:
    return (
        f"valetkey is at http://{settings.host}:{port}/ (API documentation at /docs/). Stop it with Ctrl-C.\n"
        f"The embedded S3 at {store.endpoint_url} ENFORCES NO POLICY and keeps nothing: it is for trying things out.\n"
        "Everybody who reaches this address may upload: no key is asked for."
    )
