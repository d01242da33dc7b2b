"""Lists of a big ledger beside those of one with 2,000 uploads: every filter and page of the API, on both databases.

`--ledger` takes one of the two, or the URL of a PostgreSQL database, which is filled where it is empty and stays: a
ledger of 10,000,000 (`--rows`) takes long to fill. `--ledger` also counts the blocks that the statements of the worker
read (PostgreSQL): its sweep, its retention, its outbox.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

import psycopg
from tests.bench import report
from tests.bench.grants import asking
from tests.bench.load import Load
from tests.bench.peers import Server, pinned, valetkey_server
from tests.bench.result import Row
from tests.bench.series import Side, in_turns
from tests.support.filling import DAYS, fill
from tests.support.plans import plans

from valetkey.adapters.sql import SqlLedger
from valetkey.core.model.erasure import new_erasure
from valetkey.core.model.upload import StoreUploads, UploadId, UploadState, first_id_of
from valetkey.core.ports.ledger import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.bench.place import Place

FEW = 2_000
MANY = {"sqlite": 1_000_000, "postgresql": 1_000_000}
"""What `make bench` fills: PostgreSQL takes a minute or two for it."""

PROFILES = "".join(f"[profiles.{name}]\n\n" for name in ("default", "photos", "documents", "rare", "unused"))

EMPTY = {"`state=rejected`": "/v1/uploads?state=rejected", "an unused profile": "/v1/uploads?profile=unused"}
FILTERS = (
    *("", "state=confirmed", "state=pending", "state=expired", "state=aborted", "state=rejected"),
    *("profile=default", "profile=rare", "profile=unused"),
    *("state=confirmed&profile=photos", "state=expired&profile=rare", "state=rejected&profile=default"),
)
DEPTHS = {"first page": None, "half way": DAYS / 2, "at the end": DAYS - 0.1}
"""How many days old the upload is behind which a page begins."""

LAST = 200
"""How many uploads are left where a page of any ledger is at the end: 140 of them are the account's."""

TARGET = 1.3


@dataclass(frozen=True)
class Measured:
    """One page or call, of the big ledger and of the small one; ``entries`` are the numbers of uploads on the pages."""

    name: str
    unit: str
    many: float
    few: float
    entries: tuple[int, int] = (0, 0)

    @property
    def ratio(self) -> float:
        """At most `TARGET` is asked for."""
        return self.many / self.few


def pages(now: float, count: int) -> dict[str, str]:
    """The paths of all pages of a ledger with ``count`` uploads, by what they are."""
    found = {}
    for depth, days in (DEPTHS | {"at the end": DAYS - DAYS * LAST / count}).items():
        cursor = "" if days is None else f"&cursor={_id_at(now - days * 86_400)}"
        for one in FILTERS:
            found[f"`{one or 'all'}`, {depth}"] = f"/v1/uploads?{one}{cursor}"
        found[f"claims, {depth}"] = f"/v1/claims?{cursor}"
    return found


def _id_at(moment: float) -> str:
    milliseconds = int(moment * 1000)
    return f"{milliseconds >> 16:08x}-{milliseconds & 65535:04x}-7000-8000-000000000000"


def calls(ledger: SqlLedger) -> Mapping[str, Callable[[], object]]:
    """What a worker asks for again and again, and steps of what it removes; and the pages that the API asks for."""
    now, here = datetime.now(UTC), StoreUploads("default", "bench")
    long_ago, soon = now - timedelta(days=DAYS + 1), now - timedelta(minutes=1)
    job = new_erasure("bench", "nobody", now)
    return {
        "sweep: what is due": lambda: ledger.due(soon, 50, store=here),
        "sweep: what waits for a check": lambda: ledger.due(soon, 50, state=UploadState.STORED, store=here),
        "retention: what is over": lambda: ledger.over(now, 50, store=here),
        "retention: tickets, none of them old enough": lambda: ledger.forget_allowances(
            now - timedelta(days=9999), 1000
        ),
        "retention: webhooks, none of them old enough": lambda: ledger.prune(long_ago, 1000),
        "retention: a step of 100 tickets": lambda: ledger.forget_allowances(now, 100),
        "retention: a step of 100 idempotency keys": lambda: ledger.forget_keys(first_id_of(now), now, 100),
        "retention: a step of 100 webhooks": lambda: ledger.prune(now + timedelta(days=DAYS), 100),
        "outbox: what is to be sent": lambda: ledger.claim(now, now, 8),
        "erasing: somebody without uploads": lambda: ledger.belonging(job, 50),
    } | {f"page of 100, {name}": partial(ledger.page, query) for name, query in queries(time.time()).items()}


def queries(now: float) -> dict[str, Query]:
    """The pages of `pages`, and those of an operator, who sees all accounts, as the ledger is asked for them."""
    found = {}
    for depth, days in DEPTHS.items():
        before = None if days is None else UploadId(_id_at(now - days * 86_400))
        for one in FILTERS:
            given = dict(parse_qsl(one))
            state = UploadState(given["state"]) if "state" in given else None
            for account, whose in (("bench", ""), (None, ", all accounts")):
                name = f"`{one or 'all'}`, {depth}{whose}"
                found[name] = Query(account, 100, state, given.get("profile"), before)
    return found


def server(place: Place, kind: str, url: str, count: int) -> Server:
    """A service, not started yet, with so many uploads in its ledger; what is in there already stays."""
    folder = place.fresh(f"list-{count}")
    (folder / "valetkey.toml").write_text(PROFILES)
    settings = {"VALETKEY_CONFIG": str(folder / "valetkey.toml")}
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'valetkey.db'}"
    made = valetkey_server(folder, place.cores[0], settings | {"VALETKEY_DATABASE_URL": url})
    if kind == "sqlite" or not _has_uploads(url):
        print(f"({count:,} uploads in {kind}: {fill(url, count):.0f} s)", flush=True)
    return made


def _count(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM uploads").fetchone()
    assert found is not None
    return int(found[0])


def _has_uploads(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1 FROM uploads LIMIT 1").fetchone() is not None


def entries(server: Server, path: str) -> int:
    """The number of uploads, or claims, on a page."""
    request = Request(f"http://127.0.0.1:{server.port}{path}", headers={"Authorization": f"Bearer {server.key}"})
    with urlopen(request, timeout=60) as response:
        page = json.load(response)
    return len(page["claims"] if "claims" in page else page["uploads"])


def listing(server: Server, path: str, requests: int) -> Load:
    """One after the other: it is how long an answer takes that counts."""
    return Load(asking(server, path), lambda answer: b'"next_cursor":' in answer, requests, 1)


def rows(place: Place) -> Iterator[Row]:
    """For each ledger what is filtered to nothing, and the page that suffers most from what is beside it.

    Of the small ledger some pages are shorter (it has two uploads of the profile `rare`): their ratio is that of the
    lengths, so none of them is the one that suffers most.
    """
    kinds = list(MANY) if place.ledger is None else [place.ledger.partition(":")[0]]
    for kind in kinds:
        count = place.rows or (MANY[kind] // 20 if place.quick else MANY[kind])
        own = place.ledger and ":" in place.ledger
        with ExitStack() as stack:
            many = few = ""
            if kind == "postgresql":
                many = str(place.ledger) if own else stack.enter_context(place.postgres.fresh_database())
                few = stack.enter_context(place.postgres.fresh_database())
            full = stack.enter_context(server(place, kind, many, count))
            if many and own:
                count = _count(many)
            small = stack.enter_context(server(place, kind, few, FEW))
            stack.enter_context(pinned(place.cores[1]))
            yield from _compared(place, kind, count, full, small)


def _compared(place: Place, kind: str, count: int, full: Server, small: Server) -> Iterator[Row]:
    requests, found, comparable, worst, now = (20 if place.quick else 60), [], 0, None, time.time()
    of_few = EMPTY | pages(now, FEW)
    for name, path in (EMPTY | pages(now, count)).items():
        ours, theirs = Side(full, listing(full, path, requests)), Side(small, listing(small, of_few[name], requests))
        in_turns(ours, theirs, place.rounds(5))
        row = Row(
            f"list of {count:,} uploads in {NAMES[kind]}, {name}", ours.latency.p50, TARGET, unit="ms", at_least=False,
            peer=f"that of {FEW:,} uploads", theirs=theirs.latency.p50, latency=ours.latency,
            their_latency=theirs.latency, bound=ours.bound,
        )  # fmt: skip
        if name in EMPTY:
            yield row
        else:
            lengths = entries(full, path), entries(small, of_few[name])
            found.append(Measured(name, "ms", row.ours, theirs.latency.p50, lengths))
            if lengths[0] == lengths[1]:
                comparable += 1
                worst = row if worst is None or row.measured > worst.measured else worst
    if worst is not None:
        yield replace(worst, work=f"{worst.work}: the slowest of {comparable}")
    if kind == "postgresql":
        found += _blocks(full, small)
    report.OUT.mkdir(parents=True, exist_ok=True)
    (report.OUT / f"lists-{kind}.md").write_text(table(count, found), encoding="utf-8")
    print(table(count, found), flush=True)


NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _blocks(full: Server, small: Server) -> list[Measured]:
    """Of the worker's statements; a count is the same on every machine, however busy that is."""
    read = []
    for one in (full, small):
        with closing(SqlLedger(one.env["VALETKEY_DATABASE_URL"])) as ledger:
            read.append({name: plans(ledger, call).blocks for name, call in calls(ledger).items()})
    return [Measured(name, "blocks", count, max(1, read[1][name])) for name, count in read[0].items()]


def table(count: int, found: list[Measured]) -> str:
    """All of them in Markdown, the one that suffers most first."""
    lines = [
        f"| page or call | {count:,} uploads | {FEW:,} uploads | ratio | uploads on the pages |",
        "|---|---|---|---|---|",
    ]
    for one in sorted(found, key=lambda one: -one.ratio):
        digits = ".0f" if one.unit == "blocks" else ".2f"
        lengths = f"{one.entries[0]}, {one.entries[1]}" if one.unit == "ms" else "-"
        lines.append(
            f"| {one.name} | {one.many:{digits}} {one.unit} | {one.few:{digits}} {one.unit} | {one.ratio:.2f} "
            f"| {lengths} |"
        )
    return "\n".join(lines) + "\n"
