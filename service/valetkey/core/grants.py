"""Grants: what a client may do at S3, and only that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from valetkey.core.errors import StoreUnavailable
from valetkey.core.policy import Condition, ContentLengthRange, Eq, Policy, PostSigner, form_fields
from valetkey.core.ports import ObjectStore
from valetkey.core.profile import Profile
from valetkey.core.upload import UPLOAD_ID_METADATA, Upload

SUCCESS_STATUS = "201"
"""S3's answer to a good POST: 201 is the one whose body says the ETag."""


@dataclass(frozen=True, slots=True)
class PostGrant:
    """A presigned POST: send ``fields`` and then the file, as the field "file", to ``url`` before ``expires_at``."""

    url: str
    fields: Mapping[str, str]
    expires_at: datetime


class GrantMaker:
    """Makes grants for one bucket. What a profile fixes is prepared once; a grant adds only what differs."""

    def __init__(self, store: ObjectStore, profiles: Mapping[str, Profile], public_url: str) -> None:
        self._store = store
        self._signer = PostSigner(store.region)
        self._public_url = public_url.rstrip("/")
        self._fixed = {name: fixed_conditions(store.bucket, profile) for name, profile in profiles.items()}

    def post(self, upload: Upload, profile: Profile, now: datetime) -> PostGrant:
        """A grant for exactly ``upload``, for the profile's ``expires_in`` or as long as the credentials live.

        Raises `StoreUnavailable` when the credentials have expired.
        """
        credentials = self._store.credentials()
        expires_at = now.replace(microsecond=0) + profile.expires_in
        if credentials.expires_at is not None and credentials.expires_at < expires_at:
            expires_at = credentials.expires_at.replace(microsecond=0)
            if expires_at <= now:
                raise StoreUnavailable("The S3 credentials have expired and could not be renewed.", 30)
        policy = Policy(expires_at, (*self._fixed[profile.name], *self._own(upload)))
        fields = form_fields(policy, self._signer.sign(policy, credentials, now))
        return PostGrant(self._store.post_url, fields, expires_at)

    def _own(self, upload: Upload) -> list[Condition]:
        own: list[Condition] = [
            Eq("key", upload.staging_key),
            Eq("Content-Type", upload.content_type),
            Eq(UPLOAD_ID_METADATA, upload.id),
            ContentLengthRange(upload.size, upload.size),
        ]
        if upload.checksum is not None:
            own.append(Eq(f"x-amz-checksum-{upload.checksum.algorithm}", upload.checksum.value))
        if upload.redirect:
            own.append(Eq("success_action_redirect", self.return_address(upload)))
        return own

    def return_address(self, upload: Upload) -> str:
        """Where S3 sends the browser of a grant with ``redirect``. No query: RGW 16 appends ``?bucket=`` always."""
        return f"{self._public_url}/v1/uploads/{upload.id}/return"


def fixed_conditions(bucket: str, profile: Profile) -> list[Condition]:
    """The conditions that every grant of ``profile`` shares."""
    fixed: list[Condition] = [Eq("bucket", bucket), Eq("success_action_status", SUCCESS_STATUS)]
    if profile.sse:
        fixed.append(Eq("x-amz-server-side-encryption", profile.sse))
    if profile.sse_kms_key_id:
        fixed.append(Eq("x-amz-server-side-encryption-aws-kms-key-id", profile.sse_kms_key_id))
    return fixed
