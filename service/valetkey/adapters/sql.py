"""The ledger in an SQL database by SQLAlchemy Core: SQLite, and PostgreSQL by psycopg 3.

Rights it needs: SELECT, INSERT and UPDATE on its tables, DELETE on ``outbox``; `migrate` needs to create them.
"""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL, Connection, Engine, RowMapping, create_engine, delete, event, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from valetkey.adapters import migrations
from valetkey.adapters.schema import api_keys, idempotency, outbox, uploads
from valetkey.adapters.writer import GroupWriter, SharedWriter
from valetkey.core.announcement import Announcement, Announcer, Status
from valetkey.core.errors import ConfigurationError, LedgerUnavailable
from valetkey.core.keys import ApiKey
from valetkey.core.ports import Once, Query
from valetkey.core.upload import (
    Checksum,
    Reason,
    Signal,
    StoredObject,
    Upload,
    UploadId,
    UploadState,
)

BUSY_TIMEOUT = 5_000
"""How long a database waits for another's lock, in milliseconds, before the caller is told to try again."""

Row = tuple[str | int | None, ...]

_INSERT = str(insert(uploads).compile(dialect=sqlite.dialect()))
_INSERT_POSTGRESQL = str(
    insert(uploads).compile(dialect=postgresql.dialect(paramstyle="format"))  # type: ignore[no-untyped-call]
)
_URLS = "sqlite:///valetkey.db or postgresql://USER:PASSWORD@HOST/DATABASE"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class SqlLedger:
    """`Ledger`, `KeyRing` and `Outbox` on one database URL: ``sqlite:///valetkey.db`` or ``postgresql://u:p@host/name``.

    Reads run on pooled connections, writes as their writer has it: `GroupWriter`, `SharedWriter`. Without ``announce``
    nothing is written to the outbox: rows that nobody would send only grow it. Raises `ConfigurationError` for a URL it
    cannot use.
    """

    def __init__(self, url: str, announce: Announcer | None = None) -> None:
        self.url = url
        self._announce = announce
        parsed = _parsed(url)
        if parsed.get_backend_name() == "sqlite":
            self._readers = _sqlite_engine(parsed, writes=False)
            self._writers = _sqlite_engine(parsed, writes=True)
            self._writer = GroupWriter(self._writers, _insert_uploads)
        else:
            self._writers = _postgresql_engine(parsed)
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
                self._writer.insert([_as_row(upload) for upload in new])

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
            .values(_changes(before, after))
        )
        announcement = self._announce(before, after) if self._announce else None

        def write(connection: Connection) -> bool:
            won = connection.execute(statement).rowcount == 1
            if won and announcement is not None:
                connection.execute(insert(outbox), _as_outbox_row(announcement))
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
            return [_as_upload(row) for row in connection.execute(statement).mappings()]

    def check(self) -> None:
        with _available, self._readers.connect() as connection:
            if not migrations.is_current(connection):
                raise LedgerUnavailable("The ledger's schema is not this version's: run `valetkey migrate`.", 30)

    def add_key(self, key: ApiKey) -> None:
        row = {
            "id": key.id,
            "name": key.name,
            "digest": key.digest,
            "created_at": _micros(key.created_at),
            "revoked_at": None if key.revoked_at is None else _micros(key.revoked_at),
        }
        with _available:
            self._writer.run(lambda connection: connection.execute(insert(api_keys), row).rowcount)

    def get_key(self, key_id: str) -> ApiKey | None:
        with _available, self._readers.connect() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).mappings().first()
        return None if row is None else _as_key(row)

    def list_keys(self) -> list[ApiKey]:
        statement = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        with _available, self._readers.connect() as connection:
            return [_as_key(row) for row in connection.execute(statement).mappings()]

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        statement = (
            update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=_micros(at))
        )
        with _available:
            self._writer.run(lambda connection: connection.execute(statement).rowcount)
        return self.get_key(key_id) is not None

    def due(self, at: datetime, limit: int, after: Upload | None = None) -> list[Upload]:
        statement = select(uploads).where(uploads.c.due_at <= _micros(at))
        if after is not None and after.due_at is not None:
            statement = statement.where(tuple_(uploads.c.due_at, uploads.c.id) > (_micros(after.due_at), after.id))
        statement = statement.order_by(uploads.c.due_at, uploads.c.id).limit(limit)
        with _available, self._readers.connect() as connection:
            return [_as_upload(row) for row in connection.execute(statement).mappings()]

    def reschedule(self, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
        if not moves:
            return []
        with _available:
            return self._writer.run(lambda connection: _reschedule(connection, moves))

    def claim(self, now: datetime, until: datetime, limit: int) -> list[Announcement]:
        due = select(outbox).where(outbox.c.status == Status.WAITING.value, outbox.c.due_at <= _micros(now))
        due = due.order_by(outbox.c.due_at).limit(limit)

        def take(connection: Connection) -> list[Announcement]:
            # rows that another worker is taking now are passed over (SQLite lets one write at a time anyway)
            rows = connection.execute(due.with_for_update(skip_locked=True)).mappings().all()
            pairs = [(one, one.changed(due_at=until)) for one in map(_as_announcement, rows)]
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
        done = select(outbox.c.id).where(outbox.c.status == Status.DELIVERED.value, outbox.c.due_at <= _micros(now))
        statement = delete(outbox).where(outbox.c.id.in_(done.limit(limit)))
        with _available:
            return self._writer.run(lambda connection: connection.execute(statement).rowcount)

    def announcements(self, status: Status | None, limit: int) -> list[Announcement]:
        statement = select(outbox).order_by(outbox.c.created_at.desc(), outbox.c.id.desc()).limit(limit)
        if status is not None:
            statement = statement.where(outbox.c.status == status.value)
        with _available, self._readers.connect() as connection:
            return [_as_announcement(row) for row in connection.execute(statement).mappings()]

    def replay(self, ids: Sequence[str] | None, now: datetime) -> list[str]:
        statement = update(outbox).values(
            status=Status.WAITING.value, attempts=0, due_at=_micros(now), version=outbox.c.version + 1
        )
        if ids is None:
            statement = statement.where(outbox.c.status == Status.DEAD.value)
        else:
            statement = statement.where(outbox.c.status != Status.WAITING.value, outbox.c.id.in_(ids))
        with _available:
            return self._writer.run(
                lambda connection: list(connection.execute(statement.returning(outbox.c.id)).scalars())
            )


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise ConfigurationError(f"The database URL cannot be read; it looks like {_URLS}.") from error
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ConfigurationError(f"No ledger for {parsed.get_backend_name()!r}: use {_URLS}.")
    return parsed


def _postgresql_engine(parsed: URL) -> Engine:
    """What the URL's query says of libpq's parameters comes before our own."""
    patience = {
        "connect_timeout": "5",  # seconds
        "tcp_user_timeout": "10000",  # milliseconds: a host that vanished without a word
        "options": f"-c lock_timeout={BUSY_TIMEOUT}",
        "application_name": "valetkey",
    }
    complete = parsed.set(drivername="postgresql+psycopg", query=patience | dict(parsed.query))
    # a ping before each use: connections from before a restart are replaced instead of failing a request
    return create_engine(complete, pool_pre_ping=True, pool_timeout=BUSY_TIMEOUT / 1000)


def _sqlite_engine(parsed: URL, *, writes: bool) -> Engine:
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigurationError("The SQLite ledger needs a file: in memory, nothing would be durable.")
    if not Path(parsed.database).absolute().parent.is_dir():
        raise ConfigurationError(f"The folder of {parsed.database!r} does not exist.")
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT / 1000})
    event.listen(engine, "connect", _set_up_sqlite)
    if writes:
        # take the lock at once: a reader that turns writer in mid-transaction may fail without waiting
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # transactions are begun by us, not by the driver's guess
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


class _Available:
    """Turns what the database raises into what the port promises; the cause is kept for the log, not for clients."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, SQLAlchemyError | sqlite3.Error):
            cause = getattr(error, "orig", None) or error
            raise LedgerUnavailable(f"The ledger cannot be used now: {type(cause).__name__}.") from error


_available = _Available()


def _insert_uploads(connection: Connection, rows: list[Row]) -> None:
    """Straight to the driver: SQLAlchemy's work on each value, which these rows do not need, took half of the time."""
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().executemany(_INSERT, rows)
    else:  # by way of SQLAlchemy, which so learns of a connection that was lost
        connection.exec_driver_sql(_INSERT_POSTGRESQL, rows)


def _get(connection: Connection, upload_id: str) -> Upload | None:
    row = connection.execute(select(uploads).where(uploads.c.id == upload_id)).mappings().first()
    return None if row is None else _as_upload(row)


def _add_once(connection: Connection, entry: Once) -> Once:
    upload = entry.upload
    row = {"account": upload.account, "key": entry.key, "fingerprint": entry.fingerprint, "upload_id": upload.id}
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    claim = into(idempotency).values(row).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    if connection.execute(claim).rowcount == 1:
        _insert_uploads(connection, [_as_row(upload)])
        return entry
    kept = connection.execute(
        select(idempotency).where(idempotency.c.account == upload.account, idempotency.c.key == entry.key)
    ).one()
    before = _get(connection, kept.upload_id)
    return Once(before or upload, entry.key, kept.fingerprint)


def _reschedule(connection: Connection, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
    moved = []
    for upload, due_at in moves:
        before = None if upload.due_at is None else _micros(upload.due_at)
        statement = (
            update(uploads)
            .where(uploads.c.id == upload.id, uploads.c.version == upload.version, uploads.c.due_at == before)
            .values(due_at=None if due_at is None else _micros(due_at))
        )
        if connection.execute(statement).rowcount == 1:
            moved.append(upload._replace(due_at=due_at))
    return moved


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND


def _as_row(upload: Upload) -> Row:
    """``upload`` as a row of `uploads`: a value for each column, in the table's order."""
    checksum, stored, reason = upload.checksum, upload.object, upload.reason
    return (
        upload.id,
        upload.version,
        upload.state.value,
        upload.profile,
        upload.account,
        upload.owner,
        upload.filename,
        upload.content_type,
        upload.size,
        upload.bucket,
        _micros(upload.created_at),
        _micros(upload.expires_at),
        _micros(upload.renewable_until),
        checksum.algorithm if checksum else None,
        checksum.value if checksum else None,
        orjson.dumps(upload.metadata).decode() if upload.metadata else None,
        int(upload.redirect),
        upload.pins,
        stored.key if stored else None,
        stored.etag if stored else None,
        stored.version_id if stored else None,
        stored.size if stored else None,
        stored.content_type if stored else None,
        reason.code if reason else None,
        reason.detail if reason else None,
        upload.confirmed_by.value if upload.confirmed_by else None,
        _micros(upload.confirmed_at) if upload.confirmed_at else None,
        _micros(upload.due_at) if upload.due_at else None,
    )


def _changes(before: Upload, after: Upload) -> dict[str, Any]:
    """The columns in which the two differ."""
    pairs = zip(uploads.c, _as_row(before), _as_row(after), strict=True)
    return {column.name: new for column, old, new in pairs if old != new}


def _as_upload(row: RowMapping) -> Upload:
    stored = None
    if row["object_key"] is not None:
        stored = StoredObject(
            row["object_key"],
            row["object_etag"],
            row["object_version_id"],
            row["object_size"],
            row["object_content_type"],
        )
    algorithm, reason, signal, confirmed_at = (
        row[name] for name in ("checksum_algorithm", "reason_code", "confirmed_by", "confirmed_at")
    )
    return Upload(
        id=UploadId(row["id"]),
        version=row["version"],
        state=UploadState(row["state"]),
        profile=row["profile"],
        account=row["account"],
        owner=row["owner"],
        filename=row["filename"],
        content_type=row["content_type"],
        size=row["size"],
        bucket=row["bucket"],
        created_at=_moment(row["created_at"]),
        expires_at=_moment(row["expires_at"]),
        renewable_until=_moment(row["renewable_until"]),
        checksum=Checksum(algorithm, row["checksum_value"]) if algorithm else None,
        metadata=orjson.loads(row["metadata"]) if row["metadata"] else {},
        redirect=bool(row["redirect"]),
        pins=row["pins"],
        object=stored,
        reason=Reason(reason, row["reason_detail"]) if reason else None,
        confirmed_by=Signal(signal) if signal else None,
        confirmed_at=None if confirmed_at is None else _moment(confirmed_at),
        due_at=None if row["due_at"] is None else _moment(row["due_at"]),
    )


def _as_key(row: RowMapping) -> ApiKey:
    revoked_at = None if row["revoked_at"] is None else _moment(row["revoked_at"])
    return ApiKey(row["id"], row["name"], row["digest"], _moment(row["created_at"]), revoked_at)


def _settle(connection: Connection, before: Announcement, after: Announcement) -> bool:
    statement = (
        update(outbox)
        .where(outbox.c.id == before.id, outbox.c.version == before.version)
        .values(
            status=after.status.value,
            attempts=after.attempts,
            due_at=_micros(after.due_at),
            version=after.version,
            detail=after.detail,
        )
    )
    return connection.execute(statement).rowcount == 1


def _as_outbox_row(announcement: Announcement) -> dict[str, Any]:
    return {
        "id": announcement.id,
        "type": announcement.type,
        "upload_id": announcement.upload_id,
        "body": announcement.body,
        "created_at": _micros(announcement.created_at),
        "due_at": _micros(announcement.due_at),
        "status": announcement.status.value,
        "attempts": announcement.attempts,
        "version": announcement.version,
        "detail": announcement.detail,
    }


def _as_announcement(row: RowMapping) -> Announcement:
    return Announcement(
        id=row["id"],
        type=row["type"],
        upload_id=UploadId(row["upload_id"]),
        body=row["body"],
        created_at=_moment(row["created_at"]),
        due_at=_moment(row["due_at"]),
        status=Status(row["status"]),
        attempts=row["attempts"],
        version=row["version"],
        detail=row["detail"],
    )
