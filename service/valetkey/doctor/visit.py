"""The state of one run, which checks use and share."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

import boto3

from valetkey.adapters.ledgers import DurableLedger
from valetkey.adapters.s3 import S3Settings, S3Store, find_credentials
from valetkey.adapters.s3.client import make_client
from valetkey.adapters.sql.engines import parsed_url
from valetkey.core.errors import ValetKeyError
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import QUARANTINE_PREFIX, STAGING_PREFIX
from valetkey.doctor.findings import Skip
from valetkey.doctor.probes import Probes
from valetkey.doctor.wire import CallResult, Wire, attempt
from valetkey.opening import open_ledger, open_store, s3_settings
from valetkey.settings import Settings

REACH_TIMEOUT = 40.0
"""In seconds; longer than both attempts of a request without a response."""

LISTING = {"Name", "IsTruncated", "MaxKeys", "KeyCount"}
"""Elements of a listing: every store's has at least one of them."""


class Reachability(NamedTuple):
    """The bucket's response, and whether the bucket was reached."""

    found: CallResult
    reached: bool


@dataclass
class Visit:
    """One run. ``learned`` has the capabilities that the store's checks determined, by the names of `Capabilities`;
    those that they could not determine are missing."""

    settings: Settings
    profiles: Mapping[str, Profile]
    session: boto3.Session
    prefix: str = ""
    """The store's prefix of final keys, before a profile's own."""
    staging_prefix: str = ""
    """The store's prefix of ``staging/`` and ``quarantine/``."""
    senders: frozenset[str] | None = None
    """The senders of its events; None: any."""
    table: str | None = None
    """The name of the ``[stores.NAME]`` with its settings; None: they are in the environment."""
    probes: Probes = field(init=False)
    learned: dict[str, bool] = field(default_factory=dict)
    event_patience: float = 20.0
    """How long to wait for an event, in seconds: AWS sends most within one."""
    threads: list[Thread] = field(default_factory=list)
    """The threads of checks."""
    has_ledger: bool = False
    """Whether the ledger can be used."""
    enforces: dict[str, bool] = field(default_factory=dict)
    """Whether the store enforces anything, for each kind of grant: form or PUT."""
    refused_once: str = ""
    """The response to a PUT with ``If-None-Match``, if the store accepts only one without it."""
    is_elsewhere: bool = False
    """Whether the clients' address leads to something other than the store: then nothing is learned there."""
    keeps_versions: bool | None = None
    """Whether deleted and overwritten objects stay as versions; None: not known."""

    def __post_init__(self) -> None:
        self.probes = Probes(self.staging_prefix)

    @property
    def staging(self) -> str:
        """The prefix of keys that grants write to."""
        return self.staging_prefix + STAGING_PREFIX

    @property
    def quarantine(self) -> str:
        """The prefix of objects that are being checked."""
        return self.staging_prefix + QUARANTINE_PREFIX

    @cached_property
    def s3(self) -> S3Settings:
        """The settings of the bucket. Raises `Skip` if they are incomplete."""
        try:
            return replace(s3_settings(self.settings), staging_prefix=self.staging_prefix)
        except ValetKeyError as error:
            raise Skip(error.detail) from error

    @cached_property
    def opened(self) -> S3Store:
        """The store as the service opens it, whether it answers or not. Raises `Skip` if it cannot be opened."""
        return self._open(self.wire)

    def open_apart(self) -> S3Store:
        """The same with its own `Wire`, for work after the run. Raises `Skip`."""
        return self._open(Wire(self.session))

    def _open(self, wire: Wire) -> S3Store:
        try:
            store = open_store(self.s3, self.session)
        except ValetKeyError as error:
            raise Skip(error.detail) from error
        wire.carry(store.client)
        return store

    @property
    def store(self) -> S3Store:
        """The same once it was reached, so that no other check waits for an unavailable store. Raises `Skip`."""
        self.wire.require_open()
        if not self.reachability.reached:
            raise Skip("The bucket was not reached: see store/reach.")
        return self.opened

    @property
    def store_of_clients(self) -> S3Store:
        """The same for clients' requests. Raises `Skip` if the clients' address leads elsewhere."""
        if self.is_elsewhere:
            raise Skip("The clients' address does not lead to the store: see store/addressing.")
        return self.store

    @cached_property
    def reachability(self) -> "Reachability":
        """The result of a signed request for the bucket, by the internal endpoint. Raises `Skip` if none can be made.

        It is made once, with a time limit: otherwise each check would wait for a store that sends a byte now and then.
        """
        _ = self.opened
        found: list[Reachability] = []

        def reach() -> None:
            with suppress(Skip):  # the run is over, and nobody waits for it
                found.append(self._try_to_reach())

        thread = Thread(target=reach, name="valetkey-doctor-reach", daemon=True)
        thread.start()
        thread.join(REACH_TIMEOUT)
        late = CallResult(None, 0, "", f"no complete response within {REACH_TIMEOUT:g} s")
        return found[0] if found else Reachability(late, reached=False)

    def _try_to_reach(self) -> "Reachability":
        found = attempt(self.client.list_objects_v2, Bucket=self.bucket, MaxKeys=1, Prefix=self.staging)
        if found.ok and not LISTING & found.answer.keys():  # a web page in response to every request
            return Reachability(
                CallResult(None, 0, "", f"it returns {found.said} without a listing, so it is not S3"), reached=False
            )
        if not found.denied or found.code not in {"", "AccessDenied"}:
            return Reachability(found, reached=found.ok)
        found = attempt(self.client.head_bucket, Bucket=self.bucket)  # listing may be forbidden
        return Reachability(found, reached=found.ok or found.status == HTTPStatus.FORBIDDEN)

    @cached_property
    def client(self) -> Any:
        """A boto3 client of the internal endpoint, with at most two attempts for each call."""
        return self.bounded(make_client(self.session, self.s3, self.s3.endpoint_url, attempts=2))

    def bounded(self, client: Any) -> Any:
        """``client``, with limits on the time of its calls and the size of responses."""
        return self.wire.carry(client)

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.s3.bucket

    @property
    def place(self) -> str:
        """The bucket and its endpoint, which the learned capabilities are valid for."""
        return self.s3.place

    @cached_property
    def wire(self) -> Wire:
        """Bare requests."""
        return Wire(self.session)

    @property
    def ca_bundle(self) -> str | None:
        """The CA bundle for the store's certificate, if boto3 has one configured."""
        found: str | None = self.session._session.get_config_variable("ca_bundle")  # noqa: SLF001 - no other way
        return found

    @cached_property
    def ledger(self) -> DurableLedger:
        """The ledger as the service opens it. Raises `ConfigurationError`."""
        return open_ledger(self.settings)

    @property
    def working_ledger(self) -> DurableLedger:
        """The ledger, if it can be used. Raises `Skip` otherwise."""
        if not self.has_ledger:
            raise Skip("The ledger cannot be used: see ledger/schema.")
        return self.ledger

    @property
    def placement(self) -> Placement:
        """The placement of probes: that of the profile ``default``, without a storage class."""
        profile = self.profiles.get("default")
        return profile.rules.placement.while_it_is_checked if profile else Placement()

    def close(self) -> None:
        """Closes the ledger, if it was opened."""
        if "ledger" in self.__dict__:
            self.ledger.close()

    def redact(self, text: str) -> str:
        """``text`` without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    @cached_property
    def _secrets(self) -> list[str]:
        """All secrets, the longest first, as one may contain another."""
        said = self.settings
        hidden = [getattr(said, name) for name, one in type(said).model_fields.items() if not one.repr]
        found: list[Any] = [each for one in hidden for each in (one if isinstance(one, tuple) else [one])]
        found += _passwords_in(said.database_url)
        try:
            credentials = find_credentials(self.session)
            frozen = credentials.get_frozen_credentials() if credentials else None
        except Exception:  # a chain that fails has nothing to hide; the configuration group says why
            frozen = None
        if frozen:
            found += [frozen.secret_key, frozen.token]
        texts = {one for one in found if isinstance(one, str) and len(one) >= 4}
        return sorted(texts, key=len, reverse=True)


def _passwords_in(database_url: str) -> list[str]:
    """The passwords in a database URL, as written and decoded."""
    try:
        url = parsed_url(database_url)
    except ValetKeyError:  # it cannot be parsed
        return [database_url]
    found = [url.query.get("password"), url.query.get("sslpassword"), url.password]
    texts = [text for one in found if one for text in ([one] if isinstance(one, str) else one)]
    return [*texts, *(quote(one, safe="") for one in texts), *(quote_plus(one) for one in texts)]
