"""valetkey in memory: mounted in an application, or temporarily replacing what is mounted there."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from valetkey.adapters.magic import MagicDetector
from valetkey.adapters.memory import MemoryLedger, MemoryStore
from valetkey.adapters.signals import SignalNotifier
from valetkey.api.addresses import Address
from valetkey.api.auth import Authenticator
from valetkey.api.hooks import ApplicationHooks, HookMethods, context_of
from valetkey.api.in_pages import InPages
from valetkey.api.in_process import InProcess
from valetkey.api.mounted import EXTENSION, Mounted
from valetkey.api.readiness import Readiness
from valetkey.api.webhooks import erasure_webhook_body, webhook_body
from valetkey.app import mount
from valetkey.core.access.api_keys import new_key
from valetkey.core.access.callers import APPLICATION, Caller
from valetkey.core.access.tickets import Tickets
from valetkey.core.announcing.dispatcher import Dispatcher
from valetkey.core.assembly import Assembly
from valetkey.core.errors import ConfigurationError
from valetkey.core.events.event import ObjectEvent
from valetkey.core.model.announcement import Announcer, Status
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import DEFAULT_STORE, Upload, Verdict, parse_upload_id
from valetkey.core.ports.announcing import Outbox, Receiver
from valetkey.core.service import IssuedTicket
from valetkey.core.stores import NamedStore, Stores
from valetkey.core.sweeping.sweeps import Sweeps
from valetkey.testing.clients import Page, TestClient
from valetkey.testing.clock import Clock
from valetkey.testing.environment import ENVIRONMENT
from valetkey.testing.setup import InMemoryMounted, Setup, setup_of
from valetkey.testing.webhooks import AppReceiver

PUBLIC_URL = "http://valetkey.test"
ALL = 1_000_000
"""A limit larger than any number in a test."""

MAX_ROUNDS = 100
"""How many times `InMemory.work` repeats for the results of its own work: a hook may create uploads for ever."""


def _now() -> datetime:
    return datetime.now(UTC)


class InMemory(InProcess):
    """valetkey in one application, on stores and a ledger in memory, with clients, pages, workers and scanners for
    tests.

    ``stores`` has the stores by name; ``store`` is the first, which is usually the only one. `memory` creates an
    instance, and `MemoryValetKey` is a subclass.
    """

    def __init__(self, app: Flask, setup: Setup, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._app = app
        self._prefix = setup.address.prefix
        self._setup = setup
        self._clock = Clock(clock)
        self.stores = _in_memory(setup.stores, self._clock)
        self.store = next(iter(self.stores.values()))
        self.ledger = MemoryLedger(
            announce=Announcer(
                webhook_body, self._clock, lambda: setup.hooks.types, render_erasure=erasure_webhook_body
            )
        )
        self._hooks_here = ApplicationHooks(setup.hooks, app, self.ledger)
        self._webhooks: Dispatcher | None = None
        tickets = Tickets([ENVIRONMENT["VALETKEY_SECRET_KEYS"]])
        core = self._assemble(tickets)
        self._sweep, self._eraser = Sweeps(core.sweeps, core.retention, self.ledger), core.eraser
        self._parts = InMemoryMounted(
            service=core.service,
            authenticator=Authenticator(None if setup.is_open else self.ledger, tickets, self._clock),
            senders=setup.senders,
            readiness=Readiness(core.service.check),
            address=setup.address,
            record_hooks=self._hooks_here.record,
            last_examined=lambda: self.ledger.proof_of(self.store.bucket),
            page_tickets=setup.page_tickets,
            setup=setup,
        )

    def _assemble(self, tickets: Tickets) -> Assembly:
        return Assembly(
            stores=Stores(
                [replace(one, store=self.stores[one.name]) for one in self._setup.stores], self._setup.choose
            ),
            ledger=self.ledger,
            notifier=SignalNotifier(partial(context_of, self._app)),
            detector=MagicDetector(),
            profiles=self._setup.profiles,
            tickets=tickets,
            public_url=lambda: self._setup.address.base,
            schedule=self._setup.schedule,
            clock=self._clock,
        )

    def _mounted(self) -> Mounted:
        return self._parts

    def client(self, ticket: IssuedTicket | str | None = None) -> TestClient:
        """A client that uploads with ``ticket``; without one, it has an API key of the application, for any owner."""
        credential = self._api_key() if ticket is None else str(ticket)
        return TestClient(self._http(), list(self.stores.values()), self._prefix, credential)

    def _api_key(self) -> str | None:
        """A new API key for the application's own account; None if none is required."""
        if self._setup.is_open:
            return None
        key, text = new_key(APPLICATION, self._clock())
        self.ledger.add_key(key)
        return text

    def page(self, http: FlaskClient | None = None) -> Page:
        """A page of the application in a browser, for the user who is logged in to ``http``; None: nobody."""
        return Page(http or self._http(), list(self.stores.values()), self._prefix, self.work)

    def _http(self) -> FlaskClient:
        return self._app.test_client()

    def event(self, upload_id: str) -> None:
        """Sends the store's event for an upload's bytes, for clients that do not complete their uploads.

        Raises `LookupError` for an unknown id.
        """
        upload = self._upload(upload_id)
        self.service.observe([ObjectEvent(upload.bucket, upload.arrival_key)])

    def work(self) -> None:
        """Does what `valetkey worker` does within a second: checks due uploads, including the contents of those whose
        profile has ``detect``, erases owners, calls hooks, and sends webhooks if `webhooks_to` was called.

        Work that results from this is done as well, for up to `MAX_ROUNDS` rounds: a hook may delete an upload, or
        erase its owner.
        """
        for _ in range(MAX_ROUNDS):
            if not self._work_once():
                return

    def _work_once(self) -> bool:
        """Does one round; returns whether there was anything to do."""
        done = len(list(self._sweep.look())) + len(list(self._eraser.run()))
        for dispatcher in self._dispatchers():
            claimed = dispatcher.claim(ALL)
            for announcement in claimed:
                dispatcher.deliver(announcement)
            done += len(claimed)
        return done > 0

    def _dispatchers(self) -> Iterator[Dispatcher]:
        for hook in self._hooks_here.callers():
            yield self._dispatching(hook.outbox, hook, name=hook.name, counts_starts=True)
        if self._webhooks:
            yield self._webhooks

    def _dispatching(self, outbox: Outbox, receiver: Receiver, **said: Any) -> Dispatcher:
        delays = self._setup.webhook_delays
        middle = 0.5  # no jitter: delays are exactly those of the settings
        return Dispatcher(outbox, receiver, delays=delays, clock=self._clock, chance=lambda: middle, **said)

    def advance(self, by: timedelta) -> None:
        """Lets time pass, with a worker that does everything when it is due. Raises `ValueError` for a negative time.

        Only valetkey's clock is advanced: sessions and other clocks of the application stay as they are.
        """
        if by < timedelta():
            raise ValueError("Time cannot go backwards.")
        end = self._clock() + by
        self.work()
        while (moment := self._next_due(end)) is not None:
            self._clock.set_forward(moment)
            self.work()
        self._clock.set_forward(end)
        self.work()
        for _ in self._sweep.clean():
            pass

    def _next_due(self, end: datetime) -> datetime | None:
        """When a worker has untried work next; None if that is after ``end``."""
        now = self._clock()
        moments = [upload.due_at for upload in self.ledger.due(end, ALL) if upload.due_at]
        moments += [job.due_at for job in self.ledger.due_erasures(end, ALL) if job.due_at]
        outboxes: list[Outbox] = [hook.outbox for hook in self._hooks_here.callers()]
        if self._webhooks:
            outboxes.append(self.ledger)
        moments += [one.due_at for outbox in outboxes for one in outbox.announcements(Status.WAITING, ALL)]
        return min((moment for moment in moments if now < moment <= end), default=None)

    @property
    def announcements(self) -> list[dict[str, Any]]:
        """The webhooks of all ends so far, sent or not, the oldest first: ``{type, timestamp, data}``."""
        return [json.loads(one.body) for one in reversed(self.ledger.announcements(None, ALL))]

    def webhooks_to(self, path: str, *, secrets: Sequence[str] | None = None) -> None:
        """Makes `work` and `advance` post webhooks to the application's own receiver at ``path``, signed with
        ``secrets`` (None: those of `VALETKEY_WEBHOOK_SECRETS`), and retry those whose response is not 2xx.

        Exceptions of the receiver reach the test if the application is ``testing``. Raises `ConfigurationError` if
        there is no secret.
        """
        signed_by = self._setup.webhook_secrets if secrets is None else secrets
        if not signed_by:
            raise ConfigurationError("Set VALETKEY_WEBHOOK_SECRETS, or pass the `secrets` of your receiver.")
        self._webhooks = self._dispatching(self.ledger, AppReceiver(self._http, path, signed_by))

    def judge(self, upload_id: str, *, clean: bool, detail: str | None = None) -> None:
        """Reports a scanner's verdict on the bytes that are at the store now, for profiles with ``scan``.

        Raises `LookupError` if there are none, and `StateConflict` if the upload is not waiting for a verdict.
        """
        self.event(upload_id)
        upload = self._upload(upload_id)
        if upload.object is None:
            raise LookupError(upload_id)
        self.service.judge(Caller("scanner", may_judge=True), upload.id, Verdict(upload.object.etag, clean, detail))

    def _upload(self, text: str) -> Upload:
        upload_id = parse_upload_id(text)
        upload = self.ledger.get(upload_id) if upload_id else None
        if upload is None:
            raise LookupError(text)
        return upload


def _in_memory(stores: Sequence[NamedStore], clock: Callable[[], datetime]) -> dict[str, MemoryStore]:
    """A memory store with its own bucket for each of ``stores``, by name."""
    made: dict[str, MemoryStore] = {}
    for one in stores:
        bucket, known = one.store.bucket, one.store.capabilities
        if any(bucket == other.bucket for other in made.values()):
            bucket = f"{bucket}-{one.name}"
        # capabilities from the settings are kept, those that were found out at the store are not
        said = replace(known, shows_metadata=True, part_checksums=False)
        made[one.name] = MemoryStore(bucket, clock=clock, capabilities=said)
    return made


class MemoryValetKey(InPages, HookMethods, InMemory):
    """`valetkey.ValetKey` on a store and a ledger in memory, for an application without one. No credential is required.

    ``profiles`` as for `ValetKey`; without them ``default`` accepts anything. ``clock`` returns the time (aware, UTC).
    """

    def __init__(
        self,
        app: Flask,
        *,
        profiles: Mapping[str, Profile] | None = None,
        url_prefix: str | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        InPages.__init__(self)
        HookMethods.__init__(self)
        known = {"default": Profile("default")} | dict(profiles or {})
        names = dict.fromkeys([DEFAULT_STORE, *(profile.store for profile in known.values() if profile.store)])
        setup = Setup(
            address=Address.of(PUBLIC_URL, url_prefix, said=True),
            profiles=known,
            stores=[NamedStore(name, MemoryStore("memory" if name == DEFAULT_STORE else name)) for name in names],
            page_tickets=self._page_tickets,
            hooks=self._hooks,
            is_open=True,
        )
        InMemory.__init__(self, app, setup, clock)
        mount(app, self._mounted())
        self._offer_to_templates(app)


@contextmanager
def memory(
    app: Flask, *, profiles: Mapping[str, Profile] | None = None, clock: Callable[[], datetime] = _now
) -> Iterator[InMemory]:
    """valetkey in memory, which replaces the one mounted in ``app`` while the block runs.

    Routes, the methods of the application's own `ValetKey` and signals all use it. Profiles (unless ``profiles`` are
    given), prefix, ``owner_loader`` and authentication are those of the application. ``clock`` returns the time (aware,
    UTC). Blocks may be nested, each with its own store and ledger. Raises `ConfigurationError` if nothing is mounted.
    """
    before = app.extensions.get(EXTENSION)
    if before is None:
        raise ConfigurationError(
            "This application has no valetkey to replace: call ValetKey(app) or init_app(app) first, or mount "
            "MemoryValetKey(app)."
        )
    setup = before.setup if isinstance(before, InMemoryMounted) else setup_of(before)
    if profiles is not None:
        setup = replace(setup, profiles=profiles)
    valetkey = InMemory(app, setup, clock)
    app.extensions[EXTENSION] = valetkey._mounted()  # noqa: SLF001 - its own module
    try:
        yield valetkey
    finally:
        app.extensions[EXTENSION] = before
