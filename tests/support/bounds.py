"""A plugin that limits the time of tests, and of the run, where pytest-timeout cannot.

pytest-timeout fails a test at its limit by raising an exception in the main thread, so that clean-up runs and the other
tests continue. If that does not help (clean-up blocks, a C function does not return), this plugin ends the process a
minute later, with a traceback of each thread; pytest-xdist then starts another worker, and the test has failed.
"""

import faulthandler
import os
import sys
from collections.abc import Generator

import pytest

GRACE = 60.0
"""The seconds for the clean-up after a test that exceeded its limit, and for the end of the whole run."""

STDERR = pytest.StashKey[int]()


def bound(item: pytest.Item) -> float:
    """The time limit of a test in seconds: from its marker `timeout`, the command line, or pyproject.toml."""
    if marker := item.get_closest_marker("timeout"):
        return float(marker.args[0])
    given = item.config.getoption("timeout")
    return float(item.config.getini("timeout") if given is None else given)


def pytest_configure(config: pytest.Config) -> None:
    stderr = sys.__stderr__
    config.stash[STDERR] = os.dup(stderr.fileno() if stderr else 2)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Ends the process if the clean-up of a failed test does not end. A limit of 0 means none, for debuggers."""
    _end_later(item)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Sets the limit again: if a test failed, pytest's faulthandler plugin has cancelled it."""
    _end_later(item)


def _end_later(item: pytest.Item) -> None:
    if seconds := bound(item):
        faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=item.config.stash[STDERR])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Limits the end of the interpreter, which waits for threads.

    Workers of pytest-xdist wait for the others before that, and are ended by the controller.
    """
    if not hasattr(config, "workerinput"):
        faulthandler.dump_traceback_later(GRACE, exit=True, file=config.stash[STDERR])
