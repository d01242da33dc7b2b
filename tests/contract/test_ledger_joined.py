"""A ledger's uploads in a transaction of the application, whatever engine it uses."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, create_engine, select
from sqlalchemy.dialects.postgresql import pg8000, psycopg
from sqlalchemy.engine import Dialect, make_url
from tests.contract.kinds import url_of_kind
from tests.support.ledgers import migrated

from valetkey.adapters.sql import SqlLedger
from valetkey.adapters.sql.driver import Direct
from valetkey.adapters.sql.schema import uploads
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


class Recorder:
    """As much of a connection as a statement needs, of some driver: what it would be asked, and with what."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.asked: list[tuple[str, Any]] = []

    def exec_driver_sql(self, text: str, given: Any) -> None:
        self.asked.append((text.rpartition("= ")[2], given))


@pytest.mark.parametrize("drivers", [*permutations([psycopg.dialect, pg8000.dialect])])
def test_each_driver_gets_a_statement_as_it_takes_it(drivers: tuple[Callable[[], Dialect], ...]) -> None:
    """The application's transaction may be by another one than ours, whoever was the first to ask."""
    by_id = Direct(select(uploads.c.version).where(uploads.c.id == bindparam("upload_id")))
    asked: dict[str, Any] = {}
    for make in drivers:
        connection: Any = Recorder(make())
        by_id.run(connection, {"upload_id": "x"})
        asked[connection.dialect.driver] = connection.asked
    assert asked == {
        "psycopg": [("%(upload_id)s::VARCHAR", {"upload_id": "x"})],
        "pg8000": [("%s::VARCHAR", ("x",))],
    }


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
