"""Running loops in parallel threads."""

from collections.abc import Sequence
from threading import Thread

from valetkey.worker.loop import Loop


class Worker:
    """Runs loops in parallel, each in a thread of its own."""

    def __init__(self, loops: Sequence[Loop]) -> None:
        self._loops = loops
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Starts the loops and returns."""
        self._threads = [
            Thread(target=loop.run, name=f"valetkey-{type(loop).__name__}-{number}", daemon=True)
            for number, loop in enumerate(self._loops)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, wait: float | None = None) -> None:
        """Returns when every loop has finished its current piece of work, or after ``wait`` seconds for each."""
        for loop in self._loops:
            loop.stop()
        for thread in self._threads:
            thread.join(wait)
