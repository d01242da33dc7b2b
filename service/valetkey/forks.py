"""State that a process must not share with its children: connections, held locks, and threads that a child lacks.

A server may create and use the application before it forks (``gunicorn --preload``, uWSGI), and an application may fork
while it serves (``multiprocessing``). Two processes that share a connection read each other's responses, and a lock
that another thread held during the fork stays locked in the child for ever.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread, get_native_id
from threading import enumerate as enumerate_threads
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from uuid_utils import reseed_rng

Owner = TypeVar("Owner")

_renewed: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()
_paused: WeakKeyDictionary[Any, tuple[Callable[[Any], None], Callable[[Any], None]]] = WeakKeyDictionary()

KEPT: list[Any] = []
"""The parent's connections, kept alive in a child: freeing one would close it for the parent, or write to its
server."""


LAST_MOMENT = 10.0
"""How long to wait until a thread that Python has joined is gone, in seconds: usually microseconds, but longer on an
overloaded machine."""

LAST_MOMENT_OF_OTHERS = 0.1
"""The same before a fork, for threads that may belong to a library and stay."""

_TASKS = Path("/proc/self/task")


class _Process:
    """The process that all state was last created for."""

    id = os.getpid()
    renewing = Lock()
    forking = Lock()
    staying: frozenset[int] = frozenset()
    """The threads that are not Python's, and that are not about to end."""


def renew_in_child(owner: Owner, renew: Callable[[Owner], None]) -> None:
    """Calls ``renew`` with ``owner``, as long as that exists, in each process that is forked from this one.

    ``renew`` must not take an earlier lock of ``owner``, and must be fast: many children never use it.
    """
    _renewed[owner] = renew


def pause_for_fork(owner: Owner, pause: Callable[[Owner], None], resume: Callable[[Owner], None]) -> None:
    """Calls ``pause`` before each fork, and ``resume`` after it in the parent; for the child use `renew_in_child`."""
    _paused[owner] = pause, resume


def look() -> None:
    """Has to be called at the start of work: notices forks by a server in C (uWSGI), which Python does not see."""
    if os.getpid() != _Process.id:
        with _Process.renewing:
            if os.getpid() != _Process.id:
                reseed_rng()  # two workers would create the same ids; uuid_utils notices other forks by itself
                _renew()


def join(thread: Thread, patience: float | None = None) -> None:
    """Waits until the thread has ended in the operating system as well, if that is visible (Linux), or for ``patience``
    seconds.

    `Thread.join` returns earlier, before clean-up in C. OpenSSL, for example, takes a process-wide lock for it (its
    OPENSSL_thread_stop): in a child that is forked at that moment, the first TLS context waits for ever.
    """
    thread.join(patience)
    if thread.is_alive():
        return
    number = thread.native_id
    if number in {None, os.getpid(), get_native_id()}:  # a thread of gevent is not one
        return
    deadline = time.monotonic() + LAST_MOMENT
    while (_TASKS / str(number)).exists() and time.monotonic() < deadline:
        time.sleep(0.0001)


def forks_silently() -> bool:
    """Whether this process forks without notifying Python: uWSGI's, before it has workers. It should keep no idle
    connection open."""
    uwsgi = sys.modules.get("uwsgi")
    return uwsgi is not None and uwsgi.worker_id() == 0


def _see_threads_end() -> None:
    """Waits for threads that an application has joined right before it forks: see `join`."""
    deadline = time.monotonic() + LAST_MOMENT_OF_OTHERS
    while (unknown := _unknown_threads()) and time.monotonic() < deadline:
        time.sleep(0.0005)
    _Process.staying |= unknown  # waiting for them once is enough


def _unknown_threads() -> frozenset[int]:
    """Threads of the operating system that Python does not know; none if that cannot be determined."""
    try:
        there = frozenset(map(int, os.listdir(_TASKS)))  # noqa: PTH208  (names are enough)
    except OSError:
        return frozenset()
    return there - {thread.native_id for thread in enumerate_threads()} - _Process.staying


def _before() -> None:
    _Process.forking.acquire()  # threads that fork at once do so one after the other
    for owner, (pause, _) in list(_paused.items()):
        pause(owner)
    _see_threads_end()


def _in_parent() -> None:
    for owner, (_, resume) in list(_paused.items()):
        resume(owner)
    _Process.forking.release()


def _renew() -> None:
    _Process.forking = Lock()
    _Process.staying = frozenset()
    for owner, renew in list(_renewed.items()):
        renew(owner)
    _Process.id = os.getpid()


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_renew)
