"""How many requests may wait for each of several stores at once."""

from threading import Timer

import pytest
from tests.unit.two_stores import Installation

from valetkey.adapters.memory import MemoryStore
from valetkey.core.gate import SharedLimit
from valetkey.core.stores import NamedStore


@pytest.fixture
def both() -> Installation:
    return Installation()


@pytest.mark.parametrize("stores", [2, 3, 5, 12, 47, 48, 49, 200])
@pytest.mark.parametrize("limit", [2, 4, 48])
def test_the_room_of_many_stores(limit: int, stores: int) -> None:
    """Two that hang leave room for others, however many there are; one alone has more than an equal share."""
    room = SharedLimit(limit, stores)

    def fill(name: str) -> int:
        return next(count for count in range(limit + 1) if not room.enter(name))

    alone = fill("a")
    assert limit // stores <= alone <= limit // 2 + 1
    assert alone >= limit // 4
    second = fill("b")
    assert second >= 1
    assert stores == 2 or limit <= 4 or room.enter("c")
    for name, count in {"a": alone, "b": second}.items():
        for _ in range(count):
            room.leave(name)
    assert fill("b") == alone


def test_who_waits_gets_the_place_that_is_left() -> None:
    """For as long as it says, and not longer."""
    room = SharedLimit(2, 2)
    assert room.enter("a")
    assert not room.enter("a", 0.01)
    leaving = Timer(0.05, room.leave, ["a"])
    leaving.start()
    assert room.enter("a", 60)
    leaving.join()


def test_one_store_has_all_the_room() -> None:
    """Whatever is left of it."""
    room = SharedLimit(3)
    assert [room.enter("default") for _ in range(4)] == [True, True, True, False]
    room.leave("default")
    assert room.enter("default")


def test_grants_of_many_stores(both: Installation) -> None:
    """With more stores than requests may wait, each of them still gives several grants at once."""
    many = [NamedStore(f"store-{number}", MemoryStore(f"bucket-{number}", clock=both.now)) for number in range(60)]
    both.restart(NamedStore("default", both.eu), NamedStore("us", both.us), *many, store_limit=48)
    depth: list[str] = []

    def ask_meanwhile(operation: str, subject: str) -> None:
        if operation == "credentials" and len(depth) < 8:
            depth.append(operation)
            both.create("docs")

    both.us.before = ask_meanwhile
    assert both.create("docs").store == "us"
    assert len(depth) == 8
