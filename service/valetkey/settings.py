"""The only reader of the environment (``VALETKEY_*``), of ``.env`` and of ``valetkey.toml``: every name, default and
unit."""

import base64
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, SettingsConfigDict

from valetkey.core.announcing.dispatcher import DELAYS
from valetkey.core.errors import ConfigurationError
from valetkey.core.model.multipart import MAX_OBJECT_SIZE, MAX_SINGLE_SIZE, MIB
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Detect
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import DEFAULT_STORE
from valetkey.senders import NAMES, EventSettings
from valetkey.senders.settings import Separated

MIN_SECRET = 32
"""The shortest secret key accepted, in characters."""

ENV_FILE = Path(".env")
"""In the working directory: what it says counts where the environment says nothing."""

ENV_NAMES = ("VALETKEY_", "AWS_")
"""How the variables begin that are taken from it: ours, and those of boto3. Others are somebody else's."""

_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Each of them leads boto3 to credentials: where the environment has one, none of the file comes between."""

_SECONDS: JsonDict = {"unit": "seconds"}


class Settings(EventSettings, BaseSettings):
    """What the environment says; anything that cannot be right is refused at the start. Senders say their own."""

    model_config = SettingsConfigDict(env_prefix="VALETKEY_", env_ignore_empty=True, frozen=True)

    host: str = Field("127.0.0.1", description="The address to listen on; also `--host`.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on; also `--port`.")
    threads: int = Field(
        64,
        ge=4,
        le=512,
        description="Requests that one process serves at once. Three quarters of them may wait for S3.",
        json_schema_extra={"unit": "requests"},
    )
    workers: int = Field(1, ge=1, le=64, description="Processes of `serve`.", json_schema_extra={"unit": "processes"})
    body_timeout: int = Field(
        30, ge=1, le=600, description="How long the body of a request may take.", json_schema_extra=_SECONDS
    )
    public_url: str | None = Field(
        None, description="Our own address as browsers see it. Without it, what a request says counts."
    )
    config: Path | None = Field(
        None, description="The TOML file with the profiles; `./valetkey.toml` where it is not set and there is one."
    )
    bucket: str | None = Field(None, min_length=3, max_length=63, description="Required. The bucket of the uploads.")
    s3_endpoint_url: str | None = Field(None, description="The address of the store, without the bucket; not set: AWS.")
    s3_public_endpoint_url: str | None = Field(
        None, description="The address of the store as clients see it, where that is another one."
    )
    s3_region: str = Field("us-east-1", description="The region that requests are signed for.")
    s3_addressing_style: Literal["auto", "path", "virtual"] = Field(
        "auto", description="Where the bucket stands in an address. `auto`: in the host on AWS, else in the path."
    )
    s3_accelerate: bool = Field(
        False, description="Clients send to, and download from, S3 Transfer Acceleration, which the bucket has to have."
    )
    s3_dualstack: bool = Field(False, description="The addresses of AWS that have IPv6, too.")
    cloudfront_key_pair_id: str | None = Field(
        None, description="The key pair that signs the addresses of profiles with `download_signing`."
    )
    cloudfront_private_key_file: Path | None = Field(
        None, description="The PEM file with its private key, RSA or ECDSA P-256, without a passphrase."
    )
    s3_post: bool = Field(
        True, description="`false` where the store takes no presigned POST (Cloudflare R2, Backblaze B2)."
    )
    s3_grant_access_key_id: str | None = Field(
        None,
        description="The access key that grants are signed with, where it is not the service's own. It has to "
        "write, and need not read.",
    )
    s3_grant_secret_access_key: str | None = Field(None, repr=False, description="The secret of that access key.")
    s3_max_object_size: int = Field(
        MAX_OBJECT_SIZE,
        ge=1,
        le=MAX_OBJECT_SIZE,
        description="The largest object that the store takes, where it is not S3's 10,000 parts of 5 GiB.",
        json_schema_extra={"unit": "bytes"},
    )
    s3_lacks: Separated[tuple[Literal["post", "conditional-put", "list-parts", "dead-parts"], ...]] = Field(
        (),
        description="What the store cannot do, separated by commas: `post`, `conditional-put` (`If-None-Match` of a "
        "PUT), `list-parts`, `dead-parts` (it takes parts after they were joined).",
    )
    database_url: str = Field(
        "sqlite:///valetkey.db",
        repr=False,
        description="The ledger: SQLite, or `postgresql://USER:PASSWORD@HOST/DATABASE`. A new SQLite file has the "
        "mode 0600.",
    )
    ledger_retention: int | None = Field(
        None,
        ge=1,
        le=3_153_600_000,
        description="How long the ledger keeps an upload after its end (rejected, aborted, expired, deleted); not set: "
        "for ever. Confirmed ones stay.",
        json_schema_extra=_SECONDS,
    )
    secret_keys: Separated[tuple[str, ...]] = Field(
        (),
        repr=False,
        description=f"Required. Keys of at least {MIN_SECRET} characters, separated by commas: the first signs "
        "tickets, all are accepted.",
    )
    auth: Literal["keys", "open"] = Field(
        "keys", description="`open` lets anybody upload; `serve` and `ValetKey(app)` refuse it."
    )
    cors_origins: Separated[tuple[str, ...]] = Field(
        (),
        description="Pages that may call the API: origins such as `https://app.example`, separated by commas, or `*` "
        "alone. `dev` allows `*`.",
    )
    webhook_url: str | None = Field(
        None, description="Where the ends of uploads are announced; not set: nowhere, and none is kept for later."
    )
    webhook_secrets: Separated[tuple[str, ...]] = Field(
        (),
        repr=False,
        description="Required with a URL. Each is `whsec_` and 24 to 64 bytes in base64, separated by commas; each "
        "signs, so that they can be rotated.",
    )
    webhook_allow_private: bool = Field(False, description="Lets webhooks go to addresses that are not public.")
    webhook_delays: Separated[tuple[Annotated[float, Field(ge=0, le=2_592_000)], ...]] = Field(
        DELAYS,
        description="How long to wait after each failed attempt, separated by commas; after the last it is dead. "
        "Hooks wait as long.",
        json_schema_extra=_SECONDS,
    )
    webhook_retention: int = Field(
        604_800,
        ge=0,
        le=315_360_000,
        description="How long delivered webhooks, and calls of hooks, are kept.",
        json_schema_extra=_SECONDS,
    )
    events_sqs_queue_url: str | None = Field(None, description="The queue that `worker` reads the store's events from.")
    events_sqs_visibility: int = Field(
        60,
        ge=3,
        le=43_200,
        description="How long a message is one worker's; extended while it works.",
        json_schema_extra=_SECONDS,
    )
    worker_threads: int = Field(
        4,
        ge=1,
        le=64,
        description="Messages of the queue that one `worker` handles at once.",
        json_schema_extra={"unit": "messages"},
    )
    sweep_interval: int = Field(
        1,
        ge=1,
        description="Between two looks for what is due: how soon a worker looks into contents.",
        json_schema_extra=_SECONDS,
    )
    sweep_first_look: int = Field(
        60,
        ge=1,
        description="From an upload's creation to the first look; the same for every `serve` and `worker`.",
        json_schema_extra=_SECONDS,
    )
    sweep_grace: int = Field(
        900,
        ge=1,
        description="From the end of its last grant to an upload's expiry; longer than a copy may take.",
        json_schema_extra=_SECONDS,
    )
    sweep_retention: int = Field(
        86_400,
        ge=1,
        description="How long late bytes are looked for, and orphans are kept.",
        json_schema_extra=_SECONDS,
    )
    sweep_clean_interval: int = Field(
        3_600, ge=1, description="Between two looks for orphans in the bucket.", json_schema_extra=_SECONDS
    )

    @field_validator("public_url", "s3_endpoint_url", "s3_public_endpoint_url", "events_sqs_queue_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        return _http_url(value)

    @field_validator("public_url", "events_sqs_queue_url")
    @classmethod
    def _without_user(cls, value: str | None) -> str | None:
        if "@" in urlsplit(value or "").netloc:  # clients are told it, and logs have it
            raise ValueError("must have no user and no password")
        return value

    @field_validator("s3_endpoint_url", "s3_public_endpoint_url")
    @classmethod
    def _endpoint(cls, value: str | None) -> str | None:
        return _endpoint_address(value)

    @model_validator(mode="after")
    def _endpoint_without_bucket(self) -> Self:
        for name in ("s3_endpoint_url", "s3_public_endpoint_url"):
            if self.bucket and (found := _bucket_in(getattr(self, name), self.bucket)):
                raise ValueError(f"VALETKEY_{name.upper()} {found}: the bucket is put into addresses by itself")
        return self

    @field_validator("webhook_url")
    @classmethod
    def _webhook(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://none")
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.port == 0:
            raise ValueError("must be an http or https URL without a user")
        if value and not (value.isascii() and value.isprintable() and " " not in value):
            raise ValueError("must be ASCII without spaces: a host with other letters in its xn-- form")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if values == ("*",):
            return values
        return tuple(_origin(value) for value in values)

    @field_validator("webhook_secrets")
    @classmethod
    def _whsec(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_is_whsec(value) for value in values):
            raise ValueError("each must be whsec_ and then 24 to 64 bytes in base64")
        return values

    @property
    def base_url(self) -> str:
        """Our own address as browsers see it, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def schedule(self) -> Schedule:
        """When the sweep looks at what."""
        return Schedule(
            first_look=timedelta(seconds=self.sweep_first_look),
            grace=timedelta(seconds=self.sweep_grace),
            retention=timedelta(seconds=self.sweep_retention),
            ledger_retention=None if self.ledger_retention is None else timedelta(seconds=self.ledger_retention),
        )

    def missing(self, *, allow_open: bool = False, has_stores: bool = False) -> list[str]:
        """What has to be set before this is fit to serve strangers, a sentence each; without it no default can stand.

        With ``allow_open`` the door may be open, too; ``has_stores`` says that the toml has stores.
        """
        missing = []
        if not self.bucket and not has_stores:
            missing.append("Set VALETKEY_BUCKET: the bucket that uploads go to.")
        if not self.secret_keys:
            missing.append("Set VALETKEY_SECRET_KEYS: for example from `openssl rand -hex 32`.")
        elif any(len(secret) < MIN_SECRET for secret in self.secret_keys):
            missing.append(f"Set VALETKEY_SECRET_KEYS: each needs at least {MIN_SECRET} characters.")
        if (self.s3_grant_access_key_id is None) is not (self.s3_grant_secret_access_key is None):
            missing.append(
                "Set VALETKEY_S3_GRANT_ACCESS_KEY_ID and VALETKEY_S3_GRANT_SECRET_ACCESS_KEY: both, or neither."
            )
        if (self.cloudfront_key_pair_id is None) is not (self.cloudfront_private_key_file is None):
            missing.append(
                "Set VALETKEY_CLOUDFRONT_KEY_PAIR_ID and VALETKEY_CLOUDFRONT_PRIVATE_KEY_FILE: both, or neither."
            )
        if self.webhook_url and not self.webhook_secrets:
            missing.append('Set VALETKEY_WEBHOOK_SECRETS: for example from `echo "whsec_$(openssl rand -base64 32)"`.')
        if self.auth == "open" and not allow_open:
            missing.append("Set VALETKEY_AUTH=keys: 'open' lets anybody upload, and is for `valetkey dev` only.")
        return missing


def _http_url(value: str | None) -> str | None:
    if value is not None and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc):
        raise ValueError("must be an http or https URL")
    return value


def _endpoint_address(value: str | None) -> str | None:
    parts = urlsplit(value or "")
    if "@" in parts.netloc:
        raise ValueError("must have no user: credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if parts.port == 0:  # what is no port at all is a ValueError by itself
        raise ValueError("has the port 0")
    if parts.query or parts.fragment:
        raise ValueError("must have no query and no fragment: it is the address of the store, not of an object")
    return value


_SERVERS = {"minio", "ceph", "rgw", "storage", "objects", "objectstorage"}
"""What hosts of stores are called: a bucket of such a name says nothing about a host that begins with it."""


def _bucket_in(endpoint_url: str | None, bucket: str) -> str | None:
    """How ``bucket`` is named in the address of its store, if it is."""
    parts = urlsplit(endpoint_url or "")
    if bucket in unquote(parts.path).split("/"):
        return f"has the bucket {bucket!r} in its path"
    host, name = parts.hostname or "", bucket.lower()
    if host.startswith(name + ".") and name not in _SERVERS:
        return f"has the bucket {bucket!r} in its host"
    return None


_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def _origin(text: str) -> str:
    """``text`` as a browser sends it. Raises ValueError that says what is wrong with it."""
    origin = text.lower()
    scheme, colon, rest = origin.partition("://")
    if text == "*":
        raise ValueError("* allows every origin: it stands alone")
    if not colon:
        raise ValueError(f"{text!r} has no scheme: https://app.example")
    if rest.endswith("/") and "/" not in rest[:-1]:
        raise ValueError(f"{text!r} must have no slash at its end")
    if "/" in rest:
        raise ValueError(f"{text!r} must have no path: an origin is a scheme, a host and a port")
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(f"{text!r} is no origin: https://app.example, with a host in ASCII (xn--...)")
    if (scheme, rest.rpartition("]")[2].partition(":")[2]) in {("http", "80"), ("https", "443")}:
        raise ValueError(f"{text!r} names the port that browsers leave out: leave it out")
    return origin


def _is_whsec(text: str) -> bool:
    """Whether it is a secret as Standard Webhooks has it."""
    try:
        raw = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    return text.startswith("whsec_") and 24 <= len(raw) <= 64


def require_nothing(missing: Sequence[str]) -> None:
    """Raises `ConfigurationError` that says all that is ``missing``, a sentence each."""
    if missing:
        lines = ["Not fit to serve yet:", *missing]
        if not ENV_FILE.exists():
            lines.append("`valetkey init` writes a .env with fresh secrets, for the rest to be filled in.")
        raise ConfigurationError("\n  ".join(lines))


def read_env_file() -> None:
    """Takes what ``.env`` in the working directory says into the environment, where that says nothing: processes that
    we start, and boto3, see it there. Raises `ConfigurationError` where it cannot be read."""
    try:
        said = dotenv_values(ENV_FILE, interpolate=False) if ENV_FILE.is_file() else {}
        settled = _CREDENTIALS if any(os.environ.get(name) for name in _CREDENTIALS) else ()
        for name, value in said.items():
            if name.startswith(ENV_NAMES) and value and name not in settled and not os.environ.get(name):
                os.environ[name] = value
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no plain text"
        raise ConfigurationError(f"{ENV_FILE.absolute()} cannot be read: {reason}.") from error


def load_settings(**overrides: Any) -> Settings:
    """The settings of the environment and of ``.env``, with those ``overrides`` that are not None.

    Raises `ConfigurationError`.
    """
    read_env_file()
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise ConfigurationError(_explain(error, lambda name: f"VALETKEY_{name.upper()}")) from error


class ProfileTable(BaseModel):
    """One ``[profiles.NAME]`` of the toml. Sizes in bytes, times in seconds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    min_size: int = 0
    max_size: int = MAX_SINGLE_SIZE
    content_types: list[str] = ["*/*"]
    key: str = "uploads/{id}/{filename}"
    expires_in: int = 900
    renewable_for: int = 86_400
    metadata: list[str] | None = None
    storage_class: str | None = None
    sse: str | None = None
    sse_kms_key_id: str | None = None
    cache_control: str | None = None
    content_disposition: Literal["inline", "attachment"] | None = None
    tags: dict[str, str] = {}
    object_metadata: dict[str, str] = {}
    lock_mode: Literal["GOVERNANCE", "COMPLIANCE"] | None = None
    lock_for: int | None = None
    legal_hold: bool = False
    return_url: str | None = None
    download_base_url: str | None = None
    download_signing: Literal["cloudfront"] | None = None
    detect: Literal["off", "warn", "reject"] = "off"
    scan: bool = False
    checksum: Literal["optional", "required"] = "optional"
    multipart_from: int = 100 * MIB
    part_size: int = 8 * MIB
    claim_within: int | None = None
    keep_for: int | None = None
    store: str | None = None

    def profile(self, name: str) -> Profile:
        """The profile it describes. Raises `ConfigurationError` where it contradicts itself."""
        return Profile(
            name=name,
            min_size=self.min_size,
            max_size=self.max_size,
            content_types=tuple(self.content_types),
            key=self.key,
            expires_in=timedelta(seconds=self.expires_in),
            renewable_for=timedelta(seconds=self.renewable_for),
            metadata=None if self.metadata is None else frozenset(self.metadata),
            storage_class=self.storage_class,
            sse=self.sse,
            sse_kms_key_id=self.sse_kms_key_id,
            cache_control=self.cache_control,
            content_disposition=self.content_disposition,
            tags=self.tags,
            object_metadata=self.object_metadata,
            lock_mode=self.lock_mode,
            lock_for=None if self.lock_for is None else timedelta(seconds=self.lock_for),
            legal_hold=self.legal_hold,
            return_url=self.return_url,
            download_base_url=self.download_base_url,
            download_signing=self.download_signing,
            detect=Detect(self.detect),
            scan=self.scan,
            checksum_required=self.checksum == "required",
            multipart_from=self.multipart_from,
            part_size=self.part_size,
            claim_within=None if self.claim_within is None else timedelta(seconds=self.claim_within),
            keep_for=None if self.keep_for is None else timedelta(seconds=self.keep_for),
            store=self.store,
        )


class StoreTable(EventSettings):
    """One ``[stores.NAME]`` of the toml. The settings of senders, and of the queue, are those of this store alone."""

    model_config = ConfigDict(extra="forbid", strict=True)

    bucket: str = Field(min_length=3, max_length=63, description="Required. The bucket.")
    region: str = Field("us-east-1", description="The region that requests are signed for.")
    endpoint_url: str | None = Field(None, description="The address of the store, without the bucket; not set: AWS.")
    public_endpoint_url: str | None = Field(
        None, description="The address of the store as clients see it, where that is another one."
    )
    addressing_style: Literal["auto", "path", "virtual"] = Field(
        "auto", description="Where the bucket stands in an address. `auto`: in the host on AWS, else in the path."
    )
    lacks: list[Literal["post", "conditional-put", "list-parts", "dead-parts"]] = Field(
        [], description="What the store cannot do, as in `VALETKEY_S3_LACKS`."
    )
    accelerate: bool = Field(False, description="Clients use S3 Transfer Acceleration, which the bucket has to have.")
    dualstack: bool = Field(False, description="The addresses of AWS that have IPv6, too.")
    max_object_size: int = Field(
        MAX_OBJECT_SIZE,
        ge=1,
        le=MAX_OBJECT_SIZE,
        description="The largest object that the store takes, where it is not S3's 10,000 parts of 5 GiB.",
        json_schema_extra={"unit": "bytes"},
    )
    aws_profile: str | None = Field(
        None, description="The profile of the AWS configuration that has the credentials; not set: boto3's own chain."
    )
    role_arn: str | None = Field(
        None, description="The role that is assumed with these credentials, and renewed before it ends."
    )
    external_id: str | None = Field(None, description="The external id that the role's owner asks for.", repr=False)
    sts_endpoint_url: str | None = Field(None, description="The address of STS, where it is not that of AWS.")
    grant_aws_profile: str | None = Field(
        None,
        description="A profile with an access key that grants are signed with instead. It has to write, and need not "
        "read.",
    )
    sse_kms_key_id: str | None = Field(
        None,
        pattern="^[!-~]{1,2048}$",
        description="The KMS key that encrypts what no profile has encrypted otherwise.",
    )
    prefix: str = Field("", description="What the keys of confirmed objects begin with, before the profile's `key`.")
    staging_prefix: str = Field(
        "", description="What stands before `staging/` and `quarantine/`, where two services share a bucket."
    )
    events: list[str] | None = Field(
        None,
        description='The senders that this store\'s events come by, such as `["ceph"]`; `sqs` is the queue. Not set: '
        "any; with senders of its own, those alone.",
    )
    events_sqs_queue_url: str | None = Field(
        None, description="A queue of its own, which `worker` reads with this store's credentials."
    )

    @field_validator("endpoint_url", "public_endpoint_url", "sts_endpoint_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        return _endpoint_address(_http_url(value))

    @field_validator("events_sqs_queue_url")
    @classmethod
    def _queue(cls, value: str | None) -> str | None:
        if "@" in urlsplit(value or "").netloc:  # logs have it
            raise ValueError("must have no user and no password")
        return _http_url(value)

    @field_validator("prefix", "staging_prefix")
    @classmethod
    def _prefixed(cls, value: str) -> str:
        if value and not (_PREFIX.fullmatch(value) and len(value) <= MAX_PREFIX):
            raise ValueError(
                f"must be up to {MAX_PREFIX} plain characters in parts that end in '/', such as 'customers/acme/'"
            )
        return value

    @field_validator("events")
    @classmethod
    def _known_senders(cls, values: list[str] | None) -> list[str] | None:
        if unknown := sorted(set(values or []) - {*NAMES, QUEUE}):
            raise ValueError(f"there is no sender {unknown[0]!r}: {', '.join([*NAMES, QUEUE])}")
        return values

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for name in ("endpoint_url", "public_endpoint_url"):
            if found := _bucket_in(getattr(self, name), self.bucket):
                raise ValueError(f"{name} {found}: the bucket is put into addresses by itself")
        if self.external_id is not None and self.role_arn is None:
            raise ValueError("external_id needs a role_arn")
        return self


MAX_PREFIX = 200
"""How long a store's prefixes may be, in characters."""

QUEUE = "sqs"
"""What a store calls the queue among the senders of its events."""

_PREFIX = re.compile(r"([A-Za-z0-9!_*'()-][A-Za-z0-9!_.*'()-]*/)+")
_STORE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class ConfigFile(BaseModel):
    """The whole toml."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    profiles: dict[str, ProfileTable] = {}
    stores: dict[str, StoreTable] = {}
    stores_by_owner: dict[str, str] = {}

    @field_validator("stores")
    @classmethod
    def _named(cls, tables: dict[str, StoreTable]) -> dict[str, StoreTable]:
        for name in tables:
            if not _STORE_NAME.fullmatch(name):
                raise ValueError(f"{name[:80]!r} is no name of a store: up to 63 letters, digits, and . _ -")
        return tables

    @model_validator(mode="after")
    def _known(self) -> Self:
        for pattern, name in self.stores_by_owner.items():
            if name not in self.stores and name != DEFAULT_STORE:
                raise ValueError(f"stores_by_owner: {pattern!r} leads to the store {name!r}, which is not configured")
        return self

    def store_for(self, owner: str, profile: str) -> str | None:  # noqa: ARG002
        """The store that ``stores_by_owner`` names first for ``owner``; None where it names none."""
        return next((name for pattern, name in self.stores_by_owner.items() if fnmatchcase(owner, pattern)), None)


def load_config(path: Path | None) -> ConfigFile:
    """The toml at ``path`` (None: ``valetkey.toml`` here, if there is one). Raises `ConfigurationError`."""
    if path is None:
        path = Path("valetkey.toml")
        return _read(path) if path.exists() else ConfigFile()
    return _read(path)


def load_profiles(path: Path | None) -> Mapping[str, Profile]:
    """The profiles of the toml at ``path`` (None: ``valetkey.toml`` here, if there is one).

    There is always a profile ``default``: without a table of its own it takes anything that S3 takes by POST. Raises
    `ConfigurationError`.
    """
    tables = load_config(path).profiles
    return {name: table.profile(name) for name, table in ({"default": ProfileTable()} | tables).items()}


def _read(path: Path) -> ConfigFile:
    try:
        return ConfigFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is no TOML: {error}.") from error
    except ValidationError as error:
        raise ConfigurationError(_explain(error, lambda name: f"{path}: {name}")) from error


def _explain(error: ValidationError, name: Any) -> str:
    """Where and what, a line each; never the value, which may be a secret."""
    return "\n".join(
        f"{name('.'.join(str(part) for part in e['loc']))}: {e['msg'].removeprefix('Value error, ')}"
        if e["loc"]
        else e["msg"].partition(", ")[2]
        for e in error.errors()
    )
