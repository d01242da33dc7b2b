"""Requests whose bodies are not complete: how long and how large they may get, and which need no body at all."""

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
"""How often the requests are inspected, in seconds. A request whose body takes longer is tried without it."""

PER_TICK = 15
"""How many requests are tried in one tick, and how many are given up, so that thousands that arrive at once delay
nobody: whoever is refused comes back, and costs the same again."""

PIECE = 0.001
"""After how much of what is done for these requests everybody else goes first, in seconds."""

MAX_REST = 0.002
"""How long everybody else goes first then, at most, in seconds. Python gives its lock to another thread after 5 ms, or
when whoever has it waits: without a rest a request that needs the lock four times waited for four times 5 ms while
thirty slow clients were refused."""

MAX_MEMORY = 256 * 2**20
"""What all incomplete bodies may take together, in bytes. Above it requests are given up: first those that have
shown no credential, and of two alike the larger, so that nobody with a small body loses its place to large ones."""

STOP_SECONDS = 2.0
"""How long a body may still take once the process has to stop, in seconds."""


class BodyNeeded(BaseException):
    """The application has asked for a body that is not there. Not an `Exception`: no error handler may catch it."""


class _AbsentBody:
    """``wsgi.input`` of a request that is tried without its body."""

    def read(self, *_: Any) -> bytes:
        raise BodyNeeded

    readline = readlines = readinto = read


class IncompleteRequest:
    """A request whose body is not complete.

    ``size`` is what its body takes at most, in bytes: its announced length, or what has arrived of one without a
    length. ``since`` is when it started to wait (monotonic clock). ``future`` is what its coroutine waits for, None
    before that. ``trial`` is held while it is tried without its body, None before somebody was about to. ``known`` says
    that the trial went on to the body: whoever sends it was not refused. ``answered`` says that the trial gave a
    response, ``late`` that it is about to be given up, ``over`` that the body is not needed any more.
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
    """All of them. ``deadline`` is how long each may wait for its body, in seconds."""

    def __init__(self, application: Application, deadline: float) -> None:
        self._application = application
        self._deadline = deadline
        self._at_once = PER_TICK
        self._waiting: dict[IncompleteRequest, None] = {}
        """All whose bodies take room: also who is being tried, or is about to be given up."""
        self._untried: SimpleQueue[IncompleteRequest] = SimpleQueue()
        self._late: SimpleQueue[IncompleteRequest] = SimpleQueue()

    def start(self, call_later: Callable[..., Any]) -> None:
        """Starts to inspect them by an event loop's ``call_later``. A thread tries them and another one gives them up:
        a trial may wait for the ledger, and nobody's time waits for that."""
        for queue, handle in ((self._untried, self.try_without_body), (self._late, self._give_up)):
            Thread(target=_work_off, args=(queue, handle), name="valetkey-intake", daemon=True).start()

        def tick() -> None:
            self.inspect()
            call_later(TICK, tick)

        call_later(TICK, tick)

    def stop_waiting(self) -> None:
        """Shortens the deadline, as the process has to stop."""
        self._deadline = STOP_SECONDS
        self._at_once = sys.maxsize

    def add(self, request: IncompleteRequest) -> None:
        """``request`` starts to wait."""
        self._waiting[request] = None

    def remove(self, request: IncompleteRequest) -> bool:
        """The body of ``request``, which has left, is complete. Returns whether it still needs a response."""
        if request.trial is None:
            return True
        with request.trial:
            return not request.answered

    def leave(self, request: IncompleteRequest) -> None:
        """Whatever became of ``request``, it has no place any more, not even after a trial that is under way."""
        request.over = True
        self._waiting.pop(request, None)

    def inspect(self) -> None:
        """Finds those that have waited too long, and those that have begun to wait: other threads give up the former
        and try the latter."""
        now = monotonic()
        self._make_room()
        waiting = self._waiting.copy()  # whoever waits longest is first
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
        """Gives up requests until the others' bodies have room."""
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
        """Responds to ``request`` when that needs no body: no credential, an unknown path. Returns whether it did."""
        request.trial = request.trial or Lock()
        with request.trial:
            if request.over or request.late:
                return False  # its body is complete by now, or its time is over
            response = self._call_without_body(request)
            if response is None:
                return False
            request.answered = True
        status, headers, body = response
        headers = [header for header in headers if header[0].lower() != "connection"]
        headers.append(("Connection", "close"))  # the rest of the body is not going to be read
        request.proto.response_bytes(status, headers, body)
        self._let_go(request)
        return True

    def _give_up(self, request: IncompleteRequest) -> bool:
        """Has the coroutine of ``request`` respond with 408. Returns whether it was given up: not while it is tried, as
        what the trial finds, or has done, is to be said; it is late once more at the next tick then."""
        trial: Any = request.trial
        if not trial.acquire(blocking=False):
            request.late = False
            return False
        over, request.over = request.over or request.answered, True
        trial.release()  # what is woken below takes it
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
    """One after another; after each `PIECE` of work it rests for as long as that took, since whoever is slow can wait.
    A rest after each request, however short, took a fifth more CPU (trials of 290 µs: 365 µs instead of 300)."""
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
    """Who has to go first where there is no room for all."""
    return request.known, -request.size, request.since
