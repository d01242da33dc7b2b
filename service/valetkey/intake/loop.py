"""The event loop that granian is given: a request's coroutine runs in whatever thread wakes it.

granian hands each request, and each body that is whole, to a thread of its pool, and that thread to asyncio, by
``call_soon_threadsafe``. The way from there to the loop's thread and back to one that may block costs a grant half as
much again (measured: 240 µs of CPU instead of 160). So what granian says of a request is done where it says it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from threading import get_ident, local
from types import CoroutineType
from typing import Any, TypeVarTuple, Unpack, cast

from granian import loops

Ts = TypeVarTuple("Ts")


class BodyRefused(Exception):
    """Thrown into a request's coroutine in the place of the body that it waits for."""


class Step:
    """Goes on with a request's coroutine when what it waits for is there.

    ``thread`` is the one that is in it; ``at_once`` the one that was told, as it began to wait, that it need not.
    """

    __slots__ = ("at_once", "request", "thread")

    def __init__(self, request: Coroutine[Any, Any, None]) -> None:
        self.request = request
        self.thread = self.at_once = 0

    def __call__(self, awaited: Any = None) -> None:
        """Runs the coroutine until it waits again, or is done; then whatever was handed to this thread meanwhile.

        ``awaited`` is the future that it has waited for.
        """
        self.run(awaited)
        while (following := getattr(_handed, "step", None)) is not None:
            _handed.step = None
            following.run(None)

    def run(self, awaited: Any) -> None:
        """The same for this one alone."""
        self.thread = here = get_ident()
        while True:
            try:
                if awaited is not None and awaited.cancelled():
                    awaited = self.request.throw(BodyRefused())
                else:
                    awaited = self.request.send(None)
            except StopIteration:
                return
            if not awaited.done():
                self.at_once = 0
                awaited.add_done_callback(self)
                if self.at_once != here:  # it may be running in another thread by now
                    return


_handed = local()


def go_on(step: Step) -> None:
    """This thread goes on with ``step`` when it is done with the one that it is in."""
    _handed.step = step


class Loop(asyncio.SelectorEventLoop):
    """An event loop for granian's RSGI, whose coroutines wait for granian's futures and for nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.on_stop: list[Callable[[], None]] = []

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if type(callback) is Step:
            callback(*args)
        elif args and type(args[0]) is CoroutineType:  # a new request: (how asyncio would begin it, it, its watcher)
            Step(args[0])()
        else:
            return super().call_soon_threadsafe(callback, *args, context=context)
        return _DONE

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if type(callback) is not Step:
            return super().call_soon(callback, *args, context=context)
        if callback.thread == get_ident():  # what it began to wait for is there already: no deeper stack for that
            callback.at_once = callback.thread
        else:
            callback(*args)
        return _DONE

    def add_signal_handler(self, sig: int, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """As asyncio's; those in `on_stop` hear of the signal, too."""

        def both() -> None:
            callback(*args)
            for hear in self.on_stop:
                hear()

        super().add_signal_handler(sig, both)


_DONE = cast("asyncio.Handle", None)
"""Nobody cancels a request by the handle that asyncio would give for it: granian looks at none."""


@loops.register("auto")
def build() -> Loop:
    """What granian makes its loop by, once this module is imported (its README, "Customising Granian")."""
    loop = Loop()
    asyncio.set_event_loop(loop)
    return loop
