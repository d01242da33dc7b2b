"""Delivery of the outbox: claims rows, sends them, and records the result. At least once, always with the same id.

A claim is a lease by compare-and-set: parallel workers do not send the same row at the same time, and the row of a
killed worker becomes available again when the lease expires. The schedule and the rules are those of Standard Webhooks.
"""

import logging
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock

from valetkey.core.errors import Unavailable
from valetkey.core.model.announcement import Announcement, Status
from valetkey.core.ports.announcing import DeliveryOutcome, DeliveryReceipt, Outbox, Receiver

log = logging.getLogger("valetkey")

_MINUTE, _HOUR = 60, 3600

DELAYS: tuple[float, ...] = (
    5,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""How long to wait after each failed attempt, in seconds; the first attempt is immediate. If the tenth, after the last
of these waits, fails as well, the announcement is dead."""

JITTER = 0.1
"""Random variation of a wait, as a fraction of it, so that rows that failed together are not retried together."""

MAX_RETRY_AFTER = 24 * _HOUR
"""The longest wait that a receiver may ask for, in seconds: a wrong header must not delay a row for ever."""

LEASE = timedelta(seconds=30)
"""The lease of a claimed row: longer than a webhook may take, but short enough after a worker was killed. The lease of
a hook, which may take longer, is extended."""

STARTED = "its process ended during the attempt"
"""The detail recorded for an attempt until it has ended."""

RETENTION = timedelta(days=7)
"""How long a delivered row is kept."""

PRUNE_BATCH = 1000
"""The most delivered rows removed at once: a short transaction."""


class Dispatcher:
    """Sends announcements to one receiver, called ``name`` in logs. Its methods raise `LedgerUnavailable`. Thread-safe.

    With ``counts_starts`` an attempt is counted when it starts, at the cost of one more write: for a receiver that may
    crash the whole process, repeatedly.
    """

    def __init__(
        self,
        outbox: Outbox,
        receiver: Receiver,
        *,
        name: str = "webhook",
        counts_starts: bool = False,
        delays: Sequence[float] = DELAYS,
        retention: timedelta = RETENTION,
        lease: timedelta = LEASE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._outbox = outbox
        self._receiver = receiver
        self._delays = delays
        self._retention = retention
        self._lease = lease
        self._clock = clock
        self._chance = chance
        self._gone = False
        self.name = name
        self._counts_starts = counts_starts
        self._lock = Lock()
        self._under_way: dict[str, Announcement] = {}

    def claim(self, limit: int) -> list[Announcement]:
        """Up to ``limit`` due announcements, to `deliver` now; none once the receiver is gone."""
        if self._gone:
            return []
        now = self._clock()
        claimed = self._outbox.claim(now, now + self._lease, limit)
        if not self._counts_starts:
            return claimed
        for one in claimed:
            if one.attempts > len(self._delays):  # the last attempt started, and never ended
                self._note(one, one.changed(status=Status.DEAD, due_at=now))
        return [one for one in claimed if one.attempts <= len(self._delays)]

    def deliver(self, claimed: Announcement) -> None:
        """Sends it once and records the result. If the process stops in between, it is sent again after its lease.

        Raises what the receiver raises; an `Unavailable` does not count as an attempt.
        """
        attempts, detail = claimed.attempts, claimed.detail
        if self._counts_starts:
            started = claimed.changed(attempts=claimed.attempts + 1, detail=STARTED)
            if not self._outbox.settle(claimed, started):
                return  # its lease ended before the delivery began
            claimed = started
        with self._lock:
            self._under_way[claimed.id] = claimed
        try:
            receipt = self._receiver.deliver(claimed, self._clock())
        except Unavailable:
            left = self._over(claimed)
            if left.attempts != attempts:
                self._outbox.settle(left, left.changed(attempts=attempts, detail=detail))
            raise
        except BaseException:
            self._over(claimed)
            raise
        self._settle(self._over(claimed), receipt)

    def _over(self, claimed: Announcement) -> Announcement:
        """Ends a delivery: returns ``claimed`` as `extend` may have changed it."""
        with self._lock:
            return self._under_way.pop(claimed.id)

    def extend(self) -> None:
        """Extends the leases of announcements that are being delivered, once a third of the time has passed."""
        with self._lock:
            for one in list(self._under_way.values()):
                now = self._clock()
                longer = one.changed(due_at=now + self._lease)
                if one.due_at - now < self._lease * 2 / 3 and self._outbox.settle(one, longer):
                    self._under_way[one.id] = longer

    def _settle(self, claimed: Announcement, receipt: DeliveryReceipt) -> None:
        after = self._after(claimed, receipt)
        if receipt.outcome is DeliveryOutcome.GONE and not self._gone:
            self._gone = True
            log.error(
                "the %s's receiver responded with 410 Gone: nothing more is sent until this process is restarted",
                self.name,
            )
        self._note(claimed, after)

    def _note(self, claimed: Announcement, after: Announcement) -> None:
        name = self.name
        if not self._outbox.settle(claimed, after):
            log.warning("%s %s took longer than its lease; another worker has it", name, claimed.id)
        elif after.status is Status.DEAD:
            log.error("%s %s is dead after %d attempts: %s", name, after.id, after.attempts, after.detail)
        elif after.status is Status.WAITING:
            due = after.due_at.isoformat()
            log.warning("%s %s failed, next attempt %s: %s", name, after.id, due, after.detail)

    def prune(self) -> int:
        """Removes rows that were delivered long enough ago; returns how many."""
        return self._outbox.prune(self._clock(), PRUNE_BATCH)

    def _after(self, claimed: Announcement, receipt: DeliveryReceipt) -> Announcement:
        now, attempts = self._clock(), claimed.attempts + (0 if self._counts_starts else 1)
        if receipt.outcome is DeliveryOutcome.DELIVERED:
            due, status = now + self._retention, Status.DELIVERED
        elif receipt.outcome is DeliveryOutcome.GONE or attempts > len(self._delays):
            due, status = now, Status.DEAD
        else:
            due, status = now + self._wait(attempts, receipt.retry_after), Status.WAITING
        return claimed.changed(status=status, attempts=attempts, due_at=due, detail=receipt.detail)

    def _wait(self, attempts: int, retry_after: float | None) -> timedelta:
        """How long to wait after this many attempts; at least as long as the receiver asked for."""
        wait = self._delays[attempts - 1] * (1 + JITTER * (2 * self._chance() - 1))
        return timedelta(seconds=max(wait, min(retry_after or 0, MAX_RETRY_AFTER)))
