"""A size that nobody declared is NULL; it was -1, which is read still: a process of an older version may write it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # SQLite has no other way to alter a column than to copy the table, as one without row ids again
    with op.batch_alter_table("uploads", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.alter_column("size", existing_type=sa.BigInteger, nullable=True)
    op.execute("UPDATE uploads SET size = NULL WHERE size = -1")
