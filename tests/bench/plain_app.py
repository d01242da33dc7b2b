"""The peer of the benchmark: presigned POST grants as a competent Flask developer writes them by hand.

Flask, boto3's presigner on one shared client, one SQLite connection per thread with WAL and `synchronous=FULL`,
an API key looked up by its hash, the body validated, one durable INSERT per grant, a JSON answer. Run by gunicorn
gthread as `tests.bench.plain_app:app`; `PLAIN_DATABASE` names the database, `PLAIN_API_KEY` the one key it knows.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from flask import Flask, Response, abort, jsonify, request

BUCKET = "bench"
MAX_SIZE = 5 * 1024**3
EXPIRES_IN = 900
SCHEMA = """
CREATE TABLE IF NOT EXISTS api_keys (hash TEXT PRIMARY KEY, owner TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, state TEXT NOT NULL, filename TEXT NOT NULL, content_type TEXT NOT NULL,
    size INTEGER NOT NULL, metadata TEXT NOT NULL, key TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS uploads_by_owner ON uploads (owner, created_at);
"""

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 256 * 1024
s3 = boto3.client(
    "s3",
    endpoint_url=os.environ["PLAIN_S3_ENDPOINT_URL"],
    region_name="us-east-1",
    config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
)
_local = threading.local()


def database() -> sqlite3.Connection:
    """This thread's connection, in autocommit: every statement is durable when it returns."""
    if not hasattr(_local, "connection"):
        connection = sqlite3.connect(os.environ["PLAIN_DATABASE"], isolation_level=None, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _local.connection = connection
    return _local.connection  # type: ignore[no-any-return]


def prepare() -> None:
    """Create the tables and the one API key."""
    database().executescript(SCHEMA)
    digest = hashlib.sha256(os.environ["PLAIN_API_KEY"].encode()).hexdigest()
    database().execute("INSERT OR IGNORE INTO api_keys VALUES (?, 'bench')", (digest,))


def owner_of_key() -> str:
    """The owner of the request's API key; 401 without a known one."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    digest = hashlib.sha256(key.encode()).hexdigest()
    row = database().execute("SELECT owner FROM api_keys WHERE hash = ?", (digest,)).fetchone()
    if scheme != "Bearer" or row is None:
        abort(401)
    return str(row[0])


def valid_body() -> dict[str, Any]:
    """The request's JSON, checked field by field; 400 if anything is not as expected."""
    body = request.get_json()
    if not isinstance(body, dict):
        abort(400, "an object is expected")
    for field in ("filename", "content_type"):
        if not isinstance(body.get(field), str) or not 0 < len(body[field]) <= 1024:
            abort(400, f"{field} is a text of 1 to 1024 characters")
    if not isinstance(body.get("size"), int) or not 0 < body["size"] <= MAX_SIZE:
        abort(400, f"size is 1 to {MAX_SIZE} bytes")
    metadata = body.setdefault("metadata", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        abort(400, "metadata maps text to text")
    return body


def presigned_post(upload_id: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """A POST policy that pins key, type, upload id, status and the exact size."""
    pinned = {
        "Content-Type": body["content_type"],
        "x-amz-meta-upload-id": upload_id,
        "success_action_status": "201",
    }
    conditions = [{name: value} for name, value in pinned.items()]
    exact_size = ["content-length-range", body["size"], body["size"]]
    return s3.generate_presigned_post(
        BUCKET, key, Fields=pinned, Conditions=[*conditions, exact_size], ExpiresIn=EXPIRES_IN
    )


@app.post("/v1/uploads")
def create() -> tuple[Response, int]:
    """Grant one upload: the answer goes out after the INSERT is on disk."""
    owner, body = owner_of_key(), valid_body()
    upload_id = str(uuid.uuid4())
    key = f"uploads/{upload_id}"
    now = datetime.now(UTC)
    upload = {
        "id": upload_id,
        "owner": owner,
        "state": "pending",
        "filename": body["filename"],
        "content_type": body["content_type"],
        "size": body["size"],
        "metadata": body["metadata"],
        "key": key,
        "created_at": now.isoformat(),
        "expires_at": (now + timedelta(seconds=EXPIRES_IN)).isoformat(),
    }
    row = upload | {"metadata": json.dumps(body["metadata"])}
    database().execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", tuple(row.values()))
    grant = presigned_post(upload_id, key, body) | {"method": "POST", "expires_at": upload["expires_at"]}
    return jsonify(upload=upload, grant=grant), 201


prepare()
