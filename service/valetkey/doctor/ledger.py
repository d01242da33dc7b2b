"""Checks of the ledger: whether it works, how fast it is, its workers, and whether work piles up."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

from valetkey.adapters.sql.engines import parsed_url
from valetkey.core.errors import RecordUnknown, ValetKeyError
from valetkey.core.model.announcement import Status
from valetkey.core.model.upload import new_upload_id, parse_upload_id
from valetkey.core.ports.health import WorkerBeat
from valetkey.doctor.checks import Check, Group
from valetkey.doctor.explaining import explain
from valetkey.doctor.findings import Finding, Skip, failed, passed, skipped, warned
from valetkey.doctor.probes import is_probe
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import attempt

TRIES = 5
"""How many times a read and a write are timed."""

SLOW = 0.05
"""How long a commit may take before it is a finding, in seconds: each grant waits for one."""

PER_PROCESS = 15
"""The maximum number of connections to PostgreSQL of a process: the default of SQLAlchemy's pool."""

SILENT = timedelta(seconds=90)
"""A worker without a heartbeat for this long has ended: it sends one every 30 seconds."""

LATE = timedelta(minutes=5)
"""Work that has been due for this long is not being done."""

SOME = 200
"""How many rows are read: whether there are more does not matter."""

PAGE = 1000
"""How many objects under staging/ are checked."""

DAY = timedelta(days=1)


def _require_file(visit: Visit) -> None:
    """Raises `Skip` if an SQLite ledger has no file yet, as opening it would create one; `ConfigurationError` if its
    URL cannot be parsed."""
    url = parsed_url(visit.settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise Skip("There is no ledger yet.")


def schema(visit: Visit) -> Iterator[Finding]:
    """Whether the ledger can be read, and has this version's schema."""
    try:
        _require_file(visit)
        visit.ledger.check()
    except Skip as reason:
        yield failed("schema", str(reason), "Run `valetkey migrate`.")
        return
    except ValetKeyError as error:
        cause = getattr(error.__cause__, "orig", None)
        yield failed(
            "schema",
            f"{error.detail} {cause or ''}".strip(),
            "Run `valetkey migrate`, or check VALETKEY_DATABASE_URL.",
        )
        return
    visit.has_ledger = True
    yield passed("schema", "The ledger can be used, and has the schema of this version.")


def condition(visit: Visit) -> Iterator[Finding]:
    """The kind of database, its text encoding, and its connection limit."""
    found = visit.working_ledger.condition()
    if found.encoding.replace("-", "").upper() == "UTF8":
        yield passed("encoding", f"{found.kind} {found.version}, text in {found.encoding}.")
    else:
        action = "Create the database again with ENCODING 'UTF8': another one breaks names of files and people."
        yield failed("encoding", f"{found.kind} {found.version} stores text in {found.encoding}.", action)
    if found.connections is None or found.limit is None:
        yield skipped("connections", "SQLite has no limit of connections.")
        return
    wanted = (visit.settings.workers + 1) * PER_PROCESS
    seen = f"{found.connections} of {found.limit} connections are in use; serve and a worker may need {wanted}."
    if found.limit - found.connections < wanted:
        action = "Raise max_connections (or the role's limit), put PgBouncer in between, or run fewer processes."
        yield warned("connections", seen, action)
    else:
        yield passed("connections", seen)


def latency(visit: Visit) -> Iterator[Finding]:
    """How long a read and a commit take."""
    ledger, probe = visit.working_ledger, new_upload_id()
    reads, writes = [], []
    try:
        for _ in range(TRIES):
            began = perf_counter()
            ledger.events_seen(probe)
            reads.append(perf_counter() - began)
            began = perf_counter()
            ledger.close_event_probe(probe)
            ledger.open_event_probe(probe, datetime.now(UTC), datetime.now(UTC) - DAY)
            writes.append((perf_counter() - began) / 2)
        ledger.close_event_probe(probe)
    except ValetKeyError as error:
        action = (
            "Let this user write to the database (SQLite: its file, the folder, and the files beside it), and find the "
            "process that holds a lock."
        )
        yield failed("latency", f"The ledger can be read, but not written: {explain(error)}", action)
        return
    seen = f"A read takes {median(reads) * 1000:.1f} ms, a commit {median(writes) * 1000:.1f} ms."
    if median(writes) > SLOW:
        yield warned("latency", seen, "Each grant waits for a commit: bring service and ledger closer together.")
    else:
        yield passed("latency", seen)


def worker(visit: Visit) -> Iterator[Finding]:
    """Whether a worker runs, when its sweep last checked all stores, and whether any of its work is stalled."""
    now = datetime.now(UTC)
    known = visit.working_ledger.workers()
    running = [one for one in known if now - one.seen_at <= SILENT]
    if not running:
        yield _none_runs(visit, known, now)
        return
    stuck_after = max(LATE, timedelta(seconds=10 * visit.settings.sweep_interval))
    for one in running:
        looked = (
            f"its sweep last finished {_ago(now - one.looked_at)} ago"
            if one.looked_at
            else "its first sweep has not finished"
        )
        seen = f"A worker runs on {one.host}; {looked}."
        since = one.looked_at or one.started_at
        if now - since > stuck_after:
            yield warned("worker", seen, "Its sweep is stuck, or has very much to do: check its log.")
        else:
            yield passed("worker", seen)
        for work, since in one.still:
            seen = f"On {one.host} {work} has made no progress for {_ago(now - since)}."
            yield warned("worker", seen, "It hangs, fails each time, or has very much to do: check its log.")


def _none_runs(visit: Visit, known: list[WorkerBeat], now: datetime) -> Finding:
    last = f" The last one was seen {_ago(now - known[0].seen_at)} ago on {known[0].host}." if known else ""
    needs = visit.settings.webhook_url or visit.settings.events_sqs_queue_url
    action = "Start `valetkey worker`: it finds unreported uploads, and webhooks and queues wait for it."
    say = failed if needs else warned
    return say("worker", f"No worker runs.{last}", action)


def _ago(time: timedelta) -> str:
    seconds = max(0, time // timedelta(seconds=1))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def backlog(visit: Visit) -> Iterator[Finding]:
    """Overdue uploads and announcements."""
    ledger, now = visit.working_ledger, datetime.now(UTC)
    overdue = ledger.due(now - LATE, SOME)
    if overdue:
        oldest = min(one.due_at for one in overdue if one.due_at)
        action = "Run a worker, or more of them; its log has the errors."
        yield warned(
            "overdue", f"{_many(overdue)} uploads wait to be checked, the oldest for {_ago(now - oldest)}.", action
        )
    else:
        yield passed("overdue", "No upload waits to be checked.")
    late = ledger.late(now - LATE, SOME)
    dead = ledger.announcements(Status.DEAD, SOME)
    if late:
        yield warned("outbox", f"{_many(late)} webhooks wait for longer than {_ago(LATE)}.", "Run a worker.")
    if dead:
        action = "See `valetkey webhooks list`; `valetkey webhooks replay --all` sends them again."
        yield warned("outbox", f"{_many(dead)} webhooks are dead: no attempt succeeded.", action)
    if not late and not dead:
        yield passed("outbox", "No webhook waits too long, and none is dead.")
    yield from _hooks(visit)


def _many(found: Sequence[object]) -> str:
    return f"{len(found)}{'+' if len(found) == SOME else ''}"


def _hooks(visit: Visit) -> Iterator[Finding]:
    dead = [one for one in visit.working_ledger.hooks() if one.dead]
    if dead:
        names = ", ".join(f"{one.name} ({one.dead})" for one in dead)
        yield warned("hooks", f"Calls of hooks are dead: {names}.", "See `valetkey hooks list`.")


def shared_staging(visit: Visit) -> Iterator[Finding]:
    """Whether another installation writes under ``staging/`` of this bucket: its sweep would remove our uploads."""
    ledger, _, recent = visit.working_ledger, visit.store, datetime.now(UTC) - DAY
    found = attempt(
        visit.client.list_objects_v2,
        Bucket=visit.bucket,
        Prefix=visit.staging,
        MaxKeys=PAGE,
        StartAfter=visit.staging + _first_since(recent),
    )
    if not found.ok:
        raise Skip(f"The bucket cannot be listed: {found.said}.")
    strange = []
    for item in found.answer.get("Contents", []):
        upload_id = parse_upload_id(str(item["Key"]).removeprefix(visit.staging))
        if upload_id is None or is_probe(upload_id) or item["LastModified"] <= recent:
            continue
        with suppress(RecordUnknown):  # it knows them, and a newer version can read them
            if ledger.get(upload_id) is None:
                strange.append(upload_id)
    if strange:
        seen = f"Objects under {visit.staging} whose uploads this ledger does not know: {len(strange)}."
        action = (
            "Give each installation its own bucket, or staging_prefix: the sweep of one removes the objects that "
            "another waits for."
        )
        yield warned("shared-staging", seen, action)
    else:
        yield passed("shared-staging", f"No other installation writes under {visit.staging}.")


def _first_since(moment: datetime) -> str:
    """A key that sorts before the ids of all uploads since ``moment``: ids begin with their time (RFC 9562, version 7),
    and a listing starts with the oldest ones, of which there may be thousands."""
    digits = f"{int(moment.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}"


GROUP = Group(
    "ledger",
    (
        Check("schema", schema, 30),
        Check("condition", condition, 20),
        Check("latency", latency, 30),
        Check("worker", worker, 20),
        Check("backlog", backlog, 30),
        Check("shared-staging", shared_staging, 60),
    ),
)
