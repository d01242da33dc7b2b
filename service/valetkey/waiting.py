"""Threads that must not wait.

`valetkey serve` has few threads that accept requests, as more would only contend with each other, and requests that
need not wait are handled there. Code that would make such a thread wait (for the ledger, a store or credentials) calls
`look` first: the request is then started again in a thread that may wait.
"""

from collections.abc import Callable
from contextlib import suppress
from threading import local
from traceback import clear_frames
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


class WouldWait(BaseException):
    """A thread that must not wait would have to. Not an `Exception`, so that no error handler catches it."""


class _Here(local):
    may_wait = True
    at_end: list[Callable[[], None]] | None = None


_here = _Here()


def without(call: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """Runs ``call`` in a thread that must not wait, and returns its result. Raises `WouldWait` if it would have to
    wait; its changes until then are not undone."""
    _here.may_wait = False
    try:
        return call(*args, **kwargs)
    except WouldWait as would_wait:
        _here.at_end = None
        # Flask's wsgi_app() keeps an exception in a variable: a cycle of all objects of the request. Collecting cycles
        # stops all threads, for 0.15 s if there are some thousands.
        clear_frames(would_wait.__traceback__)
        raise
    finally:
        _here.may_wait = True
        if _here.at_end is not None:
            left, _here.at_end = _here.at_end, None
            for one in left:
                with suppress(Exception):  # the result or error of `call` is not replaced by another error
                    one()


def at_end(call: Callable[[], None]) -> bool:
    """In a thread that must not wait, schedules ``call`` for the end of that; it is not called if the request is
    started again elsewhere. Its errors are ignored. Returns False in any other thread, without a call."""
    if _here.may_wait:
        return False
    _here.at_end = [*(_here.at_end or ()), call]
    return True


def look() -> None:
    """Has to be called before anything that may take long. Raises `WouldWait` in a thread that must not wait."""
    if not _here.may_wait:
        raise WouldWait
