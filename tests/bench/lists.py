"""Lists that are filtered to nothing, of a ledger with 1,000,000 uploads beside one with 2,000, on SQLite."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from tests.bench.grants import asking
from tests.bench.load import Load
from tests.bench.peers import Server, pinned, valetkey_server
from tests.bench.result import Row
from tests.bench.series import Side, in_turns

from valetkey.adapters.sql.rows import as_row
from valetkey.core.model.upload import UploadState
from valetkey.testing.contracts.samples import upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.place import Place

MANY, FEW = 1_000_000, 2_000
FILTERS = {"`state=rejected`": "state=rejected", "an unused profile": "profile=unused"}
PROFILES = "[profiles.default]\n\n[profiles.photos]\n\n[profiles.unused]\n"

FILL = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count),
made AS (SELECT n, :first + n * 1000 AS at FROM numbers)
INSERT INTO uploads ({columns}) SELECT {values} FROM made
"""
"""An upload a second, with ids as they come: UUIDs that begin with the time."""

VARIED = {
    "id": "printf('%08x-%04x-7%03x-8%03x-%012x', at >> 16, at & 65535, n & 4095, n & 4095, n)",
    "state": "CASE WHEN n % 30 THEN 'confirmed' ELSE 'expired' END",
    "profile": "CASE WHEN n % 3 THEN 'default' ELSE 'photos' END",
    "created_at": "at * 1000",
    "expires_at": "at * 1000 + 900000000",
    "renewable_until": "at * 1000 + 900000000",
}


def fill(database: Path, count: int) -> None:
    """Confirmed uploads, and some that have expired, of two profiles; none is due."""
    sample = as_row(upload(account="bench", state=UploadState.CONFIRMED)) | {"due_at": None}
    values = [VARIED.get(name, f":{name}") for name in sample]
    first = int((time.time() - count) * 1000)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        statement = FILL.format(columns=", ".join(sample), values=", ".join(values))
        connection.execute(statement, sample | {"count": count, "first": first})


def server(place: Place, name: str, count: int) -> Server:
    """A service, not started yet, with so many uploads in its ledger."""
    folder = place.fresh(name)
    (folder / "valetkey.toml").write_text(PROFILES)
    made = valetkey_server(folder, place.cores[0], {"VALETKEY_CONFIG": str(folder / "valetkey.toml")})
    fill(folder / "valetkey.db", count)
    return made


def listing(server: Server, query: str, requests: int, *, empty: bool = True) -> Load:
    """One after the other: it is how long an answer takes that counts."""
    return Load(
        asking(server, f"/v1/uploads?{query}"), lambda answer: (b'"uploads":[]' in answer) is empty, requests, 1
    )


def rows(place: Place) -> Iterator[Row]:
    """A row for each filter."""
    many, count = MANY // 20 if place.quick else MANY, 20 if place.quick else 300
    with (
        pinned(place.cores[1]),
        server(place, "list-many", many) as full,
        server(place, "list-few", FEW) as small,
    ):
        for one in (full, small):  # what is there is found
            Side(one, listing(one, "state=confirmed", 2, empty=False)).round()
        for name, query in FILTERS.items():
            ours, theirs = Side(full, listing(full, query, count)), Side(small, listing(small, query, count))
            in_turns(ours, theirs, place.rounds(7))
            yield Row(
                f"empty list of {many:,} uploads, {name}", ours.latency.p50, 1.3, unit="ms",
                at_least=False, peer=f"that of {FEW:,} uploads", theirs=theirs.latency.p50, latency=ours.latency,
                their_latency=theirs.latency, bound=ours.bound, profile=ours.profile(),
            )  # fmt: skip
