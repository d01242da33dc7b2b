"""Events of stores, in one shape whatever the sender wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """An object was created. ``key`` is decoded; ``etag`` without quotes; both ends of a hint, never a proof."""

    bucket: str
    key: str
    name: str
    etag: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP delivery as it came: header names in lower case, the query's first values, the raw body."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the events of one delivery."""

    confirmed: int = 0
    rejected: int = 0
    ignored: int = 0


class Sender(Protocol):
    """One kind of event sender. Authenticate first: `parse` may trust that it was done."""

    def authenticate(self, delivery: Delivery) -> None:
        """Raises `SenderRefused` unless the delivery proves who sent it."""

    def parse(self, body: bytes) -> Sequence[ObjectEvent]:
        """The creations in it; other events are left out. Raises `MalformedEvent`."""
