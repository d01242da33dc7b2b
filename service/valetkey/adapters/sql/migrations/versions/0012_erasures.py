"""Jobs that erase an owner, and since when an upload is over, for the retention of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

NOW = {
    "postgresql": "CAST(extract(epoch FROM now()) * 1000000 AS BIGINT)",
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER) * 1000000",
}
"""In microseconds since 1970."""

DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("uploads", sa.Column("ended_at", sa.BigInteger))
    # nobody has kept when: the time that they are kept for begins now
    now = NOW[op.get_bind().dialect.name]
    op.execute(f"UPDATE uploads SET ended_at = {now} WHERE state IN ('rejected', 'aborted', 'deleted')")  # noqa: S608
    later = f"CASE WHEN renewable_until > {now} THEN renewable_until ELSE {now} END"
    op.execute(f"UPDATE uploads SET ended_at = {later} WHERE state = 'expired'")  # noqa: S608
    # its indexes of big tables are built beside the service, once all of this is committed: migrations/indexes.py
    with op.batch_alter_table("outbox") as table:  # an announcement may be about no single upload
        table.alter_column("upload_id", existing_type=sa.String(36), nullable=True)
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("account", sa.String(200), nullable=False),
        sa.Column("requested_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("passed", sa.String(36)),
        sa.Column("postponed", sa.Integer, nullable=False),
        sa.Column("uploads", sa.Integer, nullable=False),
        sa.Column("objects", sa.Integer, nullable=False),
        sa.Column("remaining", sa.Integer, nullable=False),
        sa.Column("kept", sa.Text),
        sa.Column("newer", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("finished_at", sa.BigInteger),
    )
    op.create_index("erasures_by_owner", "erasures", ["owner", "account"], unique=True)
    op.create_index("erasures_by_due", "erasures", ["due_at"], sqlite_where=DUE, postgresql_where=DUE)
