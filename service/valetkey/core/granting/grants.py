"""Grants: what a client may do at S3, and nothing else."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, NamedTuple

from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.multipart import Plan
from valetkey.core.model.rules import Placement, Rules
from valetkey.core.model.upload import UPLOAD_ID_METADATA, Upload
from valetkey.core.ports.store import ObjectStore
from valetkey.core.signing.credentials import Credentials
from valetkey.core.signing.policy import PostSigner, Stamp, all_exactly, content_length_range

SUCCESS_STATUS = "201"
"""The status that S3 answers a good POST with: only the body of a 201 has the ETag."""


_OF_FORMS = {"key", "success_action_status", "success_action_redirect"}
"""Fields of a form that a PUT does not have."""


_OF_NOTHING = b64encode(sha256(b"").digest()).decode()
"""The checksum of an empty file, which clients need not declare."""


class PostGrant(NamedTuple):
    """A presigned POST: send ``fields`` and then the file, as the field "file", to ``url`` before ``expires_at``."""

    url: str
    fields: Mapping[str, str]
    expires_at: datetime


class PutGrant(NamedTuple):
    """A presigned PUT: send the file as the body, with exactly ``headers``, to ``url`` before ``expires_at``."""

    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class PartGrant(NamedTuple):
    """A presigned PUT of one part. ``size`` is in bytes; None if the file's size was not declared."""

    number: int
    size: int | None
    url: str
    headers: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MultipartGrant:
    """A plan with its first parts signed; clients request the other URLs just before they send those parts.

    If ``part_checksum`` names an algorithm, a part is signed only with its checksum, so none is signed here.
    """

    plan: Plan
    parts: Sequence[PartGrant]
    expires_at: datetime
    part_checksum: Literal["sha256"] | None = None


Grant = PostGrant | PutGrant | MultipartGrant


@dataclass(frozen=True, slots=True)
class _Fixed:
    """The conditions and fields shared by all grants with the same rules."""

    conditions: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, repr=False)  # it holds secrets
class _Moment:
    """The values shared by grants of one lifetime that are made in one second with the same credentials."""

    second: int
    credentials: Credentials
    expires_at: datetime
    stamp: Stamp


class GrantMaker:
    """Makes grants for one bucket. Shared values are prepared once; each grant adds only what differs."""

    def __init__(self, store: ObjectStore, base: Callable[[], str]) -> None:
        self._store = store
        self._signer = PostSigner(store.region)
        self._base = base
        self._fixed: dict[str, _Fixed] = {}
        self._moments: dict[timedelta, _Moment] = {}

    def post(self, upload: Upload, rules: Rules, now: datetime) -> PostGrant:
        """A POST grant for exactly ``upload``. It expires when its ``rules`` say, or earlier with the credentials.

        Raises `StoreUnavailable` if the credentials have expired.
        """
        fixed = self._fixed_by(rules)
        moment = self._moment(rules.expires_in, now)
        own = self._own_fields(upload)
        size = content_length_range(*rules.sizes_of(upload.size))
        conditions = f"{fixed.conditions}, {size}, {all_exactly(own)}"
        fields = {**fixed.fields, **own, **moment.stamp.sign(conditions)}
        return PostGrant(self._store.post_url, fields, moment.expires_at)

    def put(self, upload: Upload, rules: Rules, now: datetime) -> PutGrant:
        """A PUT grant; most stores refuse a second PUT while the object exists. Raises like `post`."""
        expires_at, seconds = self.life(now, rules.expires_in)
        own = {name: value for name, value in self._own_fields(upload).items() if name not in _OF_FORMS}
        fixed = {name: value for name, value in self._fixed_by(rules).fields.items() if name not in _OF_FORMS}
        length = {} if upload.size is None else {"Content-Length": str(upload.size)}
        once = {"If-None-Match": "*"} if self._store.capabilities.conditional_put else {}
        signed = self._store.presigned_put(upload.staging_key, {**own, **fixed, **length, **once}, seconds)
        return PutGrant(signed.url, signed.headers, expires_at)

    def _fixed_by(self, rules: Rules) -> _Fixed:
        fixed = self._fixed.get(rules.text)
        if fixed is None:
            fixed = self._fixed[rules.text] = _fixed(self._store.bucket, rules.placement)
        return fixed

    def life(self, now: datetime, wanted: timedelta) -> tuple[datetime, int]:
        """When a URL signed now expires, ``wanted`` from now or earlier, and in how many seconds. Raises like
        `post`."""
        expires_at = _expiry(self._store.credentials(), now.replace(microsecond=0) + wanted, now)
        return expires_at, max(1, int((expires_at - now.replace(microsecond=0)).total_seconds()))

    def end(self, now: datetime, wanted: datetime) -> datetime:
        """When a signature made now expires: at ``wanted`` or earlier. Raises like `post`."""
        return _expiry(self._store.credentials(), wanted, now)

    def _moment(self, life: timedelta, now: datetime) -> _Moment:
        """The shared values for this lifetime, cached until the next second or until the credentials change."""
        second, credentials = int(now.timestamp()), self._store.credentials()
        last = self._moments.get(life)
        if last is not None and last.second == second and last.credentials is credentials:
            return last
        expires_at = _expiry(credentials, now.replace(microsecond=0) + life, now)
        stamp = self._signer.stamp(expires_at, credentials, now)
        self._moments[life] = moment = _Moment(second, credentials, expires_at, stamp)
        return moment

    def _own_fields(self, upload: Upload) -> dict[str, str]:
        """The fields that only this upload's form has."""
        own = {
            "key": upload.staging_key,
            "Content-Type": upload.content_type,
            UPLOAD_ID_METADATA: upload.id,
        }
        if upload.checksum is not None:
            own[f"x-amz-checksum-{upload.checksum.algorithm}"] = upload.checksum.value
        elif self._store.capabilities.part_checksums and upload.size == 0:
            own["x-amz-checksum-sha256"] = _OF_NOTHING
        if upload.redirect:
            own["success_action_redirect"] = self.return_address(upload)
        return own

    def return_address(self, upload: Upload) -> str:
        """Where S3 redirects the browser of a grant with ``redirect``. No query: RGW 16 always appends ``?bucket=``."""
        return f"{self._base()}/v1/uploads/{upload.id}/return"


def _expiry(credentials: Credentials, wanted: datetime, now: datetime) -> datetime:
    """The earlier of ``wanted`` and the credentials' expiry. Raises `StoreUnavailable` if that has passed."""
    if credentials.expires_at is None or credentials.expires_at >= wanted:
        return wanted
    if credentials.expires_at <= now:
        raise StoreUnavailable("The S3 credentials have expired and could not be renewed.", 30)
    return credentials.expires_at.replace(microsecond=0)


def _fixed(bucket: str, placement: Placement) -> _Fixed:
    fields = {"success_action_status": SUCCESS_STATUS}
    if placement.sse:
        fields["x-amz-server-side-encryption"] = placement.sse
    if placement.sse_kms_key_id:
        fields["x-amz-server-side-encryption-aws-kms-key-id"] = placement.sse_kms_key_id
    return _Fixed(all_exactly({"bucket": bucket, **fields}), fields)
