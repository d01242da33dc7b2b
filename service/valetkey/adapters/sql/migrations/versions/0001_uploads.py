"""Uploads, idempotency keys, API keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("profile", sa.String(100), nullable=False),
        sa.Column("account", sa.String(200), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("content_type", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("bucket", sa.String(255), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("renewable_until", sa.BigInteger, nullable=False),
        sa.Column("checksum_algorithm", sa.String(16)),
        sa.Column("checksum_value", sa.String(128)),
        sa.Column("metadata", sa.Text),
        sa.Column("redirect", sa.Integer, nullable=False),
        sa.Column("pins", sa.Integer, nullable=False),
        sa.Column("object_key", sa.Text),
        sa.Column("object_etag", sa.String(255)),
        sa.Column("object_version_id", sa.String(1024)),
        sa.Column("object_size", sa.BigInteger),
        sa.Column("object_content_type", sa.String(255)),
        sa.Column("reason_code", sa.String(64)),
        sa.Column("reason_detail", sa.Text),
        sa.Column("confirmed_by", sa.String(16)),
        sa.Column("confirmed_at", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("uploads_by_account", "uploads", ["account", "id"])
    op.create_table(
        "idempotency",
        sa.Column("account", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("upload_id", sa.String(36), nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
