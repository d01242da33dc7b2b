"""No test runs for ever, and no test run: a plugin that ends what pytest-timeout could not.

pytest-timeout fails a test at its bound by raising in the main thread, so that clean-up runs and the other tests go
on. Where that does not help (clean-up waits for ever, a C function does not return) the process is ended a minute
later, and says where each thread was; pytest-xdist takes another worker then, and the test has failed.
"""

import faulthandler
import os
import sys
from collections.abc import Generator

import pytest

GRACE = 60.0
"""Seconds for the clean-up after a test that was ended at its bound, and for the end of a whole run."""

STDERR = pytest.StashKey[int]()


def bound(item: pytest.Item) -> float:
    """The bound of a test in seconds: its marker's `timeout`, or the command line's, or pyproject.toml's."""
    if marker := item.get_closest_marker("timeout"):
        return float(marker.args[0])
    given = item.config.getoption("timeout")
    return float(item.config.getini("timeout") if given is None else given)


def pytest_configure(config: pytest.Config) -> None:
    stderr = sys.__stderr__
    config.stash[STDERR] = os.dup(stderr.fileno() if stderr else 2)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End the process where even the clean-up of a failed test does not end. A bound of 0 means none, for debuggers."""
    _end_later(item)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Once more: where a test has failed, pytest's own plugin for faulthandler has cancelled it."""
    _end_later(item)


def _end_later(item: pytest.Item) -> None:
    if seconds := bound(item):
        faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=item.config.stash[STDERR])


def pytest_unconfigure(config: pytest.Config) -> None:
    """From here on only the interpreter's own end is left, which waits for threads: not for ever.

    A worker of pytest-xdist waits for the others first, and its controller ends it.
    """
    if not hasattr(config, "workerinput"):
        faulthandler.dump_traceback_later(GRACE, exit=True, file=config.stash[STDERR])
