"""Time limits of a migration on PostgreSQL, whatever limits a role or a database has for other work."""

from sqlalchemy import Connection, text

_LIMITS = text("""
    SELECT set_config(name, '0', :local) FROM pg_settings WHERE name IN
    ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
""")
"""The last of them exists since PostgreSQL 17: a limit that the server does not know is not set."""


def wait_without_end(connection: Connection, *, local: bool = True) -> None:
    """Removes the limits for this transaction; for all of ``connection`` unless ``local``."""
    connection.execute(_LIMITS, {"local": local})
