"""What was promised and demanded of an upload is kept with it, and what processes of one ledger call their profiles."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

STAGED = "UPDATE uploads SET object_key = 'staging/' || id WHERE state = 'stored' AND multipart_key IS NULL"
"""The object of a `stored` upload is where its bytes are, not where they will be."""

UNSEEN = "UPDATE uploads SET inspected_pin = NULL, detected_type = NULL WHERE state = 'stored'"
UNHEARD = """
UPDATE uploads SET verdict_etag = NULL, verdict_clean = NULL, verdict_detail = NULL
WHERE state = 'stored' AND verdict_clean = 1
"""
"""What was read where somebody could still write is read again in quarantine; an infection that was found stays."""


def upgrade() -> None:
    op.add_column("uploads", sa.Column("key", sa.Text))
    op.add_column("uploads", sa.Column("rules", sa.Text))
    op.add_column("uploads", sa.Column("copying_since", sa.BigInteger))
    op.add_column("uploads", sa.Column("checksum_verified", sa.Integer))
    op.add_column("uploads", sa.Column("verdict_key", sa.Text))
    op.execute(STAGED)
    op.execute(UNSEEN)
    op.execute(UNHEARD)
    stored = sa.text("state = 'stored' AND due_at IS NOT NULL")
    op.create_index("uploads_by_check", "uploads", ["due_at", "id"], sqlite_where=stored, postgresql_where=stored)
    op.create_table(
        "profiles",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("declared_at", sa.BigInteger, nullable=False),
    )
