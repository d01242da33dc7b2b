"""What 0015 made was called `settings` at first, as a table of many an application is: ours gets its name of today."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    if not sa.inspect(op.get_bind()).has_table("declared_settings"):
        op.rename_table("settings", "declared_settings")
