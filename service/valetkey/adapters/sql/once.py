"""Uploads that are created once for an account and a key, within a caller's transaction."""

from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from valetkey.adapters.sql.allowances import spend
from valetkey.adapters.sql.driver import Direct
from valetkey.adapters.sql.inserts import insert_uploads, upsert
from valetkey.adapters.sql.rows import as_row, as_upload
from valetkey.adapters.sql.schema import idempotency, uploads
from valetkey.core.access.callers import Allowance
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.upload import Upload
from valetkey.core.ports.ledger import Once

CLAIM_ATTEMPTS = 3
"""How many times a key is tried if it is removed while it is read."""


BY_ID = Direct(select(uploads).where(uploads.c.id == bindparam("upload_id")))
"""Compiled once, as every operation on an upload starts with it."""

_NAMES = tuple(uploads.c.keys())


def find_upload(connection: Connection, upload_id: str) -> Upload | None:
    return found_upload(BY_ID.run(connection, {"upload_id": upload_id}).fetchone())


def found_upload(row: Any) -> Upload | None:
    """The upload that `BY_ID` has found."""
    return None if row is None else as_upload(dict(zip(_NAMES, row, strict=True)))


def add_once(connection: Connection, entry: Once) -> Once:
    """Adds and returns the entry, or returns the one that already has its key."""
    kept = _claim(connection, entry)
    if kept is entry:
        insert_uploads(connection, [as_row(entry.upload)])
    return kept


def add_once_within(connection: Connection, entry: Once, allowance: Allowance) -> Once | None:
    """The same if ``allowance`` has one left for a new entry; otherwise None."""
    kept = _claim(connection, entry)
    if kept is not entry:
        return kept
    if spend(connection, allowance, 1):
        insert_uploads(connection, [as_row(entry.upload)])
        return entry
    # undone by itself: a rollback would undo the other work of the group
    own = (idempotency.c.account == entry.upload.account, idempotency.c.key == entry.key)
    connection.execute(delete(idempotency).where(*own))
    return None


def _claim(connection: Connection, entry: Once) -> Once:
    """Takes the entry's key and returns the entry, whose upload has to be inserted; or returns the entry that already
    has the key.

    If each statement sees everything committed before it, key and upload may be removed between two of them: the key is
    then free, and taken again. Raises `LedgerUnavailable` if that happens repeatedly.
    """
    upload = entry.upload
    row = {"account": upload.account, "key": entry.key, "fingerprint": entry.fingerprint, "upload_id": upload.id}
    claim = upsert(connection, idempotency, row).on_conflict_do_nothing()
    claim = claim.execution_options(preserve_rowcount=True)
    holder = select(idempotency).where(idempotency.c.account == upload.account, idempotency.c.key == entry.key)
    for _ in range(CLAIM_ATTEMPTS):
        if connection.execute(claim).rowcount == 1:
            return entry
        kept = connection.execute(holder).one_or_none()
        before = None if kept is None else find_upload(connection, kept.upload_id)
        if kept is not None and before is not None:
            return Once(before, entry.key, kept.fingerprint)
    raise LedgerUnavailable("The ledger has no upload for this idempotency key, but the key stays taken.")
