"""Hooks of applications, and the announcements that each of them is called for."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "hooks",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("types", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "hook_calls",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("hook", sa.String(200), primary_key=True),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("upload_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text),
    )
    op.create_index("hook_calls_by_due", "hook_calls", ["hook", "status", "due_at"])
