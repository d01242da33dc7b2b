"""What `valetkey doctor` reports about a backlog of work."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.support.ledgers import migrated

from valetkey.core.model.announcement import Announcer
from valetkey.core.model.upload import UploadState
from valetkey.doctor.ledger import SOME, backlog
from valetkey.testing.contracts.samples import new_upload


def test_a_webhook_that_waits_is_seen_behind_many_younger_ones(tmp_path: Path) -> None:
    """The newest were looked at, and where a receiver takes some and not others, the late ones are the oldest."""
    now = datetime.now(UTC)
    moments = iter([now - timedelta(hours=2)])
    announcer = Announcer(lambda *_: "{}", lambda: next(moments, now))
    with migrated(f"sqlite:///{tmp_path / 'ledger.db'}", announcer) as ledger:
        uploads = [new_upload(now) for _ in range(SOME + 20)]
        ledger.add(uploads)
        assert ledger.replace_all([(one, one.moved(UploadState.ABORTED, due_at=None)) for one in uploads])
        visit: Any = SimpleNamespace(working_ledger=ledger)
        said = [one.seen for one in backlog(visit) if one.check == "outbox"]
    assert said == ["1 webhooks wait for longer than 5 min."]
