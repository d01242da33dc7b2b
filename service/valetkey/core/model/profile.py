"""A profile: a named preset of what may be uploaded, and where confirmed bytes go."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote, urlsplit

from valetkey.core.errors import (
    ConfigurationError,
    ContentTypeNotAllowed,
    MetadataNotAllowed,
    SizeOutOfRange,
)
from valetkey.core.model.header_rules import objection_to
from valetkey.core.model.media_types import essence, is_range, matches, media_type
from valetkey.core.model.multipart import (
    MAX_OBJECT_SIZE,
    MAX_PART_SIZE,
    MAX_SINGLE_SIZE,
    MIB,
    MIN_PART_SIZE,
    Plan,
    part_size_for,
)
from valetkey.core.model.naming import KeyTemplate
from valetkey.core.model.rules import (
    Detect,
    Disposition,
    Lock,
    LockMode,
    Placement,
    Rules,
    read_rules,
    rules_text,
)
from valetkey.core.model.upload import UploadId

DownloadSigning = Literal["cloudfront"]
"""How download URLs of a CDN are signed."""

MAX_METADATA_KEYS = 50
MAX_METADATA_BYTES = 8 * 1024
MAX_LIFE = timedelta(days=7)
"""The longest lifetime of a grant: that of SigV4 presigned URLs. Stores may allow more (Ceph RGW: two years)."""

MAX_CLAIM_WITHIN = timedelta(days=365)
"""The longest time until unclaimed uploads are removed, if they are removed at all."""

MAX_RENEWABLE_FOR = timedelta(days=3_650)
"""How long after its creation an upload may be renewed at most: a date behind it is one in any case."""

MAX_KEEP_FOR = timedelta(days=36_500)
"""The longest time until confirmed uploads are removed, if they are removed at all."""

MIN_LOCK_FOR = timedelta(days=1)
"""The shortest retention: S3 counts a bucket's default in whole days, and less protects against nothing."""

MAX_REMEMBERED_TYPES = 1000
"""How many content types a profile remembers as allowed, so that they are not checked again."""

_WORD = re.compile(r"[!-~]{1,2048}")


@dataclass(frozen=True)
class Profile:
    """A named preset of what may be uploaded.

    Sizes are in bytes and inclusive. ``content_types`` may contain ``image/*`` and ``*/*``. ``expires_in`` is the
    lifetime of a grant, ``renewable_for`` how long after creation grants are renewed. Files of at least
    ``multipart_from`` bytes are sent in parts unless the client chooses otherwise, of ``part_size`` bytes if that is
    enough. ``metadata`` lists the allowed keys (None: any). ``storage_class`` applies to the confirmed object only, as
    staging objects live for minutes. So do ``cache_control``, ``content_disposition`` (under the file's own name),
    ``tags``, ``object_metadata`` (without ``x-amz-meta-``), and Object Lock: ``lock_mode`` for ``lock_for`` from the
    confirmation on, and ``legal_hold``. ``download_base_url`` is a CDN in front of the final keys, ``download_signing``
    how its URLs are signed. ``detect`` says what happens if the content is not of the declared type; with ``scan`` the
    upload waits in `stored` for a verdict. With ``checksum_required`` an upload needs a checksum, and is confirmed only
    if the store returns it. An upload that is not claimed within ``claim_within`` of its confirmation is removed (None:
    it stays), and every confirmed one after ``keep_for``. ``store`` is the name of the store for its uploads (None: see
    `Stores.for_new`). ``rules`` is the part that is recorded with an upload. Raises `ConfigurationError` for invalid or
    contradictory values.
    """

    name: str
    min_size: int = 0
    max_size: int = MAX_SINGLE_SIZE
    content_types: tuple[str, ...] = ("*/*",)
    key: str = "uploads/{id}/{filename}"
    expires_in: timedelta = timedelta(minutes=15)
    renewable_for: timedelta = timedelta(days=1)
    metadata: frozenset[str] | None = None
    storage_class: str | None = None
    sse: str | None = None
    sse_kms_key_id: str | None = None
    cache_control: str | None = None
    content_disposition: Disposition | None = None
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    object_metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    lock_mode: LockMode | None = None
    lock_for: timedelta | None = None
    legal_hold: bool = False
    return_url: str | None = None
    download_base_url: str | None = None
    download_signing: DownloadSigning | None = None
    detect: Detect = Detect.OFF
    scan: bool = False
    checksum_required: bool = False
    multipart_from: int = 100 * MIB
    part_size: int = 8 * MIB
    claim_within: timedelta | None = None
    keep_for: timedelta | None = None
    store: str | None = None
    template: KeyTemplate = field(init=False, repr=False, compare=False)
    rules: Rules = field(init=False, repr=False, compare=False)
    _good_types: dict[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "template", KeyTemplate(self.key))
        for wrong, detail in [*self._contradictions(), *self._lock_contradictions()]:
            if wrong:
                raise ConfigurationError(f"Profile {self.name!r}: {detail}")
        objection = objection_to(self.cache_control, self.content_disposition, self.tags, self.object_metadata)
        if objection:
            raise ConfigurationError(f"Profile {self.name!r}: {objection}")
        object.__setattr__(self, "rules", self._rules())

    def _rules(self) -> Rules:
        return read_rules(
            rules_text(
                sizes=(self.min_size, self.max_size),
                content_types=self.content_types,
                detect=self.detect,
                scan=self.scan,
                checksum_required=self.checksum_required,
                placement=self._placement(),
                expires_in=self.expires_in,
                claim_within=self.claim_within,
                keep_for=self.keep_for,
            )
        )

    def _placement(self) -> Placement:
        locked = self.lock_mode is not None or self.legal_hold
        return Placement(
            storage_class=self.storage_class,
            sse=self.sse,
            sse_kms_key_id=self.sse_kms_key_id,
            cache_control=self.cache_control,
            content_disposition=self.content_disposition,
            tags=tuple(sorted(self.tags.items())),
            metadata=tuple(sorted(self.object_metadata.items())),
            lock=Lock(self.lock_mode, self.lock_for, self.legal_hold) if locked else None,
        )

    def _contradictions(self) -> list[tuple[bool, str]]:
        second = timedelta(seconds=1)
        return [
            (not self.name or len(self.name) > 100, "a name has 1 to 100 characters."),
            (not 0 <= self.min_size <= self.max_size, "min_size must lie between 0 and max_size."),
            (self.max_size > MAX_OBJECT_SIZE, f"S3 accepts at most {MAX_OBJECT_SIZE} bytes."),
            (self.multipart_from < 1, "multipart_from must be at least 1."),
            (
                not MIN_PART_SIZE <= self.part_size <= MAX_PART_SIZE,
                f"part_size must lie between {MIN_PART_SIZE} and {MAX_PART_SIZE}.",
            ),
            (not self.content_types, "content_types must not be empty; leave it out to allow any."),
            (
                not all(is_range(allowed) for allowed in self.content_types),
                "content_types lists types such as 'image/png' or 'image/*', without parameters.",
            ),
            (not second <= self.expires_in <= MAX_LIFE, "expires_in must be 1 second to 7 days."),
            (not self.expires_in <= self.renewable_for, "renewable_for must not be shorter than expires_in."),
            (self.renewable_for > MAX_RENEWABLE_FOR, "renewable_for must be at most 3650 days."),
            (
                self.claim_within is not None and not second <= self.claim_within <= MAX_CLAIM_WITHIN,
                "claim_within must be 1 second to 365 days; leave it out to keep what nobody claims.",
            ),
            (
                self.keep_for is not None and not second <= self.keep_for <= MAX_KEEP_FOR,
                "keep_for must be 1 second to 36500 days; leave it out to keep what is confirmed.",
            ),
            (
                self.sse not in {None, "AES256", "aws:kms"},
                "sse is 'AES256' or 'aws:kms'. With keys of the client's own (SSE-C) nothing could be checked.",
            ),
            (
                self.sse_kms_key_id is not None and self.sse != "aws:kms",
                "sse_kms_key_id requires sse = 'aws:kms'.",
            ),
            (
                not all(
                    _WORD.fullmatch(name) for name in (self.storage_class, self.sse_kms_key_id) if name is not None
                ),
                "storage_class and sse_kms_key_id are printable ASCII without spaces.",
            ),
            (
                self.return_url is not None and not _is_address(self.return_url),
                "return_url must be an http or https URL with a host, without spaces and control characters.",
            ),
            (
                self.download_base_url is not None and not _is_base(self.download_base_url),
                "download_base_url must be an http or https URL with a host, without user, query and fragment.",
            ),
            (self.download_signing not in {None, "cloudfront"}, "download_signing is 'cloudfront'."),
            (
                self.download_signing is not None and self.download_base_url is None,
                "download_signing requires download_base_url, the URL of the distribution.",
            ),
        ]

    def _lock_contradictions(self) -> list[tuple[bool, str]]:
        removed = [life for life in (self.claim_within, self.keep_for) if life is not None]
        period = self.lock_for
        return [
            (self.lock_mode not in {None, "GOVERNANCE", "COMPLIANCE"}, "lock_mode is 'GOVERNANCE' or 'COMPLIANCE'."),
            ((self.lock_mode is None) is not (period is None), "set both lock_mode and lock_for, or neither."),
            (
                period is not None and not MIN_LOCK_FOR <= period <= MAX_KEEP_FOR,
                "lock_for must be 1 day to 36500 days, in seconds.",
            ),
            (
                self.legal_hold and bool(removed),
                "an object under legal_hold cannot be removed: leave out claim_within and keep_for.",
            ),
            (
                period is not None and any(life < period for life in removed),
                "a locked object cannot be removed: claim_within and keep_for must not be shorter than lock_for.",
            ),
        ]

    def plan(self, size: int | None) -> Plan:
        """The parts that a file of ``size`` bytes is sent in; None if the size was not declared."""
        return Plan(size, part_size_for(size, self.part_size))

    def check(self, content_type: str, size: int | None, metadata: Mapping[str, str]) -> str:
        """Checks a request; returns the content type as it is signed: see `media_type`.

        Raises `ContentTypeNotAllowed`, `SizeOutOfRange` or `MetadataNotAllowed`.
        """
        signed = self._good_types.get(content_type)
        if signed is None:
            signed = self._checked_type(content_type)
            if len(self._good_types) < MAX_REMEMBERED_TYPES:
                self._good_types[content_type] = signed
        if size is not None and not self.min_size <= size <= self.max_size:
            raise SizeOutOfRange(
                f"Profile {self.name!r} accepts {self.min_size} to {self.max_size} bytes, not {size}.", "/size"
            )
        if metadata:
            self._check_metadata(metadata)
        return signed

    def _checked_type(self, content_type: str) -> str:
        try:
            signed = media_type(content_type)
        except ValueError as error:
            raise ContentTypeNotAllowed(str(error), "/content_type") from error
        wanted = essence(signed)
        if not any(matches(allowed, wanted) for allowed in self.content_types):
            raise ContentTypeNotAllowed(
                f"Profile {self.name!r} accepts {', '.join(self.content_types)}, not {wanted}.",
                "/content_type",
            )
        return signed

    def _check_metadata(self, metadata: Mapping[str, str]) -> None:
        if len(metadata) > MAX_METADATA_KEYS:
            raise MetadataNotAllowed(f"At most {MAX_METADATA_KEYS} metadata keys are allowed.", "/metadata")
        if sum([len(key.encode()) + len(value.encode()) for key, value in metadata.items()]) > MAX_METADATA_BYTES:
            raise MetadataNotAllowed(f"At most {MAX_METADATA_BYTES} bytes of metadata are kept.", "/metadata")
        if self.metadata is not None and (extra := sorted(metadata.keys() - self.metadata)):
            raise MetadataNotAllowed(f"Profile {self.name!r} does not accept the keys {extra}.", "/metadata")

    def delivery_url(self, key: str) -> str | None:
        """The URL of the confirmed object ``key`` at the profile's CDN; None if it has none."""
        if self.download_base_url is None:
            return None
        return f"{self.download_base_url.rstrip('/')}/{quote(key, safe='/')}"

    def object_key(self, upload_id: UploadId, filename: str, owner: str, created_at: datetime) -> str:
        """The final key of an upload, unless its bytes have to be pinned again: see `final_key`."""
        return self.template.render(unique=upload_id, filename=filename, owner=owner, profile=self.name, at=created_at)


def _is_base(url: str) -> bool:
    """Whether a key can be appended to ``url``."""
    return _is_address(url) and url.isascii() and re.search("[?#@]", url) is None


def _is_address(url: str) -> bool:
    """Whether a browser that is redirected to ``url`` goes there: control characters are dropped, or end headers."""
    if re.search(r"[\x00-\x20\x7f]", url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
