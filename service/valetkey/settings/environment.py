"""The environment variables (``VALETKEY_*``), with their defaults and units."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, SettingsConfigDict

from valetkey.core.announcing.dispatcher import DELAYS
from valetkey.core.errors import ConfigurationError
from valetkey.core.model.multipart import MAX_OBJECT_SIZE
from valetkey.core.model.schedule import Schedule
from valetkey.senders import EventSettings
from valetkey.senders.settings import Separated
from valetkey.settings.env_file import ENV_FILE, read_env_file
from valetkey.settings.explaining import explain
from valetkey.settings.values import (
    Lack,
    address_of,
    bucket_in,
    endpoint_address,
    http_url,
    is_whsec,
    origin_of,
    own_address,
    plain_bucket,
    plain_url,
)

MIN_SECRET = 32
"""The minimum length of a secret key, in characters."""

MADE_FOR_A_RUN = "valetkey-dev-"
"""The prefix of the secret keys that `valetkey dev` generates at each start."""

LONGEST = 315_360_000
"""The maximum of the worker's settings in seconds: ten years. Dates end after some thousand years."""

_SECONDS: JsonDict = {"unit": "seconds"}

_SERVICE_LINK = re.compile("(tcp|udp|sctp)://")
"""The prefix of the ``VALETKEY_PORT`` that Kubernetes sets in each pod beside a Service called ``valetkey``, as
Docker's links do (kubernetes.io, "Service", Environment variables): that is the Service's address, and not our
setting."""


_OF_OTHERS = re.compile(
    r"VALETKEY_(ENDPOINT|TOKEN|DEV_FOLDER|TEST_\w+|(\w+_)?SERVICE_(HOST|PORT)\w*|(\w+_)?PORT(_[0-9]+_\w+)?)"
)
"""Names that are not settings but are expected: those of clients, between our processes, and of Kubernetes."""


class Settings(EventSettings, BaseSettings):
    """The settings from the environment, validated at the start. Each event sender defines its own."""

    model_config = SettingsConfigDict(env_prefix="VALETKEY_", env_ignore_empty=True, frozen=True)

    host: str = Field("127.0.0.1", description="The address to listen on; also `--host`.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on; also `--port`.")
    threads: int = Field(
        64,
        ge=4,
        le=512,
        description="Requests that one process handles at the same time. At most three quarters of them may wait for "
        "S3.",
        json_schema_extra={"unit": "requests"},
    )
    workers: int = Field(
        1, ge=1, le=64, description="Number of processes that `serve` starts.", json_schema_extra={"unit": "processes"}
    )
    body_timeout: int = Field(
        30,
        ge=1,
        le=600,
        description="How long a client may take to send the body of a request.",
        json_schema_extra=_SECONDS,
    )
    public_url: str | None = Field(
        None,
        description="The address at which browsers reach valetkey, including any path that a proxy strips. If not set, "
        "it is derived from each request. Set it behind a proxy.",
    )
    config: Path | None = Field(
        None,
        description="The TOML file with the profiles. If not set: `valetkey.toml` in the working directory, if it "
        "exists.",
    )
    bucket: str | None = Field(
        None, min_length=3, max_length=63, description="Required. The bucket that uploads go to."
    )
    s3_endpoint_url: str | None = Field(
        None, description="The address of the store, without the bucket. If not set: AWS."
    )
    s3_public_endpoint_url: str | None = Field(
        None, description="The address of the store as clients see it, if it differs."
    )
    s3_region: str = Field("us-east-1", description="The region that requests are signed for.")
    s3_addressing_style: Literal["auto", "path", "virtual"] = Field(
        "auto",
        description="Where the bucket's name goes in addresses: `virtual` (host), `path`, or `auto` (host on AWS, "
        "path elsewhere).",
    )
    s3_accelerate: bool = Field(
        False,
        description="Clients upload and download through S3 Transfer Acceleration, which must be enabled on the "
        "bucket.",
    )
    s3_dualstack: bool = Field(False, description="Use AWS's dual-stack addresses, which also support IPv6.")
    cloudfront_key_pair_id: str | None = Field(
        None, description="The ID of the key pair that signs download URLs of profiles with `download_signing`."
    )
    cloudfront_private_key_file: Path | None = Field(
        None, description="The PEM file with its private key (RSA or ECDSA P-256), without a passphrase."
    )
    s3_post: bool = Field(
        True, description="Set to `false` if the store does not support presigned POST (Cloudflare R2, Backblaze B2)."
    )
    s3_grant_access_key_id: str | None = Field(
        None,
        description="The access key that signs grants, if it should not be valetkey's own. It needs permission to "
        "write, but not to read.",
    )
    s3_grant_secret_access_key: str | None = Field(
        None, repr=False, description="The secret that belongs to that access key."
    )
    s3_max_object_size: int = Field(
        MAX_OBJECT_SIZE,
        ge=1,
        le=MAX_OBJECT_SIZE,
        description="The largest object that the store accepts, if that is less than S3's 10,000 parts of 5 GiB.",
        json_schema_extra={"unit": "bytes"},
    )
    s3_lacks: Separated[tuple[Lack, ...]] = Field(
        (),
        description="What the store does not support, separated by commas: `post`, `conditional-put` (PUT with "
        "`If-None-Match`), `list-parts`, `dead-parts` (it still accepts parts after an upload was completed), "
        "`atomic-copy` (if the source is overwritten during a copy, the copy can contain bytes that its condition did "
        "not match), `object-lock` (for a store that cannot tell whether a bucket has it).",
    )
    database_url: str = Field(
        "sqlite:///valetkey.db",
        repr=False,
        description="The database of the ledger: SQLite, or `postgresql://USER:PASSWORD@HOST/DATABASE`. A new SQLite "
        "file gets the mode 0600.",
    )
    ledger_retention: int | None = Field(
        None,
        ge=1,
        le=3_153_600_000,
        description="How long the ledger keeps uploads that were rejected, aborted, expired or deleted. If not set: "
        "forever. Confirmed uploads are always kept. The `Idempotency-Key` of any upload is forgotten after this time, "
        "but not while the upload is open or may be renewed.",
        json_schema_extra=_SECONDS,
    )
    secret_keys: Separated[tuple[str, ...]] = Field(
        (),
        repr=False,
        description=f"Required. One or more keys of at least {MIN_SECRET} characters, separated by commas. The first "
        "one signs tickets; tickets signed with any of them are accepted.",
    )
    auth: Literal["keys", "open"] = Field(
        "keys", description="`open` allows anybody to upload. `serve` and `ValetKey(app)` refuse to start with it."
    )
    cors_origins: Separated[tuple[str, ...]] = Field(
        (),
        description="The origins of pages that may call the API, such as `https://app.example`, separated by commas; "
        "or `*` for all. `dev` allows all.",
    )
    webhook_url: str | None = Field(
        None,
        description="Where webhooks about the outcome of uploads are sent. If not set, none are sent or stored for "
        "later.",
    )
    webhook_secrets: Separated[tuple[str, ...]] = Field(
        (),
        repr=False,
        description="Required if a URL is set. One or more secrets, separated by commas; each is `whsec_` followed by "
        "24 to 64 bytes in base64. Webhooks are signed with all of them, so that you can rotate them.",
    )
    webhook_allow_private: bool = Field(False, description="Allow webhooks to private addresses.")
    webhook_delays: Separated[tuple[Annotated[float, Field(ge=0, le=2_592_000)], ...]] = Field(
        DELAYS,
        description="The delay after each failed attempt, separated by commas. If the attempt after the last delay "
        "fails, the webhook is dead. Hooks use the same delays.",
        json_schema_extra=_SECONDS,
    )
    webhook_retention: int = Field(
        604_800,
        ge=0,
        le=315_360_000,
        description="How long delivered webhooks and finished hook calls are kept.",
        json_schema_extra=_SECONDS,
    )
    events_bucket: str | None = Field(
        None,
        description="The bucket's name in events, if it differs from `VALETKEY_BUCKET`: if that is the alias of an "
        "access point, events have the name of the bucket itself. Verdicts of GuardDuty count for these names only.",
    )
    events_sqs_queue_url: str | None = Field(
        None, description="The SQS queue from which `worker` reads the store's events."
    )
    events_sqs_visibility: int = Field(
        60,
        ge=3,
        le=43_200,
        description="How long a message stays reserved for one worker; extended while the worker handles it.",
        json_schema_extra=_SECONDS,
    )
    worker_threads: int = Field(
        4,
        ge=1,
        le=64,
        description="Queue messages that one `worker` handles at the same time.",
        json_schema_extra={"unit": "messages"},
    )
    sweep_interval: int = Field(
        1,
        ge=1,
        le=LONGEST,
        description="How often the worker checks for uploads that are due. It determines how soon content is checked.",
        json_schema_extra=_SECONDS,
    )
    sweep_first_look: int = Field(
        60,
        ge=1,
        le=LONGEST,
        description="When the worker first looks for a new upload's object, counted from its creation. Use the same "
        "value for every `serve` and `worker`.",
        json_schema_extra=_SECONDS,
    )
    sweep_grace: int = Field(
        900,
        ge=1,
        le=LONGEST,
        description="The time between the end of an upload's last grant and its expiry. Must be longer than a copy "
        "can take.",
        json_schema_extra=_SECONDS,
    )
    sweep_retention: int = Field(
        86_400,
        ge=1,
        le=LONGEST,
        description="How long the worker keeps looking for objects that arrive late, and how long it keeps orphans.",
        json_schema_extra=_SECONDS,
    )
    sweep_clean_interval: int = Field(
        3_600,
        ge=1,
        le=LONGEST,
        description="How often the worker looks for orphans in the bucket.",
        json_schema_extra=_SECONDS,
    )

    @model_validator(mode="before")
    @classmethod
    def _said(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values without the spaces and line ends of secrets' files; an empty value counts as not set."""
        stripped = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        if _SERVICE_LINK.match(str(stripped.get("port"))):
            del stripped["port"]
        return {name: value for name, value in stripped.items() if value != ""}

    @field_validator("bucket", mode="before")
    @classmethod
    def _bucket(cls, value: object) -> object:
        return plain_bucket(value)

    @field_validator("s3_endpoint_url", "s3_public_endpoint_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        return http_url(value)

    @field_validator("public_url")
    @classmethod
    def _own(cls, value: str | None) -> str | None:
        return own_address(value)

    @field_validator("events_sqs_queue_url")
    @classmethod
    def _queue(cls, value: str | None) -> str | None:
        return plain_url(value)

    @field_validator("s3_endpoint_url", "s3_public_endpoint_url")
    @classmethod
    def _endpoint(cls, value: str | None) -> str | None:
        return endpoint_address(value)

    @model_validator(mode="after")
    def _endpoint_without_bucket(self) -> Self:
        for name in ("s3_endpoint_url", "s3_public_endpoint_url"):
            if self.bucket and (found := bucket_in(getattr(self, name), self.bucket)):
                raise ValueError(f"VALETKEY_{name.upper()} {found}: leave it out, valetkey adds the bucket itself")
        return self

    @field_validator("webhook_url")
    @classmethod
    def _webhook(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://none")
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.port == 0:
            raise ValueError("must be an http or https URL without a user")
        if value and not (value.isascii() and value.isprintable() and " " not in value):
            raise ValueError("must be ASCII without spaces: write an internationalized host in its xn-- form")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if values == ("*",):
            return values
        return tuple(origin_of(value) for value in values)

    @field_validator("webhook_secrets")
    @classmethod
    def _whsec(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if not all(is_whsec(value) for value in values):
            raise ValueError("each must be whsec_ followed by 24 to 64 bytes in base64")
        return values

    @property
    def base_url(self) -> str:
        """The service's URL as browsers see it, without a trailing slash."""
        return (self.public_url or address_of(self.host, self.port)).rstrip("/")

    @property
    def schedule(self) -> Schedule:
        """The times that the sweep works by."""
        return Schedule(
            first_look=timedelta(seconds=self.sweep_first_look),
            grace=timedelta(seconds=self.sweep_grace),
            retention=timedelta(seconds=self.sweep_retention),
            ledger_retention=None if self.ledger_retention is None else timedelta(seconds=self.ledger_retention),
        )

    def missing(self, *, allow_open: bool = False, has_stores: bool = False) -> list[str]:
        """The settings that are required for production but missing or insecure, a sentence for each.

        With ``allow_open``, ``auth`` may be ``open``. ``has_stores`` says whether ``valetkey.toml`` defines stores.
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
            missing.append(
                "Set VALETKEY_AUTH=keys: 'open' allows anybody to upload; use it only in `valetkey dev` without --app."
            )
        return missing


def require_nothing(missing: Sequence[str]) -> None:
    """Raises `ConfigurationError` with all sentences of ``missing``, if there are any."""
    if missing:
        lines = ["The configuration is not complete:", *missing]
        if not ENV_FILE.exists():
            lines.append("`valetkey init` writes a .env with new secrets, in which you fill in the rest.")
            lines.append("To try it out, `valetkey dev` or `valetkey dev --app` needs no settings.")
        raise ConfigurationError("\n  ".join(lines))


def load_settings(**overrides: Any) -> Settings:
    """The settings from the environment and ``.env``; ``overrides`` that are not None take precedence.

    Raises `ConfigurationError`.
    """
    read_env_file()
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise ConfigurationError(explain(error, lambda name: f"VALETKEY_{name.upper()}")) from error


def unknown_names() -> Iterator[str]:
    """A sentence for each variable that looks like a setting but is not one."""
    known = [f"VALETKEY_{name.upper()}" for name in Settings.model_fields]
    for name in sorted({name.upper() for name, value in os.environ.items() if value}):
        if name.startswith("VALETKEY_") and name not in known and not _OF_OTHERS.fullmatch(name):
            near = get_close_matches(name, known, 1, 0.8)
            yield f"{name} is not a setting and is ignored.{f' Do you mean {near[0]}?' if near else ''}"
