"""The queue in which a store's events wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a queue as it was received; ``receipt`` deletes it."""

    body: bytes
    receipt: str


class EventQueue(Protocol):
    """Where a store's events wait. Every method raises `StoreUnavailable` when it does not answer."""

    @property
    def visibility(self) -> int:
        """How long a received message is nobody else's, in seconds."""

    def receive(self, wait: int) -> Sequence[Message]:
        """Some messages; waits at most ``wait`` seconds for the first. Unless deleted, they come again."""

    def extend(self, messages: Sequence[Message]) -> None:
        """Keeps messages from others for `visibility` seconds from now on."""

    def delete(self, messages: Sequence[Message]) -> None:
        """Takes messages off the queue, for good."""
