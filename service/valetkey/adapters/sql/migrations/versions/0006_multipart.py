"""How the bytes of an upload travel, and where its parts go."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("uploads", sa.Column("method", sa.String(16), nullable=False, server_default="post"))
    op.add_column("uploads", sa.Column("multipart_key", sa.Text))
    op.add_column("uploads", sa.Column("multipart_part_size", sa.BigInteger))
    op.add_column("uploads", sa.Column("multipart_id", sa.String(1024)))
