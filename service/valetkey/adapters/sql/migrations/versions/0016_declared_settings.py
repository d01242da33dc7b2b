"""What 0015 made was called `settings` at first, as a table of many an application is: ours gets its name of today."""

from alembic import op

from valetkey.adapters.sql.migrations import is_here

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    if is_here(op.get_bind(), "declared_settings"):
        return
    op.rename_table("settings", "declared_settings")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX IF EXISTS settings_pkey RENAME TO declared_settings_pkey")
