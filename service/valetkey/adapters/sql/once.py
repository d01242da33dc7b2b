"""Uploads that are created once for an account and a key, inside of somebody's transaction."""

from sqlalchemy import Connection, delete, select

from valetkey.adapters.sql.allowances import spend
from valetkey.adapters.sql.inserts import insert_uploads, upsert
from valetkey.adapters.sql.rows import as_row, as_upload
from valetkey.adapters.sql.schema import idempotency, uploads
from valetkey.core.access.callers import Allowance
from valetkey.core.model.upload import Upload
from valetkey.core.ports.ledger import Once


def find_upload(connection: Connection, upload_id: str) -> Upload | None:
    row = connection.execute(select(uploads).where(uploads.c.id == upload_id)).mappings().first()
    return None if row is None else as_upload(row)


def add_once(connection: Connection, entry: Once) -> Once:
    """Adds the entry, and returns it; or what has its key already."""
    kept = _claim(connection, entry)
    if kept is entry:
        insert_uploads(connection, [as_row(entry.upload)])
    return kept


def add_once_within(connection: Connection, entry: Once, allowance: Allowance) -> Once | None:
    """The same, if one is left of ``allowance`` for a new one; None where none is."""
    kept = _claim(connection, entry)
    if kept is not entry:
        return kept
    if spend(connection, allowance, 1):
        insert_uploads(connection, [as_row(entry.upload)])
        return entry
    # undone in place: a rollback would take the others of the group along
    own = (idempotency.c.account == entry.upload.account, idempotency.c.key == entry.key)
    connection.execute(delete(idempotency).where(*own))
    return None


def _claim(connection: Connection, entry: Once) -> Once:
    """Takes the entry's key and returns the entry, whose upload has to be inserted; or what has the key already."""
    upload = entry.upload
    row = {"account": upload.account, "key": entry.key, "fingerprint": entry.fingerprint, "upload_id": upload.id}
    claim = upsert(connection, idempotency, row).on_conflict_do_nothing()
    if connection.execute(claim.execution_options(preserve_rowcount=True)).rowcount == 1:
        return entry
    kept = connection.execute(
        select(idempotency).where(idempotency.c.account == upload.account, idempotency.c.key == entry.key)
    ).one()
    before = find_upload(connection, kept.upload_id)
    return Once(before or upload, entry.key, kept.fingerprint)
