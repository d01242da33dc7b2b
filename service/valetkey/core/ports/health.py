"""The installation's own records in the ledger: proven capabilities of stores, running workers, and event probes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class StoreProof:
    """The result of testing one bucket at one endpoint (``place``).

    ``capabilities`` maps names of members of `Capabilities` to values; those that were not determined are missing.
    ``summary`` is for people: JSON of any shape.
    """

    place: str
    capabilities: Mapping[str, bool]
    summary: Mapping[str, Any]
    proven_at: datetime


class StalledWork(NamedTuple):
    """``work`` of a worker, named for people, that has made no progress ``since`` then."""

    work: str
    since: datetime


@dataclass(frozen=True, slots=True)
class WorkerBeat:
    """A worker process on ``host``. ``seen_at`` is its last heartbeat, ``looked_at`` when its sweep last finished
    checking the due uploads of every store (None: not yet). ``still`` lists its stalled work."""

    id: str
    host: str
    started_at: datetime
    seen_at: datetime
    looked_at: datetime | None = None
    still: tuple[StalledWork, ...] = ()


class StoreProofs(Protocol):
    """The proven capabilities of stores. Raises `LedgerUnavailable` like a `Ledger`, as do the protocols below."""

    def record_proof(self, proof: StoreProof) -> None:
        """Records ``proof``, replacing the earlier one of its place."""

    def proof_of(self, place: str) -> StoreProof | None:
        """The last recorded proof of ``place``."""


class WorkerBeats(Protocol):
    """The workers of a ledger."""

    def beat(self, worker: WorkerBeat, forget_before: datetime) -> None:
        """Records a heartbeat, and removes workers that were last seen before ``forget_before``."""

    def forget_worker(self, worker_id: str) -> None:
        """Removes a worker that has ended."""

    def workers(self) -> list[WorkerBeat]:
        """The workers that have not reported their end, the last seen first."""


class EventProbes(Protocol):
    """Probe objects that are written to test whether their events arrive."""

    def open_event_probe(self, probe_id: str, now: datetime, forget_before: datetime) -> None:
        """Starts recording events of ``probe_id``; removes probes that were opened before ``forget_before``."""

    def see_event(self, probe_id: str, sender: str, now: datetime) -> bool:
        """Records the time of the first event of ``probe_id`` from ``sender``; returns whether the probe is open."""

    def events_seen(self, probe_id: str) -> Mapping[str, datetime]:
        """The time of the first event from each sender."""

    def close_event_probe(self, probe_id: str) -> None:
        """Removes the probe with its events."""


class Health(StoreProofs, WorkerBeats, EventProbes, Protocol):
    """All of the protocols above."""
