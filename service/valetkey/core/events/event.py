"""Events of stores, in one shape for all senders.

An event only says which object to check; nothing else in it is trusted. The object is checked as it is at that moment,
once for each delivery, so events may come in any order. A repeated event repeats what the ledger knows and is ignored.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from valetkey.core.errors import SenderRefused


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """An object was created under the decoded ``key``; ``etag`` is without quotes. None: the event did not say."""

    bucket: str
    key: str
    etag: str | None = None
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScanEvent:
    """A scanner's verdict on an object; ``clean`` is None if it could not scan it, and ``detail`` says why."""

    bucket: str
    key: str
    etag: str
    clean: bool | None
    detail: str | None = None


StoreEvent = ObjectEvent | ScanEvent


class Parsed(NamedTuple):
    """The creations and verdicts in a delivery, and how many of its records were ignored (each logged with its
    reason)."""

    events: Sequence[StoreEvent]
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryHead:
    """A delivery whose body is not read yet: header names are in lower case, the query has the first value of each."""

    headers: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delivery(DeliveryHead):
    """One HTTP delivery as it came, with its raw body."""

    body: bytes


@dataclass(frozen=True, slots=True)
class EventCounts:
    """How many events of one delivery had each result."""

    confirmed: int = 0
    rejected: int = 0
    ignored: int = 0


class EventSender(Protocol):
    """One kind of event sender. `admit` comes first, then `authenticate`: `parse` may trust that both were done."""

    def admit(self, head: DeliveryHead) -> None:
        """Raises `SenderRefused` if headers and query alone show that the delivery is not authentic; its body is then
        never read."""

    def authenticate(self, delivery: Delivery) -> None:
        """Raises `SenderRefused` unless the delivery proves who sent it."""

    def parse(self, body: bytes) -> Parsed:
        """The events in the body. A record that cannot be used does not affect the others. Raises `MalformedEvent` if
        no record can be read, and `Unavailable` if the sender should retry."""


class EventEndpoint:
    """The senders of one kind, by name: the installation's, and those of single stores. The credential of a delivery
    tells which of them sent it."""

    def __init__(self, senders: Mapping[str, EventSender]) -> None:
        self._senders = senders

    def admit(self, head: DeliveryHead) -> None:
        """`EventSender.admit`, which one of the senders has to pass."""
        self._first(lambda sender: sender.admit(head))

    def authenticate(self, delivery: Delivery) -> tuple[str, EventSender]:
        """The sender of the delivery, with its name. Raises `SenderRefused` if there is none, and `Unavailable`."""
        return self._first(lambda sender: sender.authenticate(delivery))

    def _first(self, prove: Callable[[EventSender], None]) -> tuple[str, EventSender]:
        refused = ""  # only the detail: an exception in a local variable of the frame that raises it is a cycle
        for name, sender in self._senders.items():
            try:
                prove(sender)
            except SenderRefused as error:
                refused = refused or error.detail
            else:
                return name, sender
        raise SenderRefused(refused or "Nobody sends here.")
