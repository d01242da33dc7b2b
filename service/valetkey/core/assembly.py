"""The assembly: the one place where the core is wired, for the service, for the worker and for tests alike."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from valetkey.core.access.tickets import Tickets
from valetkey.core.confirming.confirmation import Confirmation
from valetkey.core.confirming.ending import Endings
from valetkey.core.confirming.removals import Removals
from valetkey.core.content.inspection import Inspector
from valetkey.core.erasing.eraser import Eraser
from valetkey.core.errors import ConfigurationError
from valetkey.core.events.observer import Observer
from valetkey.core.gate import StoreGate
from valetkey.core.granting.admission import Admission
from valetkey.core.granting.grantor import Grantor
from valetkey.core.granting.grants import GrantMaker
from valetkey.core.granting.parts import MultipartUploads
from valetkey.core.model.profile import Profile
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.schedule import SCHEDULE, Schedule
from valetkey.core.ports.announcing import Notifier
from valetkey.core.ports.content import TypeDetector
from valetkey.core.ports.delivery import AddressSigner
from valetkey.core.ports.ledger import Ledger
from valetkey.core.ports.store import ObjectStore
from valetkey.core.service import UploadService
from valetkey.core.sweeping.sweep import Sweep
from valetkey.core.taking.claims import Claims


class Assembly:
    """The core on these ports. ``public_url`` says where clients reach the service, without a slash at its end;
    ``pause`` waits for so many seconds.

    ``address_signer`` signs the addresses of profiles with ``download_signing``; one of them without it is refused.
    At most ``store_limit`` requests wait for the store at once, and as many more of the worker's.
    """

    service: UploadService
    """What answers requests. It never reads the bytes of objects, unless the application itself opens one."""

    observer: Observer
    """What the worker does with events from a queue."""

    sweep: Sweep
    """What the worker does with what is due."""

    eraser: Eraser
    """What the worker does where an owner is to be erased."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        ledger: Ledger,
        notifier: Notifier,
        detector: TypeDetector,
        profiles: Mapping[str, Profile],
        tickets: Tickets,
        public_url: Callable[[], str],
        schedule: Schedule = SCHEDULE,
        store_limit: int = 48,
        address_signer: AddressSigner | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        for profile in profiles.values():
            if profile.download_signing is not None and address_signer is None:
                raise ConfigurationError(
                    f"Profile {profile.name!r} has download_signing: set VALETKEY_CLOUDFRONT_KEY_PAIR_ID and "
                    "VALETKEY_CLOUDFRONT_PRIVATE_KEY_FILE."
                )
        self._store, self._ledger, self._schedule = store, ledger, schedule
        self._clock, self._pause = clock, pause
        self._address_signer = address_signer
        self.profiles = Profiles(profiles)
        self.grants = GrantMaker(store, public_url)
        self.multiparts = MultipartUploads(store=store, ledger=ledger, profiles=self.profiles, grants=self.grants)
        self.endings = Endings(ledger=ledger, notifier=notifier, schedule=schedule, clock=clock)
        self.gate = StoreGate(store.bucket, store_limit)
        self.removals = Removals(store)
        self.confirmation = self._confirmation(self.gate)
        # what runs beside the requests reads the first bytes of objects, and copies what takes long
        self.inspecting = self._confirmation(StoreGate(store.bucket, store_limit), Inspector(store, detector))
        self.service = self._service(tickets)
        self.observer = self._observer(self.inspecting)
        self.sweep = Sweep(
            store=store,
            ledger=ledger,
            endings=self.endings,
            confirmation=self.inspecting,
            profiles=self.profiles,
            schedule=schedule,
            clock=clock,
        )

        self.eraser = Eraser(
            ledger=ledger,
            endings=self.endings,
            confirmation=self.inspecting,
            bucket=store.bucket,
            schedule=schedule,
            clock=clock,
        )

    def _confirmation(self, gate: StoreGate, inspector: Inspector | None = None) -> Confirmation:
        return Confirmation(
            store=self._store,
            ledger=self._ledger,
            profiles=self.profiles,
            endings=self.endings,
            multiparts=self.multiparts,
            gate=gate,
            removals=self.removals,
            schedule=self._schedule,
            clock=self._clock,
            pause=self._pause,
            inspector=inspector,
        )

    def _observer(self, confirmation: Confirmation) -> Observer:
        return Observer(bucket=self._store.bucket, ledger=self._ledger, confirmation=confirmation, clock=self._clock)

    def _service(self, tickets: Tickets) -> UploadService:
        return UploadService(
            store=self._store,
            ledger=self._ledger,
            profiles=self.profiles,
            tickets=tickets,
            admission=Admission(
                store=self._store, ledger=self._ledger, profiles=self.profiles, schedule=self._schedule
            ),
            grantor=Grantor(
                ledger=self._ledger,
                profiles=self.profiles,
                tickets=tickets,
                grants=self.grants,
                multiparts=self.multiparts,
                schedule=self._schedule,
                gate=self.gate,
            ),
            multiparts=self.multiparts,
            confirmation=self.confirmation,
            endings=self.endings,
            observer=self._observer(self.confirmation),
            claims=Claims(ledger=self._ledger, clock=self._clock),
            gate=self.gate,
            address_signer=self._address_signer,
            clock=self._clock,
        )
