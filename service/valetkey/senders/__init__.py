"""Event senders. Each has a module with its name and settings that authenticates and parses its deliveries.

Another sender is one more module, and one more line here: a base of `EventSettings`.
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
    """The settings of all senders: `Settings` has them, and so the environment is read in one place."""


KINDS = tuple(base for base in EventSettings.__bases__ if issubclass(base, SenderSettings))
NAMES = tuple(kind.sender_name for kind in KINDS)
"""All senders that there are, whether their settings are made or not."""


AT = "@"
"""Between a sender and the store that it is of alone, in the names of what has proven itself: ``ceph@eu``."""


def kind_of(name: str) -> str:
    """The sender's own name, without the store that it is of."""
    return name.partition(AT)[0]


def make_senders(settings: EventSettings, context: SenderContext) -> dict[str, EventSender]:
    """Those that have what they need to be trusted, by name. Raises `ConfigurationError`."""
    made = {kind.sender_name: kind.make_sender(settings, context) for kind in KINDS}
    return {name: sender for name, sender in made.items() if sender is not None}


def make_endpoints(
    settings: EventSettings, stores: Mapping[str, EventSettings], context: SenderContext
) -> dict[str, EventEndpoint]:
    """By kind, the senders that have what they need to be trusted: those of ``settings``, and those that one of
    ``stores`` has for itself. Raises `ConfigurationError`, also where two have the same secret or topic."""
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
    """Raises `ConfigurationError` where two of ``given``, an installation (None) and its stores, say the same in one of
    the settings ``names``: nobody could tell whose events they are."""
    for name in names:
        seen: dict[object, str | None] = {}
        for store, said in given:
            value = getattr(said, name)
            for one in dict.fromkeys(value if isinstance(value, tuple) else [value] if value else []):
                if one in seen:
                    other = f"[stores.{seen[one]}]" if seen[one] else f"VALETKEY_{name.upper()}"
                    raise ConfigurationError(
                        f"{name} of [stores.{store}] is that of {other}, too: nobody could tell whose events they are."
                    )
                seen[one] = store
