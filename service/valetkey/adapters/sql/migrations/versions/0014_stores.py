"""The store that an upload began on, and what processes of one ledger call their stores."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # what there is, and what a process of an older version still writes, is in the one store that it knows
    op.add_column("uploads", sa.Column("store", sa.String(100), nullable=False, server_default="default"))
    op.add_column("uploads", sa.Column("staging_prefix", sa.String(255)))
    op.create_table(
        "stores",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("declared_at", sa.BigInteger, nullable=False),
    )
