"""The ledger, the API keys, the outbox and the hooks in an SQL database, by SQLAlchemy Core.

Rights they need: SELECT, INSERT and UPDATE on their tables, DELETE on ``uploads``, ``outbox``, ``hooks``,
``hook_calls``, ``idempotency``, ``tickets`` and ``erasures``;
`migrate` needs to create and to alter them.
"""

from valetkey.adapters.sql.keys import SqlKeyRing
from valetkey.adapters.sql.ledger import SqlLedger
from valetkey.adapters.sql.outbox import SqlOutbox

__all__ = ["SqlKeyRing", "SqlLedger", "SqlOutbox"]
