"""The assembly: the one place where the core is wired, for the service, for the worker and for tests alike."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from types import MappingProxyType

from valetkey.core.access.tickets import Tickets
from valetkey.core.confirming.confirmation import Confirmation
from valetkey.core.confirming.ending import Endings
from valetkey.core.confirming.removals import Removals
from valetkey.core.content.inspection import Inspector
from valetkey.core.erasing.eraser import Eraser
from valetkey.core.errors import ConfigurationError
from valetkey.core.events.observer import Observer, StoreIsolation
from valetkey.core.gate import SharedLimit, StoreGate, StoreLimit
from valetkey.core.granting.admission import Admission
from valetkey.core.granting.declaration import Shared
from valetkey.core.granting.grantor import Grantor
from valetkey.core.granting.grants import GrantMaker
from valetkey.core.granting.lockability import LockabilityCheck
from valetkey.core.granting.parts import MultipartUploads
from valetkey.core.model.profile import Profile
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.schedule import SCHEDULE, Schedule
from valetkey.core.outages import Outages
from valetkey.core.ports.announcing import Notifier
from valetkey.core.ports.content import TypeDetector
from valetkey.core.ports.delivery import AddressSigner
from valetkey.core.ports.ledger import Ledger
from valetkey.core.service import UploadService
from valetkey.core.stores import ByStore, NamedStore, Stores
from valetkey.core.sweeping.retention import Retention
from valetkey.core.sweeping.sweep import Sweep
from valetkey.core.taking.claims import Claims

_STORE_BUSY = "Too many requests wait for the store at this moment."
_CHECKING = "Too many uploads are being checked at this moment."


class Assembly:
    """The core, wired to these ports. ``public_url`` returns the URL at which clients reach the service, without a
    trailing slash; ``pause`` sleeps for a number of seconds.

    ``address_signer`` signs download URLs of profiles with ``download_signing``, which are refused without it.
    At most ``store_limit`` requests wait for all stores at once, and at most ``event_threads`` threads of the worker
    handle events; `SharedLimit` says how the stores share each limit. Raises `ConfigurationError` if the store of a
    profile cannot take its uploads.
    """

    service: UploadService
    """Answers requests. It never reads the bytes of objects, unless the application itself opens one."""

    observer: Observer
    """Handles events that the worker reads from a queue."""

    sweeps: Sequence[Sweep]
    """The worker's sweep of each store."""

    retention: Retention
    """The worker's removal of old rows from the ledger, which needs no store."""

    eraser: Eraser
    """The worker's erasure of owners."""

    def __init__(
        self,
        *,
        stores: Stores,
        ledger: Ledger,
        notifier: Notifier,
        detector: TypeDetector,
        profiles: Mapping[str, Profile],
        tickets: Tickets,
        public_url: Callable[[], str],
        schedule: Schedule = SCHEDULE,
        store_limit: int = 48,
        event_threads: int = 4,
        address_signer: AddressSigner | None = None,
        shared: Mapping[str, Shared] = MappingProxyType({}),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        for profile in profiles.values():
            if profile.download_signing is not None and address_signer is None:
                raise ConfigurationError(
                    f"Profile {profile.name!r} has download_signing: set VALETKEY_CLOUDFRONT_KEY_PAIR_ID and "
                    "VALETKEY_CLOUDFRONT_PRIVATE_KEY_FILE."
                )
        stores.require_fit(profiles)
        self.stores, self._ledger, self._schedule = stores, ledger, schedule
        self._clock, self._pause, self._detector = clock, pause, detector
        # a store that is unavailable or slow delays no requests for the others
        self._waiting, self._signing = SharedLimit(store_limit, len(stores)), SharedLimit(store_limit, len(stores))
        self._address_signer, self._shared = address_signer, shared
        self.profiles = Profiles(profiles)
        self.grants = stores.each(lambda one: GrantMaker(one.store, public_url))
        self.multiparts = stores.each(self._multiparts)
        self.endings = Endings(ledger=ledger, notifier=notifier, schedule=schedule, clock=clock)
        self.gates = stores.each(lambda one: self._gate(one, StoreLimit(self._waiting, one.name, _CHECKING)))
        self.removals = stores.each(lambda one: Removals(one.store))
        self.confirmations = stores.each(lambda one: self._confirmation(one, self.gates[one.name]))
        # only the worker reads the first bytes of objects and makes long copies
        self.inspecting = stores.each(self._inspecting)
        self.service = self._service(tickets)
        self.observer = self._observer(
            self.inspecting,
            StoreIsolation(Outages(clock), SharedLimit(event_threads, len(stores))) if len(stores) > 1 else None,
        )
        self.sweeps = [self._sweep(one) for one in stores]
        self.retention = Retention(ledger=ledger, profiles=self.profiles, schedule=schedule, clock=clock)
        self.eraser = Eraser(
            ledger=ledger,
            endings=self.endings,
            stores=stores,
            confirmations=self.inspecting,
            schedule=schedule,
            clock=clock,
        )

    @property
    def sweep(self) -> Sweep:
        """The sweep of the first store, which is the only one in most installations."""
        return self.sweeps[0]

    def _multiparts(self, one: NamedStore) -> MultipartUploads:
        return MultipartUploads(
            store=one.store, ledger=self._ledger, profiles=self.profiles, grants=self.grants[one.name]
        )

    def _gate(self, one: NamedStore, within: AbstractContextManager[None]) -> StoreGate:
        return StoreGate(one.store.bucket, within)

    def _signing_of(self, one: NamedStore) -> AbstractContextManager[None]:
        if len(self.stores) == 1:
            return nullcontext()
        return StoreLimit(self._signing, one.name, "Too many grants are being signed at this moment.")

    def _inspecting(self, one: NamedStore) -> Confirmation:
        """The worker's confirmation of one store; it needs no gate, as the worker has few threads."""
        gate = self._gate(one, nullcontext())
        return self._confirmation(one, gate, Inspector(one.store, self._detector))

    def _confirmation(self, one: NamedStore, gate: StoreGate, inspector: Inspector | None = None) -> Confirmation:
        return Confirmation(
            store=one.store,
            ledger=self._ledger,
            profiles=self.profiles,
            endings=self.endings,
            multiparts=self.multiparts[one.name],
            gate=gate,
            removals=self.removals[one.name],
            schedule=self._schedule,
            clock=self._clock,
            pause=self._pause,
            inspector=inspector,
        )

    def _observer(self, confirmations: ByStore[Confirmation], isolation: StoreIsolation | None = None) -> Observer:
        return Observer(
            stores=self.stores, ledger=self._ledger, confirmations=confirmations, clock=self._clock, isolation=isolation
        )

    def _sweep(self, one: NamedStore) -> Sweep:
        return Sweep(
            place=one,
            alone=len(self.stores) == 1,
            ledger=self._ledger,
            endings=self.endings,
            confirmation=self.inspecting[one.name],
            profiles=self.profiles,
            schedule=self._schedule,
            clock=self._clock,
        )

    def _lockability_of(self, one: NamedStore) -> LockabilityCheck:
        return LockabilityCheck(one, StoreLimit(self._waiting, one.name, _STORE_BUSY), self._clock)

    def _service(self, tickets: Tickets) -> UploadService:
        lockability = self.stores.each(self._lockability_of)
        return UploadService(
            stores=self.stores,
            ledger=self._ledger,
            profiles=self.profiles,
            tickets=tickets,
            admission=Admission(
                stores=self.stores,
                ledger=self._ledger,
                profiles=self.profiles,
                schedule=self._schedule,
                shared=self._shared,
                lockability=lockability,
            ),
            grantor=Grantor(
                ledger=self._ledger,
                profiles=self.profiles,
                tickets=tickets,
                grants=self.grants,
                multiparts=self.multiparts,
                schedule=self._schedule,
                gates=self.gates,
                lockability=lockability,
                signing=self.stores.each(self._signing_of),
            ),
            multiparts=self.multiparts,
            confirmations=self.confirmations,
            endings=self.endings,
            observer=self._observer(self.confirmations),
            claims=Claims(ledger=self._ledger, clock=self._clock),
            gates=self.gates,
            address_signer=self._address_signer,
            clock=self._clock,
        )
