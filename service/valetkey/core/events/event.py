"""Events of stores, in one shape whatever the sender wrote.

An event says where to look, and nothing else of it is believed: the object is looked at as it is then, once for each
delivery, so events need no order. One that comes again tells what the ledger knows, and nobody has to look.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from valetkey.core.errors import SenderRefused


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """An object was created under ``key``, which is decoded; ``etag`` is without quotes. None: it was not said."""

    bucket: str
    key: str
    etag: str | None = None
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScanEvent:
    """A scanner has looked at an object, or could not: then ``clean`` is None, and ``detail`` says why."""

    bucket: str
    key: str
    etag: str
    clean: bool | None
    detail: str | None = None


StoreEvent = ObjectEvent | ScanEvent


class Parsed(NamedTuple):
    """What a delivery says: the creations and the verdicts in it, and how many of its records are neither (each logged
    with its reason)."""

    events: Sequence[StoreEvent]
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryHead:
    """A delivery whose body is not read yet: header names in lower case, the query's first values."""

    headers: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delivery(DeliveryHead):
    """One HTTP delivery as it came, with its raw body."""

    body: bytes


@dataclass(frozen=True, slots=True)
class EventCounts:
    """How many events of one delivery led to what."""

    confirmed: int = 0
    rejected: int = 0
    ignored: int = 0


class EventSender(Protocol):
    """One kind of event sender. `admit` comes first, then `authenticate`: `parse` may trust that both were done."""

    def admit(self, head: DeliveryHead) -> None:
        """Raises `SenderRefused` where headers and query are enough to know that the delivery proves nothing: its body
        is not read then."""

    def authenticate(self, delivery: Delivery) -> None:
        """Raises `SenderRefused` unless the delivery proves who sent it."""

    def parse(self, body: bytes) -> Parsed:
        """What it says. A record that cannot be used hinders no other; raises `MalformedEvent` where there is none to
        be read at all, and `Unavailable` where the sender should try again."""


class EventEndpoint:
    """The senders of one kind, by their names: an installation's, and those that one of its stores has alone. What
    proves a delivery tells which of them sent it."""

    def __init__(self, senders: Mapping[str, EventSender]) -> None:
        self._senders = senders

    def admit(self, head: DeliveryHead) -> None:
        """As of `EventSender`, for any of them."""
        self._first(lambda sender: sender.admit(head))

    def authenticate(self, delivery: Delivery) -> tuple[str, EventSender]:
        """Whose it is, by name. Raises `SenderRefused` where it is nobody's, and `Unavailable`."""
        return self._first(lambda sender: sender.authenticate(delivery))

    def _first(self, prove: Callable[[EventSender], None]) -> tuple[str, EventSender]:
        refused = ""  # the detail alone: an error in a variable of what raises it is a cycle
        for name, sender in self._senders.items():
            try:
                prove(sender)
            except SenderRefused as error:
                refused = refused or error.detail
            else:
                return name, sender
        raise SenderRefused(refused or "Nobody sends here.")
