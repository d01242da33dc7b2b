"""The installation's own records, in memory."""

from collections.abc import Mapping
from datetime import datetime

from valetkey.adapters.memory.hooks import Hook, Hooked
from valetkey.core.ports.health import StoreProof, WorkerBeat


class MemoryHealth(Hooked):
    """`Health` in memory."""

    def __init__(self, before: Hook | None = None) -> None:
        super().__init__(before)
        self._proofs: dict[str, StoreProof] = {}
        self._workers: dict[str, WorkerBeat] = {}
        self._event_probes: dict[str, tuple[datetime, dict[str, datetime]]] = {}

    def record_proof(self, proof: StoreProof) -> None:
        self._call("record_proof", proof.place)
        with self._lock:
            self._proofs[proof.place] = proof

    def proof_of(self, place: str) -> StoreProof | None:
        self._call("proof_of", place)
        return self._proofs.get(place)

    def beat(self, worker: WorkerBeat, forget_before: datetime) -> None:
        self._call("beat", worker.id)
        with self._lock:
            kept = {one.id: one for one in self._workers.values() if one.seen_at >= forget_before}
            self._workers = kept | {worker.id: worker}

    def forget_worker(self, worker_id: str) -> None:
        self._call("forget_worker", worker_id)
        with self._lock:
            self._workers.pop(worker_id, None)

    def workers(self) -> list[WorkerBeat]:
        self._call("workers")
        with self._lock:
            return sorted(self._workers.values(), key=lambda one: (one.seen_at, one.id), reverse=True)

    def open_event_probe(self, probe_id: str, now: datetime, forget_before: datetime) -> None:
        self._call("open_event_probe", probe_id)
        with self._lock:
            kept = {name: one for name, one in self._event_probes.items() if one[0] >= forget_before}
            self._event_probes = kept | {probe_id: (now, {})}

    def see_event(self, probe_id: str, sender: str, now: datetime) -> bool:
        self._call("see_event", probe_id)
        with self._lock:
            if probe_id not in self._event_probes:
                return False
            self._event_probes[probe_id][1].setdefault(sender, now)
            return True

    def events_seen(self, probe_id: str) -> Mapping[str, datetime]:
        self._call("events_seen", probe_id)
        with self._lock:
            return dict(self._event_probes[probe_id][1]) if probe_id in self._event_probes else {}

    def close_event_probe(self, probe_id: str) -> None:
        self._call("close_event_probe", probe_id)
        with self._lock:
            self._event_probes.pop(probe_id, None)
