"""A database returns any text that a client sends unchanged, and an upload that is created once exists once."""

from datetime import UTC

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete

from valetkey.adapters.sql import SqlLedger, once
from valetkey.adapters.sql.schema import idempotency, uploads
from valetkey.core.access.callers import Allowance
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.upload import Upload
from valetkey.core.ports.ledger import Once
from valetkey.testing.contracts.samples import NOW, upload

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)
"""What the API lets in: no NUL, which PostgreSQL does not keep."""


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_any_text_comes_back(kept: SqlLedger, data: st.DataObject) -> None:
    """Whatever a client calls its file, and whatever it says of it."""
    one = upload()._replace(
        filename=data.draw(TEXT),
        owner=data.draw(TEXT),
        metadata=data.draw(st.dictionaries(TEXT, TEXT, max_size=5)),
        size=data.draw(st.integers(0, 2**63 - 1)),
        created_at=data.draw(st.datetimes(timezones=st.just(UTC))),
    )
    kept.add([one])
    assert kept.get(one.id) == one


@pytest.mark.parametrize("limited", [False, True])
def test_what_is_forgotten_while_its_key_is_looked_at(
    sqlite: SqlLedger, monkeypatch: pytest.MonkeyPatch, limited: bool
) -> None:
    """As the retention of another process does it, between two statements at READ COMMITTED: the key is free, so what
    is granted for it is in the ledger."""
    old, new = Once(upload(), "key", "f"), Once(upload(), "key", "f")
    sqlite.add_once([old])
    find = once.find_upload

    def forget_first(connection: Connection, upload_id: str) -> Upload | None:
        connection.execute(delete(idempotency))
        connection.execute(delete(uploads))
        return find(connection, upload_id)

    monkeypatch.setattr(once, "find_upload", forget_first)
    if limited:
        assert sqlite.add_once_within(new, Allowance("t", 1, NOW)) == new
    else:
        assert sqlite.add_once([new]) == [new]
    assert sqlite.get(new.upload.id) == new.upload


def test_a_key_whose_upload_stays_away(sqlite: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is granted that the ledger does not have, and nobody tries for ever."""
    old, new = Once(upload(), "key", "f"), Once(upload(), "key", "f")
    sqlite.add_once([old])
    monkeypatch.setattr(once, "find_upload", lambda *_: None)
    with pytest.raises(LedgerUnavailable):
        sqlite.add_once([new])
    monkeypatch.undo()
    assert sqlite.get(new.upload.id) is None
    assert sqlite.add_once([new]) == [old]
