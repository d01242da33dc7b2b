"""Threads that must not wait.

`valetkey serve` has few threads that take requests in, as each more only contends with the others, and those requests
that are granted without waiting are handled there. What would make such a thread wait (for the ledger, for a store, for
credentials) calls `look` before: the request is begun anew then, in a thread that may.
"""

from collections.abc import Callable
from contextlib import suppress
from threading import local
from traceback import clear_frames
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


class WouldWait(BaseException):
    """A thread that must not wait would have had to. Not an `Exception`: no error handler may catch it."""


class _Here(local):
    may_wait = True
    at_end: list[Callable[[], None]] | None = None


_here = _Here()


def without(call: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """What ``call`` returns. Raises `WouldWait` where it would wait for something; what it has changed by then stays
    changed."""
    _here.may_wait = False
    try:
        return call(*args, **kwargs)
    except WouldWait as would_wait:
        _here.at_end = None
        # Flask's wsgi_app() keeps what passes through it in a variable: a cycle of all that the request had. Looking
        # for cycles stops all threads, 0.15 s where there are some thousands.
        clear_frames(would_wait.__traceback__)
        raise
    finally:
        _here.may_wait = True
        if _here.at_end is not None:
            left, _here.at_end = _here.at_end, None
            for one in left:
                with suppress(Exception):  # what it returns, or raises, is there: nothing takes its place
                    one()


def at_end(call: Callable[[], None]) -> bool:
    """In a thread that must not wait, has ``call`` called when that may again; never where what it does is begun anew.
    What it raises is lost. False in any other thread: nothing is called then."""
    if _here.may_wait:
        return False
    _here.at_end = [*(_here.at_end or ()), call]
    return True


def look() -> None:
    """To be called before whatever may take long. Raises `WouldWait` in a thread that must not wait."""
    if not _here.may_wait:
        raise WouldWait
