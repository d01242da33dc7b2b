"""Signals that end a command: from Ctrl-C, from `kill`, from a terminal that is closed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]  # Windows has no SIGHUP


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Has SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does, so that the block cleans up.

    A signal that the calling process has set to be ignored, as `nohup` does, stays ignored.
    """
    before = {one: handler for one in ENDS if (handler := signal.getsignal(one)) not in {signal.SIG_IGN, None}}
    if threading.current_thread() is not threading.main_thread():
        before = {}  # only the main thread may set signal handlers
    for one in before:
        signal.signal(one, _interrupt)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
