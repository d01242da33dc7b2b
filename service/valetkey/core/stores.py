"""The stores of an installation: where a new upload goes, and which store an upload belongs to.

Each store has its own gate, grants, confirmation and sweep (`ByStore`). A store that is slow therefore delays no upload
of another one, and none of these parts knows about other stores.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from itertools import combinations
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from valetkey.core.errors import ConfigurationError, StoreUnavailable, StoreUnknown
from valetkey.core.model.naming import MAX_KEY, RESERVED
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import DEFAULT_STORE, StoreUploads, Upload
from valetkey.core.ports.store import ObjectStore

RETRY_AFTER = 60
"""When to retry if the upload's store is not configured, in seconds: an operator has to change the settings."""

_AWS = (".amazonaws.com", ".api.aws")
_AWS_APART = {
    "cn": (".amazonaws.com.cn", ".api.amazonwebservices.com.cn"),
    "eusc": (".amazonaws.eu", ".api.amazonwebservices.eu"),
    "us-iso": (".c2s.ic.gov", ".api.aws.ic.gov"),
    "us-isob": (".sc2s.sgov.gov", ".api.aws.scloud"),
    "eu-isoe": (".cloud.adc-e.uk", ".api.cloud-aws.adc-e.uk"),
    "us-isof": (".csp.hci.ic.gov", ".api.aws.hci.ic.gov"),
}
"""Prefixes of regions in AWS partitions with hosts and a bucket namespace of their own: China, the European Sovereign
Cloud, and those that are cut off from the others (botocore's partitions.json)."""

_GOV = "us-gov-"
"""The same of GovCloud, whose hosts end like those of the other regions."""

Part = TypeVar("Part")
Made = TypeVar("Made")

Choose = Callable[[str, str], str | None]
"""Which store an upload goes to, by its owner and the name of its profile; None leaves it to the profile."""


def no_choice(owner: str, profile: str) -> str | None:  # noqa: ARG001
    """Leaves it to the profile."""
    return None


@dataclass(frozen=True, slots=True)
class NamedStore:
    """A store under the name that profiles and the ledger use for it.

    ``prefix`` precedes final keys, and ``staging_prefix`` precedes ``staging/`` and ``quarantine/``; both are recorded
    with an upload. ``kms_key_id`` is the default encryption key, unless a profile sets its own encryption. Only events
    of ``senders`` are accepted for this store (None: all). ``endpoint`` tells buckets with the same name apart.
    ``events_bucket`` is the bucket's name in events, if it is reached by another one, such as an access point's alias.
    """

    name: str
    store: ObjectStore
    prefix: str = ""
    staging_prefix: str = ""
    kms_key_id: str | None = None
    senders: frozenset[str] | None = None
    endpoint: str = ""
    events_bucket: str | None = None

    def is_bucket(self, name: str) -> bool:
        """Whether an event that names ``name`` is about this bucket."""
        return name in {self.store.bucket, self.events_bucket}

    @property
    def terms(self) -> str:
        """A description of the store, which processes of one ledger compare."""
        said = f"bucket {self.store.bucket!r} at {self.endpoint or 'AWS'} in {self.store.region}"
        prefixes = {"prefix": self.prefix, "staging_prefix": self.staging_prefix}
        return ", ".join([said, *(f"{name} {value!r}" for name, value in prefixes.items() if value)])

    @property
    def uploads(self) -> StoreUploads:
        """The uploads that this store is responsible for. Another process may use the same name for another bucket."""
        return StoreUploads(self.name, self.store.bucket)

    @property
    def unproven(self) -> list[str]:
        """The prefixes under which no confirmed object lies."""
        return [self.staging_prefix + reserved for reserved in RESERVED]


class ByStore(Generic[Part]):
    """One part for each store, by the store's name."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts

    def of(self, upload: Upload) -> Part:
        """The part of the store that ``upload`` began on. Raises `StoreUnknown` if it is not configured here."""
        part = self._parts.get(upload.store)
        if part is None:
            raise StoreUnknown(upload.id, upload.store)
        return part

    def __getitem__(self, name: str) -> Part:
        return self._parts[name]

    def __contains__(self, name: object) -> bool:
        return name in self._parts

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts.values())

    def __len__(self) -> int:
        return len(self._parts)


class Stores(ByStore[NamedStore]):
    """All stores of this process. ``choose`` takes precedence over a profile's store. Raises `ConfigurationError` if
    two stores overlap."""

    def __init__(self, stores: Sequence[NamedStore], choose: Choose = no_choice) -> None:
        super().__init__({one.name: one for one in stores})
        self.choose = choose
        self._good: str | None = None
        for one, other in combinations(stores, 2):
            _require_apart(one, other)
        names = [one.name for one in stores]
        self._standard = DEFAULT_STORE if DEFAULT_STORE in names or len(names) != 1 else names[0]

    @property
    def first(self) -> NamedStore:
        """The first store: the only one in most installations."""
        return next(iter(self))

    def each(self, make: Callable[[NamedStore], Made]) -> ByStore[Made]:
        """Calls ``make`` for each store."""
        return ByStore({one.name: make(one) for one in self})

    def require_fit(self, profiles: Mapping[str, Profile]) -> None:
        """Raises `ConfigurationError` if the store of one of ``profiles`` cannot take its uploads."""
        for profile in profiles.values():
            if (name := self.name_of(profile)) not in self:
                raise ConfigurationError(_nowhere(profile, name))
            for one in self:
                _require_room(profile, one)

    def name_of(self, profile: Profile) -> str:
        """The name of a profile's store: the one it names, else ``default``, else the only one."""
        return profile.store or self._standard

    def for_new(self, profile: Profile, owner: str) -> NamedStore:
        """The store of a new upload: the one chosen by owner, else its profile's, else ``default``, else the only one.
        Raises `StoreUnavailable` if there is no store of that name."""
        name = self.choose(owner, profile.name) or self.name_of(profile)
        place = self._parts.get(name)
        if place is None:
            raise StoreUnavailable(f"The upload belongs in the store {name!r}, which is not configured.", RETRY_AFTER)
        return place

    def by_sender(self, sender: str | None) -> frozenset[str]:
        """The names of the stores whose events come from ``sender`` (None: from any sender)."""
        return frozenset(one.name for one in self if sender is None or one.senders is None or sender in one.senders)

    def by_bucket(self, bucket: str, sender: str | None) -> frozenset[str]:
        """Those of `by_sender` whose bucket it is; all of them if no store has a bucket of that name."""
        named = frozenset(one.name for one in self if one.is_bucket(bucket))
        return self.by_sender(sender) & named if named else self.by_sender(sender)

    def terms(self) -> dict[str, str]:
        """A description of each store, by name."""
        return {one.name: one.terms for one in self}

    def check(self) -> None:
        """Raises `StoreUnavailable` if no store is available: one is enough to continue with its uploads."""
        refused: StoreUnavailable | None = None
        for one in self._last_good_first():
            try:
                self.check_one(one)
            except StoreUnavailable as error:
                refused = refused or error
            else:
                return
        if refused is not None:
            raise refused

    def check_one(self, one: NamedStore) -> None:
        """Raises `StoreUnavailable` if this store is unavailable."""
        one.store.check()
        self._good = one.name

    def _last_good_first(self) -> list[NamedStore]:
        """The stores, with the one that answered last in front, so that a slow one is seldom waited for."""
        return sorted(self, key=lambda one: one.name != self._good)


def one_store(store: ObjectStore) -> Stores:
    """The stores of an installation that has one."""
    return Stores([NamedStore(DEFAULT_STORE, store)])


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _where(one: NamedStore) -> str:
    """The canonical form of an endpoint's address, equal for all addresses that lead to the same buckets: HTTP or
    HTTPS, and any AWS endpoint of one partition (bucket names are unique in each partition)."""
    parts = urlsplit(one.endpoint)
    host = _plain_host(parts.hostname or "")
    for name, hosts in _AWS_APART.items():
        if host.endswith(hosts) or (not host and one.store.region.startswith(f"{name}-")):
            return name
    if host.endswith(_AWS) or not one.endpoint:
        is_gov = _GOV in host if host else one.store.region.startswith(_GOV)
        return _GOV if is_gov else ""
    port = parts.port if parts.port not in {None, 80, 443} else ""
    return f"{host}:{port}{parts.path.rstrip('/')}" if host else one.endpoint


def _plain_host(host: str) -> str:
    """``host`` without a trailing dot, and with an IP address in its shortest form."""
    with suppress(ValueError):
        return ip_address(host).compressed
    return host.removesuffix(".")


def _require_apart(one: NamedStore, other: NamedStore) -> None:
    """Raises `ConfigurationError` if a key could belong to both stores."""
    if (_where(one), one.store.bucket) != (_where(other), other.store.bucket):
        return
    where = f"The stores {one.name!r} and {other.name!r} are both in the bucket {one.store.bucket!r}"
    if _overlap(one.prefix, other.prefix):
        raise ConfigurationError(
            f"{where}, and the prefixes {one.prefix!r} and {other.prefix!r} are within each other: give each one of "
            "its own."
        )
    for mine in [one.prefix, *one.unproven]:
        for theirs in [other.prefix, *other.unproven]:
            if _overlap(mine, theirs):
                raise ConfigurationError(
                    f"{where}, and {mine!r} of the one and {theirs!r} of the other are within each other: give each a "
                    "staging_prefix of its own, outside of the other's prefix."
                )


def _require_room(profile: Profile, one: NamedStore) -> None:
    """Raises `ConfigurationError` if a final key of ``profile`` is not valid in this store."""
    begins = one.prefix + profile.template.prefix
    if any(map(partial(_overlap, begins), one.unproven)):
        raise ConfigurationError(
            f"Profile {profile.name!r} in the store {one.name!r}: final keys that begin with {begins!r} could be among "
            f"those below {one.unproven[0]!r} and {one.unproven[1]!r}; choose another prefix."
        )
    if (longest := len(one.prefix) + profile.template.longest) > MAX_KEY:
        raise ConfigurationError(
            f"Profile {profile.name!r} in the store {one.name!r}: a key could have {longest} bytes, and S3 "
            f"accepts at most {MAX_KEY}."
        )


def _nowhere(profile: Profile, name: str) -> str:
    if profile.store:
        return f"Profile {profile.name!r} names the store {name!r}, which is not configured: add [stores.{name}]."
    return (
        f"Profile {profile.name!r} names no store, and no store is called {name!r}: set `store = ...` in "
        f"[profiles.{profile.name}], or name one of the stores {name!r}."
    )
