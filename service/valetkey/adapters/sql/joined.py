"""A ledger's uploads within a transaction of the application, which uses the same database."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import URL, Connection, update

from valetkey.adapters.sql.once import find_upload
from valetkey.adapters.sql.rows import as_row, changed
from valetkey.adapters.sql.schema import uploads
from valetkey.adapters.sql.unchanged import are_unchanged
from valetkey.core.errors import ConfigurationError
from valetkey.core.model.upload import Upload, UploadId

Changes = Sequence[tuple[Upload, Upload]]


class JoinedUploads:
    """`Uploads` on ``transaction``, which its owner commits or rolls back.

    ``using`` is the context manager around each use of the database; ``announcing`` returns the function that writes
    the announcements of changes. Raises `ConfigurationError` if it is not a connection to the database at ``url``.
    """

    def __init__(
        self,
        url: URL,
        transaction: object,
        using: Callable[[], AbstractContextManager[None]],
        announcing: Callable[[Changes], Callable[[Connection], None]],
    ) -> None:
        if not isinstance(transaction, Connection):
            raise ConfigurationError("within: pass an SQLAlchemy connection, such as db.session.connection().")
        if _place(transaction.engine.url) != _place(url):
            raise ConfigurationError(
                f"within: the connection is to {_said(transaction.engine.url)}, and VALETKEY_DATABASE_URL names "
                f"{_said(url)}: a claim can only be part of a transaction in the ledger's database."
            )
        self._connection = transaction
        self._using = using
        self._announcing = announcing

    def get(self, upload_id: UploadId) -> Upload | None:
        with self._using():
            return find_upload(self._connection, upload_id)

    def replace_all(self, changes: Changes) -> bool:
        announce = self._announcing(changes)
        with self._using():
            if self._connection.dialect.name == "sqlite":  # it does not lock rows, and nothing before the first write
                ids = [before.id for before, _ in changes]
                lock = update(uploads).where(uploads.c.id.in_(ids)).values(version=uploads.c.version)
                self._connection.execute(lock)
            return not changes or replace_all(self._connection, changes, announce)


def replace_all(connection: Connection, changes: Changes, announce: Callable[[Connection], None]) -> bool:
    """Makes all changes by compare-and-set, with their announcements."""
    if not are_unchanged(connection, [before for before, _ in changes]):
        return False
    for before, after in changes:
        statement = update(uploads).where(uploads.c.id == before.id, uploads.c.version == before.version)
        connection.execute(statement.values(changed(as_row(before), as_row(after))))
    announce(connection)
    return True


def _said(url: URL) -> str:
    """The database in words, without a password; for an SQLite file with its absolute path."""
    if url.get_backend_name() == "sqlite":
        return f"the file {Path(url.database or '').resolve()}"
    return url.render_as_string()


def _place(url: URL) -> tuple[str, str]:
    """The identity of the database, whatever name of its host is used."""
    name = url.database or ""
    return url.get_backend_name(), str(Path(name).resolve()) if url.get_backend_name() == "sqlite" else name
