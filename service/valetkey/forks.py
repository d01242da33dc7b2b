"""State that a process must not share with its children: connections, held locks, and threads that a child lacks.

A server may make the application, use it, and fork then (``gunicorn --preload``, uWSGI); an application may fork while
it serves (``multiprocessing``). Two processes that write to one connection read each other's answers, and a lock that
another thread held at that moment is held in the child for ever.
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
"""The parent's connections, in a child: to let go of one would end it for the parent, or speak to its server."""


LAST_MOMENT = 10.0
"""How long a thread that Python is done with may take to be gone, in seconds: some microseconds, but for a machine that
is overloaded."""

LAST_MOMENT_OF_OTHERS = 0.1
"""The same before a fork, for threads that may as well be a library's own, which stay."""

_TASKS = Path("/proc/self/task")


class _Process:
    """That which all this was last made for."""

    id = os.getpid()
    renewing = Lock()
    forking = Lock()
    staying: frozenset[int] = frozenset()
    """The threads that are not Python's, and that are not about to end."""


def renew_in_child(owner: Owner, renew: Callable[[Owner], None]) -> None:
    """Calls ``renew`` with ``owner``, as long as there is one, in each process that is forked from this one.

    It takes no lock that ``owner`` had before, and no time: many children never use what it is about.
    """
    _renewed[owner] = renew


def pause_for_fork(owner: Owner, pause: Callable[[Owner], None], resume: Callable[[Owner], None]) -> None:
    """Calls ``pause`` before each fork, and ``resume`` after it in the parent; in the child `renew_in_child` is for
    that."""
    _paused[owner] = pause, resume


def look() -> None:
    """To be called where work begins. A server in C (uWSGI) forks without a word to Python: this notices it."""
    if os.getpid() != _Process.id:
        with _Process.renewing:
            if os.getpid() != _Process.id:
                reseed_rng()  # two workers would make the same ids; it hears of other forks by itself
                _renew()


def join(thread: Thread, patience: float | None = None) -> None:
    """Returns when the thread has ended, for the system as well, where that can be seen (Linux); or after ``patience``
    seconds.

    `Thread.join` returns before. What is left is clean-up in C, by OpenSSL for one, which takes a lock of the whole
    process for it (its OPENSSL_thread_stop): in a child that is forked then, the first TLS context waits for ever.
    """
    thread.join(patience)
    if thread.is_alive():
        return
    number = thread.native_id
    if number in {None, os.getpid(), get_native_id()}:  # a thread of gevent's is none
        return
    deadline = time.monotonic() + LAST_MOMENT
    while (_TASKS / str(number)).exists() and time.monotonic() < deadline:
        time.sleep(0.0001)


def come_unannounced() -> bool:
    """Whether this is a process of which children are made so: uWSGI's, before it has workers. It should keep no
    connection open that it does not use."""
    uwsgi = sys.modules.get("uwsgi")
    return uwsgi is not None and uwsgi.worker_id() == 0


def _see_threads_end() -> None:
    """Waits for threads that an application has joined right before it forks: see `join`."""
    deadline = time.monotonic() + LAST_MOMENT_OF_OTHERS
    while (unknown := _unknown_threads()) and time.monotonic() < deadline:
        time.sleep(0.0005)
    _Process.staying |= unknown  # to wait for them once is enough


def _unknown_threads() -> frozenset[int]:
    """Those that the system has and Python has not; none where that cannot be seen."""
    try:
        there = frozenset(map(int, os.listdir(_TASKS)))  # noqa: PTH208  (names are enough)
    except OSError:
        return frozenset()
    return there - {thread.native_id for thread in enumerate_threads()} - _Process.staying


def _before() -> None:
    _Process.forking.acquire()  # of two threads that fork at once, one after the other
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
