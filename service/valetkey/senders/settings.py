"""The settings of senders, and how a sender is made from them."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator
from pydantic_settings import NoDecode

from valetkey.core.events.event import EventSender

Values = TypeVar("Values")


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(value) if isinstance(value, list) else value


Separated = Annotated[Values, NoDecode, BeforeValidator(_split)]
"""A setting with several values, such as ``Separated[tuple[str, ...]]``: separated by commas in the environment, a list
in the TOML file. In the environment, spaces around values and empty values are ignored."""


@dataclass(frozen=True, slots=True)
class SenderContext:
    """What a sender needs besides its settings. ``certificates`` returns a function that fetches an https URL, and
    ``confirm`` confirms a subscription by topic ARN and token; see `SnsSender` for their exceptions. ``store`` is the
    store whose settings the sender is made from; None: those of the installation."""

    certificates: Callable[[], Callable[[str], bytes]]
    confirm: Callable[[str, str], None]
    store: str | None = None

    def setting(self, field: str) -> str:
        """The name of the setting ``field``, for messages."""
        return f"VALETKEY_{field.upper()}" if self.store is None else f"{field} of [stores.{self.store}]"


class SenderSettings(BaseModel):
    """The settings of one sender. A field ``events_b2_secret`` is ``VALETKEY_EVENTS_B2_SECRET``; each has a default."""

    sender_name: ClassVar[str]
    """The last segment of its path: ``/v1/events/<name>``."""

    @abstractmethod
    def make_sender(self, context: SenderContext) -> EventSender | None:
        """The sender; None if its credential is not set. Raises `ConfigurationError` for invalid settings."""
