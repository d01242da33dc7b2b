"""What was proven of stores, the workers that run, and probes of events."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "store_proofs",
        sa.Column("place", sa.String(1024), primary_key=True),
        sa.Column("capabilities", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("proven_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("looked_at", sa.BigInteger),
    )
    op.create_table(
        "event_probes",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("sender", sa.String(32), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
