"""Requests with incomplete bodies: their time and size limits, and responses that need no body."""

import logging
import sys
from collections.abc import Callable
from itertools import islice, takewhile
from operator import attrgetter
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic, sleep
from traceback import clear_frames
from typing import Any

from valetkey.intake.wsgi import Application, Environ, WsgiResponse, call_application

log = logging.getLogger("valetkey")

TICK = 0.2
"""The interval of inspections, in seconds. A request whose body takes longer is tried without it."""

PER_TICK = 15
"""How many requests are tried in one tick, and how many are given up, so that thousands of simultaneous requests do not
delay others: refused clients come back, and cost the same again."""

PIECE = 0.001
"""After how much work for these requests other work goes first, in seconds."""

MAX_REST = 0.002
"""The longest rest for other work, in seconds. Python passes its lock on after 5 ms, or when its holder waits: without
a rest, a request that needs the lock four times waited four times 5 ms while thirty slow clients were refused."""

MAX_MEMORY = 256 * 2**20
"""The maximum total size of incomplete bodies, in bytes. Beyond it requests are given up: first those without a
credential, then the larger ones, so that small bodies do not lose their place to large ones."""

STOP_SECONDS = 2.0
"""How long a body may still take once the process has to stop, in seconds."""


class BodyNeeded(BaseException):
    """The application reads a body that has not arrived. Not an `Exception`, so that no error handler catches it."""


class _AbsentBody:
    """``wsgi.input`` of a request that is tried without its body."""

    def read(self, *_: Any) -> bytes:
        raise BodyNeeded

    readline = readlines = readinto = read


class IncompleteRequest:
    """A request with an incomplete body.

    ``size`` is the maximum size of its body in bytes: its announced length, or the bytes received of one without a
    length. ``since`` is when it started to wait (monotonic clock). ``future`` is the one that its coroutine waits for,
    None before that. ``trial`` is a lock held while it is tried without its body, None before the first trial.
    ``known``: the trial got as far as reading the body, so the client was not refused. ``answered``: the trial produced
    a response. ``late``: it is about to be given up. ``over``: the body is no longer needed.
    """

    __slots__ = ("answered", "environ", "future", "known", "late", "over", "proto", "since", "size", "trial")

    def __init__(self, environ: Environ, proto: Any, size: int) -> None:
        self.environ = environ
        self.proto = proto
        self.size = size
        self.since = monotonic()
        self.future: Any = None
        self.trial: Lock | None = None
        self.answered = self.known = self.late = self.over = False


class IncompleteRequests:
    """All incomplete requests. ``deadline`` is how long each may wait for its body, in seconds."""

    def __init__(self, application: Application, deadline: float) -> None:
        self._application = application
        self._deadline = deadline
        self._at_once = PER_TICK
        self._waiting: dict[IncompleteRequest, None] = {}
        """All requests whose bodies use memory, including those being tried or about to be given up."""
        self._untried: SimpleQueue[IncompleteRequest] = SimpleQueue()
        self._late: SimpleQueue[IncompleteRequest] = SimpleQueue()

    def start(self, call_later: Callable[..., Any]) -> None:
        """Starts inspections by an event loop's ``call_later``. One thread tries requests and another gives them up, as
        a trial may wait for the ledger, which must not delay time-outs."""
        for queue, handle in ((self._untried, self.try_without_body), (self._late, self._give_up)):
            Thread(target=_work_off, args=(queue, handle), name="valetkey-intake", daemon=True).start()

        def tick() -> None:
            self.inspect()
            call_later(TICK, tick)

        call_later(TICK, tick)

    def stop_waiting(self) -> None:
        """Shortens the deadline, because the process has to stop."""
        self._deadline = STOP_SECONDS
        self._at_once = sys.maxsize

    def add(self, request: IncompleteRequest) -> None:
        """Adds a request that starts to wait."""
        self._waiting[request] = None

    def remove(self, request: IncompleteRequest) -> bool:
        """Ends the waiting of ``request``, whose body is complete. Returns whether it still needs a response."""
        if request.trial is None:
            return True
        with request.trial:
            return not request.answered

    def leave(self, request: IncompleteRequest) -> None:
        """Forgets ``request``, whatever its outcome, even if a trial is in progress."""
        request.over = True
        self._waiting.pop(request, None)

    def inspect(self) -> None:
        """Finds requests that have waited too long and those that have just started to wait; other threads give up the
        former and try the latter."""
        now = monotonic()
        self._make_room()
        waiting = self._waiting.copy()  # the longest waiting first
        too_long = takewhile(lambda request: now - request.since > self._deadline, waiting)
        for request in islice((each for each in too_long if not each.late), self._at_once):
            request.trial = request.trial or Lock()
            request.late = True
            self._late.put(request)
        begun = takewhile(lambda request: now - request.since >= TICK, waiting)
        for request in islice((each for each in begun if each.trial is None), PER_TICK):
            request.trial = Lock()
            self._untried.put(request)

    def _make_room(self) -> None:
        """Gives up requests until the total size is below the limit."""
        waiting = self._waiting.copy()
        size = sum(map(_SIZE, waiting))
        if size <= MAX_MEMORY:
            return
        for request in sorted(waiting, key=_by_right):
            if size <= MAX_MEMORY:
                return
            request.trial = request.trial or Lock()
            if self._give_up(request):
                size -= request.size

    def try_without_body(self, request: IncompleteRequest) -> bool:
        """Responds to ``request`` if that needs no body (no credential, an unknown path). Returns whether it did."""
        request.trial = request.trial or Lock()
        with request.trial:
            if request.over or request.late:
                return False  # its body is complete, or its time is over
            response = self._call_without_body(request)
            if response is None:
                return False
            request.answered = True
        status, headers, body = response
        headers = [header for header in headers if header[0].lower() != "connection"]
        headers.append(("Connection", "close"))  # the rest of the body will not be read
        request.proto.response_bytes(status, headers, body)
        self._let_go(request)
        return True

    def _give_up(self, request: IncompleteRequest) -> bool:
        """Makes the coroutine of ``request`` respond with 408. Returns whether it was given up: not during its trial,
        whose result has to be sent; then it is late again at the next tick."""
        trial: Any = request.trial
        if not trial.acquire(blocking=False):
            request.late = False
            return False
        over, request.over = request.over or request.answered, True
        trial.release()  # the coroutine woken below takes it
        if not over:
            self._let_go(request)
        return not over

    def _let_go(self, request: IncompleteRequest) -> None:
        self.leave(request)
        if request.future is not None:
            request.future.cancel()

    def _call_without_body(self, request: IncompleteRequest) -> WsgiResponse | None:
        environ = request.environ | {"wsgi.input": _AbsentBody()}
        try:
            return call_application(self._application, environ)
        except BodyNeeded as needed:
            clear_frames(needed.__traceback__)  # see `valetkey.waiting.without`
            request.known = True
            return None
        except Exception:
            log.exception("a request failed while it was tried without its body")
            return None


def _work_off(queue: SimpleQueue[IncompleteRequest], handle: Callable[[IncompleteRequest], object]) -> None:
    """Handles requests one after another, with a rest after each `PIECE` of work that is as long as the work, as slow
    clients can wait. A rest after each request took a fifth more CPU (trials of 290 µs: 365 µs instead of 300)."""
    worked = 0.0
    while True:
        request = queue.get()
        begun = monotonic()
        try:
            handle(request)
        except Exception:  # the others need this thread
            log.exception("a request whose body is not complete has failed")
        worked += monotonic() - begun
        if worked >= PIECE:
            sleep(min(worked, MAX_REST))
            worked = 0.0


_SIZE = attrgetter("size")


def _by_right(request: IncompleteRequest) -> tuple[bool, int, float]:
    """The order in which requests are given up if their bodies exceed the limit."""
    return request.known, -request.size, request.since
