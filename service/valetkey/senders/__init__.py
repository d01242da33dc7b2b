"""Who may send events. Each has a module that says its name and its settings, proves who sent a delivery, and reads it.

Another sender is one more module, and one more line here: a base of `EventSettings`.
"""

from valetkey.core.events.event import EventSender
from valetkey.senders.b2 import B2Settings
from valetkey.senders.ceph import CephSettings
from valetkey.senders.eventbridge import EventBridgeSettings
from valetkey.senders.minio import MinioSettings
from valetkey.senders.settings import Outside, SenderSettings
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


def make_senders(settings: EventSettings, outside: Outside) -> dict[str, EventSender]:
    """Those that have what they need to be trusted, by name. Raises `ConfigurationError`."""
    made = {kind.sender_name: kind.make_sender(settings, outside) for kind in KINDS}
    return {name: sender for name, sender in made.items() if sender is not None}
