"""What an upload costs each part of an installation: `python -m tests.bench.capacity`, for the page `capacity.md`.

CPU of processes, calls of the store by kind, and bytes of the ledger: figures that hold on a busy machine, too, but for
caches that others share. Service, worker and PostgreSQL are as they ship, with durable commits; Ceph RGW is behind a
proxy that counts. What is measured is printed as Markdown, and kept in build/bench/capacity.md.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
from tests.bench import report
from tests.bench.confirm import Store
from tests.bench.grants import upload
from tests.bench.load import Load, run_load
from tests.bench.peers import cpu_seconds
from tests.bench.place import Place, machine, others
from tests.e2e.rgw_events import created_event
from tests.support.clients import post_form
from tests.support.filling import TABLES, fill
from tests.support.ledgers import migrated
from tests.support.receiver import Receiver, answer, running_receiver
from tests.support.servers import ValetkeyServer, WorkerProcess, running_valetkey, running_worker
from tests.support.store_proxy import QuirkyServer, quirky
from tests.support.stores import Bucket, fresh_bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BODY = b"\xff\xd8\xff" + bytes(997)
CONNECTIONS = 8
FIRST_LOOK = 30
"""After how many seconds the sweep looks for an upload that nobody has reported."""

SETTLE = 2.0
"""Seconds after a step in which what is put off is done, and counted."""

PARTS = ("service", "worker", "PostgreSQL", "store")


@dataclass(frozen=True)
class Cost:
    """Of one kind of step: milliseconds of CPU for each, by part, and calls of the store."""

    name: str
    cpu: dict[str, float]
    calls: dict[str, float]


@dataclass
class Installation:
    """All parts, running."""

    place: Place
    server: ValetkeyServer
    worker: WorkerProcess
    store: Store
    counting: QuirkyServer
    receiver: Receiver
    key: str

    def _cpu(self) -> dict[str, float]:
        pids = (self.server.pid, self.worker.process.pid, self.place.postgres.pid)
        return dict(zip(PARTS, [*map(cpu_seconds, pids), self.store.cpu()], strict=True))

    def measure(self, name: str, count: int, work: Callable[[], object]) -> Cost:
        """What ``work`` costs, which is ``count`` steps; what goes on in an idle time as long is taken off."""
        idle = self._spent(lambda: time.sleep(SETTLE))[0]
        began = time.monotonic()
        spent, calls = self._spent(work, lambda: time.sleep(SETTLE))
        seconds = time.monotonic() - began
        cpu = {part: max(0.0, spent[part] - idle[part] * seconds / SETTLE) * 1000 / count for part in PARTS}
        return Cost(name, cpu, {one: number / count for one, number in sorted(calls.items())})

    def _spent(self, *work: Callable[[], object]) -> tuple[dict[str, float], Counter[str]]:
        before, first = self._cpu(), len(self.counting.requests)
        for each in work:
            each()
        after = self._cpu()
        calls = Counter(one.operation for one in self.counting.requests[first:])
        return {part: after[part] - before[part] for part in PARTS}, calls

    def post(self, path: Callable[[int], str], bodies: list[bytes]) -> None:
        """A request for each of the bodies; RuntimeError where one is refused."""
        parts = httpx.URL(self.server.base_url)

        def request(number: int) -> bytes:
            body = bodies[number - 1]
            head = f"POST {path(number - 1)} HTTP/1.1\r\nHost: {parts.netloc.decode()}\r\n"
            head += f"Authorization: Bearer {self.key}\r\n"
            return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

        load = Load(request, lambda _: True, len(bodies), CONNECTIONS)
        result = run_load((parts.host, parts.port or 80), load)
        if result.failures:
            raise RuntimeError(f"{result.failures} refused, the first: {result.first_failure}")

    def sent(self, count: int) -> list[str]:
        """The ids of so many uploads whose bytes have arrived, and of which nobody has said so."""
        ids = []
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=self.server.base_url, headers=headers, timeout=60) as client:
            for number in range(count):
                answered = (
                    client.post("/v1/uploads", json=upload(number) | {"size": len(BODY)}).raise_for_status().json()
                )
                grant = answered["grant"]
                if post_form(grant["url"], grant["fields"], BODY).status != 201:
                    raise RuntimeError("the store has refused an upload")
                ids.append(answered["upload"]["id"])
        return ids

    def forget_pending(self) -> None:
        """What was granted and never sent would be looked for by the sweep beside the others."""
        with psycopg.connect(self.server.env["VALETKEY_DATABASE_URL"]) as connection:
            connection.execute("DELETE FROM uploads WHERE state = 'pending'")

    def told(self, count: int) -> None:
        """Returns when so many webhooks have arrived in all."""
        self.receiver.wait_for(lambda received: len({one.id for one in received}) >= count, 300)


def costs(one: Installation, bucket: Bucket, count: int) -> Iterable[Cost]:
    """Step by step. The worker sends a webhook for each end, so that its share of these is the webhook's."""
    grants = [json.dumps(upload(number)).encode() for number in range(10 * count)]
    yield one.measure("grant", len(grants), lambda: one.post(lambda _: "/v1/uploads", grants))
    batch = json.dumps({"uploads": [upload(0)] * 100}).encode()
    batches = [batch] * max(1, count // 10)
    yield one.measure(
        "grant, by batches of 100", 100 * len(batches), lambda: one.post(lambda _: "/v1/uploads/batch", batches)
    )
    one.forget_pending()
    ids = one.sent(count)

    def complete() -> None:
        one.post(lambda number: f"/v1/uploads/{ids[number]}/complete", [b"{}"] * count)
        one.told(count)

    yield one.measure("confirmation by the client's call, and its webhook", count, complete)
    ids = one.sent(count)
    etag = bucket.client.head_object(Bucket=bucket.name, Key=f"staging/{ids[0]}")["ETag"].strip('"')
    events = [json.dumps(created_event(bucket.name, f"staging/{each}", len(BODY), etag)).encode() for each in ids]
    path = f"/v1/events/ceph?secret={one.server.env['VALETKEY_EVENTS_CEPH_SECRET']}"

    def tell() -> None:
        one.post(lambda _: path, events)
        one.told(2 * count)

    yield one.measure("confirmation by the store's event, and its webhook", count, tell)
    yield one.measure("the same event once more", count, lambda: one.post(lambda _: path, events))
    one.sent(count)
    yield one.measure("confirmation by the sweep, and its webhook", count, lambda: one.told(3 * count))


def measured(place: Place, count: int) -> list[Cost]:
    """On Ceph RGW and PostgreSQL."""
    folder = place.fresh("capacity")
    with ExitStack() as stack:
        url = stack.enter_context(place.postgres.fresh_database())
        receiver = stack.enter_context(running_receiver(answer(204)))
        counting = stack.enter_context(quirky(place.rgw))
        bucket = stack.enter_context(fresh_bucket(counting))
        env = {
            "VALETKEY_DATABASE_URL": url,
            "VALETKEY_WEBHOOK_URL": receiver.url,
            "VALETKEY_WEBHOOK_SECRETS": "whsec_" + "c2VjcmV0" * 6,
            "VALETKEY_WEBHOOK_ALLOW_PRIVATE": "true",
            "VALETKEY_SWEEP_FIRST_LOOK": str(FIRST_LOOK),
        }
        server = stack.enter_context(running_valetkey(folder, bucket, env=env))
        worker = stack.enter_context(running_worker(server))
        key = server.create_key("bench").key
        one = Installation(place, server, worker, Store(place.rgw, bucket), counting, receiver, key)
        return list(costs(one, bucket, count))


def bytes_per_row(place: Place, count: int) -> list[tuple[str, str, float, float]]:
    """Ledger, table, and bytes of a row in the table and in its indexes; of SQLite all in one."""
    found = []
    with place.postgres.fresh_database() as url, migrated(url):
        fill(url, count)
        with psycopg.connect(url) as connection:
            for table in TABLES:
                query = f"SELECT pg_table_size('{table}'), pg_indexes_size('{table}'), count(*) FROM {table}"
                whole = connection.execute(query.encode()).fetchone()
                assert whole is not None
                found.append(("PostgreSQL", table, whole[0] / whole[2], whole[1] / whole[2]))
    file = place.fresh("bytes") / "ledger.db"
    with migrated(f"sqlite:///{file}") as ledger:
        fill(ledger.url, count)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for table in TABLES[1:]:
            connection.execute(f"DELETE FROM {table}")
        connection.execute("VACUUM")
        [[pages]], [[size]] = (connection.execute(f"PRAGMA {name}").fetchall() for name in ("page_count", "page_size"))
    found.append(("SQLite", "uploads", pages * size / count, 0.0))
    return found


def written(place: Place, found: list[Cost], sizes: list[tuple[str, str, float, float]], busy: float) -> str:
    """In Markdown."""
    lines = [f"Measured on {datetime.now(UTC).date()}: {'; '.join(machine(place.folder).values())}.", ""]
    lines += [f"Other programs took {busy:.0%} of the processors just before.", ""]
    lines += [f"| step | {' | '.join(PARTS)} | calls to the store |", f"|---|{'---|' * len(PARTS)}---|"]
    for one in found:
        cpu = " | ".join(f"{one.cpu[part]:.2f} ms" for part in PARTS)
        calls = ", ".join(f"{number:.2f} {name}" for name, number in one.calls.items()) or "none"
        lines.append(f"| {one.name} | {cpu} | {calls} |")
    lines += ["", "| ledger | table | bytes of a row | of its indexes |", "|---|---|---|---|"]
    lines += [f"| {ledger} | {table} | {row:.0f} | {index:.0f} |" for ledger, table, row, index in sizes]
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.capacity", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="how many uploads for each step")
    parser.add_argument("--rows", type=int, default=100_000, help="how many uploads in the ledgers that are weighed")
    parser.add_argument("--dir", type=Path, default=Path("/var/tmp"), help="where the databases go (a real disk)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="valetkey-bench-") as folder, ExitStack() as stack:
        place, busy = Place(Path(folder), False, stack), others()
        text = written(place, measured(place, options.count), bytes_per_row(place, options.rows), busy)
    report.OUT.mkdir(parents=True, exist_ok=True)
    (report.OUT / "capacity.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
