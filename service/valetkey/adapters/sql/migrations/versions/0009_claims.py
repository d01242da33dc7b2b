"""What the application has taken an upload for, and when it gave it back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("uploads", sa.Column("claim_reference", sa.String(255)))
    op.add_column("uploads", sa.Column("claimed_at", sa.BigInteger))
    op.add_column("uploads", sa.Column("released_at", sa.BigInteger))
