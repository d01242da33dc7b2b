"""The event loop for granian: the coroutine of a request runs in whatever thread wakes it.

granian hands each request, and each complete body, to a thread of its pool, and that thread hands it to asyncio by
``call_soon_threadsafe``. Going from there to the loop's thread, and back to a thread that may block, costs a grant half
as much again (measured: 240 µs of CPU instead of 160). So this loop runs callbacks in the thread that schedules them.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from threading import get_ident
from types import CoroutineType
from typing import Any, TypeVarTuple, Unpack, cast

from granian import loops

Ts = TypeVarTuple("Ts")


class BodyRefused(Exception):
    """Raised in the coroutine of a request instead of the body that it waits for."""


class Step:
    """Continues the coroutine of a request when the future that it waits for is done.

    ``thread`` is the id of the thread that runs it. ``at_once`` is the id of the thread that found the future done as
    it started to wait, and continues at once; 0 when there is none.
    """

    __slots__ = ("at_once", "request", "thread")

    def __init__(self, request: Coroutine[Any, Any, None]) -> None:
        self.request = request
        self.thread = self.at_once = 0

    def __call__(self, awaited: Any = None) -> None:
        """Runs the coroutine until it waits again or ends. ``awaited`` is the future that it has waited for."""
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
                if self.at_once != here:  # another thread may run it by now
                    return


class Loop(asyncio.SelectorEventLoop):
    """An event loop for granian's RSGI, whose coroutines wait for granian's futures, `Threads` and `Unwritten` only."""

    def __init__(self) -> None:
        super().__init__()
        self.on_stop: list[Callable[[], None]] = []

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if type(callback) is Step:
            callback(*args)
        elif args and type(args[0]) is CoroutineType:  # a new request: (asyncio's starter, the coroutine, its watcher)
            Step(args[0])()
        else:
            return super().call_soon_threadsafe(callback, *args, context=context)
        return _DONE

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if type(callback) is not Step:
            return super().call_soon(callback, *args, context=context)
        if callback.thread == get_ident():  # the future is done already: continue without a deeper stack
            callback.at_once = callback.thread
        else:
            callback(*args)
        return _DONE

    def add_signal_handler(self, sig: int, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """As asyncio's, but the signal also calls what is in `on_stop`."""

        def both() -> None:
            callback(*args)
            for on_stop in self.on_stop:
                on_stop()

        super().add_signal_handler(sig, both)


_DONE = cast("asyncio.Handle", None)
"""In place of the handle that asyncio would return: granian uses none."""


@loops.register("auto")
def build() -> Loop:
    """granian creates its loop by this, once this module is imported (its README, "Customising Granian")."""
    loop = Loop()
    asyncio.set_event_loop(loop)
    return loop
