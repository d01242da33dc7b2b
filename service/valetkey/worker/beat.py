"""Heartbeats of a worker, which `valetkey doctor` reads."""

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from valetkey.core.errors import Unavailable
from valetkey.core.ports.health import WorkerBeat, WorkerBeats
from valetkey.worker.loop import Repeated

INTERVAL = 30.0
"""The interval of heartbeats, in seconds."""

FORGOTTEN_AFTER = timedelta(days=1)
"""How long the ledger keeps a worker that ended without reporting it."""


class BeatLoop(Repeated):
    """Records heartbeats of this process in the ledger. ``looked_at`` returns when its sweep last finished a check of
    all stores, and ``loops`` are those that are reported if they stall."""

    unavailable = "the heartbeat of this worker will be recorded later"
    failed = "recording the heartbeat failed; it will be retried"
    work = "recording heartbeats"

    def __init__(
        self,
        beats: WorkerBeats,
        looked_at: Callable[[], datetime | None],
        interval: float = INTERVAL,
        loops: Sequence[Repeated] = (),
    ) -> None:
        super().__init__(interval)
        self._beats = beats
        self._looked_at = looked_at
        self._loops = loops
        now = datetime.now(UTC)
        self._worker = WorkerBeat(str(uuid4()), socket.gethostname()[:255], now, now)

    def run(self) -> None:
        """Like `Loop.run`; removes the worker from the ledger at its end."""
        try:
            super().run()
        finally:
            with suppress(Unavailable):
                self._beats.forget_worker(self._worker.id)

    def _work(self) -> None:
        now = datetime.now(UTC)
        still = tuple(found for loop in self._loops if (found := loop.standing(now)))
        beat = replace(self._worker, seen_at=now, looked_at=self._looked_at(), still=still)
        self._beats.beat(beat, now - FORGOTTEN_AFTER)
