"""Requests whose bodies are not whole yet: how long, how many bytes, and which need no body to be answered."""

import logging
from collections.abc import Callable
from operator import attrgetter
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import Any

from valetkey.intake.environ import Answer, Application, Environ, answer_of

log = logging.getLogger("valetkey")

TICK = 0.2
"""How often they are looked at, in seconds: as long a body has to come before its request is tried without it."""

TRIED_IN_A_TICK = 100
"""So thousands that begin at once delay nobody."""

MEMORY = 256 * 2**20
"""What the bodies that are waited for may take together, in bytes; where they are to be more, the oldest go."""

STOPPING = 2.0
"""How long a body may still take once the process is asked to stop, in seconds."""


class BodyWanted(BaseException):
    """The application has asked for a body that is not there. No error: nothing that handles errors may catch it."""


class _Absent:
    """``wsgi.input`` of a request that is tried without its body."""

    def read(self, *_: Any) -> bytes:
        raise BodyWanted

    readline = readlines = readinto = read


class Waiting:
    """One request whose body is not whole. ``future`` is what it waits for; ``size`` is what it may become, in bytes.

    ``trial`` is held while it is tried without its body; ``over`` is set once the body is not wanted any more.
    """

    __slots__ = ("answered", "environ", "future", "over", "proto", "since", "size", "trial")

    def __init__(self, environ: Environ, proto: Any, size: int) -> None:
        self.environ = environ
        self.proto = proto
        self.size = size
        self.since = monotonic()
        self.future: Any = None
        self.trial: Lock | None = None
        self.answered = self.over = False


class WaitingRoom:
    """All of them. ``deadline`` is how long one may wait, in seconds."""

    def __init__(self, application: Application, deadline: float) -> None:
        self._application = application
        self._deadline = deadline
        self._waiting: dict[Waiting, None] = {}  # who takes one out decides what becomes of it
        self._to_try: SimpleQueue[Waiting] = SimpleQueue()

    def open(self, call_later: Callable[..., Any]) -> None:
        """Begins to look at them, by an event loop's ``call_later`` and in a thread of its own."""
        Thread(target=self._try_on, name="valetkey-intake", daemon=True).start()

        def tick() -> None:
            self.look()
            call_later(TICK, tick)

        call_later(TICK, tick)

    def close(self) -> None:
        """The process is to stop: nobody is waited for much longer."""
        self._deadline = STOPPING

    def enter(self, one: Waiting) -> None:
        """``one`` begins to wait."""
        self._waiting[one] = None

    def leave(self, one: Waiting) -> bool:
        """The body of ``one`` is whole; says whether it still needs an answer."""
        if self._waiting.pop(one, self) is None or one.trial is None:
            return True
        with one.trial:
            self._waiting.pop(one, None)
            return not one.answered

    def look(self) -> None:
        """Ends those that have waited too long, and has those tried that have begun to wait."""
        now, tried = monotonic(), 0
        waiting = sorted(self._waiting.copy(), key=_SINCE)
        size = sum(one.size for one in waiting)
        for one in waiting:
            if now - one.since > self._deadline or size > MEMORY:
                size -= one.size
                self._end(one)  # its coroutine answers 408
            elif one.trial is None and now - one.since >= TICK and tried < TRIED_IN_A_TICK:
                one.trial = Lock()
                tried += 1
                self._to_try.put(one)

    def _try_on(self) -> None:
        while True:
            self.tried(self._to_try.get())

    def tried(self, one: Waiting) -> bool:
        """Whether ``one`` is answered without its body: a stranger, an unknown path, or what needs none."""
        one.trial = one.trial or Lock()
        with one.trial:
            if one.future is not None and self._waiting.pop(one, self) is not None:
                return False  # its body has come meanwhile
            answer = self._without_body(one)
            if answer is None:
                if one.future is not None:
                    self._waiting[one] = None
                return False
            one.answered = True
        status, headers, body = answer
        headers = [
            header for header in headers if header[0].lower() != "connection"
        ]  # the body is not going to be read
        one.proto.response_bytes(status, [*headers, ("Connection", "close")], body)
        self._end(one)
        return True

    def _end(self, one: Waiting) -> None:
        one.over = True
        self._waiting.pop(one, None)
        if one.future is not None:
            one.future.cancel()

    def _without_body(self, one: Waiting) -> Answer | None:
        environ = one.environ | {"wsgi.input": _Absent()}
        try:
            return answer_of(self._application, environ)
        except BodyWanted:
            return None
        except Exception:
            log.exception("a request failed before its body was there")
            return None


_SINCE = attrgetter("since")
