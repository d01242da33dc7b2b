"""The address of a bucket, and the boto3 clients for it."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config
from botocore.credentials import Credentials

from valetkey import waiting
from valetkey.adapters import aws_hosts
from valetkey.adapters.boto3_answers import read_in_time
from valetkey.adapters.s3.caller import Caller, Place
from valetkey.adapters.s3.pool import Pool
from valetkey.adapters.s3.roles import CredentialSource
from valetkey.adapters.s3.sessions import require_credentials
from valetkey.adapters.s3.strangers import read_warily
from valetkey.core.errors import ConfigurationError
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.signing.requests import RequestSigner
from valetkey.forks import KEPT, renew_in_child

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AddressingStyle = Literal["auto", "path", "virtual"]
Made = TypeVar("Made")

CONNECT_TIMEOUT, TIMEOUT = 5, 10
"""How long the store may take to accept a connection, and to respond, in seconds."""

COPY_TIMEOUT = 120
"""How long it may take to copy up to 5 GB, in seconds. Not retried: the next signal tries again."""

JOIN_TIME = 30 * 60
"""How long it may take to join parts, in seconds: S3 says that it "could take several minutes", and sends whitespace
meanwhile (CompleteMultipartUpload). After that the call is abandoned, and the next signal finds the result."""

_USER_AGENT = f"valetkey/{version('valetkey')}"
"""Botocore adds its name. Its default, which describes the whole system, is built for each call: a fifth of its
cost."""


@dataclass(frozen=True, slots=True)
class S3Settings:
    """Where the bucket is. ``public_endpoint_url`` is the endpoint for clients, if it differs from ``endpoint_url``.

    ``capabilities`` are those known before the store is asked. ``grant_keys`` are an access key and its secret that
    sign grants in place of the service's own: the key has to write below ``staging/``, ``quarantine/`` and the
    profiles' keys, and need not read anything. ``source`` says where the service's own credentials come from.
    ``staging_prefix`` precedes ``staging/``. With ``accelerate`` clients use S3 Transfer Acceleration (the service
    itself does not need it), with ``dualstack`` all use IPv6 addresses as well. Raises `ConfigurationError`.
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
    accelerate: bool = False
    dualstack: bool = False

    def __post_init__(self) -> None:
        aws_only = "requires AWS's own hosts: leave out the endpoint URLs of the store"
        elsewhere = bool(self.endpoint_url or self.public_endpoint_url)
        for wrong, detail in (
            (self.accelerate and elsewhere, f"Transfer Acceleration {aws_only}."),
            (self.dualstack and elsewhere, f"Dual-stack {aws_only}."),
            (
                self.accelerate and self.addressing_style == "path",
                "Transfer Acceleration has the bucket in its host: it excludes the addressing style 'path'.",
            ),
            (
                self.accelerate and "." in self.bucket,
                f"Transfer Acceleration does not support a bucket with a dot in its name, such as {self.bucket!r}.",
            ),
        ):
            if wrong:
                raise ConfigurationError(detail)

    @property
    def place(self) -> str:
        """The bucket and its endpoint, which proven capabilities are valid for."""
        where = self.endpoint_url or f"https://s3.{self.region}.amazonaws.com"
        return f"{where.rstrip('/')}/{self.bucket}"


NOBODYS = ("nobody", "nothing")
"""Dummy credentials for asking botocore for an address: those of a role may be unavailable now."""


class Found(NamedTuple):
    """The bucket's address: the signer for it, and its region."""

    signer: RequestSigner
    region: str


class _Making:
    """The lock for creating clients: sessions are not thread-safe, and several stores may share one."""

    lock = RLock()


class Clients:
    """The clients for one bucket, from ``session`` or a session of their own. Each is created when it is first needed,
    as some seldom are, and again in each forked process. Raises `ConfigurationError`."""

    def __init__(self, settings: S3Settings, session: boto3.Session | None = None) -> None:
        self._settings = settings
        self._given = session
        self._found: dict[str | None, Found] = {}
        self._begin()
        self.credentials()  # so that wrong settings are reported at the start
        self._public_url = public_url(self._session(), settings)
        self.caller()
        renew_in_child(self, Clients._forget)

    def _begin(self) -> None:
        self._made: dict[str, Any] = {}

    def _forget(self) -> None:
        KEPT.append(self._made)
        _Making.lock = RLock()
        self._begin()

    def _own(self, name: str, make: Callable[[], Made]) -> Made:
        """This process's object of that name, created if needed."""
        found: Made | None = self._made.get(name)
        if found is None:
            waiting.look()  # a session reads files, and may get its credentials from a process or the network
            with _Making.lock:
                found = self._made.get(name) or self._made.setdefault(name, make())
        return found

    def _session(self) -> boto3.Session:
        return self._own("session", lambda: self._settings.source.session(self._given))

    def credentials(self) -> Credentials:
        """The service's own credentials."""
        return self._own("credentials", lambda: require_credentials(self._session()))

    def plain(self) -> "S3Client":
        """The client of the internal endpoint."""
        return self._own("plain", self._make_plain)

    def copier(self) -> "S3Client":
        """The client for long calls that are not retried."""
        return self._own("copier", lambda: make_copier(self._session(), self._settings))

    def public(self) -> "S3Client":
        """The client of the public endpoint."""
        return self._own("public", self._make_public)

    def caller(self) -> Caller:
        """The caller of the internal endpoint without boto3."""
        return self._own("caller", self._make_caller)

    def public_url(self) -> str:
        """The URL of the bucket on the public endpoint."""
        return self._public_url

    def _make_plain(self) -> "S3Client":
        plain = make_client(self._session(), self._settings, self._settings.endpoint_url)
        return with_md5(plain, "PutObjectRetention", "PutObjectLegalHold")

    def _make_public(self) -> "S3Client":
        settings = self._settings
        public = settings.public_endpoint_url or settings.endpoint_url
        return make_client(self._session(), settings, public, accelerate=settings.accelerate)

    def _make_caller(self) -> Caller:
        timeouts = (CONNECT_TIMEOUT, TIMEOUT, COPY_TIMEOUT)
        return Caller(self._place, self.credentials(), user_agent=_USER_AGENT, timeouts=timeouts)

    def _place(self, region: str | None) -> Place:
        """The bucket's address in the configured region (None) or in another one; it is determined once, also for
        forked processes."""
        with _Making.lock:
            if (found := self._found.get(region)) is None:
                settings = self._settings if region is None else replace(self._settings, region=region)
                found = self._found[region] = find_bucket(self._session(), settings)
            return Place(found.signer, Pool(self._session(), found.signer.address.origin), found.region)


def make_client(
    session: boto3.Session,
    settings: S3Settings,
    endpoint_url: str | None,
    *,
    read_timeout: float | None = None,
    attempts: int = 3,
    keys: tuple[str | None, str | None] = (None, None),
    accelerate: bool = False,
    whole: float | None = None,
) -> "S3Client":
    """A client that signs SigV4 for the region's own endpoint, and adds no checksums, which other stores refuse.

    ``whole`` is the time limit for a whole response in seconds: see `read_in_time`.
    """
    made = session.client(
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
                "use_accelerate_endpoint": accelerate,
            },
            use_dualstack_endpoint=settings.dualstack or None,  # the environment may set it, too
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=TIMEOUT if read_timeout is None else read_timeout,
            max_pool_connections=64,
            parameter_validation=False,  # ours are right by their types; it pays for the headers that a copy replaces
        ),
    )
    read_in_time(made, whole)
    read_warily(made)
    return made


def public_url(session: boto3.Session, settings: S3Settings) -> str:
    """The URL of the bucket for clients, by botocore, which knows every partition, style and regional endpoint."""
    public = settings.public_endpoint_url or settings.endpoint_url
    client = make_client(session, settings, public, keys=NOBODYS, accelerate=settings.accelerate)
    return str(client.generate_presigned_post(settings.bucket, "key")["url"])


def addressing_style(settings: S3Settings, endpoint_url: str | None) -> AddressingStyle:
    """``auto``: virtual hosts on AWS, where path style meets redirects; path style on other stores and dotted names,
    whose certificates seldom cover the bucket's host."""
    if settings.addressing_style != "auto":
        return settings.addressing_style
    return "path" if endpoint_url or "." in settings.bucket else "virtual"


def with_md5(client: "S3Client", *operations: str) -> "S3Client":
    """``client``, whose ``operations`` also send a Content-MD5 of their XML: MinIO's S3 layer requires it where
    botocore sends a CRC32."""
    for operation in operations:
        client.meta.events.register(f"before-call.s3.{operation}", _add_md5)
    return client


def _add_md5(params: Any, **_: Any) -> None:
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def make_copier(session: boto3.Session, settings: S3Settings) -> "S3Client":
    """A client for joining parts, which takes long and is not retried."""
    return make_client(session, settings, settings.endpoint_url, read_timeout=COPY_TIMEOUT, attempts=1, whole=JOIN_TIME)


def find_bucket(session: boto3.Session, settings: S3Settings) -> Found:
    """The bucket's address, and the region to sign for; from a client, as botocore knows every partition, style and
    regional endpoint."""
    client = make_client(session, settings, settings.endpoint_url, keys=NOBODYS)
    url = client.generate_presigned_url("head_object", Params={"Bucket": settings.bucket, "Key": "key"})
    address, _, query = url.partition("?")
    region = parse_qs(query)["X-Amz-Credential"][0].split("/")[-3]
    return Found(RequestSigner(address.removesuffix("key"), region), region)


def refuses_unsigned(url: str) -> bool:
    """Whether the store at ``url`` refuses requests with unsigned ``x-amz-`` headers: AWS does (403).

    Judged by the URL of grants, wherever it is configured: without a setting of ours boto3 also reads
    AWS_ENDPOINT_URL_S3 and ``endpoint_url`` in AWS's configuration.
    """
    return (urlsplit(url).hostname or "").endswith(aws_hosts.SUFFIXES)
