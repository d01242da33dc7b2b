"""When the sweep looks at an upload."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("uploads", sa.Column("due_at", sa.BigInteger))
    op.execute("UPDATE uploads SET due_at = expires_at WHERE state IN ('pending', 'stored', 'expired')")
    op.create_index("uploads_by_due", "uploads", ["due_at", "id"], sqlite_where=DUE, postgresql_where=DUE)
