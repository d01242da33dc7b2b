"""The ledger in an SQL database."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from valetkey.adapters.sql.allowances import spend
from valetkey.adapters.sql.condition import SqlCondition
from valetkey.adapters.sql.driver import Direct
from valetkey.adapters.sql.erasures import SqlErasures, of_store
from valetkey.adapters.sql.health import SqlHealth
from valetkey.adapters.sql.hooks import SqlHookBook, write_announcements
from valetkey.adapters.sql.inserts import insert_uploads, upsert
from valetkey.adapters.sql.joined import Changes, JoinedUploads, replace_all
from valetkey.adapters.sql.keys import SqlKeyRing
from valetkey.adapters.sql.once import BY_ID, add_once, add_once_within, found_upload
from valetkey.adapters.sql.outbox import SqlOutbox
from valetkey.adapters.sql.pages import read_page
from valetkey.adapters.sql.readable import first_readable
from valetkey.adapters.sql.rows import Value, as_row, as_upload, changed, micros, moment
from valetkey.adapters.sql.schema import declared_settings, idempotency, profiles, stores, tickets, uploads
from valetkey.adapters.sql.steps import first_of, remove_first
from valetkey.core.access.callers import Allowance
from valetkey.core.model.announcement import Announcer
from valetkey.core.model.upload import ENDED, StoreUploads, Upload, UploadId, UploadState
from valetkey.core.ports.ledger import Declared, Once, Query, Subject, Written


class SqlLedger(SqlKeyRing, SqlOutbox, SqlHookBook, SqlErasures, SqlHealth, SqlCondition):
    """`Ledger`, `KeyRing`, `Outbox`, `HookBook` and `Health` in one database, whose URL is as in `Database`.

    Without ``announce`` nothing is announced, as rows that are never sent would only fill the outbox. Raises
    `ConfigurationError` for a URL it cannot use.
    """

    def __init__(self, url: str, announce: Announcer | None = None) -> None:
        super().__init__(url)
        self._announce = announce

    def add(self, new: Sequence[Upload], unwritten: list[Written] | None = None) -> None:
        if not new:
            return
        rows = [as_row(upload) for upload in new]
        if unwritten is None:
            self._insert(rows)
        else:
            unwritten.append(self._begin_insert(rows))

    def add_once(self, entries: Sequence[Once]) -> list[Once]:
        return self._write(lambda connection: [add_once(connection, entry) for entry in entries])

    def add_within(self, new: Sequence[Upload], allowance: Allowance) -> bool:
        if not new:
            return True
        rows = [as_row(upload) for upload in new]

        def write(connection: Connection) -> bool:
            if not spend(connection, allowance, len(rows)):
                return False
            insert_uploads(connection, rows)
            return True

        return self._write(write)

    def add_once_within(self, entry: Once, allowance: Allowance) -> Once | None:
        return self._write(lambda connection: add_once_within(connection, entry, allowance))

    def forget_allowances(self, before: datetime, limit: int) -> int:
        expired = tickets.c.expires_at < micros(before)
        return self._write(
            lambda connection: remove_first(connection, tickets.c.id, tickets.c.expires_at, expired, limit=limit)
        )

    def forget_keys(
        self, before: UploadId, now: datetime, limit: int, after: UploadId | None = None
    ) -> UploadId | None:
        return self._write(lambda connection: _forget_keys(connection, before, now, limit, after))

    def get(self, upload_id: UploadId) -> Upload | None:
        return found_upload(self._look_up(BY_ID, {"upload_id": upload_id}))

    def get_all(self, ids: Collection[UploadId]) -> Mapping[UploadId, Upload]:
        statement = select(uploads).where(uploads.c.id.in_(ids))
        with self._reading() as connection:
            found = [as_upload(row) for row in connection.execute(statement).mappings()]
        return {upload.id: upload for upload in found}

    def replace(self, before: Upload, after: Upload) -> bool:
        values = changed(as_row(before), as_row(after))
        statement = _replacing(tuple(sorted(values)))
        parameters = {**values, "before_id": before.id, "before_version": before.version}
        tell = self._announcing([(before, after)])

        def write(connection: Connection) -> bool:
            won: bool = statement.run(connection, parameters).rowcount == 1
            if won:
                tell(connection)
            return won

        return self._write(write)

    def replace_all(self, changes: Sequence[tuple[Upload, Upload]]) -> bool:
        tell = self._announcing(changes)
        return self._write(lambda connection: replace_all(connection, changes, tell)) if changes else True

    def joined(self, transaction: object) -> JoinedUploads:
        return JoinedUploads(self._url, transaction, self._in_use, self._announcing)

    def _announcing(self, changes: Changes) -> Callable[[Connection], None]:
        """The function that writes the announcements of ``changes``, once these are made."""
        announcer = self._announce
        if announcer is None:
            return lambda _: None
        found = [one for one in (announcer(*change) for change in changes) if one is not None]
        return lambda connection: write_announcements(connection, announcer, found)

    def page(self, query: Query, unreadable: list[UploadId] | None = None) -> list[Upload]:
        with self._reading() as connection:
            return read_page(connection, query, unreadable)

    def due(
        self,
        at: datetime,
        limit: int,
        after: Upload | None = None,
        *,
        state: UploadState | None = None,
        store: StoreUploads | None = None,
    ) -> list[Upload]:
        statement = select(uploads).where(uploads.c.due_at <= micros(at))
        if state is not None:  # written out: a bound value would not match the partial index
            statement = statement.where(uploads.c.state == literal_column(f"'{state.value}'"))
        if store is not None:
            statement = statement.where(of_store(store))
        last = None if after is None or after.due_at is None else (micros(after.due_at), after.id)
        with self._reading() as connection:
            return first_readable(connection, statement, _BY_DUE, as_upload, limit=limit, after=last)

    def reschedule(self, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
        return self._write(lambda connection: _reschedule(connection, moves)) if moves else []

    def declare(self, terms: Mapping[str, str], now: datetime, subject: Subject = "profiles") -> Mapping[str, Declared]:
        return self._write(lambda connection: _declare(connection, _DECLARED[subject], terms, now))

    def open_by_store(self, known: Collection[StoreUploads] = ()) -> Mapping[StoreUploads, int]:
        with self._reading() as connection:
            others = [place for place in _due_places(connection) if place not in known]
            counts = {place: int(connection.execute(_count(place)).scalar_one()) for place in others}
        return {place: count for place, count in counts.items() if count}


def _due_places(connection: Connection) -> Iterator[StoreUploads]:
    """Each store that has something due at some time: one step of the index each, whatever they have."""
    last: StoreUploads | None = None
    while True:
        statement = select(*_PLACE).where(uploads.c.due_at.is_not(None)).order_by(*_PLACE).limit(1)
        if last is not None:
            statement = statement.where(tuple_(*_PLACE) > (last.name, last.bucket))
        row = connection.execute(statement).first()
        if row is None:
            return
        yield (last := StoreUploads(*row))


def _count(place: StoreUploads) -> Select[Any]:
    return select(func.count()).where(of_store(place), _MAY_CHANGE)


_PLACE = (uploads.c.store, uploads.c.bucket)

_MAY_CHANGE = and_(uploads.c.due_at.is_not(None), uploads.c.state.not_in([state.value for state in ENDED]))
"""Uploads that may still get a signal; for a state that only a newer version knows, a newer process may expect one."""

_BY_DUE = (uploads.c.due_at, uploads.c.id)


def _forget_keys(
    connection: Connection, before: UploadId, now: datetime, limit: int, after: UploadId | None
) -> UploadId | None:
    """Uses three statements, each by an index: for a join PostgreSQL may read all uploads before these."""
    of_upload = idempotency.c.upload_id
    found = first_of(connection, of_upload, of_upload, of_upload < before, of_upload > (after or ""), limit=limit)
    staying = or_(uploads.c.renewable_until > micros(now), _MAY_CHANGE)
    kept = set(connection.scalars(select(uploads.c.id).where(uploads.c.id.in_(found), staying))) if found else set()
    if gone := [one for one in found if one not in kept]:
        connection.execute(delete(idempotency).where(of_upload.in_(gone)))
    return UploadId(found[-1]) if len(found) == limit else None


_UNCHANGED = (uploads.c.id == bindparam("before_id"), uploads.c.version == bindparam("before_version"))


@lru_cache(maxsize=256)
def _replacing(columns: tuple[str, ...]) -> Direct:
    """Writes these columns of the upload and version that parameters name. Building it takes longer than running it."""
    return Direct(update(uploads).where(*_UNCHANGED).values({name: bindparam(name) for name in columns}))


_MOVED = update(uploads).values(due_at=bindparam("due_at"))
_MOVING = Direct(_MOVED.where(*_UNCHANGED, uploads.c.due_at == bindparam("before_due_at")))
_MOVING_UNDUE = Direct(_MOVED.where(*_UNCHANGED, uploads.c.due_at.is_(None)))
"""Moves the ``due_at`` of an upload, which may be NULL. A sweep does so with each upload before it checks it."""


def _reschedule(connection: Connection, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
    moved = []
    for upload, due_at in moves:
        values: dict[str, Value] = {"before_id": upload.id, "before_version": upload.version}
        values["due_at"] = None if due_at is None else micros(due_at)
        if upload.due_at is not None:
            values["before_due_at"] = micros(upload.due_at)
        statement = _MOVING_UNDUE if upload.due_at is None else _MOVING
        if statement.run(connection, values).rowcount == 1:
            moved.append(upload._replace(due_at=due_at))
    return moved


_DECLARED: Mapping[Subject, Table] = {"profiles": profiles, "stores": stores, "settings": declared_settings}


def _declare(connection: Connection, table: Table, terms: Mapping[str, str], now: datetime) -> Mapping[str, Declared]:
    rows = connection.execute(select(table)).mappings()
    before = {row["name"]: Declared(row["terms"], moment(row["declared_at"])) for row in rows}
    for name, text in sorted(terms.items()):  # in a fixed order: two processes that start at once must not deadlock
        values = {"terms": text, "declared_at": micros(now)}
        statement = upsert(connection, table, {"name": name, **values})
        connection.execute(statement.on_conflict_do_update(index_elements=[table.c.name], set_=values))
    return before
