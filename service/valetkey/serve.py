"""The processes behind `valetkey serve` and `worker`."""

import errno
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from valetkey.app import create_intake, create_served_app, installed_in
from valetkey.core.errors import ConfigurationError
from valetkey.intake import Intake
from valetkey.logs import drain
from valetkey.settings import Settings, load_settings

log = logging.getLogger("valetkey")

INTAKE_THREADS = 2
"""granian's own threads, which accept requests and handle those that need not wait. With as many threads as requests, a
grant took a third more CPU, as each woke the others in vain."""

BACKLOG = 4_096
"""How many connections the system queues until they are accepted; it may allow fewer (``net.core.somaxconn``)."""

MAX_HEAD = 65_536
"""The maximum size of a request's head in bytes, and the bytes of its body that are read at once: granian's default is
seven times as much, and parsing a header that is a list takes long. A query, tickets and the headers of pages'
monitoring need a third of it."""

OTHER_DESCRIPTORS = 512
"""File descriptors that no client uses: connections to the store and the ledger, and files."""

STOP_TIMEOUT = 60
"""How long a process may take to finish its requests, in seconds: a client may be slow to read its response."""


def run_production(host: str | None, port: int | None) -> None:
    """Serves by granian until it is stopped.

    Raises `ConfigurationError` and `LedgerUnavailable` before it listens if it cannot serve.
    """
    settings = load_settings(host=host, port=port)
    # granian's worker processes read the environment again
    os.environ["VALETKEY_HOST"], os.environ["VALETKEY_PORT"] = settings.host, str(settings.port)
    app = create_served_app()
    installed_in(app).ledger.close()  # granian's worker processes open their own connections
    _Prepared.intake = create_intake(app)
    server = _granian(settings)
    server.on_reload(_Prepared.forget)
    with exclusive_address(settings.host, settings.port):
        server.serve(begin_process, target_loader=_load_intake, wrap_loader=False)


def begin_process(*arguments: Any) -> None:
    """The entry point of each of granian's processes.

    A process that is not forked (Python 3.14, macOS) imports this module to find it, and so has installed the loop of
    `valetkey.intake.loop` before granian asks for one.
    """
    try:
        Granian._spawn_rsgi_worker(*arguments)  # noqa: SLF001 - see `valetkey.intake.loop`
    finally:
        drain()


class _Prepared:
    """The application that granian's processes reuse if they are forked from this one, as on Linux: building and
    testing it again took each of them as long as this process."""

    intake: Intake | None = None

    @classmethod
    def forget(cls) -> None:
        """Called after a SIGHUP, with which granian replaces its processes: they have to read the configuration
        again."""
        cls.intake = None


def _load_intake() -> Intake:
    """The application that each of granian's processes runs."""
    return create_intake() if _Prepared.intake is None else _Prepared.intake


def _granian(settings: Settings) -> Any:  # granian names its class by a variable
    return Granian(
        "valetkey.serve:_load_intake",  # for its log: `run_production` hands it over
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,  # granian sizes its threads for WSGI only; `run_production` spawns RSGI workers
        workers=settings.workers,
        blocking_threads=INTAKE_THREADS,
        backlog=BACKLOG,
        backpressure=max(128, raise_descriptor_limit() - OTHER_DESCRIPTORS),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=MAX_HEAD),
        websockets=False,
        workers_kill_timeout=STOP_TIMEOUT,
    )


@contextmanager
def exclusive_address(host: str, port: int) -> Iterator[None]:
    """Ensures that no other `valetkey serve` starts on this address while the block runs, not even at the same moment.

    granian opens its port so that several processes may share it (SO_REUSEPORT): a second service would start without
    an error, and requests would reach either. Raises `ConfigurationError` when the address is in use.
    """
    if port == 0:
        yield
        return
    taken = ConfigurationError(
        f"Something already listens on {host}:{port}. Stop it, or use another port: --port {port % 65535 + 1}."
    )
    with socket.socket(socket.AF_UNIX) as mark:  # in Linux's abstract namespace, where nothing is left behind
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
    """Raises OSError when another process uses the port."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections do not count
        probe.bind(address)


def raise_descriptor_limit() -> int:
    """Lets this process and its children open as many files as the system allows; returns how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = 65_536 if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return min(allowed, 65_536)


def run_worker(load: Callable[[], Flask] | None = None) -> None:
    """Works until SIGTERM or SIGINT, and returns when the current work is finished; for the application that ``load``
    returns, or from the environment alone.

    A shell ignores SIGINT for its background jobs, so that Ctrl-C ends the foreground job only. It stays ignored.

    Raises `ConfigurationError` and `LedgerUnavailable` before it starts, when it cannot work.
    """
    stop_signals = {signal.SIGTERM}
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        stop_signals.add(signal.SIGINT)
    from valetkey.background import create_worker  # imported here, so that `serve` starts faster

    with _caught(stop_signals) as wait:
        worker = create_worker(load() if load else None)
        worker.start()
        log.info("the worker has started; stop it with SIGTERM or Ctrl-C")
        wait()
        log.info("the worker is stopping; it finishes its current work")
        worker.stop()


@contextmanager
def _caught(signals: Collection[signal.Signals]) -> Iterator[Callable[[], None]]:
    """Keeps ``signals`` from interrupting the block, which gets a function that waits for one of them.

    They are not blocked: processes started by an application's hooks would inherit that and could not be terminated.
    """
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    before = {one: signal.signal(one, lambda *_: None) for one in signals}
    last = signal.set_wakeup_fd(waker.fileno())

    def wait() -> None:
        while woken.recv(1)[0] not in signals:
            pass

    try:
        yield wait
    finally:
        signal.set_wakeup_fd(last)
        for one, handler in before.items():
            signal.signal(one, handler)
        woken.close()
        waker.close()
