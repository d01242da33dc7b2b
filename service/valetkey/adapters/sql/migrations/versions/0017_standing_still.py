"""What stands still of a worker; what older versions write says nothing of it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("workers", sa.Column("still", sa.Text))
