"""``valetkey.toml``: profiles and stores."""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from valetkey.core.errors import ConfigurationError
from valetkey.core.model.multipart import MAX_OBJECT_SIZE, MAX_SINGLE_SIZE, MIB
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Detect
from valetkey.core.model.upload import DEFAULT_STORE
from valetkey.senders import NAMES, EventSettings
from valetkey.settings.explaining import explain
from valetkey.settings.values import Lack, bucket_in, endpoint_address, http_url, plain_bucket, plain_url

_Seconds = Annotated[int, Field(ge=0, le=10_000_000_000)]
"""A time in seconds that Python can express; the profile has its own upper bounds."""


class ProfileTable(BaseModel):
    """A table ``[profiles.NAME]``. Sizes are in bytes, times in seconds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    min_size: int = 0
    max_size: int = MAX_SINGLE_SIZE
    content_types: list[str] = ["*/*"]
    key: str = "uploads/{id}/{filename}"
    expires_in: _Seconds = 900
    renewable_for: _Seconds = 86_400
    metadata: list[str] | None = None
    storage_class: str | None = None
    sse: str | None = None
    sse_kms_key_id: str | None = None
    cache_control: str | None = None
    content_disposition: Literal["inline", "attachment"] | None = None
    tags: dict[str, str] = {}
    object_metadata: dict[str, str] = {}
    lock_mode: Literal["GOVERNANCE", "COMPLIANCE"] | None = None
    lock_for: _Seconds | None = None
    legal_hold: bool = False
    return_url: str | None = None
    download_base_url: str | None = None
    download_signing: Literal["cloudfront"] | None = None
    detect: Literal["off", "warn", "reject"] = "off"
    scan: bool = False
    checksum: Literal["optional", "required"] = "optional"
    multipart_from: int = 100 * MIB
    part_size: int = 8 * MIB
    claim_within: _Seconds | None = None
    keep_for: _Seconds | None = None
    store: str | None = None

    def profile(self, name: str) -> Profile:
        """The profile that the table defines. Raises `ConfigurationError` if it is contradictory."""
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
    """A table ``[stores.NAME]``. Its settings for senders and for the queue apply to this store only."""

    model_config = ConfigDict(extra="forbid", strict=True)

    bucket: str = Field(min_length=3, max_length=63, description="Required. The bucket that uploads go to.")
    region: str = Field("us-east-1", description="The region that requests are signed for.")
    endpoint_url: str | None = Field(None, description="The address of the store, without the bucket. If not set: AWS.")
    public_endpoint_url: str | None = Field(
        None, description="The address of the store as clients see it, if it differs."
    )
    addressing_style: Literal["auto", "path", "virtual"] = Field(
        "auto",
        description="Where the bucket's name goes in addresses: `virtual` (host), `path`, or `auto` (host on AWS, "
        "path elsewhere).",
    )
    lacks: list[Lack] = Field(
        [], description="What the store does not support; the values are those of `VALETKEY_S3_LACKS`."
    )
    accelerate: bool = Field(
        False,
        description="Clients upload and download through S3 Transfer Acceleration, which must be enabled on the "
        "bucket.",
    )
    dualstack: bool = Field(False, description="Use AWS's dual-stack addresses, which also support IPv6.")
    max_object_size: int = Field(
        MAX_OBJECT_SIZE,
        ge=1,
        le=MAX_OBJECT_SIZE,
        description="The largest object that the store accepts, if that is less than S3's 10,000 parts of 5 GiB.",
        json_schema_extra={"unit": "bytes"},
    )
    aws_profile: str | None = Field(
        None, description="The AWS profile that has the credentials. If not set, boto3 looks for them as usual."
    )
    role_arn: str | None = Field(
        None, description="A role to assume with these credentials. Its session is renewed before it ends."
    )
    external_id: str | None = Field(None, description="The external ID that the role requires.", repr=False)
    sts_endpoint_url: str | None = Field(None, description="The address of STS, if it is not that of AWS.")
    grant_aws_profile: str | None = Field(
        None,
        description="An AWS profile whose access key signs grants instead. It needs permission to write, but not to "
        "read.",
    )
    sse_kms_key_id: str | None = Field(
        None,
        pattern="^[!-~]{1,2048}$",
        description="The KMS key for objects whose profile sets no encryption of its own.",
    )
    prefix: str = Field("", description="A prefix for the keys of confirmed objects, before the profile's `key`.")
    staging_prefix: str = Field(
        "", description="A prefix for `staging/` and `quarantine/`, for two services that share a bucket."
    )
    events: list[str] | None = Field(
        None,
        description='The senders that deliver this store\'s events, such as `["ceph"]`; `sqs` means the queue. If not '
        "set: the senders that this table configures, or any sender if it configures none.",
    )
    events_bucket: str | None = Field(
        None,
        description="The bucket's name in events, if it differs from `bucket`: if that is the alias of an "
        "access point, events have the name of the bucket itself. Verdicts of GuardDuty count for these names only.",
    )
    events_sqs_queue_url: str | None = Field(
        None, description="An SQS queue for this store's events. `worker` reads it with this store's credentials."
    )

    @field_validator("bucket", mode="before")
    @classmethod
    def _bucket(cls, value: object) -> object:
        return plain_bucket(value)

    @field_validator("endpoint_url", "public_endpoint_url", "sts_endpoint_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        return endpoint_address(http_url(value))

    @field_validator("events_sqs_queue_url")
    @classmethod
    def _queue(cls, value: str | None) -> str | None:
        return plain_url(value)

    @field_validator("prefix", "staging_prefix")
    @classmethod
    def _prefixed(cls, value: str) -> str:
        if value and not (_PREFIX.fullmatch(value) and len(value) <= MAX_PREFIX):
            raise ValueError(
                f"must be segments that end in '/', such as 'customers/acme/', with up to {MAX_PREFIX} characters: "
                "letters, digits, and ! _ * ' ( ) - ."
            )
        return value

    @field_validator("events")
    @classmethod
    def _known_senders(cls, values: list[str] | None) -> list[str] | None:
        if unknown := sorted(set(values or []) - {*NAMES, QUEUE}):
            raise ValueError(f"there is no sender {unknown[0]!r}; the senders are {', '.join([*NAMES, QUEUE])}")
        return values

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for name in ("endpoint_url", "public_endpoint_url"):
            if found := bucket_in(getattr(self, name), self.bucket):
                raise ValueError(f"{name} {found}: leave it out, valetkey adds the bucket itself")
        if self.external_id is not None and self.role_arn is None:
            raise ValueError("external_id requires a role_arn")
        return self


CONFIG_FILE = Path("valetkey.toml")
"""The default of `VALETKEY_CONFIG`, in the working directory."""

MAX_PREFIX = 200
"""The maximum length of a store's prefixes, in characters."""

QUEUE = "sqs"
"""The name of the queue in a store's ``events``."""

_PREFIX = re.compile(r"([A-Za-z0-9!_*'()-][A-Za-z0-9!_.*'()-]*/)+")
_STORE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class ConfigFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    profiles: dict[str, ProfileTable] = {}
    stores: dict[str, StoreTable] = {}
    stores_by_owner: dict[str, str] = {}

    @field_validator("stores")
    @classmethod
    def _named(cls, tables: dict[str, StoreTable]) -> dict[str, StoreTable]:
        for name in tables:
            if not _STORE_NAME.fullmatch(name):
                raise ValueError(f"{name[:80]!r} is not a valid name of a store: up to 63 letters, digits, and . _ -")
        return tables

    @model_validator(mode="after")
    def _known(self) -> Self:
        for pattern, name in self.stores_by_owner.items():
            if name not in self.stores and name != DEFAULT_STORE:
                raise ValueError(f"stores_by_owner: {pattern!r} names the store {name!r}, which is not configured")
        return self

    def store_for(self, owner: str, profile: str) -> str | None:  # noqa: ARG002
        """The store of the first pattern in ``stores_by_owner`` that matches ``owner``; None if none does."""
        return next((name for pattern, name in self.stores_by_owner.items() if fnmatchcase(owner, pattern)), None)


def load_config(path: Path | None) -> ConfigFile:
    """The file at ``path``; None: ``valetkey.toml`` in the working directory, if it exists. Raises
    `ConfigurationError`."""
    if path is None:
        return _read(CONFIG_FILE) if CONFIG_FILE.exists() else ConfigFile()
    return _read(path)


def load_profiles(path: Path | None) -> Mapping[str, Profile]:
    """The profiles in the file at ``path``; None: ``valetkey.toml`` in the working directory, if it exists.

    There is always a profile ``default``; if the file does not define it, it allows anything that S3 accepts by POST.
    Raises `ConfigurationError`.
    """
    tables = load_config(path).profiles
    return {name: table.profile(name) for name, table in ({"default": ProfileTable()} | tables).items()}


def _read(path: Path) -> ConfigFile:
    try:
        return ConfigFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise ConfigurationError(explain(error, lambda name: f"{path}: {name}")) from error
