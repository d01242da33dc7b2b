"""Where a bucket is, and the boto3 clients for it."""

from dataclasses import dataclass, field
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.credentials import Credentials

from valetkey.adapters.s3.roles import CredentialSource
from valetkey.adapters.s3.sessions import require_credentials
from valetkey.core.model.capabilities import Capabilities
from valetkey.forks import KEPT, renew_in_child

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AddressingStyle = Literal["auto", "path", "virtual"]

TIMEOUT = 10
"""How long the store may take to answer, in seconds."""

COPY_TIMEOUT = 120
"""How long it may take to copy up to 5 GB, in seconds. Not tried again: the next signal does."""

_USER_AGENT = f"valetkey/{version('valetkey')}"
"""Botocore adds its name. Its usual one, with all that runs here, is put together anew each time: a fifth of a call."""


@dataclass(frozen=True, slots=True)
class S3Settings:
    """Where the bucket is. ``public_endpoint_url`` is what clients see, where it differs from ``endpoint_url``.

    ``capabilities`` is what is known of the store before it is asked. ``grant_keys`` are an access key and its secret
    with which grants are signed instead of the service's own: it has to write below ``staging/``, ``quarantine/`` and
    the profiles' keys, and need not read anything. ``source`` says where the service's own come from.
    ``staging_prefix`` stands before ``staging/``.
    """

    bucket: str
    region: str = "us-east-1"
    endpoint_url: str | None = None
    public_endpoint_url: str | None = None
    addressing_style: AddressingStyle = "auto"
    capabilities: Capabilities = field(default_factory=Capabilities)
    grant_keys: tuple[str, str] | None = field(default=None, repr=False)
    source: CredentialSource = field(default_factory=CredentialSource)
    staging_prefix: str = ""


NOBODYS = ("nobody", "nothing")
"""An access key and its secret, to ask botocore for an address: the credentials of a role may be unavailable just now."""


class _Made(NamedTuple):
    """What a process has of its own."""

    plain: "S3Client"
    copier: "S3Client"
    public: "S3Client"
    public_url: str
    credentials: Credentials


class Clients:
    """The clients for one bucket, of ``session`` or of one of their own. They are made here, and once more in each
    process that is forked from this one, when it first needs them. Raises `ConfigurationError`."""

    def __init__(self, settings: S3Settings, session: boto3.Session | None = None) -> None:
        self._settings = settings
        self._session = session
        self._making = Lock()
        self._made: _Made | None = self._make()
        renew_in_child(self, Clients._forget)

    def _forget(self) -> None:
        KEPT.append(self._made)
        self._making = Lock()
        self._made = None

    def _make(self) -> _Made:
        settings = self._settings
        session = settings.source.session(self._session)
        credentials = require_credentials(session)
        public = settings.public_endpoint_url or settings.endpoint_url
        return _Made(
            make_client(session, settings, settings.endpoint_url),
            make_copier(session, settings),
            make_client(session, settings, public),
            public_url(session, settings),
            credentials,
        )

    def _now(self) -> _Made:
        if (made := self._made) is not None:
            return made
        with self._making:  # sessions are not thread-safe
            self._made = made = self._made or self._make()
        return made

    def plain(self) -> "S3Client":
        """That of the internal endpoint."""
        return self._now().plain

    def copier(self) -> "S3Client":
        """That for what takes long and is not tried again."""
        return self._now().copier

    def public(self) -> "S3Client":
        """That of the endpoint that clients see."""
        return self._now().public

    def public_url(self) -> str:
        """The address of the bucket on that endpoint."""
        return self._now().public_url

    def credentials(self) -> Credentials:
        """The service's own."""
        return self._now().credentials


def make_client(
    session: boto3.Session,
    settings: S3Settings,
    endpoint_url: str | None,
    *,
    read_timeout: int = TIMEOUT,
    attempts: int = 3,
    keys: tuple[str | None, str | None] = (None, None),
) -> "S3Client":
    """A client that signs SigV4 for the region's own endpoint, and adds no checksums that stores off AWS refuse."""
    return session.client(
        "s3",
        region_name=settings.region,
        endpoint_url=endpoint_url,
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        config=Config(
            signature_version="s3v4",
            user_agent=_USER_AGENT,
            s3={
                "addressing_style": addressing_style(settings, endpoint_url),
                "us_east_1_regional_endpoint": "regional",
            },
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=5,
            read_timeout=read_timeout,
            max_pool_connections=64,
            parameter_validation=False,  # ours are right by their types; it pays for the headers that a copy replaces
        ),
    )


def public_url(session: boto3.Session, settings: S3Settings) -> str:
    """The address of the bucket as clients see it: botocore knows every partition, style and regional endpoint."""
    client = make_client(session, settings, settings.public_endpoint_url or settings.endpoint_url, keys=NOBODYS)
    return str(client.generate_presigned_post(settings.bucket, "key")["url"])


def addressing_style(settings: S3Settings, endpoint_url: str | None) -> AddressingStyle:
    """``auto``: virtual hosts on AWS, where path style meets redirects; path style on other stores and dotted names,
    whose certificates seldom cover the bucket's host."""
    if settings.addressing_style != "auto":
        return settings.addressing_style
    return "path" if endpoint_url or "." in settings.bucket else "virtual"


def make_copier(session: boto3.Session, settings: S3Settings) -> "S3Client":
    """A client for what takes long and is not tried again: copies, and the joining of parts."""
    copier = make_client(session, settings, settings.endpoint_url, read_timeout=COPY_TIMEOUT, attempts=1)
    for operation in ("CopyObject", "UploadPartCopy"):
        copier.meta.events.register(f"before-sign.s3.{operation}", _condition_for_ceph)
    return copier


def _condition_for_ceph(request: Any, **_: Any) -> None:
    """Ceph RGW 16 ignores ``x-amz-copy-source-if-match`` and reads the same from ``x-amz-copy-if-match``."""
    if etag := request.headers.get("x-amz-copy-source-if-match"):
        request.headers["x-amz-copy-if-match"] = etag


def refuses_unsigned(settings: S3Settings) -> bool:
    """Whether the store refuses requests with ``x-amz-`` headers that nobody signed: AWS does, in words (403)."""
    host = urlsplit(settings.public_endpoint_url or settings.endpoint_url or "").hostname
    return host is None or host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
