"""The processes behind `valetkey serve`, `worker` and `dev`."""

import errno
import logging
import os
import resource
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from werkzeug.serving import make_server

from valetkey.adapters import embedded
from valetkey.app import create_dev_app, create_served_app, create_worker, mounted
from valetkey.core.errors import ConfigurationError
from valetkey.settings import Settings, load_settings

log = logging.getLogger("valetkey")

DEV_SWEEP = {"sweep_first_look": 5, "sweep_grace": 60, "sweep_clean_interval": 60}
"""Short, so that one sees it happen; what the environment says goes before it. In seconds."""


SPARE_THREADS = 4
"""For what takes no time: a request's head, a body's arrival, `/healthz`. They are free when all others wait."""

BACKLOG = 4_096
"""Connections that the system keeps for us until they are accepted; it may allow less (``net.core.somaxconn``)."""

OTHER_DESCRIPTORS = 512
"""File descriptors that are no client's: connections to the store and the ledger, and files."""

STOP_WITHIN = 60
"""How long a process may finish what it has in hand, in seconds: a client that does not read its answer may hold it."""


def run_production(host: str | None, port: int | None) -> None:
    """Serves by granian until it is stopped.

    Raises `ConfigurationError` and `LedgerUnavailable` before it listens, when it is not fit to.
    """
    settings = load_settings(host=host, port=port)
    # granian's processes read the environment again
    os.environ["VALETKEY_HOST"], os.environ["VALETKEY_PORT"] = settings.host, str(settings.port)
    mounted(create_served_app()).ledger.close()  # granian's processes make connections of their own
    with the_only_one(settings.host, settings.port):
        _granian(settings).serve(Granian._spawn_rsgi_worker)  # noqa: SLF001 - see `valetkey.intake.loop`


def _granian(settings: Settings) -> Any:  # granian names its class by a variable
    return Granian(
        "valetkey.app:create_intake",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,  # what granian has its threads for; they are begun below for the other interface
        workers=settings.workers,
        blocking_threads=settings.threads + SPARE_THREADS,
        backlog=BACKLOG,
        backpressure=max(128, descriptors() - OTHER_DESCRIPTORS),
        http=HTTPModes.http1,
        websockets=False,
        workers_kill_timeout=STOP_WITHIN,
    )


@contextmanager
def the_only_one(host: str, port: int) -> Iterator[None]:
    """While the block runs no other `valetkey serve` begins here, not even in the same moment.

    granian opens its port so that several processes may share it (SO_REUSEPORT): a second service would start without
    a word, and the two would answer in turn. Raises `ConfigurationError` where anybody listens there.
    """
    if port == 0:
        yield
        return
    taken = ConfigurationError(f"Something listens on {host}:{port} already: stop it, or set another VALETKEY_PORT.")
    with socket.socket(socket.AF_UNIX) as mark:  # in Linux's abstract name space, where nothing is left behind
        try:
            if sys.platform == "linux":
                mark.bind(f"\0valetkey {host}:{port}")
            _require_free(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise taken from error
            raise ConfigurationError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
        yield


def _require_free(host: str, port: int) -> None:
    """Raises OSError unless the port could be had for oneself."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of before do not count
        probe.bind(address)


def descriptors() -> int:
    """Lets this process and its children open as many files as the system allows them; how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = 65_536 if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return min(allowed, 65_536)


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
        f"valetkey is at http://{settings.host}:{port}/ (documentation at /docs/, API reference at /docs/api/). "
        "Stop it with Ctrl-C.\n"
        f"The embedded S3 at {store.endpoint_url} ENFORCES NO POLICY and keeps nothing: it is for trying things out.\n"
        "Everybody who reaches this address may upload: no key is asked for."
    )
