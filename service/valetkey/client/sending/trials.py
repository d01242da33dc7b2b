"""Finds the best number of concurrent bodies by short trials of the throughput. It uses no threads and no clock."""

import enum
import math

INITIAL = 10
"""The initial number of concurrent bodies: other clients always use as many."""

FIRST_TRIAL = 0.1
"""How long bodies wait before twice as many are tried, in seconds: a nearby store has received the first ones by
then."""

WINDOW = 0.3
"""The initial time in seconds for more bodies to start, and then for measuring the throughput."""

REST = 2.0
"""The initial pause in seconds after a trial without a gain."""

MAX_PATIENCE = 8.0
"""The maximum factor by which windows and pauses grow. Each trial without a gain doubles them."""

MIN_GAIN = 1.1
"""The factor by which the throughput has to rise if twice as many bodies are sent."""

MAX_BODY_SECONDS = 30.0
"""The maximum time for a body in seconds, if more than `INITIAL` are sent: an interruption loses its bytes."""

STEP = 1024 * 1024
"""The bytes of each body, on average, after which the throughput can be measured: progress has this granularity."""

BODY_WEIGHT = 64 * 1024
"""The cost of a body besides its bytes, in bytes: for small bodies, their number is the limit."""

RECOVERY = 10.0
"""The pause in seconds after a failure."""

SAME_CAUSE = 1.0
"""Failures within this many seconds after the first one count as one."""


class _Phase(enum.Enum):
    STARTING = enum.auto()
    SETTLING = enum.auto()
    MEASURING = enum.auto()
    RESTING = enum.auto()


class Trials:
    """Decides how many bodies are sent at the same time, up to ``most``. All times are in seconds of the caller's
    clock.

    More connections transfer more if each is limited by itself, as to a distant store, but not if the link or the store
    is saturated. So while bodies wait, twice as many are sent, and that is kept if the throughput rises by `MIN_GAIN`;
    otherwise the former number was enough. The first doubling is kept without a
    comparison: 16 parts would end before it.
    """

    def __init__(self, most: int, now: float) -> None:
        self._most = most
        self.limit = min(INITIAL, most)
        """The current limit of concurrent bodies."""
        self.due = now + FIRST_TRIAL
        """The time at which to call `decide` next."""
        self._phase = _Phase.STARTING
        self._before: tuple[int, float] | None = None  # the limit before the trial, and its throughput
        self._patience = 1.0
        self._since = now
        self._work = 0
        self._bodies = self._bytes = 0
        self._failed_at = -math.inf

    def began(self, size: int) -> None:
        """Records that a body of ``size`` bytes is being sent."""
        self._bodies += 1
        self._bytes += size
        self._work += BODY_WEIGHT

    def moved(self, count: int) -> None:
        """``count`` bytes were sent; a negative number takes back what has to be sent again."""
        self._work += count

    def failed(self, now: float, *, busy: bool) -> None:
        """Halves the limit after a failed attempt; below `INITIAL` only if the store is ``busy``."""
        if now - self._failed_at < SAME_CAUSE:
            return
        self._failed_at = now
        fewest = 1 if busy else min(INITIAL, self.limit)
        self._settle_for(max(self.limit // 2, fewest), now + RECOVERY)

    def decide(self, now: float, *, waiting: bool) -> None:
        """Begins or evaluates a trial if it is due; ``waiting`` says whether another body is waiting."""
        if now < self.due:
            return
        if not waiting:
            self._phase = _Phase.SETTLING if self._phase is _Phase.MEASURING else self._phase
            self.due = now + FIRST_TRIAL
        elif self._phase is _Phase.STARTING:
            self._try(self.limit * 2, now)
        elif self._phase is _Phase.SETTLING:
            self._measure(now)
        elif self._phase is _Phase.RESTING:
            self._before = None
            self._measure(now)
        elif self._work < self.limit * min(STEP, self._body_weight):
            self.due = now + WINDOW
        else:
            self._judge(now, self._work / (now - self._since))

    @property
    def _body_weight(self) -> float:
        return BODY_WEIGHT + self._bytes / max(self._bodies, 1)

    def _measure(self, now: float) -> None:
        self._phase, self._since, self._work = _Phase.MEASURING, now, 0
        self.due = now + WINDOW * self._patience

    def _judge(self, now: float, rate: float) -> None:
        most = min(self._most, max(INITIAL, int(rate * MAX_BODY_SECONDS / self._body_weight)))
        if self._before is not None and rate < self._before[1] * MIN_GAIN:
            self._settle_for(min(self._before[0], most), now + REST * self._patience)
            self._patience = min(self._patience * 2, MAX_PATIENCE)
        elif self.limit >= most:
            self._settle_for(most, now + REST * self._patience)
        else:
            self._before = self.limit, rate
            self._try(min(self.limit * 2, most), now)

    def _try(self, limit: int, now: float) -> None:
        self.limit, self._phase = min(limit, self._most), _Phase.SETTLING
        self.due = now + WINDOW * self._patience

    def _settle_for(self, limit: int, until: float) -> None:
        self.limit, self._phase, self.due = limit, _Phase.RESTING, until
