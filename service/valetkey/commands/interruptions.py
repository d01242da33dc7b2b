"""What ends a command from outside: Ctrl-C, `kill`, a terminal that is closed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]  # Windows has no SIGHUP


@contextmanager
def ends_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP are as Ctrl-C: what was begun is cleaned up.

    One that whoever called us has us ignore, as `nohup` does, stays ignored.
    """
    before = {one: handler for one in ENDS if (handler := signal.getsignal(one)) not in {signal.SIG_IGN, None}}
    if threading.current_thread() is not threading.main_thread():
        before = {}  # no other thread may set any
    for one in before:
        signal.signal(one, _interrupt)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
