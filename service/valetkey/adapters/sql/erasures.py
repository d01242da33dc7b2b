"""Erasure jobs in an SQL database, and the removal of ledger rows by them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, text, tuple_, update

from valetkey.adapters.sql.database import Database
from valetkey.adapters.sql.inserts import upsert
from valetkey.adapters.sql.readable import first_of_any, first_readable, up_to_unreadable
from valetkey.adapters.sql.rows import (
    as_announcement,
    as_erasure,
    as_erasure_row,
    as_outbox_row,
    as_row,
    as_upload,
    changed,
    micros,
)
from valetkey.adapters.sql.schema import OVER, erasures, hook_calls, idempotency, outbox, uploads
from valetkey.adapters.sql.steps import remove_first
from valetkey.adapters.sql.unchanged import are_unchanged
from valetkey.core.model.announcement import EVENT_TYPES, Announcer, Status, announced_ids
from valetkey.core.model.erasure import ALL_ACCOUNTS, Erasure
from valetkey.core.model.upload import StoreUploads, Upload

_BY_END = (uploads.c.ended_at, uploads.c.id)

DELIVERED = Status.DELIVERED.value


class SqlErasures(Database):
    """`Erasures` in an SQL database; a `SqlLedger` is one."""

    _announce: Announcer | None = None

    def begin_erasure(self, job: Erasure) -> Erasure:
        return self._write(lambda connection: _begin(connection, job))

    def get_erasure(self, erasure_id: str) -> Erasure | None:
        with self._reading() as connection:
            row = connection.execute(select(erasures).where(erasures.c.id == erasure_id)).mappings().first()
        return None if row is None else as_erasure(row)

    def due_erasures(self, at: datetime, limit: int) -> list[Erasure]:
        statement = select(erasures).where(erasures.c.due_at <= micros(at)).order_by(erasures.c.due_at)
        with self._reading() as connection:
            return first_of_any(connection, statement, as_erasure, limit=limit)

    def save_erasure(self, before: Erasure, after: Erasure) -> bool:
        return self._write(lambda connection: self._save(connection, before, after))

    def forget_erasures(self, before: datetime, limit: int) -> int:
        over = erasures.c.finished_at < micros(before)
        return self._write(
            lambda connection: remove_first(connection, erasures.c.id, erasures.c.finished_at, over, limit=limit)
        )

    def belonging(self, job: Erasure, limit: int) -> list[Upload]:
        statement = select(uploads).where(_of_owner_from(job), uploads.c.created_at <= micros(job.requested_at))
        if job.account != ALL_ACCOUNTS:
            statement = statement.where(func.coalesce(uploads.c.account, "") == job.account)
        statement = statement.order_by(uploads.c.owner, uploads.c.id).limit(limit)
        with self._reading() as connection:
            return up_to_unreadable(connection.execute(statement).mappings(), as_upload)

    def newer(self, job: Erasure) -> int:
        statement = select(func.count()).where(_belongs(job), uploads.c.created_at > micros(job.requested_at))
        with self._reading() as connection:
            return connection.execute(statement).scalar_one()

    def erase(self, changes: Sequence[tuple[Upload, Upload]], before: Erasure, after: Erasure) -> bool:
        if not changes:
            return self.save_erasure(before, after)

        def write(connection: Connection) -> bool:
            if not are_unchanged(connection, [old for old, _ in changes]):
                return False
            if not self._save(connection, before, after):
                return False
            for old, new in changes:
                values = changed(as_row(old), as_row(new))
                connection.execute(update(uploads).where(uploads.c.id == old.id).values(values))
                self._rewrite_announced(connection, new)
            _forget_keys(connection, [old for old, _ in changes])
            return True

        return self._write(write)

    def over(
        self, before: datetime, limit: int, after: Upload | None = None, *, store: StoreUploads | None = None
    ) -> list[Upload]:
        statement = select(uploads).where(uploads.c.ended_at <= micros(before), uploads.c.due_at.is_(None))
        statement = statement.where(text(OVER), ~_is_called_for())  # written out, as the index has it
        if store is not None:
            statement = statement.where(of_store(store))
        last = None if after is None or after.ended_at is None else (micros(after.ended_at), after.id)
        with self._reading() as connection:
            return first_readable(connection, statement, _BY_END, as_upload, limit=limit, after=last)

    def forget(self, given: Sequence[Upload]) -> int:
        def write(connection: Connection) -> int:
            gone = [one for one in given if self._remove(connection, one)]
            _forget_keys(connection, gone)
            names = [name for one in gone for name in announced_ids(one.id)]
            for table in (outbox, hook_calls):
                connection.execute(delete(table).where(table.c.id.in_(names), table.c.status == DELIVERED))
            return len(gone)

        return self._write(write) if given else 0

    def _remove(self, connection: Connection, upload: Upload) -> bool:
        return connection.execute(delete(uploads).where(_is_as_given(upload), ~_is_called_for())).rowcount == 1

    def _save(self, connection: Connection, before: Erasure, after: Erasure) -> bool:
        statement = update(erasures).where(erasures.c.id == before.id, erasures.c.version == before.version)
        values = changed(as_erasure_row(before), as_erasure_row(after))
        if connection.execute(statement.values(values)).rowcount != 1:
            return False
        announcement = self._announce.erased(before, after) if self._announce else None
        if announcement is not None:
            connection.execute(insert(outbox), as_outbox_row(announcement))
        return True

    def _rewrite_announced(self, connection: Connection, upload: Upload) -> None:
        names = announced_ids(upload.id)
        known = outbox.c.id.in_(names)
        told = self._announce is not None and self._announce.has_webhook
        connection.execute(delete(outbox).where(known, *([outbox.c.status == DELIVERED] if told else [])))
        for row in connection.execute(select(outbox).where(known)).mappings().all():
            assert self._announce is not None  # noqa: S101  (else nothing is left)
            body = self._announce.rewritten(as_announcement(row), upload).body
            values = {"body": body, "detail": None, "version": outbox.c.version + 1}
            connection.execute(update(outbox).where(outbox.c.id == row["id"]).values(values))
        calls = hook_calls.c.id.in_(names)
        connection.execute(delete(hook_calls).where(calls, hook_calls.c.status == DELIVERED))
        # an exception's text may contain personal data; a call that is running now is made once more
        connection.execute(update(hook_calls).where(calls).values(detail=None, version=hook_calls.c.version + 1))


def _begin(connection: Connection, job: Erasure) -> Erasure:
    anew = {
        "requested_at": func.max(erasures.c.requested_at, micros(job.requested_at)),
        "due_at": as_erasure_row(job)["due_at"],
        "passed": None,
        "postponed": 0,
        "remaining": 0,
        "kept": None,
        "version": erasures.c.version + 1,
    }
    if connection.dialect.name == "postgresql":
        anew["requested_at"] = func.greatest(erasures.c.requested_at, micros(job.requested_at))
    statement = upsert(connection, erasures, as_erasure_row(job))
    statement = statement.on_conflict_do_update(index_elements=[erasures.c.owner, erasures.c.account], set_=anew)
    connection.execute(statement)
    one = and_(erasures.c.owner == job.owner, erasures.c.account == job.account)
    return as_erasure(connection.execute(select(erasures).where(one)).mappings().one())


def of_store(store: StoreUploads) -> ColumnElement[bool]:
    """Whether an upload is of this ``store``."""
    return and_(uploads.c.store == store.name, uploads.c.bucket == store.bucket)


def _belongs(job: Erasure) -> ColumnElement[bool]:
    mine = uploads.c.owner == job.owner
    return mine if job.account == ALL_ACCOUNTS else and_(mine, uploads.c.account == job.account)


def _of_owner_from(job: Erasure) -> ColumnElement[bool]:
    """The condition for the job's owner, written as a range of `uploads_by_owner`, the only index with this order.

    With an equality PostgreSQL may scan all uploads by id, as it expects some of a frequent owner in a frequent account
    among the first, where there may be none. The account is also written in a way that fits no index."""
    after = tuple_(uploads.c.owner, uploads.c.id) > (job.owner, job.passed or "")
    return and_(uploads.c.owner <= job.owner, after)


def _is_as_given(upload: Upload) -> ColumnElement[bool]:
    due_at = None if upload.due_at is None else micros(upload.due_at)
    return and_(uploads.c.id == upload.id, uploads.c.version == upload.version, uploads.c.due_at == due_at)


def _is_called_for() -> ColumnElement[bool]:
    """Whether an undelivered call of a hook needs the upload; looked up by ids, which have an index.

    The offset prevents PostgreSQL from turning it into a join, for which it would read all calls, as if they belonged
    to all ended uploads and not to those of one step.
    """
    names = [uploads.c.id + f"-{state}" for state in EVENT_TYPES]
    left = select(hook_calls.c.id).where(hook_calls.c.id.in_(names), hook_calls.c.status != DELIVERED)
    return left.limit(1).offset(0).correlate(uploads).exists()


def _forget_keys(connection: Connection, gone: Sequence[Upload]) -> None:
    connection.execute(delete(idempotency).where(idempotency.c.upload_id.in_([one.id for one in gone])))
