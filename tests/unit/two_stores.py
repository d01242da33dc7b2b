"""An installation with two stores in memory, for tests of what each is to the other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.unit.memory_world import FIRST, NOW, OWNER

from valetkey.adapters.magic import MagicDetector
from valetkey.adapters.memory import MemoryLedger, MemoryStore
from valetkey.core.access.tickets import Tickets
from valetkey.core.assembly import Assembly
from valetkey.core.errors import (
    StoreUnavailable,
)
from valetkey.core.events.event import EventCounts, ObjectEvent
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grants import PostGrant
from valetkey.core.model.multipart import MIB
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Detect
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.stores import Choose, NamedStore, Stores, no_choice

PROFILES = {
    "default": Profile("default"),
    "docs": Profile("docs", store="us"),
    "checked": Profile("checked", store="us", detect=Detect.REJECT),
    "scanned": Profile("scanned", store="us", scan=True),
    "parts": Profile("parts", store="us", multipart_from=1, part_size=5 * MIB, max_size=20 * MIB),
}


class Silent:
    def ended(self, upload: Upload) -> None: ...


@dataclass
class Installation:
    """An installation on the stores that are in ``configured`` now; `restart` makes its process anew."""

    eu: MemoryStore = field(init=False)
    us: MemoryStore = field(init=False)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    profiles: Mapping[str, Profile] = field(default_factory=lambda: PROFILES)
    choose: Choose = no_choice
    time: datetime = NOW
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    core: Assembly = field(init=False)

    def __post_init__(self) -> None:
        self.eu = MemoryStore("bucket-eu", clock=self.now, before=self._hook("default"))
        self.us = MemoryStore("bucket-us", clock=self.now, before=self._hook("us"))
        self.restart()

    def now(self) -> datetime:
        return self.time

    def _hook(self, name: str) -> Callable[[str, str], None]:
        def before(operation: str, subject: str) -> None:
            self.asked.append(name)
            if name in self.down:
                raise StoreUnavailable(f"{name} does not answer.")

        return before

    def restart(self, *stores: NamedStore, **changes: Any) -> None:
        """A process that is configured with ``stores``: with both, where none is given."""
        both = (NamedStore("default", self.eu), NamedStore("us", self.us))
        self.core = Assembly(
            stores=Stores(stores or both, self.choose),
            ledger=self.ledger,
            notifier=Silent(),
            detector=MagicDetector(),
            profiles=self.profiles,
            tickets=Tickets(["secret"]),
            public_url=lambda: "https://uploads.example",
            clock=self.now,
            pause=lambda _: None,
            **changes,
        )
        self.service = self.core.service

    def create(self, profile: str = "default", owner: str | None = None, **asked: Any) -> Upload:
        request = UploadRequest("a photo.png", "image/png", len(FIRST), profile=profile, owner=owner)
        return self.service.create(OWNER, request._replace(**asked)).upload

    def send(self, upload: Upload, content: bytes = FIRST) -> None:
        """The client's POST, to where its grant says."""
        grant = self.service.renew(OWNER, upload.id).grant
        assert isinstance(grant, PostGrant)
        place = {self.eu.post_url: self.eu, self.us.post_url: self.us}[grant.url]
        assert place.post(list(grant.fields.items()), content).status == 201

    def arrived(self, profile: str, **asked: Any) -> Upload:
        """An upload whose bytes are there, and which nobody has reported."""
        upload = self.create(profile, **asked)
        self.send(upload)
        return upload

    def state(self, upload: Upload) -> UploadState:
        return self.ledger._uploads[upload.id].state

    def store_of(self, upload: Upload) -> MemoryStore:
        return self.us if upload.store == "us" else self.eu

    def event(self, *uploads: Upload, sender: str | None = None) -> EventCounts:
        """The stores' events for these uploads, in one delivery."""
        events = [ObjectEvent(one.bucket, one.arrival_key) for one in uploads]
        return self.service.observe(events, sender=sender)


def without_us(both: Installation) -> None:
    both.profiles = {"default": Profile("default")}
    both.restart(NamedStore("default", both.eu))
