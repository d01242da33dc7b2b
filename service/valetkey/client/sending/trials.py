"""How many concurrent bodies pay off, found by short trials of the throughput. It uses no threads and no clock."""

import enum
import math

INITIAL = 10
"""How many bodies are sent at once at first: as many as other clients send always."""

FIRST_TRIAL = 0.1
"""How long, in seconds, bodies wait before twice as many are tried: a store nearby has taken the first by then."""

WINDOW = 0.3
"""How long, in seconds, more bodies have to get going, and then how long the throughput is measured, at first."""

REST = 2.0
"""How long, in seconds, nothing is tried after a trial that did not pay, at first."""

MAX_PATIENCE = 8.0
"""How many times longer windows and rests become. Each trial that does not pay makes them twice as long."""

MIN_GAIN = 1.1
"""By which factor the throughput has to rise when twice as many bodies are sent."""

MAX_BODY_SECONDS = 30.0
"""How long a body may take, in seconds, where more than `INITIAL` are sent: an interruption loses its bytes."""

STEP = 1024 * 1024
"""How many bytes of each body, on average, have to move before the throughput is known: they come in such steps."""

BODY_WEIGHT = 64 * 1024
"""What a body counts besides its bytes, in bytes: small ones are bound by their number."""

RECOVERY = 10.0
"""How long, in seconds, nothing is tried after a failure."""

SAME_CAUSE = 1.0
"""Failures within this many seconds after the first count as the same one."""


class _Phase(enum.Enum):
    STARTING = enum.auto()
    SETTLING = enum.auto()
    MEASURING = enum.auto()
    RESTING = enum.auto()


class Trials:
    """Decides how many bodies are sent at once, up to ``most``. All times are in seconds of the caller's clock.

    More connections carry more where each has a share of the line, as to a distant store, and no more where the line or
    the store is full. So while bodies wait, twice as many are sent, and kept when the throughput rises by `MIN_GAIN`;
    else it was enough before. The first trial is judged by what follows: 16 parts are over before it could be.
    """

    def __init__(self, most: int, now: float) -> None:
        self._most = most
        self.limit = min(INITIAL, most)
        """How many bodies may be sent at once now."""
        self.due = now + FIRST_TRIAL
        """When `decide` is to be called next."""
        self._phase = _Phase.STARTING
        self._before: tuple[int, float] | None = None  # the limit before the trial, and its throughput
        self._patience = 1.0
        self._since = now
        self._work = 0
        self._bodies = self._bytes = 0
        self._failed_at = -math.inf

    def began(self, size: int) -> None:
        """A body of ``size`` bytes is being sent."""
        self._bodies += 1
        self._bytes += size
        self._work += BODY_WEIGHT

    def moved(self, count: int) -> None:
        """``count`` bytes were sent; a negative number takes back what has to be sent again."""
        self._work += count

    def failed(self, now: float, *, busy: bool) -> None:
        """An attempt has failed: half as many from now on; fewer than `INITIAL` where the store says it is ``busy``."""
        if now - self._failed_at < SAME_CAUSE:
            return
        self._failed_at = now
        fewest = 1 if busy else min(INITIAL, self.limit)
        self._settle_for(max(self.limit // 2, fewest), now + RECOVERY)

    def decide(self, now: float, *, waiting: bool) -> None:
        """Begins or judges a trial when it is time; ``waiting`` says whether there is a body for one more."""
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
