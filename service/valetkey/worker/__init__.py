"""The worker: reading the store's events from a queue, the sweep, erasures, the outbox, and heartbeats.

Every loop keeps running whatever fails, and stops between two pieces of work. Any number of workers may run in
parallel: the ledger and the queue prevent two of them from doing the same work.
"""

from valetkey.worker.beat import BeatLoop
from valetkey.worker.erase import EraseLoop
from valetkey.worker.loop import Loop, Repeated
from valetkey.worker.outbox import OutboxLoop
from valetkey.worker.queue import QueueLoop
from valetkey.worker.sweep import CheckLoop, CleanLoop, RetentionLoop, SweepLoop
from valetkey.worker.threads import Worker

__all__ = [
    "BeatLoop",
    "CheckLoop",
    "CleanLoop",
    "EraseLoop",
    "Loop",
    "OutboxLoop",
    "QueueLoop",
    "Repeated",
    "RetentionLoop",
    "SweepLoop",
    "Worker",
]
