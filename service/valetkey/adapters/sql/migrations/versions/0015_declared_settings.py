"""What processes of one ledger have to agree on beside profiles and stores."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "declared_settings",  # many an application has a table `settings`, and the ledger may be in its database
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("declared_at", sa.BigInteger, nullable=False),
    )
