"""The part of the composition root that opens what the settings name: stores, ledger, event senders."""

from collections.abc import Callable, Collection, Iterator
from hashlib import sha256

import boto3

from valetkey.adapters.ledgers import DurableLedger
from valetkey.adapters.ledgers import open_ledger as open_ledger_at
from valetkey.adapters.s3 import (
    CredentialSource,
    Proven,
    S3Settings,
    S3Store,
    static_keys,
)
from valetkey.adapters.sns import SnsConfirmer, certificate_fetcher
from valetkey.api.webhooks import erasure_webhook_body, webhook_body
from valetkey.core.errors import ConfigurationError
from valetkey.core.events.event import EventEndpoint, EventSender
from valetkey.core.granting.declaration import Shared
from valetkey.core.model.announcement import Announcer, HookTypes
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.upload import DEFAULT_STORE
from valetkey.core.ports.delivery import AddressSigner
from valetkey.core.stores import Choose, NamedStore, Stores
from valetkey.senders import AT, KINDS, NAMES, make_endpoints, make_senders, require_apart
from valetkey.senders.settings import SenderContext
from valetkey.settings import (
    MADE_FOR_A_RUN,
    QUEUE,
    Settings,
    StoreTable,
    load_config,
)


def open_stores(settings: Settings, session: boto3.Session | None = None, store_for: Choose | None = None) -> Stores:
    """The store of ``settings``, if they name a bucket, and those of the toml file. ``store_for`` replaces the toml's
    rule by owner. Raises `ConfigurationError`."""
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
        endpoint=endpoint_of(settings.s3_endpoint_url),
        events_bucket=settings.events_bucket,
    )


def _named_store(name: str, table: StoreTable, session: boto3.Session | None) -> NamedStore:
    return NamedStore(
        name,
        open_store(s3_settings_of_table(table), session),
        prefix=table.prefix,
        staging_prefix=table.staging_prefix,
        kms_key_id=table.sse_kms_key_id,
        senders=senders_of(name, table),
        endpoint=endpoint_of(table.endpoint_url),
        events_bucket=table.events_bucket,
    )


def endpoint_of(url: str | None) -> str:
    """The endpoint in a form that distinguishes buckets of one name; the same for all of AWS, where names are
    unique."""
    return (url or "").rstrip("/")


def open_store(settings: S3Settings, session: boto3.Session | None = None) -> S3Store:
    """Opens a store: the place to add another adapter. Raises `ConfigurationError`."""
    return S3Store(settings, session)


def s3_settings(settings: Settings) -> S3Settings:
    """The settings of the bucket, from ``settings``."""
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
    """The settings of the named store's bucket. Raises `ConfigurationError`."""
    tables = load_config(settings.config).stores
    if name in tables:
        return s3_settings_of_table(tables[name])
    if name != DEFAULT_STORE or not settings.bucket:
        known = ", ".join(sorted({*tables, *([DEFAULT_STORE] if settings.bucket else [])}))
        raise ConfigurationError(f"There is no store {name!r} here. There are: {known or 'none'}.")
    return s3_settings(settings)


def s3_settings_of_table(table: StoreTable) -> S3Settings:
    """The settings of the bucket of a ``[stores.NAME]``."""
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
        object_lock=False if "object-lock" in lacks else None,
    )


_LACKS = {"post": "post", "conditional-put": "conditional_put", "list-parts": "list_parts"}
_LACKS |= {"dead-parts": "parts_end_with_join", "atomic-copy": "atomic_copy", "object-lock": "object_lock"}
"""The members of `Capabilities` that `VALETKEY_S3_LACKS` is about."""


def proofs(stores: Stores, ledger: DurableLedger, settings: Settings) -> Iterator[Proven]:
    """For each store, the object that gives it the capabilities recorded in the ledger."""
    tables = load_config(settings.config).stores
    for one in stores:
        if isinstance(one.store, S3Store):
            said = {_LACKS[name] for name in tables[one.name].lacks} if one.name in tables else settled(settings)
            yield Proven(one.store, ledger, one.store.place, said)


def settled(settings: Settings) -> set[str]:
    """The members of `Capabilities` that the settings determine: they take precedence over what was found."""
    return {_LACKS[name] for name in settings.s3_lacks} | (
        {"post"} if "s3_post" in settings.model_fields_set else set()
    )


def _grant_keys(settings: Settings) -> tuple[str, str] | None:
    if settings.s3_grant_access_key_id is None or settings.s3_grant_secret_access_key is None:
        return None
    return settings.s3_grant_access_key_id, settings.s3_grant_secret_access_key


def address_signer(settings: Settings) -> AddressSigner | None:
    """The signer of CDN URLs; None if none is configured. Raises `ConfigurationError`."""
    if settings.cloudfront_key_pair_id is None or settings.cloudfront_private_key_file is None:
        return None
    from valetkey.adapters.cloudfront import CloudFront  # it imports all of cryptography

    return CloudFront(settings.cloudfront_key_pair_id, settings.cloudfront_private_key_file)


def event_endpoints(settings: Settings, context: SenderContext) -> dict[str, EventEndpoint]:
    """The senders of ``settings`` and of each store, by kind. Raises `ConfigurationError`, also if events could not be
    attributed to a store because of the same secret or the same queue."""
    tables = load_config(settings.config).stores
    require_apart([(None, settings), *tables.items()], ["events_sqs_queue_url"])
    return make_endpoints(settings, tables, context)


def senders_of(name: str, table: StoreTable | None) -> frozenset[str]:
    """The names of the senders whose events are accepted for a store: its own, and those of the installation that it
    names, or all of these if it names none."""
    if table is None:
        return frozenset({*NAMES, QUEUE})
    set_here = [kind.sender_name for kind in KINDS if any(getattr(table, field) for field in kind.model_fields)]
    set_here += [QUEUE] if table.events_sqs_queue_url else []
    own = {f"{kind}{AT}{name}" for kind in set_here}
    if table.events is not None:
        return frozenset({*table.events, *own})
    return frozenset(own or {*NAMES, QUEUE})


def senders(settings: Settings, session: boto3.Session | None = None) -> dict[str, EventSender]:
    """The configured event senders of ``settings``."""
    return make_senders(settings, sender_context(session))


def sender_context(session: boto3.Session | None) -> SenderContext:
    return SenderContext(certificate_fetcher, SnsConfirmer(session))


_TIMES = ("sweep_first_look", "sweep_grace", "sweep_retention", "ledger_retention")
"""The settings by which all processes determine when an upload is checked, and for how long it is kept."""


def shared_settings(settings: Settings) -> dict[str, Shared]:
    """The settings that have to be equal in all processes of a ledger, by name."""
    shared = {
        "VALETKEY_SECRET_KEYS": Shared(_fingerprints(*settings.secret_keys), "each refuses the other's tickets"),
        "VALETKEY_WEBHOOK_URL": Shared(
            _fingerprints(settings.webhook_url), "ends that one of them causes are announced elsewhere, or not at all"
        ),
        "VALETKEY_WEBHOOK_SECRETS": Shared(
            _fingerprints(*settings.webhook_secrets), "a receiver of webhooks may know the secret of only one of them"
        ),
    } | {
        f"VALETKEY_{name.upper()}": Shared(str(getattr(settings, name)), "each treats uploads by its own value")
        for name in _TIMES
    }
    if all(key.startswith(MADE_FOR_A_RUN) for key in settings.secret_keys):
        del shared["VALETKEY_SECRET_KEYS"]  # no other process has them, and a later one must not be warned of them
    return shared


def _fingerprints(*values: str | None) -> str:
    """A word for each of ``values``, which only reveals whether two of them are equal."""
    return " ".join(sha256(f"valetkey setting {one}".encode()).hexdigest()[:16] for one in values if one) or "unset"


def open_ledger(settings: Settings, hooks: Callable[[], HookTypes] = dict) -> DurableLedger:
    """The ledger. It announces to the webhook, if one is configured, to the hooks that it knows, and to ``hooks``.

    Raises `ConfigurationError`.
    """
    told = settings.webhook_url is not None
    announcer = Announcer(
        webhook_body if told else None, hooks=hooks, render_erasure=erasure_webhook_body if told else None
    )
    return open_ledger_at(settings.database_url, announcer)


def event_threads(settings: Settings, stores: Stores) -> int:
    """How many messages of one queue are handled at once: at least two if one of several stores may be slow."""
    return max(settings.worker_threads, 1 if len(stores) == 1 else 2)


def event_places(settings: Settings, stores: Stores) -> int:
    """How many messages of all queues are handled at once."""
    own = [one.events_sqs_queue_url for one in load_config(settings.config).stores.values()]
    queues = [url for url in [settings.events_sqs_queue_url, *own] if url]
    return event_threads(settings, stores) * max(1, len(queues))
