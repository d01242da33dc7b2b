"""Pending writes that a response has to wait for after the application has made it."""

from collections.abc import Callable, Generator
from typing import Any, Protocol

from valetkey.intake.loop import Step


class Written(Protocol):
    """A pending write: see `valetkey.core.ports.ledger`."""

    def wait(self) -> None: ...

    def call_after(self, then: Callable[[Exception | None], None]) -> bool: ...


class Unwritten:
    """``await`` it, once: the request continues in the writer's thread. Returns the error of the write, if any."""

    def __init__(self, written: Written) -> None:
        self._written = written
        self._failure: Exception | None = None

    def __await__(self) -> Generator["Unwritten", None, Exception | None]:
        yield self
        return self._failure

    def done(self) -> bool:
        """Part of the protocol of futures: checked when the request starts to wait."""
        return False

    def cancelled(self) -> bool:
        """Never."""
        return False

    def add_done_callback(self, step: Step, context: Any = None) -> None:  # noqa: ARG002 - as futures have it
        """Runs ``step`` when the write is durable, which may be at once."""

        def go_on(failure: Exception | None) -> None:
            self._failure = failure
            step(self)

        if self._written.call_after(go_on):
            return
        try:
            self._written.wait()
        except Exception as error:
            self._failure = error
        step.at_once = step.thread
