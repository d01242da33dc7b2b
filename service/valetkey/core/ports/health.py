"""What the ledger keeps of the installation itself: what was proven of its stores, who works on it, and whether events
arrive."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class StoreProof:
    """What was found out about one bucket at one endpoint (``place``), by trying it.

    ``capabilities`` has members of `Capabilities` by their names; what was not found out is not in it. ``summary`` is
    for people: JSON of any shape.
    """

    place: str
    capabilities: Mapping[str, bool]
    summary: Mapping[str, Any]
    proven_at: datetime


class StalledWork(NamedTuple):
    """Some ``work`` of a worker, as people call it, that has not got on ``since`` then."""

    work: str
    since: datetime


@dataclass(frozen=True, slots=True)
class WorkerBeat:
    """A worker's process on ``host``. ``seen_at`` is when it last said that it runs, ``looked_at`` when its sweep had
    last looked for what is due in every store; None: not yet. ``still`` is what stands still of it."""

    id: str
    host: str
    started_at: datetime
    seen_at: datetime
    looked_at: datetime | None = None
    still: tuple[StalledWork, ...] = ()


class StoreProofs(Protocol):
    """What was proven of stores. Raises `LedgerUnavailable` like a `Ledger`, as do those below."""

    def record_proof(self, proof: StoreProof) -> None:
        """In place of what was known of its place."""

    def proof_of(self, place: str) -> StoreProof | None:
        """What was recorded last of ``place``."""


class WorkerBeats(Protocol):
    """Who works on the ledger."""

    def beat(self, worker: WorkerBeat, forget_before: datetime) -> None:
        """Records that it runs, and removes those that were last seen before ``forget_before``."""

    def forget_worker(self, worker_id: str) -> None:
        """It has ended."""

    def workers(self) -> list[WorkerBeat]:
        """Those that have not said that they ended, the one seen last first."""


class EventProbes(Protocol):
    """Objects that are written to see whether their events arrive."""

    def open_event_probe(self, probe_id: str, now: datetime, forget_before: datetime) -> None:
        """From now on events of ``probe_id`` are kept; probes that were opened before ``forget_before`` are removed."""

    def see_event(self, probe_id: str, sender: str, now: datetime) -> bool:
        """An event of ``probe_id`` came by ``sender``: the first time is kept. Says whether such a probe is open."""

    def events_seen(self, probe_id: str) -> Mapping[str, datetime]:
        """When the first event came, by sender."""

    def close_event_probe(self, probe_id: str) -> None:
        """It is forgotten, with its events."""


class Health(StoreProofs, WorkerBeats, EventProbes, Protocol):
    """All of it."""
