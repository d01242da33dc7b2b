"""Checks of an upload's content, and what an API key is for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("uploads", sa.Column("inspected_pin", sa.Integer))
    op.add_column("uploads", sa.Column("detected_type", sa.String(255)))
    op.add_column("uploads", sa.Column("verdict_etag", sa.String(255)))
    op.add_column("uploads", sa.Column("verdict_clean", sa.Integer))
    op.add_column("uploads", sa.Column("verdict_detail", sa.Text))
    op.add_column("api_keys", sa.Column("scope", sa.String(16), nullable=False, server_default="uploads"))
