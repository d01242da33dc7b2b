"""The composition root: the only place that builds adapters and wires them to the core and the API."""

import gc
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any

import boto3
import orjson
from flask import Flask, current_app, has_app_context
from flask_swagger_ui import get_swaggerui_blueprint

from valetkey import forks
from valetkey.adapters.ledgers import DurableLedger
from valetkey.adapters.ledgers import open_ledger as open_ledger_at
from valetkey.adapters.magic import MagicDetector
from valetkey.adapters.s3 import (
    NO_CREDENTIALS,
    CredentialSource,
    Proven,
    S3Settings,
    S3Store,
    find_credentials,
    make_session,
    static_keys,
)
from valetkey.adapters.signals import SignalNotifier
from valetkey.adapters.sns import SnsConfirmer, certificate_fetcher
from valetkey.api import (
    assets,
    cors,
    csrf,
    entrance,
    favicon,
    page_tickets,
    pages,
    problems,
    routes,
    site,
    unwritten,
    uppy,
)
from valetkey.api.addresses import Address
from valetkey.api.auth import Authenticator
from valetkey.api.bodies import MAX_BODY
from valetkey.api.hooks import HooksOf, OnEnds, context_of
from valetkey.api.in_pages import InPages
from valetkey.api.in_process import InProcess
from valetkey.api.mounted import EXTENSION, Mounted, mounted_in
from valetkey.api.readiness import LastExamined, Readiness
from valetkey.api.standalone import StandaloneFlask
from valetkey.api.webhooks import erasure_webhook_body, webhook_body
from valetkey.core.access.tickets import Tickets
from valetkey.core.announcing.dispatcher import Dispatcher
from valetkey.core.assembly import Assembly
from valetkey.core.errors import ConfigurationError, LedgerUnavailable, StoreUnavailable
from valetkey.core.events.event import Entrance, EventSender
from valetkey.core.model.announcement import Announcer, HookTypes
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import DEFAULT_STORE
from valetkey.core.ports.announcing import Outbox
from valetkey.core.ports.delivery import AddressSigner
from valetkey.core.ports.ledger import Query
from valetkey.core.stores import Choose, NamedStore, Stores
from valetkey.core.sweeping.sweep import Sweep
from valetkey.core.sweeping.sweeps import Sweeps
from valetkey.intake import Intake
from valetkey.senders import AT, KINDS, NAMES, make_entrances, make_senders, require_apart
from valetkey.senders.settings import Outside
from valetkey.settings import (
    QUEUE,
    Settings,
    StoreTable,
    load_config,
    load_profiles,
    load_settings,
    require_nothing,
)

if TYPE_CHECKING:  # what runs beside the requests is loaded where it is built: `serve` need not wait for it
    from valetkey.adapters.embedded import Embedded
    from valetkey.worker import Loop, OutboxLoop, QueueLoop, Worker

log = logging.getLogger("valetkey")

STORE_HINT = (
    "Until this is mended nothing can be uploaded, and /readyz says so: look at VALETKEY_BUCKET, "
    "VALETKEY_S3_ENDPOINT_URL and the store's credentials."
)

START_PATIENCE = 3
"""How long the start waits for each of several stores, in seconds: one that does not answer holds up no other."""

NAMED_STORE_HINT = "Until this is mended nothing can be uploaded there: look at [stores.{name}] and its credentials."

API = (routes.blueprint.name, uppy.blueprint.name)
"""The blueprints whose callers prove themselves who they are."""

BLUEPRINTS = (*API, assets.blueprint.name)
"""What `request.blueprint` is in requests for valetkey, for an application's own hooks to tell them by. That of the
pages' tickets is not among them: it goes by the application's login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed(Mounted):
    """valetkey in one application, with what runs beside its requests."""

    ledger: DurableLedger
    """The durable record of uploads."""

    hooks: HooksOf
    """What the application is told by."""

    proven: Sequence[Proven]
    """What `valetkey doctor` found out about the bucket of each store."""

    core: Assembly
    """Everything that works on the two."""

    settings: Settings
    """What it was made of."""

    profiles: Mapping[str, Profile]
    """What may be uploaded, by name."""

    session: boto3.Session | None
    """The one that it was given; None: each process makes its own, which a fork does not share."""

    @property
    def store(self) -> S3Store:
        """The first store, which is the only one where there is one."""
        first = self.core.stores.first.store
        assert isinstance(first, S3Store)  # noqa: S101  (see `open_stores`)
        return first

    @property
    def sweep(self) -> Sweep:
        """What looks for uploads that nobody reported, in the first store."""
        return self.core.sweep

    def read_proofs(self) -> None:
        """Has each store know what was found out about it, where the ledger can be read."""
        for one in self.proven:
            one.read()

    def begin(self) -> None:
        """Looks whether the ledger can be used and what it knows of the buckets, has it know the hooks, says where
        another process has other profiles or stores, and asks the buckets what decides about grants. Raises
        `LedgerUnavailable`; a store that is unavailable now is asked later, and the log says what to look at."""
        self.ledger.check()
        self.read_proofs()
        self.hooks.record()
        self.service.declare()
        stores = self.core.stores
        asking = [Thread(target=_try_out, args=(stores, one), daemon=True) for one in stores]
        for thread in asking:
            thread.start()
        patience = None if len(asking) == 1 else START_PATIENCE
        for thread in asking:
            thread.join(patience)


def _try_out(stores: Stores, one: NamedStore) -> None:
    try:
        stores.check_one(one)
    except StoreUnavailable as error:
        if one.name == DEFAULT_STORE:
            log.warning("%s %s", error.detail, STORE_HINT)
        else:
            log.warning("The store %r: %s %s", one.name, error.detail, NAMED_STORE_HINT.format(name=one.name))


class ValetKey(InPages, OnEnds, InProcess):
    """valetkey for a Flask application: ``ValetKey(app)``, or `init_app` later, for several applications if need be.

    It registers the API (below ``url_prefix``; `VALETKEY_PUBLIC_URL` may end in it or not); the application's own code
    calls the methods here, in the context of its application or, where there is one alone, anywhere. The rest of the
    application is left alone: its own forms and files work as before. ``VALETKEY_AUTH=open`` is refused, unless
    ``allow_open`` says that whoever reaches this application may upload: for tests and for trying things out. Raises
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
        OnEnds.__init__(self)
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
        require_fit(settings, self._session or make_session(), allow_open=self._allow_open)
        installed = self._build(app, settings)
        mount(app, installed, cors_origins=settings.cors_origins)
        self._offer_to_templates(app)

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
            store_limit=max(1, settings.threads * 3 // 4),  # the others answer what needs no store, its callbacks too
            event_threads=_event_threads(settings, stores),
        )
        keys = None if settings.auth == "open" else ledger
        proven = list(_proofs(core.stores, ledger, settings))

        def before_work() -> None:
            for one in proven:
                one.read()
            hooks.record()

        return Installed(
            service=core.service,
            authenticator=Authenticator(keys, tickets, lambda: datetime.now(UTC)),
            senders=entrances(settings, _outside(self._session)),
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
        """That of the current application, or of the one that was given to the constructor. Raises `RuntimeError`
        where there is neither."""
        forks.look()
        if has_app_context() and EXTENSION in current_app.extensions:
            return mounted_in(current_app)
        if self._app is None:
            raise RuntimeError("valetkey: call init_app(app) first, and work in the context of that application.")
        return mounted_in(self._app)


def mount(app: Flask, parts: Mounted, *, cors_origins: Sequence[str] = ()) -> None:
    """Registers the API and its documentation with ``app``, to work on ``parts``. Raises `ConfigurationError`."""
    if app.url_map.host_matching:
        raise ConfigurationError("valetkey cannot be mounted in an application that matches hosts: give it its own.")
    # relative to its own page, so that it works wherever that is seen
    look = {"app_name": "valetkey", "oauth2RedirectUrl": "./oauth2-redirect.html"}
    reference = get_swaggerui_blueprint(".", "../../openapi.json", config=look, blueprint_name="valetkey-reference")
    prefix = parts.address.prefix
    paths = [f"{prefix}/v1/", f"{prefix}/uppy/"]
    places = {routes.blueprint: prefix or None, uppy.blueprint: f"{prefix}/uppy", assets.blueprint: f"{prefix}/assets"}
    places |= {site.blueprint: f"{prefix}/docs", reference: f"{prefix}/docs/api"}
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


def _require_free(app: Flask, names: Sequence[str]) -> None:
    """Raises `ConfigurationError` where ``app`` has a blueprint that is called as one of ours."""
    if EXTENSION in app.extensions:
        raise ConfigurationError("This application has valetkey already: mount it once, or call init_app once.")
    if taken := [name for name in names if name in app.blueprints]:
        raise ConfigurationError(f"This application has a blueprint called {taken[0]!r}, as valetkey's own is called.")


def require_fit(settings: Settings, session: boto3.Session, *, allow_open: bool = False, alone: bool = False) -> None:
    """Raises `ConfigurationError` that says all that is missing before this can serve, the store's credentials among
    it. A process that serves ``alone`` needs profiles and a ledger, too; `LedgerUnavailable` where only that is
    missing."""
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


def _stores_of(settings: Settings, *, alone: bool) -> Mapping[str, StoreTable]:
    """The stores of the toml. Raises `ConfigurationError`, unless that is found out with all else that is missing."""
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


def create_app(
    settings: Settings | None = None, session: boto3.Session | None = None, *, allow_open: bool = False
) -> Flask:
    """An application that is valetkey and nothing else; ``allow_open`` as in `ValetKey`. Raises as that does."""
    app = StandaloneFlask("valetkey", static_folder=None)
    problems.register(app)
    app.register_blueprint(favicon.blueprint)
    ValetKey(app, settings=settings, session=session, allow_open=allow_open)
    return app


def create_served_app() -> Flask:
    """What `valetkey serve` runs in each of its processes, from the environment.

    Raises `ConfigurationError`, and `LedgerUnavailable` when the schema is not this version's.
    """
    settings, session = load_settings(), make_session()
    require_fit(settings, session, alone=True)
    app = create_app(settings, session)
    installed_in(app).begin()
    # what is loaded by now stays; requests make next to no cycles, and looking for them took 3 % of the time
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    return app


def create_intake(app: Flask | None = None) -> Intake:
    """What granian runs in each process of `valetkey serve`: ``app``, or `create_served_app`, of whose requests no
    thread waits for the body."""
    settings = load_settings()
    slow = problems.problem(408, "request_timeout", f"The body was not there within {settings.body_timeout} s.")
    return Intake(
        app or create_served_app(),
        threads=settings.threads,
        max_body=MAX_BODY,
        deadline=settings.body_timeout,
        too_slow=(408, [("Content-Type", problems.MEDIA_TYPE), ("Connection", "close")], orjson.dumps(slow)),
        later=unwritten.LATER,
        failed=unwritten.FAILED,
        alive=("/healthz", (200, [("Content-Type", "application/json")], b'{"status":"ok"}')),
    )


def create_dev_app(settings: Settings, store: "Embedded") -> tuple[Flask, "Worker"]:
    """The same with the demo page, on the embedded store, and the worker that reads that store's events. Raises
    `ConfigurationError` for the ledger of another store."""
    from valetkey.api.demo import demo
    from valetkey.worker import Worker

    app = create_app(settings, store.session, allow_open=True)
    valetkey = installed_in(app)
    _begin_ledger(valetkey.ledger)
    app.register_blueprint(demo)
    return app, Worker(loops(valetkey, settings, store.session))


def create_dev_worker(app: Flask, settings: Settings) -> "Worker":
    """What `valetkey dev --app` runs beside the requests of ``app``; ``settings`` are those of the embedded store.

    Raises `ConfigurationError` for an application that has no valetkey, or one that uses another store, and for the
    ledger of another store.
    """
    valetkey = installed_in(app)
    for one in valetkey.core.stores:
        if one.endpoint != _endpoint(settings.s3_endpoint_url):
            whose = "gives ValetKey settings of its own" if one.name == DEFAULT_STORE else f"has [stores.{one.name}]"
            raise ConfigurationError(
                f"The application {app.name!r} {whose}, and would upload to {one.endpoint or 'AWS'}. `valetkey dev`"
                " uses its embedded S3 and nothing else: have it read VALETKEY_* and name no other store, or use"
                " `flask run` and `valetkey worker --app`."
            )
    from valetkey.worker import Worker

    _begin_ledger(valetkey.ledger)
    valetkey.begin()
    mine = valetkey.settings.model_copy(update={"events_sqs_queue_url": settings.events_sqs_queue_url})
    return Worker(loops(valetkey, mine, valetkey.session or make_session()))


def _begin_ledger(ledger: DurableLedger) -> None:
    """Migrates it. Raises `ConfigurationError` where it knows uploads of another store than the embedded one, which
    does not have them: the worker would end them all."""
    from valetkey.adapters.embedded import BUCKET

    ledger.migrate()
    for upload in ledger.page(Query(account=None, limit=1)):
        if upload.bucket != BUCKET:
            raise ConfigurationError(
                f"The ledger has uploads of the bucket {upload.bucket!r}, which `valetkey dev` would lose: it uses its"
                " embedded S3. Leave VALETKEY_DATABASE_URL out, or set it to a database of its own."
            )


def create_worker(app: Flask | None = None) -> "Worker":
    """What `valetkey worker` runs: for ``app``, with its hooks, or by the environment alone.

    Raises like `create_served_app`, and `ConfigurationError` for an application that has no valetkey.
    """
    from valetkey.worker import Worker

    if app is None:
        settings, session = load_settings(), make_session()
        require_fit(settings, session, allow_open=True, alone=True)
        app = create_app(settings, session, allow_open=True)  # it answers nobody
    valetkey = installed_in(app)
    valetkey.begin()
    if waiting := valetkey.hooks.strangers():
        log.warning(
            "this worker does not call hooks that the ledger knows: %s. What is announced to them waits for a worker "
            "with their application (`valetkey worker --app`), or for `valetkey hooks forget`",
            ", ".join(waiting),
        )
    return Worker(loops(valetkey, valetkey.settings, valetkey.session or make_session()))


def create_sweep() -> Sweeps:
    """One sweep by hand of every store, from the environment. Raises like `create_served_app`."""
    valetkey = installed_in(create_app(load_settings(), allow_open=True))
    valetkey.ledger.check()
    valetkey.read_proofs()
    return Sweeps(valetkey.core.sweeps, valetkey.ledger)


def loops(valetkey: Installed, settings: Settings, session: boto3.Session) -> list["Loop"]:
    """Everything that runs beside the requests: the place where another loop is added."""
    from valetkey.worker import BeatLoop, CheckLoop, EraseLoop, OutboxLoop, SweepLoop

    # a loop for each store: one that does not answer holds up itself only
    sweeps = [
        SweepLoop(sweep, settings.sweep_interval, settings.sweep_clean_interval) for sweep in valetkey.core.sweeps
    ]
    found: list[Loop] = [
        *(CheckLoop(sweep, settings.sweep_interval) for sweep in valetkey.core.sweeps),
        EraseLoop(valetkey.core.eraser, settings.sweep_interval),
        *sweeps,
        BeatLoop(valetkey.ledger, lambda: min((one.looked_at for one in sweeps if one.looked_at), default=None)),
    ]
    found.extend(_queue_loops(valetkey, settings, session))
    if outbox := outbox_loop(settings, valetkey.ledger):
        found.append(outbox)
    found.extend(
        OutboxLoop(Dispatcher(hook.outbox, hook, name=hook.name, counts_begun=True, **_waits(settings)))
        for hook in valetkey.hooks.callers()
    )
    return found


def _queue_loops(valetkey: Installed, settings: Settings, session: boto3.Session) -> Iterator["QueueLoop"]:
    """Those of the installation's queue, and of the queues that stores have for themselves."""
    from valetkey.adapters.sqs import SqsQueue
    from valetkey.adapters.sqs import make_client as make_sqs_client
    from valetkey.senders.records import read_queued_records
    from valetkey.worker import QueueLoop

    stores, observer = valetkey.core.stores, valetkey.core.observer
    given = [(QUEUE, settings.events_sqs_queue_url, session, settings.s3_region)]
    for name, table in load_config(settings.config).stores.items():
        if table.events_sqs_queue_url and name in stores:
            own = _s3_settings_of(table).source.session(session)
            given.append((f"{QUEUE}{AT}{name}", table.events_sqs_queue_url, own, table.region))
    for sender, url, whose, region in given:
        if url is None:
            continue
        queue = SqsQueue(make_sqs_client(whose, url, region), url, settings.events_sqs_visibility)
        observe = partial(observer.observe, sender=sender)
        for _ in range(_event_threads(settings, stores)):
            yield QueueLoop(queue, read_queued_records, observe, several_stores=len(stores) > 1)


def _event_threads(settings: Settings, stores: Stores) -> int:
    """How many messages of the queue are handled at once: two at least where one store may be slow beside others."""
    return max(settings.worker_threads, 1 if len(stores) == 1 else 2)


def installed_in(app: Flask) -> Installed:
    """What `ValetKey` has made for ``app``. Raises `ConfigurationError` where it has made nothing."""
    found = app.extensions.get(EXTENSION)
    if not isinstance(found, Installed):
        raise ConfigurationError(
            f"The application {app.name!r} has no valetkey: it has to call ValetKey(app), or init_app(app)."
        )
    return found


def open_stores(settings: Settings, session: boto3.Session | None = None, store_for: Choose | None = None) -> Stores:
    """The store that ``settings`` are, if they name a bucket, and those of the toml. ``store_for`` takes the place of
    the toml's rule by owner. Raises `ConfigurationError`."""
    config = load_config(settings.config)
    if settings.bucket and DEFAULT_STORE in config.stores:
        raise ConfigurationError(
            f"VALETKEY_BUCKET and [stores.{DEFAULT_STORE}] are the same store: leave one of them out."
        )
    own = [_own_store(settings, session)] if settings.bucket or not config.stores else []
    return Stores(
        [*own, *(_named_store(name, table, session) for name, table in config.stores.items())],
        config.store_for if store_for is None else store_for,
    )


def _own_store(settings: Settings, session: boto3.Session | None) -> NamedStore:
    return NamedStore(
        DEFAULT_STORE,
        open_store(s3_settings(settings), session),
        senders=senders_of(DEFAULT_STORE, None),
        endpoint=_endpoint(settings.s3_endpoint_url),
    )


def _named_store(name: str, table: StoreTable, session: boto3.Session | None) -> NamedStore:
    return NamedStore(
        name,
        open_store(_s3_settings_of(table), session),
        prefix=table.prefix,
        staging_prefix=table.staging_prefix,
        kms_key_id=table.sse_kms_key_id,
        senders=senders_of(name, table),
        endpoint=_endpoint(table.endpoint_url),
    )


def _endpoint(url: str | None) -> str:
    """Where the buckets are that it tells apart: nowhere two of one name, on AWS."""
    return (url or "").rstrip("/")


def open_store(settings: S3Settings, session: boto3.Session | None = None) -> S3Store:
    """A store, which another one may take the place of here. Raises `ConfigurationError`."""
    return S3Store(settings, session)


def s3_settings(settings: Settings) -> S3Settings:
    """The part of ``settings`` that says where the bucket is."""
    if settings.bucket is None:
        raise ConfigurationError("Set VALETKEY_BUCKET: the bucket that uploads go to.")
    return S3Settings(
        bucket=settings.bucket,
        region=settings.s3_region,
        endpoint_url=settings.s3_endpoint_url,
        public_endpoint_url=settings.s3_public_endpoint_url,
        addressing_style=settings.s3_addressing_style,
        grant_keys=_grant_keys(settings),
        accelerate=settings.s3_accelerate,
        dualstack=settings.s3_dualstack,
        capabilities=_capabilities(
            [*settings.s3_lacks, *([] if settings.s3_post else ["post"])], settings.s3_max_object_size
        ),
    )


def s3_settings_of(settings: Settings, name: str) -> S3Settings:
    """The same of the store of this name. Raises `ConfigurationError`."""
    tables = load_config(settings.config).stores
    if name in tables:
        return _s3_settings_of(tables[name])
    if name != DEFAULT_STORE or not settings.bucket:
        known = ", ".join(sorted({*tables, *([DEFAULT_STORE] if settings.bucket else [])}))
        raise ConfigurationError(f"There is no store {name!r} here. There are: {known or 'none'}.")
    return s3_settings(settings)


def _s3_settings_of(table: StoreTable) -> S3Settings:
    """The same of a ``[stores.NAME]``."""
    return S3Settings(
        bucket=table.bucket,
        region=table.region,
        endpoint_url=table.endpoint_url,
        public_endpoint_url=table.public_endpoint_url,
        addressing_style=table.addressing_style,
        grant_keys=None if table.grant_aws_profile is None else static_keys(table.grant_aws_profile),
        accelerate=table.accelerate,
        dualstack=table.dualstack,
        capabilities=_capabilities(table.lacks, table.max_object_size),
        source=CredentialSource(
            table.aws_profile, table.role_arn, table.external_id, table.sts_endpoint_url, table.region
        ),
        staging_prefix=table.staging_prefix,
    )


def _capabilities(lacks: Collection[str], max_object_size: int) -> Capabilities:
    return Capabilities(
        max_object_size=max_object_size,
        post="post" not in lacks,
        conditional_put="conditional-put" not in lacks,
        list_parts="list-parts" not in lacks,
        parts_end_with_join="dead-parts" not in lacks,
        atomic_copy="atomic-copy" not in lacks,
    )


_LACKS = {"post": "post", "conditional-put": "conditional_put", "list-parts": "list_parts"}
_LACKS |= {"dead-parts": "parts_end_with_join", "atomic-copy": "atomic_copy"}
"""The members of `Capabilities` that `VALETKEY_S3_LACKS` is about."""


def _proofs(stores: Stores, ledger: DurableLedger, settings: Settings) -> Iterator[Proven]:
    """What brings to each store what the ledger knows of it."""
    tables = load_config(settings.config).stores
    for one in stores:
        if isinstance(one.store, S3Store):
            said = {_LACKS[name] for name in tables[one.name].lacks} if one.name in tables else settled(settings)
            yield Proven(one.store, ledger, one.store.place, said)


def settled(settings: Settings) -> set[str]:
    """The members of `Capabilities` of which the settings say what is the case: that goes before what was found."""
    return {_LACKS[name] for name in settings.s3_lacks} | (
        {"post"} if "s3_post" in settings.model_fields_set else set()
    )


def _grant_keys(settings: Settings) -> tuple[str, str] | None:
    if settings.s3_grant_access_key_id is None or settings.s3_grant_secret_access_key is None:
        return None
    return settings.s3_grant_access_key_id, settings.s3_grant_secret_access_key


def address_signer(settings: Settings) -> AddressSigner | None:
    """What signs addresses of a CDN, where it is configured. Raises `ConfigurationError`."""
    if settings.cloudfront_key_pair_id is None or settings.cloudfront_private_key_file is None:
        return None
    from valetkey.adapters.cloudfront import CloudFront  # it brings all of cryptography along

    return CloudFront(settings.cloudfront_key_pair_id, settings.cloudfront_private_key_file)


def entrances(settings: Settings, outside: Outside) -> dict[str, Entrance]:
    """The senders of ``settings`` and of each store, by kind. Raises `ConfigurationError`, also where nobody could tell
    whose events come: by the same secret, or by the same queue."""
    tables = load_config(settings.config).stores
    require_apart([(None, settings), *tables.items()], ["events_sqs_queue_url"])
    return make_entrances(settings, tables, outside)


def senders_of(name: str, table: StoreTable | None) -> frozenset[str]:
    """The names of the senders whose events are believed to be a store's: its own, and those of the installation that
    it names; all of these where it says nothing."""
    if table is None:
        return frozenset({*NAMES, QUEUE})
    set_here = [kind.sender_name for kind in KINDS if any(getattr(table, field) for field in kind.model_fields)]
    set_here += [QUEUE] if table.events_sqs_queue_url else []
    own = {f"{kind}{AT}{name}" for kind in set_here}
    if table.events is not None:
        return frozenset({*table.events, *own})
    return frozenset(own or {*NAMES, QUEUE})


def senders(settings: Settings, session: boto3.Session | None = None) -> dict[str, EventSender]:
    """The event senders of ``settings`` alone that have what they need to be trusted."""
    return make_senders(settings, _outside(session))


def _outside(session: boto3.Session | None) -> Outside:
    return Outside(certificate_fetcher, SnsConfirmer(session))


def open_ledger(settings: Settings, hooks: Callable[[], HookTypes] = dict) -> DurableLedger:
    """The ledger. It announces to the webhook, where one is configured, to the hooks it knows, and to ``hooks``.

    Raises `ConfigurationError`.
    """
    told = settings.webhook_url is not None
    announcer = Announcer(
        webhook_body if told else None, hooks=hooks, render_erasure=erasure_webhook_body if told else None
    )
    return open_ledger_at(settings.database_url, announcer)


def outbox_loop(settings: Settings, ledger: Outbox) -> "OutboxLoop | None":
    """The loop that sends webhooks; None where none is configured."""
    if settings.webhook_url is None:
        return None
    from valetkey.adapters.webhooks import HttpWebhook
    from valetkey.worker import OutboxLoop

    receiver = HttpWebhook(settings.webhook_url, settings.webhook_secrets, allow_private=settings.webhook_allow_private)
    return OutboxLoop(Dispatcher(ledger, receiver, **_waits(settings)))


def _waits(settings: Settings) -> dict[str, Any]:
    """How long is waited for another attempt, and kept what was delivered."""
    return {"delays": settings.webhook_delays, "retention": timedelta(seconds=settings.webhook_retention)}
