"""Whatever text a client sends, a database gives it back."""

from datetime import UTC

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from valetkey.adapters.sql import SqlLedger
from valetkey.testing.contracts.samples import upload

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)
"""What the API lets in: no NUL, which PostgreSQL does not keep."""


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
