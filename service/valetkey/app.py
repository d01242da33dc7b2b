"""The composition root, which builds and wires everything. `opening` and `background` are its other parts."""

import gc
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from threading import Thread

import boto3
import click
import orjson
from flask import Flask, current_app, has_app_context
from flask.cli import run_command

from valetkey import forks
from valetkey.adapters.ledgers import DurableLedger
from valetkey.adapters.magic import MagicDetector
from valetkey.adapters.s3 import (
    NO_CREDENTIALS,
    Proven,
    S3Store,
    find_credentials,
    make_session,
)
from valetkey.adapters.signals import SignalNotifier
from valetkey.api import (
    assets,
    cors,
    csrf,
    entrance,
    favicon,
    page_tickets,
    pages,
    plain,
    policies,
    problems,
    reference,
    routes,
    site,
    unwritten,
    uppy,
)
from valetkey.api.addresses import Address
from valetkey.api.auth import Authenticator
from valetkey.api.bodies import MAX_BODY
from valetkey.api.hooks import ApplicationHooks, HookMethods, context_of
from valetkey.api.in_pages import InPages
from valetkey.api.in_process import InProcess
from valetkey.api.mounted import EXTENSION, Mounted, mounted_in
from valetkey.api.readiness import LastExamined, Readiness
from valetkey.api.standalone import StandaloneFlask
from valetkey.core.access.tickets import Tickets
from valetkey.core.assembly import Assembly
from valetkey.core.errors import ConfigurationError, LedgerUnavailable, StoreUnavailable
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import DEFAULT_STORE
from valetkey.core.stores import Choose, NamedStore, Stores
from valetkey.core.sweeping.sweep import Sweep
from valetkey.forks import join
from valetkey.intake import Intake
from valetkey.opening import (
    address_signer,
    event_endpoints,
    event_places,
    open_ledger,
    open_stores,
    proofs,
    sender_context,
    shared_settings,
)
from valetkey.settings import (
    Settings,
    StoreTable,
    load_config,
    load_profiles,
    load_settings,
    require_nothing,
    unknown_names,
)

log = logging.getLogger("valetkey")

STORE_HINT = (
    "Until this is corrected nothing can be uploaded, and /readyz reports it: check VALETKEY_BUCKET, "
    "VALETKEY_S3_ENDPOINT_URL and the store's credentials."
)

START_PATIENCE = 3
"""How long the start waits for each of several stores, in seconds, so that an unavailable one does not delay the
others."""

NAMED_STORE_HINT = "Until this is corrected nothing can be uploaded there: check [stores.{name}] and its credentials."

API = (routes.blueprint.name, uppy.blueprint.name)
"""The blueprints whose callers authenticate by themselves."""

BLUEPRINTS = (*API, assets.blueprint.name)
"""The values of `request.blueprint` in requests for valetkey, by which an application's own hooks can recognize them.
That of page tickets is not among them, as it uses the application's login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed(Mounted):
    """valetkey in one application, with its background work."""

    ledger: DurableLedger
    """The durable record of uploads."""

    hooks: ApplicationHooks
    """How the application is notified."""

    proven: Sequence[Proven]
    """The capabilities that `valetkey doctor` has proven of each store's bucket."""

    core: Assembly
    """The core, which works on stores and ledger."""

    settings: Settings
    """The settings that it was made from."""

    profiles: Mapping[str, Profile]
    """The profiles, by name."""

    session: boto3.Session | None
    """The session that it was given; None: each process creates its own, which a fork does not share."""

    @property
    def store(self) -> S3Store:
        """The first store: the only one in most installations."""
        first = self.core.stores.first.store
        assert isinstance(first, S3Store)  # noqa: S101  (see `open_stores`)
        return first

    @property
    def sweep(self) -> Sweep:
        """The sweep of the first store."""
        return self.core.sweep

    def read_proofs(self) -> None:
        """Gives each store its proven capabilities, if the ledger can be read."""
        for one in self.proven:
            one.read()

    def begin(self) -> None:
        """Checks that the ledger works, reads what it knows about the buckets, records the hooks, declares profiles and
        stores, and asks the buckets what grants depend on. Raises `LedgerUnavailable`; a store that is unavailable now
        is asked later, and the log says what to check."""
        self.ledger.check()
        self.read_proofs()
        self.hooks.record()
        self.service.declare()
        _try_out_all(self.core.stores)


def _try_out_all(stores: Stores) -> None:
    asking = [Thread(target=_try_out, args=(stores, one), daemon=True) for one in stores]
    for thread in asking:
        thread.start()
    patience = None if len(asking) == 1 else START_PATIENCE
    for thread in asking:
        join(thread, patience)  # a server may fork next, and these threads have used TLS


def _try_out(stores: Stores, one: NamedStore) -> None:
    try:
        stores.check_one(one)
    except StoreUnavailable as error:
        if one.name == DEFAULT_STORE:
            log.warning("%s %s", error.detail, STORE_HINT)
        else:
            log.warning("The store %r: %s %s", one.name, error.detail, NAMED_STORE_HINT.format(name=one.name))


class ValetKey(InPages, HookMethods, InProcess):
    """valetkey for a Flask application: ``ValetKey(app)``, or `init_app` later, for several applications if need be.

    It registers the API (below ``url_prefix``; `VALETKEY_PUBLIC_URL` may or may not end in it). The application's own
    code calls the methods here, in the context of its application, or anywhere if there is only one. The rest of the
    application is unchanged: its own forms and files work as before. ``VALETKEY_AUTH=open`` is refused, unless
    ``allow_open`` says that anybody who can reach this application may upload: for tests and trials. Raises
    `ConfigurationError` that says what to set.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        settings: Settings | None = None,
        profiles: Mapping[str, Profile] | None = None,
        url_prefix: str | None = None,
        session: boto3.Session | None = None,
        store_for: Choose | None = None,
        allow_open: bool = False,
    ) -> None:
        InPages.__init__(self)
        HookMethods.__init__(self)
        self._allow_open = allow_open
        self._store_for = store_for
        self._settings = settings
        self._profiles = profiles
        self._url_prefix = url_prefix
        self._session = session
        self._app = app
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Builds the service and registers the API with ``app``, which keeps it in ``app.extensions``."""
        settings = self._settings or load_settings()
        if self._settings is None:
            _warn_of_names()
        require_fit(settings, self._session or make_session(), allow_open=self._allow_open)
        installed = self._build(app, settings)
        mount(app, installed, cors_origins=settings.cors_origins)
        self._offer_to_templates(app)
        if _is_flask_run():
            _warn_of_ledger(settings)

    def _build(self, app: Flask, settings: Settings) -> Installed:
        ledger = open_ledger(settings, lambda: self._hooks.types)
        hooks = self._hooks.of(app, ledger)
        address = Address.of(settings.base_url, self._url_prefix, said=settings.public_url is not None)
        tickets = Tickets(settings.secret_keys)
        profiles = self._profiles if self._profiles is not None else load_profiles(settings.config)
        stores = open_stores(settings, self._session, self._store_for)
        core = Assembly(
            stores=stores,
            ledger=ledger,
            notifier=SignalNotifier(partial(context_of, app)),
            detector=MagicDetector(),
            profiles=profiles,
            tickets=tickets,
            public_url=lambda: address.base,
            schedule=settings.schedule,
            address_signer=address_signer(settings),
            shared=shared_settings(settings),
            store_limit=max(1, settings.threads * 3 // 4),  # the others serve requests without a store, and its events
            event_threads=event_places(settings, stores),
        )
        keys = None if settings.auth == "open" else ledger
        proven = list(proofs(core.stores, ledger, settings))

        def before_work() -> None:
            for one in proven:
                one.read()
            hooks.record()

        return Installed(
            service=core.service,
            authenticator=Authenticator(keys, tickets, lambda: datetime.now(UTC)),
            senders=event_endpoints(settings, sender_context(self._session)),
            readiness=Readiness(core.service.check),
            address=address,
            record_hooks=before_work,
            last_examined=LastExamined(lambda: ledger.proof_of(proven[0].place)),
            page_tickets=self._page_tickets,
            ledger=ledger,
            hooks=hooks,
            proven=proven,
            core=core,
            settings=settings,
            profiles=profiles,
            session=self._session,
        )

    def _mounted(self) -> Mounted:
        """The state of the current application, or of the one given to the constructor. Raises `RuntimeError` if there
        is neither."""
        forks.look()
        if has_app_context() and EXTENSION in current_app.extensions:
            return mounted_in(current_app)
        if self._app is None:
            raise RuntimeError("valetkey: call init_app(app) first, and work in the context of that application.")
        return mounted_in(self._app)


def mount(app: Flask, parts: Mounted, *, cors_origins: Sequence[str] = ()) -> None:
    """Registers the API and its documentation with ``app``, to work on ``parts``. Raises `ConfigurationError`."""
    if app.url_map.host_matching:
        raise ConfigurationError("valetkey cannot be mounted in an application with host matching: give it its own.")
    prefix = parts.address.prefix
    paths = [f"{prefix}/v1/", f"{prefix}/uppy/"]
    places = {routes.blueprint: prefix or None, uppy.blueprint: f"{prefix}/uppy", assets.blueprint: f"{prefix}/assets"}
    places |= {site.blueprint: f"{prefix}/docs", reference.blueprint: f"{prefix}/docs/api"}
    is_mounted = not isinstance(app, StandaloneFlask)
    if is_mounted:
        places[page_tickets.blueprint] = prefix or None
    _require_free(app, [blueprint.name for blueprint in places])
    cors.allow(app, cors_origins, blueprints=API, paths=paths)
    app.extensions[EXTENSION] = parts
    with entrance.plain_rules(app):
        for blueprint, place in places.items():
            app.register_blueprint(blueprint, url_prefix=place)
    if is_mounted:
        csrf.exempt(app, [routes.blueprint, uppy.blueprint, page_tickets.blueprint])
        callers = [*API, page_tickets.blueprint.name]
        entrance.guard(app, blueprints=[blueprint.name for blueprint in places], callers=callers, paths=paths)
        pages.answer_errors(app)
        policies.keep(app)


def _require_free(app: Flask, names: Sequence[str]) -> None:
    """Raises `ConfigurationError` if ``app`` has a blueprint with the name of one of ours."""
    if EXTENSION in app.extensions:
        raise ConfigurationError("This application already has valetkey: mount it once, or call init_app once.")
    if taken := [name for name in names if name in app.blueprints]:
        raise ConfigurationError(f"This application has a blueprint called {taken[0]!r}, which is valetkey's name.")


def require_fit(settings: Settings, session: boto3.Session, *, allow_open: bool = False, alone: bool = False) -> None:
    """Raises `ConfigurationError` with everything that is missing, including the store's credentials. A process that
    serves ``alone`` also needs profiles and a ledger; raises `LedgerUnavailable` if only the ledger is missing."""
    if alone:
        _warn_of_names()
    tables = _stores_of(settings, alone=alone)
    missing = settings.missing(allow_open=allow_open, has_stores=bool(tables))
    all_have_profiles = bool(tables) and all(table.aws_profile for table in tables.values())
    if (settings.bucket or not all_have_profiles) and find_credentials(session) is None:
        missing.append(NO_CREDENTIALS)
    for look in (_check_profiles, _check_ledger) if alone else ():
        try:
            look(settings)
        except (ConfigurationError, LedgerUnavailable) as error:
            if isinstance(error, LedgerUnavailable) and not missing:
                raise
            missing.append(error.detail)
    require_nothing(missing)


def _warn_of_names() -> None:
    """Logs variables of the environment that look like settings, but are not read."""
    for said in unknown_names():
        log.warning("%s", said)


def _stores_of(settings: Settings, *, alone: bool) -> Mapping[str, StoreTable]:
    """The stores of the toml file. Raises `ConfigurationError`, unless that is reported with everything else
    missing."""
    try:
        return load_config(settings.config).stores
    except ConfigurationError:
        if not alone:
            raise
        return {}


def _check_profiles(settings: Settings) -> None:
    load_profiles(settings.config)


def _check_ledger(settings: Settings) -> None:
    ledger = open_ledger(settings)
    try:
        ledger.check()
    finally:
        ledger.close()


def _is_flask_run() -> bool:
    """Whether the application is created for `flask run`: other Flask commands may create the ledger first."""
    context = click.get_current_context(silent=True)
    return context is not None and context.command is run_command


def _warn_of_ledger(settings: Settings) -> None:
    """Logs at the start that requests will fail while the ledger is unavailable. The application starts nevertheless:
    it has other pages as well, and the ledger may be available again soon."""
    try:
        _check_ledger(settings)
    except LedgerUnavailable as error:
        log.warning("%s Until then valetkey responds with 503.", error.detail)


def create_app(
    settings: Settings | None = None, session: boto3.Session | None = None, *, allow_open: bool = False
) -> Flask:
    """An application that consists of valetkey alone; ``allow_open`` as in `ValetKey`. Raises like that."""
    app = StandaloneFlask("valetkey", static_folder=None)
    problems.register(app)
    app.register_blueprint(favicon.blueprint)
    ValetKey(app, settings=settings, session=session, allow_open=allow_open)
    app.own_hooks = tuple(app.after_request_funcs.get(None, ()))
    return app


def create_served_app() -> Flask:
    """The application of each process of `valetkey serve`, from the environment.

    Raises `ConfigurationError`, and `LedgerUnavailable` if the schema is that of another version.
    """
    settings, session = load_settings(), make_session()
    require_fit(settings, session, alone=True)
    app = create_app(settings, session)
    installed_in(app).begin()
    # objects loaded so far stay; requests create few cycles (werkzeug's routing one each), and collecting them stops
    # all threads, for 0.15 s with 50,000 objects, so fewer are examined at a time
    gc.freeze()
    gc.set_threshold(5_000, 50, 100)
    return app


def create_intake(app: Flask | None = None) -> Intake:
    """The RSGI application of each process of `valetkey serve`: ``app``, or `create_served_app`, without threads that
    wait for bodies."""
    settings = load_settings()
    slow = problems.problem(408, "request_timeout", f"The body did not arrive within {settings.body_timeout} s.")
    hosts = problems.problem(400, "bad_request", "The request has more than one Host header.")
    closing = [("Content-Type", problems.MEDIA_TYPE), ("Connection", "close")]
    return Intake(
        app or create_served_app(),
        threads=settings.threads,
        max_body=MAX_BODY,
        deadline=settings.body_timeout,
        too_slow=(408, closing, orjson.dumps(slow)),
        two_hosts=(400, closing, orjson.dumps(hosts)),
        is_prompt=plain.waits_for_nothing_else,
        later=unwritten.LATER,
        failed=unwritten.FAILED,
        alive=("/healthz", (200, [("Content-Type", "application/json")], b'{"status":"ok"}')),
    )


def installed_in(app: Flask) -> Installed:
    """The valetkey of ``app``. Raises `ConfigurationError` if it has none."""
    found = app.extensions.get(EXTENSION)
    if not isinstance(found, Installed):
        raise ConfigurationError(
            f"The application {app.name!r} has no valetkey: it has to call ValetKey(app), or init_app(app)."
        )
    return found
