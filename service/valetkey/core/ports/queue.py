"""A queue of a store's events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One received message of a queue; ``receipt`` is the handle that deletes it."""

    body: bytes
    receipt: str


class EventQueue(Protocol):
    """A queue of a store's events. Every method raises `StoreUnavailable` if it does not answer."""

    @property
    def visibility(self) -> int:
        """The visibility timeout in seconds: how long a received message is hidden from other receivers."""

    def receive(self, wait: int) -> Sequence[Message]:
        """Some messages; waits at most ``wait`` seconds for the first. Unless deleted, they come again."""

    def extend(self, messages: Sequence[Message]) -> None:
        """Keeps messages from others for `visibility` seconds from now on."""

    def delete(self, messages: Sequence[Message]) -> None:
        """Takes messages off the queue, for good."""
