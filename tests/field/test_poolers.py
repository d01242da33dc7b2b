"""PgBouncer in front of the ledger, in transaction mode.

Reported of what speaks to PostgreSQL by psycopg or asyncpg (``prepared statement "_pg3_10" does not exist``:
psycopg/psycopg 280, MagicStack/asyncpg 121 and 198; ``unsupported startup parameter: options`` is FIELD.md's, H): a
connection belongs to a client for one transaction only, so nothing may be kept in it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import text
from tests.support.ledgers import migrated
from tests.support.pgbouncer import pooled
from tests.support.servers import ValetkeyServer
from tests.support.stores import Bucket

from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.upload import UploadState
from valetkey.testing.contracts.samples import new_upload

UPLOADS = 300


@pytest.mark.parametrize("ignored", ["", "options, extra_float_digits"])
def test_a_ledger_behind_a_pooler(ignored: str, postgres_url: str, tmp_path: Path) -> None:
    """It is migrated and used by many threads at once over few connections, with ``options`` refused or passed over."""
    with pooled(postgres_url, tmp_path, ignored=ignored) as url, migrated(url) as ledger:
        ledger.check()

        def one(_: int) -> bool:
            upload = new_upload(datetime.now(UTC))
            ledger.add([upload])
            kept = ledger.get(upload.id)
            assert kept is not None
            return ledger.replace(kept, kept.moved(UploadState.ABORTED))

        with ThreadPoolExecutor(16) as threads:
            assert all(threads.map(one, range(UPLOADS)))


def test_a_pooler_hands_no_lock_time_out_to_others(postgres_url: str, tmp_path: Path) -> None:
    """How long a lock is waited for is said for our transactions alone: the connection is another client's next."""
    with pooled(postgres_url, tmp_path, pool_size=1) as url, migrated(url) as ledger:
        with ledger._writers.begin() as connection:
            assert connection.execute(text("SHOW lock_timeout")).scalar() == "5s"
        with psycopg.connect(url, prepare_threshold=None) as other:
            assert other.execute("SHOW lock_timeout").fetchone() == ("0",)


def test_without_a_pooler_nothing_is_said_twice(postgres_url: str) -> None:
    """A direct connection has its time-out from its start, and prepares its statements."""
    with migrated(postgres_url) as ledger, ledger._writers.begin() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar() == "5s"
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.prepare_threshold is not None


def test_a_service_behind_a_pooler(
    valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket, postgres_url: str, tmp_path: Path
) -> None:
    """Of three hundred uploads that are asked for at once not one meets a 503."""
    with pooled(postgres_url, tmp_path) as url:
        server = valetkey_server(moto_bucket, env={"VALETKEY_DATABASE_URL": url})
        wanted = {"filename": "a", "content_type": "image/png", "size": 1}
        with (
            httpx.Client(base_url=server.base_url, headers=server.create_key("backend").headers) as client,
            ThreadPoolExecutor(16) as threads,
        ):
            answers = list(threads.map(lambda _: client.post("/v1/uploads", json=wanted).status_code, range(UPLOADS)))
        assert set(answers) == {201}


def test_a_pooler_that_refuses_for_another_reason_is_heard(tmp_path: Path, postgres_url: str) -> None:
    """Only the refusal of a startup parameter is answered by going without it."""
    with pooled(postgres_url, tmp_path) as url, pytest.raises(LedgerUnavailable), migrated(f"{url}-missing"):
        pass
