"""Grants made as by the service, for uploads that are in no ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from valetkey.core.granting.grants import GrantMaker, PostGrant, PutGrant
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Checksum, Upload, UploadId
from valetkey.core.signing.presign import UrlSigner
from valetkey.doctor.store.writing import CONTENT, TYPE, sha256_of
from valetkey.doctor.visit import Visit

LIFE = timedelta(minutes=5)
"""The lifetime of a grant that has to work."""

AGO = timedelta(seconds=90)
"""How long ago an expired grant has expired: too short for the store to call the clock skewed."""


def probe_upload(visit: Visit, upload_id: UploadId, content: bytes = CONTENT, *, checksum: bool = False) -> Upload:
    """An upload of exactly ``content``."""
    now = datetime.now(UTC)
    return Upload(
        id=upload_id,
        profile="doctor",
        account="doctor",
        owner="doctor",
        filename="doctor.png",
        content_type=TYPE,
        size=len(content),
        bucket=visit.bucket,
        staging_prefix=visit.staging_prefix,
        created_at=now,
        expires_at=now + LIFE,
        renewable_until=now + LIFE,
        checksum=Checksum("sha256", sha256_of(content)) if checksum else None,
    )


@dataclass
class ProbeGrants:
    """Makes grants for probes. ``checksum``: as for a client that declares one, which some buckets require. Raises
    `Skip` if clients cannot reach the store."""

    visit: Visit
    checksum: bool = False

    def __post_init__(self) -> None:
        self._maker = GrantMaker(self.visit.store_of_clients, lambda: "https://doctor.invalid")
        placement = self.visit.placement
        self._profile = Profile("doctor", expires_in=LIFE, sse=placement.sse, sse_kms_key_id=placement.sse_kms_key_id)

    def upload(self) -> Upload:
        """A new upload, whose object is a probe."""
        return probe_upload(self.visit, self.visit.probes.staging(), checksum=self.checksum)

    def post(self, upload: Upload, *, expired: bool = False) -> PostGrant:
        """A form for ``upload``."""
        return self._maker.post(
            upload, self._profile.rules, datetime.now(UTC) - (LIFE + AGO if expired else timedelta())
        )

    def put(self, upload: Upload) -> PutGrant:
        """A PUT for ``upload``."""
        return self._maker.put(upload, self._profile.rules, datetime.now(UTC))

    def expired_put(self, upload: Upload, headers: Mapping[str, str]) -> str:
        """The URL of an expired PUT."""
        signer = UrlSigner(self.visit.store.post_url, self.visit.store.region)
        return signer.sign(
            "PUT",
            upload.staging_key,
            query={},
            headers=headers,
            credentials=self.visit.store.credentials(),
            now=datetime.now(UTC) - LIFE - AGO,
            expires_in=int(LIFE.total_seconds()),
        )
