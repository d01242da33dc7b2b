"""The ledger in an SQL database by SQLAlchemy Core: SQLite, and PostgreSQL by psycopg 3.

Rights it needs: SELECT, INSERT and UPDATE on its tables, DELETE on ``outbox``,
``idempotency`` and ``tickets``; `migrate` needs to create them.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, literal_column, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from valetkey.adapters import migrations
from valetkey.adapters.engines import parsed_url, postgresql_engine, sqlite_engine
from valetkey.adapters.rows import (
    NEW,
    Row,
    as_announcement,
    as_key,
    as_new_row,
    as_outbox_row,
    as_row,
    as_upload,
    changes,
    micros,
    moment,
)
from valetkey.adapters.schema import api_keys, idempotency, outbox, profiles, tickets, uploads
from valetkey.adapters.writer import GroupWriter, SharedWriter
from valetkey.core.access.api_keys import ApiKey
from valetkey.core.access.callers import Allowance
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.announcement import Announcement, Announcer, Status
from valetkey.core.model.upload import Upload, UploadId, UploadState
from valetkey.core.ports.ledger import Declared, Once, Query

_INSERTS = {
    (dialect.name, len(names)): str(insert(uploads).compile(dialect=dialect, column_keys=names))
    for dialect in (sqlite.dialect(), postgresql.dialect(paramstyle="format"))  # type: ignore[no-untyped-call]
    for names in (list(NEW), [column.name for column in uploads.c])
}
"""By the database's kind and how many columns a row has."""


class SqlLedger:
    """`Ledger`, `KeyRing` and `Outbox` on one database URL: ``sqlite:///valetkey.db`` or ``postgresql://u:p@host/name``.

    Reads run on pooled connections, writes as their writer has it: `GroupWriter`, `SharedWriter`. Without ``announce``
    nothing is written to the outbox: rows that nobody would send only grow it. Raises `ConfigurationError` for a URL it
    cannot use.
    """

    def __init__(self, url: str, announce: Announcer | None = None) -> None:
        self.url = url
        self._announce = announce
        parsed = parsed_url(url)
        if parsed.get_backend_name() == "sqlite":
            self._readers = sqlite_engine(parsed, writes=False)
            self._writers = sqlite_engine(parsed, writes=True)
            self._writer = GroupWriter(self._writers, _insert_uploads)
        else:
            self._writers = postgresql_engine(parsed)
            self._readers = self._writers.execution_options(isolation_level="AUTOCOMMIT")  # of the same pool
            self._writer = SharedWriter(self._writers, _insert_uploads)

    def close(self) -> None:
        """Commits what waits and lets go of the database."""
        self._writer.close()
        self._readers.dispose()
        self._writers.dispose()

    def migrate(self) -> None:
        """Brings the schema to this version's. Raises `LedgerUnavailable`."""
        with _available, self._writers.connect() as connection:
            migrations.upgrade(connection)

    def add(self, new: Sequence[Upload]) -> None:
        if new:
            with _available:
                self._writer.insert([as_new_row(upload) or as_row(upload) for upload in new])

    def add_once(self, entries: Sequence[Once]) -> list[Once]:
        with _available:
            return self._writer.run(lambda connection: [_add_once(connection, entry) for entry in entries])

    def get(self, upload_id: UploadId) -> Upload | None:
        with _available, self._readers.connect() as connection:
            return _get(connection, upload_id)

    def replace(self, before: Upload, after: Upload) -> bool:
        statement = (
            update(uploads)
            .where(uploads.c.id == before.id, uploads.c.version == before.version)
            .values(changes(before, after))
        )
        announcement = self._announce(before, after) if self._announce else None

        def write(connection: Connection) -> bool:
            won = connection.execute(statement).rowcount == 1
            if won and announcement is not None:
                connection.execute(insert(outbox), as_outbox_row(announcement))
            return won

        with _available:
            return self._writer.run(write)

    def page(self, query: Query) -> list[Upload]:
        statement = select(uploads)
        if query.account is not None:
            statement = statement.where(uploads.c.account == query.account)
        if query.state is not None:
            statement = statement.where(uploads.c.state == query.state.value)
        if query.profile is not None:
            statement = statement.where(uploads.c.profile == query.profile)
        if query.before is not None:
            statement = statement.where(uploads.c.id < query.before)
        statement = statement.order_by(uploads.c.id.desc()).limit(query.limit)
        with _available, self._readers.connect() as connection:
            return [as_upload(row) for row in connection.execute(statement).mappings()]

    def check(self) -> None:
        with _available, self._readers.connect() as connection:
            if not migrations.is_current(connection):
                raise LedgerUnavailable(OTHER_SCHEMA, 30)

    def add_key(self, key: ApiKey) -> None:
        row = {
            "id": key.id,
            "name": key.name,
            "digest": key.digest,
            "created_at": micros(key.created_at),
            "revoked_at": None if key.revoked_at is None else micros(key.revoked_at),
            "scope": key.scope.value,
        }
        with _available:
            self._writer.run(lambda connection: connection.execute(insert(api_keys), row).rowcount)

    def get_key(self, key_id: str) -> ApiKey | None:
        with _available, self._readers.connect() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).mappings().first()
        return None if row is None else as_key(row)

    def list_keys(self) -> list[ApiKey]:
        statement = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        with _available, self._readers.connect() as connection:
            return [as_key(row) for row in connection.execute(statement).mappings()]

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        statement = (
            update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=micros(at))
        )
        with _available:
            self._writer.run(lambda connection: connection.execute(statement).rowcount)
        return self.get_key(key_id) is not None

    def due(
        self, at: datetime, limit: int, after: Upload | None = None, *, state: UploadState | None = None
    ) -> list[Upload]:
        statement = select(uploads).where(uploads.c.due_at <= micros(at))
        if state is not None:  # written out: a bound value would not match the partial index
            statement = statement.where(uploads.c.state == literal_column(f"'{state.value}'"))
        if after is not None and after.due_at is not None:
            statement = statement.where(tuple_(uploads.c.due_at, uploads.c.id) > (micros(after.due_at), after.id))
        statement = statement.order_by(uploads.c.due_at, uploads.c.id).limit(limit)
        with _available, self._readers.connect() as connection:
            return [as_upload(row) for row in connection.execute(statement).mappings()]

    def reschedule(self, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
        if not moves:
            return []
        with _available:
            return self._writer.run(lambda connection: _reschedule(connection, moves))

    def claim(self, now: datetime, until: datetime, limit: int) -> list[Announcement]:
        due = select(outbox).where(outbox.c.status == Status.WAITING.value, outbox.c.due_at <= micros(now))
        due = due.order_by(outbox.c.due_at).limit(limit)

        def take(connection: Connection) -> list[Announcement]:
            # rows that another worker is taking now are passed over (SQLite lets one write at a time anyway)
            rows = connection.execute(due.with_for_update(skip_locked=True)).mappings().all()
            pairs = [(one, one.changed(due_at=until)) for one in map(as_announcement, rows)]
            return [new for old, new in pairs if _settle(connection, old, new)]

        with _available:
            with self._readers.connect() as connection:  # a look takes no lock: most of them find nothing
                if connection.execute(due.limit(1)).first() is None:
                    return []
            return self._writer.run(take)

    def settle(self, before: Announcement, after: Announcement) -> bool:
        with _available:
            return self._writer.run(lambda connection: _settle(connection, before, after))

    def prune(self, now: datetime, limit: int) -> int:
        done = select(outbox.c.id).where(outbox.c.status == Status.DELIVERED.value, outbox.c.due_at <= micros(now))
        statement = delete(outbox).where(outbox.c.id.in_(done.limit(limit)))
        with _available:
            return self._writer.run(lambda connection: connection.execute(statement).rowcount)

    def announcements(self, status: Status | None, limit: int) -> list[Announcement]:
        statement = select(outbox).order_by(outbox.c.created_at.desc(), outbox.c.id.desc()).limit(limit)
        if status is not None:
            statement = statement.where(outbox.c.status == status.value)
        with _available, self._readers.connect() as connection:
            return [as_announcement(row) for row in connection.execute(statement).mappings()]

    def replay(self, ids: Sequence[str] | None, now: datetime) -> list[str]:
        statement = update(outbox).values(
            status=Status.WAITING.value, attempts=0, due_at=micros(now), version=outbox.c.version + 1
        )
        if ids is None:
            statement = statement.where(outbox.c.status == Status.DEAD.value)
        else:
            statement = statement.where(outbox.c.status != Status.WAITING.value, outbox.c.id.in_(ids))
        with _available:
            return self._writer.run(
                lambda connection: list(connection.execute(statement.returning(outbox.c.id)).scalars())
            )

    def add_within(self, new: Sequence[Upload], allowance: Allowance) -> bool:
        if not new:
            return True
        rows = [as_row(upload) for upload in new]

        def write(connection: Connection) -> bool:
            if not _spend(connection, allowance, len(rows)):
                return False
            _insert_uploads(connection, rows)
            return True

        with _available:
            return self._writer.run(write)

    def add_once_within(self, entry: Once, allowance: Allowance) -> Once | None:
        with _available:
            return self._writer.run(lambda connection: _add_once_within(connection, entry, allowance))

    def declare(self, terms: Mapping[str, str], now: datetime) -> Mapping[str, Declared]:
        with _available:
            return self._writer.run(lambda connection: _declare(connection, terms, now))

    def forget_allowances(self, before: datetime, limit: int) -> int:
        expired = select(tickets.c.id).where(tickets.c.expires_at < micros(before)).limit(limit)
        statement = delete(tickets).where(tickets.c.id.in_(expired))
        with _available:
            return self._writer.run(lambda connection: connection.execute(statement).rowcount)


class _Available:
    """Turns what the database raises into what the port promises; the cause is kept for the log, not for clients."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, SQLAlchemyError | sqlite3.Error):
            cause = getattr(error, "orig", None) or error
            if _tells_of_another_schema(cause):
                raise LedgerUnavailable(OTHER_SCHEMA, 30) from error
            raise LedgerUnavailable(f"The ledger cannot be used now: {type(cause).__name__}.") from error


OTHER_SCHEMA = "The ledger's schema is not this version's: run `valetkey migrate`."


def _tells_of_another_schema(cause: BaseException) -> bool:
    """Whether a table or a column is not there: PostgreSQL says it by SQLSTATE (its Appendix A), SQLite in words."""
    if isinstance(cause, sqlite3.Error):
        return any(words in str(cause) for words in ("no such table", "no such column", "has no column named"))
    return getattr(cause, "sqlstate", None) in {"42P01", "42703"}


_available = _Available()


def _insert_uploads(connection: Connection, rows: list[Row]) -> None:
    """Straight to the driver: SQLAlchemy's work on each value, which these rows do not need, took half of the time."""
    for width in {len(row) for row in rows}:
        statement, alike = _INSERTS[connection.dialect.name, width], [row for row in rows if len(row) == width]
        if connection.dialect.name == "sqlite":
            connection.connection.cursor().executemany(statement, alike)
        else:  # by way of SQLAlchemy, which so learns of a connection that was lost
            connection.exec_driver_sql(statement, alike)


def _declare(connection: Connection, terms: Mapping[str, str], now: datetime) -> Mapping[str, Declared]:
    rows = connection.execute(select(profiles)).mappings()
    before = {row["name"]: Declared(row["terms"], moment(row["declared_at"])) for row in rows}
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for name, text in sorted(terms.items()):  # in one order, so that two who start at once do not lock each other
        values = {"terms": text, "declared_at": micros(now)}
        statement = into(profiles).values(name=name, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=[profiles.c.name], set_=values))
    return before


def _get(connection: Connection, upload_id: str) -> Upload | None:
    row = connection.execute(select(uploads).where(uploads.c.id == upload_id)).mappings().first()
    return None if row is None else as_upload(row)


def _add_once(connection: Connection, entry: Once) -> Once:
    kept = _claim(connection, entry)
    if kept is entry:
        _insert_uploads(connection, [as_row(entry.upload)])
    return kept


def _claim(connection: Connection, entry: Once) -> Once:
    """Takes the entry's key and returns the entry, whose upload has to be inserted; or what has the key already."""
    upload = entry.upload
    row = {"account": upload.account, "key": entry.key, "fingerprint": entry.fingerprint, "upload_id": upload.id}
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    claim = into(idempotency).values(row).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    if connection.execute(claim).rowcount == 1:
        return entry
    kept = connection.execute(
        select(idempotency).where(idempotency.c.account == upload.account, idempotency.c.key == entry.key)
    ).one()
    before = _get(connection, kept.upload_id)
    return Once(before or upload, entry.key, kept.fingerprint)


def _reschedule(connection: Connection, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
    moved = []
    for upload, due_at in moves:
        before = None if upload.due_at is None else micros(upload.due_at)
        statement = (
            update(uploads)
            .where(uploads.c.id == upload.id, uploads.c.version == upload.version, uploads.c.due_at == before)
            .values(due_at=None if due_at is None else micros(due_at))
        )
        if connection.execute(statement).rowcount == 1:
            moved.append(upload._replace(due_at=due_at))
    return moved


def _settle(connection: Connection, before: Announcement, after: Announcement) -> bool:
    statement = (
        update(outbox)
        .where(outbox.c.id == before.id, outbox.c.version == before.version)
        .values(
            status=after.status.value,
            attempts=after.attempts,
            due_at=micros(after.due_at),
            version=after.version,
            detail=after.detail,
        )
    )
    return connection.execute(statement).rowcount == 1


def _spend(connection: Connection, allowance: Allowance, count: int) -> bool:
    """Takes ``count`` of ``allowance`` if so many are left. Who does the same meanwhile waits for this transaction."""
    if count > allowance.limit:
        return False
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"id": allowance.ticket, "used": count, "expires_at": micros(allowance.expires_at)}
    total = tickets.c.used + count
    statement = into(tickets).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=[tickets.c.id], set_={"used": total}, where=total <= allowance.limit
    )
    return connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount == 1


def _add_once_within(connection: Connection, entry: Once, allowance: Allowance) -> Once | None:
    kept = _claim(connection, entry)
    if kept is not entry:
        return kept
    if _spend(connection, allowance, 1):
        _insert_uploads(connection, [as_row(entry.upload)])
        return entry
    # undone in place: a rollback would take the others of the group along
    own = (idempotency.c.account == entry.upload.account, idempotency.c.key == entry.key)
    connection.execute(delete(idempotency).where(*own))
    return None
