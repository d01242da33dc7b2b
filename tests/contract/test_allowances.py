"""What every ledger must do for tickets that allow a number of uploads: exactly so many, whoever asks at once."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Protocol

import pytest
from tests.contract.records import MICROSECOND, NOW, upload
from tests.support.ledgers import migrated
from tests.support.parallel import in_parallel

from valetkey.adapters.memory import MemoryLedger
from valetkey.adapters.sql import SqlLedger
from valetkey.core.access.callers import Allowance
from valetkey.core.ports.ledger import Ledger, Once, Query

END = NOW + timedelta(hours=1)
THREE = Allowance("AAAAAAAAAAAAAAAA", 3, END)


class Pair(Protocol):
    """Two services' ledgers on one database."""

    def __getitem__(self, place: int) -> Ledger: ...


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    if request.param == "memory":
        yield [MemoryLedger()] * 2
        return
    file = f"sqlite:///{tmp_path / 'ledger.db'}"
    url = file if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with migrated(url) as one, closing(SqlLedger(url)) as other:
        yield one, other


@pytest.fixture
def ledger(two: Pair) -> Ledger:
    return two[0]


def recorded(ledger: Ledger) -> int:
    return len(ledger.page(Query("shop", 1000)))


def test_so_many_and_no_more(ledger: Ledger) -> None:
    """What does not fit any more is not recorded, and what is smaller still fits."""
    assert ledger.add_within([upload(), upload()], THREE)
    assert not ledger.add_within([upload(), upload()], THREE)
    assert ledger.add_within([upload()], THREE)
    assert not ledger.add_within([upload()], THREE)
    assert recorded(ledger) == 3


def test_more_at_once_than_there_ever_were(ledger: Ledger) -> None:
    """Is refused, and costs nothing."""
    assert not ledger.add_within([upload() for _ in range(4)], THREE)
    assert ledger.add_within([upload() for _ in range(3)], THREE)


def test_nothing_costs_nothing(ledger: Ledger) -> None:
    """Also when nothing is left."""
    assert ledger.add_within([], THREE)
    assert ledger.add_within([upload() for _ in range(3)], THREE)
    assert ledger.add_within([], THREE)
    assert not ledger.add_within([upload()], THREE)


def test_the_ticket_of_an_upload_is_kept(ledger: Ledger) -> None:
    """It is read back with its upload."""
    one = upload()._replace(ticket=THREE.ticket)
    assert ledger.add_within([one], THREE)
    assert ledger.get(one.id) == one


def test_tickets_are_counted_apart(ledger: Ledger) -> None:
    """One that is used up takes nothing from another."""
    assert ledger.add_within([upload() for _ in range(3)], THREE)
    assert ledger.add_within([upload()], Allowance("BBBBBBBBBBBBBBBB", 1, END))


def test_a_replay_spends_nothing(ledger: Ledger) -> None:
    """It gets what was recorded, also after the last one; a new key gets nothing then, and may come again later."""
    first = Once(upload(), "key", "f")
    assert ledger.add_once_within(first, THREE) == first
    assert ledger.add_once_within(Once(upload(), "key", "f"), THREE) == first
    assert ledger.add_within([upload(), upload()], THREE)
    late = Once(upload(), "late", "f")
    for _ in range(2):
        assert ledger.add_once_within(late, THREE) is None
        assert ledger.get(late.upload.id) is None
    assert ledger.add_once_within(Once(upload(), "key", "f"), THREE) == first
    assert ledger.add_once_within(late, Allowance(THREE.ticket, 4, END)) == late
    assert recorded(ledger) == 4


def test_exact_at_two_services(two: Pair) -> None:
    """Of 60 at once, 50 fit."""
    allowance = Allowance("CCCCCCCCCCCCCCCC", 50, END)
    pairs = zip(range(60), cycle([two[0], two[1]]), strict=False)
    done = in_parallel([lambda own=own: own.add_within([upload()], allowance) for _, own in pairs])  # type: ignore[misc]
    assert done.count(True) == 50
    assert recorded(two[1]) == 50


def test_one_key_for_the_last_one_at_two_services(two: Pair) -> None:
    """All who send the same key get the one upload: none is told that the ticket is used up."""
    for number in range(10):
        allowance = Allowance(f"{number:016}", 1, END)
        entries = [Once(upload(), f"key {number}", "f") for _ in range(8)]
        pairs = zip(entries, cycle([two[0], two[1]]), strict=False)
        kept = in_parallel([lambda own=own, one=one: own.add_once_within(one, allowance) for one, own in pairs])  # type: ignore[misc] # noqa: B023
        assert kept[0] in entries
        assert all(one == kept[0] for one in kept)
    assert recorded(two[1]) == 10


def test_expired_ones_are_forgotten(ledger: Ledger) -> None:
    """As many as asked for, and none that ends at that moment or later."""
    for number in range(5):
        assert ledger.add_within([upload()], Allowance(f"{number:016}", 1, END))
    assert ledger.forget_allowances(END, 10) == 0
    assert ledger.forget_allowances(END + MICROSECOND, 3) == 3
    assert ledger.forget_allowances(END + MICROSECOND, 3) == 2
    assert ledger.add_within([upload()], Allowance(f"{0:016}", 1, END))
