"""Big ledgers in SQLite and PostgreSQL, filled by the database itself with `INSERT ... SELECT`.

The rows are like those of the service, with distributions that mislead query planners: one account has most uploads, a
few owners have many and many have few, one profile has almost none, `unused` has none, no upload was rejected, and all
aborted ones are among the oldest.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import psycopg

from valetkey.adapters.sql.engines import parsed_url
from valetkey.adapters.sql.rows import as_row
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Signal, StoredObject
from valetkey.testing.contracts.samples import NOW, new_upload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from valetkey.adapters.sql.rows import Value

DAYS = 30
"""The number of days up to now over which the uploads were created."""

OPEN = 1_000
"""The number of the newest uploads that were not reported yet (in a small ledger a tenth)."""

DAY = 86_400_000
"""In milliseconds."""


@dataclass(frozen=True)
class Dialect:
    """The differences between the SQL dialects; ``hex`` takes an integer and a width."""

    numbers: str
    hex: Callable[[str, int], str]


SQLITE = Dialect(
    "(WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "
    "SELECT n FROM numbers)",
    lambda number, width: f"printf('%0{width}x', {number})",
)
POSTGRESQL = Dialect(
    "(SELECT n FROM generate_series(1::bigint, {count}) AS n)",
    lambda number, width: f"lpad(to_hex({number}), {width}, '0')",
)

ACCOUNT = "CASE WHEN n * 31 % 100 < 70 THEN 'bench' WHEN n * 31 % 100 < 95 THEN 'shop' ELSE 'archive' END"
OWNER = "CASE WHEN n % 20 = 0 THEN 'bench' ELSE 'user-' || ((n * 7919 % 1000003) * (n * 7919 % 1000003) / 1000003) END"
PROFILE = (
    "CASE WHEN n * 17 % 997 < 600 THEN 'default' WHEN n * 17 % 997 < 900 THEN 'photos' "
    "WHEN n * 17 % 997 < 996 THEN 'documents' ELSE 'rare' END"
)
STATE = (
    "CASE WHEN n > {open_from} THEN 'pending' WHEN n < {count} / 200 THEN 'aborted' "
    "WHEN n * 13 % 991 < 935 THEN 'confirmed' WHEN n * 13 % 991 < 985 THEN 'expired' ELSE 'deleted' END"
)
ARRIVED = "state IN ('confirmed', 'deleted')"
CLAIMED = "state = 'confirmed' AND n % 5 = 0"


def _id(dialect: Dialect) -> str:
    """Expressions for UUIDs of version 7, which begin with the time."""
    parts = [("at >> 16", 8), ("at & 65535", 4), ("n & 4095", 3), ("n >> 12 & 4095", 3), ("n", 12)]
    before = ["", "'-' || ", "'-7' || ", "'-8' || ", "'-' || "]
    return " || ".join(f"{dash}{dialect.hex(*part)}" for dash, part in zip(before, parts, strict=True))


def _varied(dialect: Dialect) -> Mapping[str, str]:
    """The columns whose values differ between uploads."""
    arrived = f"CASE WHEN {ARRIVED} THEN "
    return {
        "id": "id",
        "state": "state",
        "version": "CASE WHEN state = 'pending' THEN 0 ELSE 2 END",
        "account": ACCOUNT,
        "owner": OWNER,
        "profile": PROFILE,
        "filename": "'holiday ' || n || '.jpg'",
        "size": "1000 + n * 7919 % 5000000",
        "created_at": "at * 1000",
        "expires_at": "at * 1000 + 900000000",
        "renewable_until": f"(at + {DAY}) * 1000",
        "pins": f"CASE WHEN {ARRIVED} THEN 1 ELSE 0 END",
        "due_at": "CASE WHEN state = 'pending' THEN at * 1000 + 60000000 END",
        "key": "'uploads/' || id",
        "object_key": f"{arrived}'uploads/' || id END",
        "object_etag": f"{arrived}{dialect.hex('n', 32)} END",
        "object_size": f"{arrived}1000 + n * 7919 % 5000000 END",
        "object_content_type": f"{arrived}'image/jpeg' END",
        "confirmed_by": f"{arrived}'event' END",
        "confirmed_at": f"{arrived}at * 1000 + 2000000 END",
        "ended_at": "CASE WHEN state = 'pending' THEN NULL ELSE at * 1000 + 2000000 END",
        "claim_reference": f"CASE WHEN {CLAIMED} THEN 'post:' || n END",
        "claimed_at": f"CASE WHEN {CLAIMED} THEN at * 1000 + 3000000 END",
    }


def _sample() -> dict[str, Value]:
    """All columns of a confirmed upload, with the values that are the same for all."""
    rules = Profile("default", content_types=("image/*",), metadata=frozenset({"album"})).rules
    stored = StoredObject("k", "e", None, 1, "image/jpeg")
    whole = new_upload(
        NOW, content_type="image/jpeg", metadata={"album": "summer"}, rules=rules, object=stored,
        confirmed_by=Signal.EVENT, confirmed_at=NOW, ended_at=NOW, bucket="bench", key="k",
    )  # fmt: skip
    return as_row(whole) | {"claim_reference": None, "claimed_at": None, "pins": 1}


def _literal(value: Value) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def statements(dialect: Dialect, count: int, now: float) -> list[str]:
    """The statements that insert ``count`` uploads, and their rows in other tables."""
    varied, sample = _varied(dialect), _sample()
    step, end = DAYS * DAY / count, int(now * 1000)
    numbers = dialect.numbers.format(count=count)
    timed = f"(SELECT n, {end} - CAST(({count} - n) * {step!r} AS bigint) AS at FROM {numbers} AS numbered)"
    state = STATE.format(open_from=count - min(OPEN, count // 10), count=count)
    made = f"(SELECT n, at, {_id(dialect)} AS id, {state} AS state FROM {timed} AS timed) AS made"
    values = ", ".join(varied.get(name, _literal(sample[name])) for name in sample)
    some = dialect.numbers.format(count=max(1, count // 10))
    week_ago = (end - 7 * DAY) * 1000
    return [
        f"INSERT INTO uploads ({', '.join(sample)}) SELECT {values} FROM {made}",
        f"""
            INSERT INTO idempotency SELECT account, 'order-' || id, {_literal("f" * 64)}, id FROM uploads
            WHERE size % 3 = 0
        """,
        f"""
            INSERT INTO outbox SELECT id || '-' || state, 'upload.' || state, id, {_literal(_body())}, ended_at,
            ended_at + {7 * DAY * 1000}, 'delivered', 1, 2, NULL FROM uploads
            WHERE ended_at > {week_ago} AND state <> 'pending'
        """,
        """
            INSERT INTO hook_calls SELECT id, 'shop.on_end', type, upload_id, created_at, due_at, status, attempts,
            version, detail FROM outbox WHERE type = 'upload.confirmed'
        """,
        "INSERT INTO hooks VALUES ('shop.on_end', 'upload.confirmed', 0)",
        f"INSERT INTO tickets SELECT {dialect.hex('n', 32)}, 1, {end * 1000} - n * 3600000 FROM {some} AS numbered",
    ]


def _body() -> str:
    """A body as long as the webhook of a confirmed upload."""
    return '{"type":"upload.confirmed","data":{"upload":{' + "x" * 700 + "}}}"


def fill(url: str, count: int) -> float:
    """Fills the migrated, empty ledger at ``url``; returns the time in seconds.

    Afterwards, the tables have statistics (ANALYZE), and pages are as after VACUUM.
    """
    began = time.monotonic()
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "sqlite":
        _fill_sqlite(cast("str", parsed.database), count)
    else:
        _fill_postgresql(url, count)
    return time.monotonic() - began


def _fill_sqlite(file: str, count: int) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        for statement in statements(SQLITE, count, time.time()):
            connection.execute(statement)


TABLES = ("uploads", "idempotency", "outbox", "hook_calls", "tickets")


def _fill_postgresql(url: str, count: int) -> None:
    """Inserts the rows before it creates the indexes, which takes a fraction of the time."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute("SET synchronous_commit = off")
        names = ", ".join(_literal(name) for name in TABLES)
        secondary = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            f"WHERE indrelid::regclass::text IN ({names}) AND NOT indisprimary"
        ).fetchall()
        for name, _ in secondary:
            connection.execute(f"DROP INDEX {name}")
        for statement in statements(POSTGRESQL, count, time.time()):
            connection.execute(statement)
        for _, definition in secondary:
            connection.execute(definition)
        for name in TABLES:
            connection.execute(f"VACUUM (ANALYZE) {name}")
