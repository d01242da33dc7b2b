"""Events of stores, in one shape whatever the sender wrote."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NewType, Protocol

Sequencer = NewType("Sequencer", str)
"""A place in the order of one key's events, by text order: hex digits, the most significant first, without zeros at
their end (the S3 user guide pads the shorter one with zeros on the right; leaving them out orders the same)."""


def sequencer_of(text: object) -> Sequencer | None:
    """The sequencer that AWS, and those who write like it, mean by ``text``; None when it is no hex number."""
    if not isinstance(text, str) or not text or set(text.upper()) - set("0123456789ABCDEF"):
        return None
    return Sequencer(text.upper().rstrip("0"))


def sequencer_of_words(text: object) -> Sequencer | None:
    """The sequencer of Ceph RGW: two little-endian 32-bit words, seconds and nanoseconds (measured on 16.2)."""
    if sequencer_of(text) is None or len(str(text)) != 16:
        return None
    words = bytes.fromhex(str(text))
    return sequencer_of((words[3::-1] + words[:3:-1]).hex())


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """An object was created. ``key`` is decoded; ``etag`` without quotes; both ends of a hint, never a proof."""

    bucket: str
    key: str
    name: str
    etag: str | None = None
    size: int | None = None
    sequencer: Sequencer | None = None


@dataclass(frozen=True, slots=True)
class ScanEvent:
    """A scanner has looked at an object, or could not: then ``clean`` is None, and ``detail`` says why."""

    bucket: str
    key: str
    etag: str
    clean: bool | None
    detail: str | None = None


StoreEvent = ObjectEvent | ScanEvent


def newest(events: Iterable[ObjectEvent]) -> list[ObjectEvent]:
    """One event for each object, the last in the store's own order; an object is looked at as it is now, so once."""
    found: dict[tuple[str, str], ObjectEvent] = {}
    for event in events:
        place = (event.bucket, event.key)
        before = found.get(place)
        if before is None or (before.sequencer or "") < (event.sequencer or ""):
            found[place] = event
    return list(found.values())


class Parsed(NamedTuple):
    """What a delivery says: the creations and the verdicts in it, and how many of its records are neither (each logged
    with its reason)."""

    events: Sequence[StoreEvent]
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery whose body is not read yet: header names in lower case, the query's first values."""

    headers: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delivery(Arrival):
    """One HTTP delivery as it came, with its raw body."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the events of one delivery."""

    confirmed: int = 0
    rejected: int = 0
    ignored: int = 0


class Sender(Protocol):
    """One kind of event sender. `admit` comes first, then `authenticate`: `parse` may trust that both were done."""

    def admit(self, arrival: Arrival) -> None:
        """Raises `SenderRefused` where headers and query are enough to know that the delivery proves nothing: its body
        is not read then."""

    def authenticate(self, delivery: Delivery) -> None:
        """Raises `SenderRefused` unless the delivery proves who sent it."""

    def parse(self, body: bytes) -> Parsed:
        """What it says. A record that cannot be used hinders no other; raises `MalformedEvent` where there is none to
        be read at all, and `Unavailable` where the sender should try again."""
