"""Whether uploads are unchanged since they were read, before several are written in one transaction."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from valetkey.adapters.sql.schema import uploads
from valetkey.core.model.upload import Upload


def are_unchanged(connection: Connection, read: Iterable[Upload]) -> bool:
    """Checks before writing, under locks taken in a fixed order: a rollback would undo other work of the group."""
    versions = {one.id: one.version for one in read}
    rows = select(uploads.c.id, uploads.c.version).where(uploads.c.id.in_(versions)).order_by(uploads.c.id)
    return {row.id: row.version for row in connection.execute(rows.with_for_update())} == versions
