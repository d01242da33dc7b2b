"""Uploads of a ledger in a transaction of the application's own, by whatever engine that has made."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from tests.contract.kinds import url_of_kind
from tests.support.ledgers import migrated

from valetkey.adapters.sql import SqlLedger
from valetkey.core.errors import ConfigurationError, LedgerUnavailable
from valetkey.testing.contracts.samples import upload


@dataclass
class Beside:
    """A ledger, and the application's own way into its database."""

    ledger: SqlLedger
    engine: Engine


@pytest.fixture(params=["sqlite", "postgresql"])
def beside(request: pytest.FixtureRequest) -> Iterator[Beside]:
    url = url_of_kind(request, request.param)
    place = make_url(url)
    driver = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}[request.param]
    engine = create_engine(place.set(drivername=driver), connect_args={"timeout": 1} if driver == "sqlite" else {})
    with migrated(url) as ledger:
        yield Beside(ledger, engine)
    engine.dispose()


@pytest.mark.parametrize("committed", [True, False])
def test_a_change_is_the_transactions(beside: Beside, *, committed: bool) -> None:
    """It is seen within, by nobody else before the commit, and by nobody at all after a rollback."""
    before = upload()
    beside.ledger.add([before])
    after = before.changed(pins=7)
    with beside.engine.connect() as connection:
        rows = beside.ledger.joined(connection)
        assert rows.replace_all([(before, after)])
        assert rows.get(before.id) == after
        assert beside.ledger.get(before.id) == before
        if committed:
            connection.commit()
    assert beside.ledger.get(before.id) == (after if committed else before)


def test_all_or_none(beside: Beside) -> None:
    """Where one has changed meanwhile nothing is written, and the transaction can go on."""
    one, other = upload(), upload()
    beside.ledger.add([one, other])
    assert beside.ledger.replace(other, other.changed(pins=1))
    with beside.engine.connect() as connection:
        rows = beside.ledger.joined(connection)
        assert not rows.replace_all([(one, one.changed(pins=2)), (other, other.changed(pins=2))])
        assert rows.replace_all([(one, one.changed(pins=3))])
        connection.commit()
    assert [found and found.pins for found in map(beside.ledger.get, (one.id, other.id))] == [3, 1]


def test_whoever_changes_it_meanwhile_waits_and_loses(beside: Beside) -> None:
    """The ledger's own change finds the row locked, or changed: never both are written."""
    before = upload()
    beside.ledger.add([before])
    with beside.engine.connect() as connection:
        assert beside.ledger.joined(connection).replace_all([(before, before.changed(pins=1))])
        with pytest.raises(LedgerUnavailable):
            beside.ledger.replace(before, before.changed(pins=2))
        connection.commit()
    assert not beside.ledger.replace(before, before.changed(pins=2))
    found = beside.ledger.get(before.id)
    assert found is not None
    assert found.pins == 1


def test_another_database_is_refused(beside: Beside) -> None:
    """A claim there would be written to nowhere; the words say what it is about."""
    with create_engine("sqlite:///:memory:").connect() as elsewhere:
        for transaction in (elsewhere, "db.session", None):
            with pytest.raises(ConfigurationError, match="within"):
                beside.ledger.joined(transaction)
