"""The installation's own records, in an SQL database."""

from collections.abc import Mapping
from datetime import datetime

import orjson
from sqlalchemy import Connection, delete, insert, select

from valetkey.adapters.sql.database import Database
from valetkey.adapters.sql.inserts import upsert
from valetkey.adapters.sql.rows import micros, moment
from valetkey.adapters.sql.schema import event_probes, store_proofs, workers
from valetkey.core.ports.health import StalledWork, StoreProof, WorkerBeat

_OPENED = ""
"""The sender of the row that opens a probe."""


class SqlHealth(Database):
    """`Health` in an SQL database."""

    def record_proof(self, proof: StoreProof) -> None:
        values = {
            "capabilities": orjson.dumps(dict(proof.capabilities)).decode(),
            "summary": orjson.dumps(dict(proof.summary)).decode(),
            "proven_at": micros(proof.proven_at),
        }

        def write(connection: Connection) -> None:
            statement = upsert(connection, store_proofs, {"place": proof.place, **values})
            connection.execute(statement.on_conflict_do_update(index_elements=[store_proofs.c.place], set_=values))

        self._write(write)

    def proof_of(self, place: str) -> StoreProof | None:
        with self._reading() as connection:
            row = connection.execute(select(store_proofs).where(store_proofs.c.place == place)).mappings().first()
        if row is None:
            return None
        read = orjson.loads
        return StoreProof(place, read(row["capabilities"]), read(row["summary"]), moment(row["proven_at"]))

    def beat(self, worker: WorkerBeat, forget_before: datetime) -> None:
        values = {
            "seen_at": micros(worker.seen_at),
            "looked_at": None if worker.looked_at is None else micros(worker.looked_at),
            "still": orjson.dumps([[work, micros(since)] for work, since in worker.still]).decode(),
        }
        row = {"id": worker.id, "host": worker.host, "started_at": micros(worker.started_at), **values}

        def write(connection: Connection) -> None:
            connection.execute(delete(workers).where(workers.c.seen_at < micros(forget_before)))
            statement = upsert(connection, workers, row)
            connection.execute(statement.on_conflict_do_update(index_elements=[workers.c.id], set_=values))

        self._write(write)

    def forget_worker(self, worker_id: str) -> None:
        self._write(lambda connection: connection.execute(delete(workers).where(workers.c.id == worker_id)).rowcount)

    def workers(self) -> list[WorkerBeat]:
        newest = select(workers).order_by(workers.c.seen_at.desc(), workers.c.id.desc())
        with self._reading() as connection:
            rows = connection.execute(newest).mappings().all()
        return [
            WorkerBeat(
                row["id"],
                row["host"],
                moment(row["started_at"]),
                moment(row["seen_at"]),
                None if row["looked_at"] is None else moment(row["looked_at"]),
                tuple(StalledWork(work, moment(since)) for work, since, *_ in orjson.loads(row["still"] or "[]")),
            )
            for row in rows
        ]

    def open_event_probe(self, probe_id: str, now: datetime, forget_before: datetime) -> None:
        row = {"id": probe_id, "sender": _OPENED, "at": micros(now)}

        def write(connection: Connection) -> None:
            connection.execute(delete(event_probes).where(event_probes.c.at < micros(forget_before)))
            connection.execute(insert(event_probes), row)

        self._write(write)

    def see_event(self, probe_id: str, sender: str, now: datetime) -> bool:
        opened = select(event_probes.c.id).where(event_probes.c.id == probe_id, event_probes.c.sender == _OPENED)
        with self._reading() as connection:  # hardly any event is of a probe: no write for the others
            if connection.execute(opened).first() is None:
                return False
        row = {"id": probe_id, "sender": sender, "at": micros(now)}

        def write(connection: Connection) -> None:
            connection.execute(
                upsert(connection, event_probes, row).on_conflict_do_nothing(
                    index_elements=[event_probes.c.id, event_probes.c.sender]
                )
            )

        self._write(write)
        return True

    def events_seen(self, probe_id: str) -> Mapping[str, datetime]:
        seen = select(event_probes).where(event_probes.c.id == probe_id, event_probes.c.sender != _OPENED)
        with self._reading() as connection:
            return {row["sender"]: moment(row["at"]) for row in connection.execute(seen).mappings()}

    def close_event_probe(self, probe_id: str) -> None:
        self._write(
            lambda connection: connection.execute(delete(event_probes).where(event_probes.c.id == probe_id)).rowcount
        )
