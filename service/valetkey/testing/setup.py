"""The set-up that valetkey in memory imitates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from valetkey.api.addresses import Address
from valetkey.api.hooks import Hooks
from valetkey.api.mounted import Mounted
from valetkey.api.owners import PageTickets
from valetkey.app import Installed
from valetkey.core.announcing.dispatcher import DELAYS
from valetkey.core.errors import SenderRefused
from valetkey.core.events.event import EventEndpoint
from valetkey.core.model.profile import Profile
from valetkey.core.model.schedule import SCHEDULE, Schedule
from valetkey.core.stores import Choose, NamedStore, no_choice
from valetkey.senders import make_endpoints
from valetkey.senders.settings import SenderContext
from valetkey.settings import load_config


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The settings that valetkey in memory shares with the one that it replaces."""

    address: Address
    profiles: Mapping[str, Profile]
    page_tickets: PageTickets
    hooks: Hooks
    is_open: bool
    stores: Sequence[NamedStore]
    choose: Choose = no_choice
    schedule: Schedule = SCHEDULE
    senders: Mapping[str, EventEndpoint] = field(default_factory=dict)
    webhook_secrets: Sequence[str] = ()
    webhook_delays: Sequence[float] = DELAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class InMemoryMounted(Mounted):
    """What the views use, with the set-up from which another in-memory valetkey can be made."""

    setup: Setup


def setup_of(installed: Installed) -> Setup:
    """The set-up of the valetkey mounted in an application."""
    settings = installed.settings
    return Setup(
        address=installed.address,
        profiles=installed.profiles,
        page_tickets=installed.page_tickets,
        hooks=installed.hooks.all,
        is_open=settings.auth == "open",
        stores=tuple(installed.core.stores),
        choose=installed.core.stores.choose,
        schedule=settings.schedule,
        senders=make_endpoints(
            settings, load_config(settings.config).stores, SenderContext(lambda: _fetch_nothing, lambda *_: None)
        ),
        webhook_secrets=settings.webhook_secrets,
        webhook_delays=settings.webhook_delays,
    )


def _fetch_nothing(url: str) -> bytes:
    raise SenderRefused(f"valetkey in memory fetches no certificates: {url[:200]}")
