"""Concurrent calls."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_parallel(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Starts all ``calls`` at once, each in its own thread. Returns their results in order, or raises the first
    error."""
    together = threading.Barrier(len(calls))

    def start(call: Callable[[], T]) -> T:
        together.wait(60)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(start, calls))
