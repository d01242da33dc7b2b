"""The ledger's tables. A change here needs a migration as well; a test compares the two.

Moments are whole microseconds since 1970, so that every database sorts and compares them alike.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, text

metadata = MetaData()

VERSION = "valetkey_version"
"""The table with the version of the schema. Alembic's default name is left to the application, which may have the
ledger in its database."""

DUE = "due_at IS NOT NULL"
"""Nearly all uploads have ended: the others are few, and the sweep finds them by a small index."""

CHECK = "state = 'stored' AND due_at IS NOT NULL"
"""Uploads that have arrived and wait for a check do not queue behind others."""

OF_STORE = ("store", "bucket")
"""Finds the due uploads of one store. Those of others may wait for ever, as their store may be configured nowhere."""

OVER = "state IN ('aborted', 'deleted', 'expired', 'rejected')"
"""Uploads that the ledger need not keep. The other ended ones are confirmed, which are nearly all, and stay."""

FORGOTTEN = f"ended_at IS NOT NULL AND due_at IS NULL AND {OVER}"
"""Ended uploads of which nothing is left to check: the ledger's retention finds them by this index."""

CLAIMED = "claim_reference IS NOT NULL"

BESIDE = True
"""Indexes of tables that may be large: they are built while the ledger is in use, not by a version of the schema."""

FORMER = ("uploads_by_due", "uploads_by_check", "uploads_by_end")
"""Indexes of earlier versions that others have replaced. They are removed once these exist, so every sweep has one."""

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("profile", String(100), nullable=False),
    Column("account", String(200), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("filename", Text, nullable=False),
    Column("content_type", String(255), nullable=False),
    Column("size", BigInteger),
    Column("bucket", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("renewable_until", BigInteger, nullable=False),
    Column("checksum_algorithm", String(16)),
    Column("checksum_value", String(128)),
    Column("metadata", Text),
    Column("redirect", Integer, nullable=False),
    Column("pins", Integer, nullable=False),
    Column("object_key", Text),
    Column("object_etag", String(255)),
    Column("object_version_id", String(1024)),
    Column("object_size", BigInteger),
    Column("object_content_type", String(255)),
    Column("reason_code", String(64)),
    Column("reason_detail", Text),
    Column("confirmed_by", String(16)),
    Column("confirmed_at", BigInteger),
    Column("due_at", BigInteger),
    Column("inspected_pin", Integer),
    Column("detected_type", String(255)),
    Column("verdict_etag", String(255)),
    Column("verdict_clean", Integer),
    Column("verdict_detail", Text),
    Column("method", String(16), nullable=False, server_default="post"),
    Column("multipart_key", Text),
    Column("multipart_part_size", BigInteger),
    Column("multipart_id", String(1024)),
    Column("ticket", String(32)),
    Column("key", Text),
    Column("rules", Text),
    Column("copying_since", BigInteger),
    Column("checksum_verified", Integer),
    Column("verdict_key", Text),
    Column("claim_reference", String(255)),
    Column("claimed_at", BigInteger),
    Column("released_at", BigInteger),
    Column("path", Text),
    Column("ended_at", BigInteger),
    Column("store", String(100), nullable=False, server_default="default"),
    Column("staging_prefix", String(255)),
    Index("uploads_by_account", "account", "id"),
    Index("uploads_by_kind", "account", "state", "profile", "id", postgresql_concurrently=BESIDE),
    Index(
        "uploads_by_claim",
        "account",
        "id",
        sqlite_where=text(CLAIMED),
        postgresql_where=text(CLAIMED),
        postgresql_concurrently=BESIDE,
    ),
    Index("uploads_by_owner", "owner", "id", postgresql_concurrently=BESIDE),
    Index(
        "uploads_by_store_due",
        *OF_STORE,
        "due_at",
        "id",
        sqlite_where=text(DUE),
        postgresql_where=text(DUE),
        postgresql_concurrently=BESIDE,
    ),
    Index(
        "uploads_by_store_check",
        "state",  # one column more than the other index, so that SQLite prefers this one if both fit
        *OF_STORE,
        "due_at",
        "id",
        sqlite_where=text(CHECK),
        postgresql_where=text(CHECK),
        postgresql_concurrently=BESIDE,
    ),
    Index(
        "uploads_by_over",
        "ended_at",
        "id",
        sqlite_where=text(FORGOTTEN),
        postgresql_where=text(FORGOTTEN),
        postgresql_concurrently=BESIDE,
    ),
    sqlite_with_rowid=False,  # the ids ascend: one tree to write to instead of two
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("upload_id", String(36), nullable=False),
    Index("idempotency_by_upload", "upload_id", postgresql_concurrently=BESIDE),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("scope", String(16), nullable=False, server_default="uploads"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("type", String(32), nullable=False),
    Column("upload_id", String(36)),
    Column("body", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("detail", Text),
    Index("outbox_by_due", "status", "due_at"),
    Index("outbox_by_age", "status", "created_at", postgresql_concurrently=BESIDE),
)

hooks = Table(
    "hooks",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("types", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
)
"""The functions of applications that are called for ends, with the event types of each, separated by spaces."""

hook_calls = Table(
    "hook_calls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("hook", String(200), primary_key=True),
    Column("type", String(32), nullable=False),
    Column("upload_id", String(36), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("detail", Text),
    Index("hook_calls_by_due", "hook", "status", "due_at"),
    Index("hook_calls_by_age", "hook", "status", "created_at", postgresql_concurrently=BESIDE),
)
"""Like `outbox`, without bodies; a separate table, so that workers of older versions do not send its rows as
webhooks."""

tickets = Table(
    "tickets",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("used", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("tickets_by_expiry", "expires_at"),
)
"""How many uploads were created with a ticket that limits them; a ticket that was never used has no row."""

profiles = Table(
    "profiles",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("terms", Text, nullable=False),
    Column("declared_at", BigInteger, nullable=False),
)
"""The last declaration of each profile that a process of this ledger made at its start."""

stores = Table(
    "stores",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("terms", Text, nullable=False),
    Column("declared_at", BigInteger, nullable=False),
)
"""The same for each store."""

declared_settings = Table(
    "declared_settings",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("terms", Text, nullable=False),
    Column("declared_at", BigInteger, nullable=False),
)
"""The same for each setting that has to be equal in all processes: of secrets only a fingerprint."""

erasures = Table(
    "erasures",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("owner", String(200)),
    Column("account", String(200), nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("passed", String(36)),
    Column("postponed", Integer, nullable=False),
    Column("uploads", Integer, nullable=False),
    Column("objects", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    Column("kept", Text),
    Column("newer", Integer, nullable=False),
    Column("detail", Text),
    Column("finished_at", BigInteger),
    Index("erasures_by_owner", "owner", "account", unique=True),
    Index("erasures_by_due", "due_at", sqlite_where=text(DUE), postgresql_where=text(DUE)),
)
"""Jobs that erase an owner. One runs for each owner and account; once it has finished, its owner is NULL."""

store_proofs = Table(
    "store_proofs",
    metadata,
    Column("place", String(1024), primary_key=True),
    Column("capabilities", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("proven_at", BigInteger, nullable=False),
)
"""The last findings of `valetkey doctor` about a bucket at an endpoint, as JSON."""

workers = Table(
    "workers",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("looked_at", BigInteger),
    Column("still", Text),
)
"""The processes of workers. One that ends removes its row; a killed one is recognized by its ``seen_at``."""

event_probes = Table(
    "event_probes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("sender", String(32), primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""Objects of `valetkey doctor` whose events are expected: a row without a sender opens one, the others are events."""

TABLES = frozenset({*metadata.tables, VERSION})
"""The names of all tables, for the migrations of an application that has the ledger in its database."""
