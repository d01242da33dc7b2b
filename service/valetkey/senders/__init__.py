"""Event senders: a module for each, with its name, its settings, and how its deliveries are authenticated and parsed.

To add a sender, add a module, and its settings as a base of `EventSettings`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel

from valetkey.core.errors import ConfigurationError
from valetkey.core.events.event import EventEndpoint, EventSender
from valetkey.senders.b2 import B2Settings
from valetkey.senders.ceph import CephSettings
from valetkey.senders.eventbridge import EventBridgeSettings
from valetkey.senders.minio import MinioSettings
from valetkey.senders.settings import SenderContext, SenderSettings
from valetkey.senders.sns import SnsSettings


class EventSettings(
    SnsSettings,
    EventBridgeSettings,
    MinioSettings,
    CephSettings,
    B2Settings,
):
    """The settings of all senders. `Settings` inherits them, so that the environment is read in one place only."""


KINDS = tuple(base for base in EventSettings.__bases__ if issubclass(base, SenderSettings))
NAMES = tuple(kind.sender_name for kind in KINDS)
"""The names of all senders, whether they are configured or not."""


AT = "@"
"""Separates the sender from the store in the name of a sender that is configured for one store: ``ceph@eu``."""


def kind_of(name: str) -> str:
    """The sender's name without its store: ``ceph`` for ``ceph@eu``."""
    return name.partition(AT)[0]


def make_senders(settings: EventSettings, context: SenderContext) -> dict[str, EventSender]:
    """The senders that are configured, by name. Raises `ConfigurationError`."""
    made = {kind.sender_name: kind.make_sender(settings, context) for kind in KINDS}
    return {name: sender for name, sender in made.items() if sender is not None}


def make_endpoints(
    settings: EventSettings, stores: Mapping[str, EventSettings], context: SenderContext
) -> dict[str, EventEndpoint]:
    """The endpoint of each kind of sender: for the senders that ``settings`` and each of ``stores`` configure. Raises
    `ConfigurationError`, also if two of them have the same secret or topic."""
    require_apart([(None, settings), *stores.items()], EventSettings.model_fields)
    made = make_senders(settings, context)
    for store, said in stores.items():
        made |= {
            f"{kind}{AT}{store}": sender for kind, sender in make_senders(said, replace(context, store=store)).items()
        }
    return {
        kind: EventEndpoint({name: sender for name, sender in made.items() if kind_of(name) == kind})
        for kind in dict.fromkeys(map(kind_of, made))
    }


def require_apart(given: Sequence[tuple[str | None, BaseModel]], names: Iterable[str]) -> None:
    """Raises `ConfigurationError` if two of ``given``, an installation (None) and its stores, have the same value of
    one of the settings ``names``: an event could not be attributed to its store."""
    for name in names:
        seen: dict[object, str | None] = {}
        for store, said in given:
            value = getattr(said, name)
            for one in dict.fromkeys(value if isinstance(value, tuple) else [value] if value else []):
                if one in seen:
                    other = f"[stores.{seen[one]}]" if seen[one] else f"VALETKEY_{name.upper()}"
                    raise ConfigurationError(
                        f"{name} of [stores.{store}] is the same as that of {other}: events could not be attributed to "
                        "their store."
                    )
                seen[one] = store
