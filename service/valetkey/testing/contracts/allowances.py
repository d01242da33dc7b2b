"""The contract of ledgers for tickets with a limit: never more uploads, however many processes create them at once."""

from datetime import timedelta
from itertools import cycle
from typing import Protocol

import pytest

from valetkey.core.access.callers import Allowance
from valetkey.core.ports.ledger import Ledger, Once, Query
from valetkey.testing.contracts.parallel import in_parallel
from valetkey.testing.contracts.samples import MICROSECOND, NOW, upload

END = NOW + timedelta(hours=1)
THREE = Allowance("AAAAAAAAAAAAAAAA", 3, END)


class TwoLedgers(Protocol):
    """The ledgers of two services on one database."""

    def __getitem__(self, place: int) -> Ledger: ...


def recorded(ledger: Ledger) -> int:
    return len(ledger.page(Query("shop", 1000)))


class AllowanceContract:
    """What every ledger must do for two services. A fixture ``two`` provides two ledgers on one empty database."""

    @pytest.fixture
    def ledger(self, two: TwoLedgers) -> Ledger:
        return two[0]

    def test_so_many_and_no_more(self, ledger: Ledger) -> None:
        """A batch that exceeds the rest of the limit is not recorded; a smaller one still is."""
        assert ledger.add_within([upload(), upload()], THREE)
        assert not ledger.add_within([upload(), upload()], THREE)
        assert ledger.add_within([upload()], THREE)
        assert not ledger.add_within([upload()], THREE)
        assert recorded(ledger) == 3

    def test_more_at_once_than_there_ever_were(self, ledger: Ledger) -> None:
        """A batch that exceeds the whole limit is refused, and uses up nothing."""
        assert not ledger.add_within([upload() for _ in range(4)], THREE)
        assert ledger.add_within([upload() for _ in range(3)], THREE)

    def test_nothing_costs_nothing(self, ledger: Ledger) -> None:
        """An empty batch is accepted, even if nothing is left."""
        assert ledger.add_within([], THREE)
        assert ledger.add_within([upload() for _ in range(3)], THREE)
        assert ledger.add_within([], THREE)
        assert not ledger.add_within([upload()], THREE)

    def test_the_ticket_of_an_upload_is_kept(self, ledger: Ledger) -> None:
        """The ticket is read back with the upload."""
        one = upload()._replace(ticket=THREE.ticket)
        assert ledger.add_within([one], THREE)
        assert ledger.get(one.id) == one

    def test_tickets_are_counted_apart(self, ledger: Ledger) -> None:
        """A ticket that is used up does not affect another one."""
        assert ledger.add_within([upload() for _ in range(3)], THREE)
        assert ledger.add_within([upload()], Allowance("BBBBBBBBBBBBBBBB", 1, END))

    def test_a_replay_spends_nothing(self, ledger: Ledger) -> None:
        """A replay returns the recorded upload, even if the ticket is used up; a new key is refused then, but may be
        used later."""
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

    def test_exact_at_two_services(self, two: TwoLedgers) -> None:
        """Of 60 concurrent uploads, exactly 50 are recorded."""
        allowance = Allowance("CCCCCCCCCCCCCCCC", 50, END)
        pairs = zip(range(60), cycle([two[0], two[1]]), strict=False)
        done = in_parallel([lambda own=own: own.add_within([upload()], allowance) for _, own in pairs])  # type: ignore[misc]
        assert done.count(True) == 50
        assert recorded(two[1]) == 50

    def test_one_key_for_the_last_one_at_two_services(self, two: TwoLedgers) -> None:
        """Concurrent calls with the same key all get the same upload: none is told that the ticket is used up."""
        for number in range(10):
            allowance = Allowance(f"{number:016}", 1, END)
            entries = [Once(upload(), f"key {number}", "f") for _ in range(8)]
            pairs = zip(entries, cycle([two[0], two[1]]), strict=False)
            kept = in_parallel([lambda own=own, one=one: own.add_once_within(one, allowance) for one, own in pairs])  # type: ignore[misc] # noqa: B023
            assert kept[0] in entries
            assert all(one == kept[0] for one in kept)
        assert recorded(two[1]) == 10

    def test_expired_ones_are_forgotten(self, ledger: Ledger) -> None:
        """Up to the limit, and none that expires at that moment or later."""
        for number in range(5):
            assert ledger.add_within([upload()], Allowance(f"{number:016}", 1, END))
        assert ledger.forget_allowances(END, 10) == 0
        assert ledger.forget_allowances(END + MICROSECOND, 3) == 3
        assert ledger.forget_allowances(END + MICROSECOND, 3) == 2
        assert ledger.add_within([upload()], Allowance(f"{0:016}", 1, END))
