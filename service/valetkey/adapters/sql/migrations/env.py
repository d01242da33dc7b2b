"""Run by Alembic: migrates on the given connection. If several processes migrate at once, the others wait."""

from alembic import context
from sqlalchemy import text

from valetkey.adapters.sql.migrations import LOCK, adopt
from valetkey.adapters.sql.migrations.patience import wait_without_end
from valetkey.adapters.sql.schema import VERSION, metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table=VERSION, target_metadata=metadata, render_as_batch=True)

with context.begin_transaction():
    if connection.dialect.name == "postgresql":  # SQLite's transaction has the only write lock anyway
        wait_without_end(connection)
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    adopt(connection)
    context.run_migrations()
