"""The contract of object stores for presigned POST forms."""

from datetime import UTC, datetime

import pytest

from valetkey.core.granting.grants import GrantMaker
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Upload
from valetkey.testing.contracts.harness import StoreHarness
from valetkey.testing.contracts.samples import new_upload
from valetkey.testing.contracts.store import ETAG_OF_BYTES


def granted(harness: StoreHarness) -> tuple[Upload, dict[str, str]]:
    """An upload of exactly 5 bytes, and the fields of its form."""
    now = datetime.now(UTC)
    upload = new_upload(now, bucket=harness.store.bucket, size=5)
    grant = GrantMaker(harness.store, lambda: "https://valetkey.example").post(upload, Profile("default").rules, now)
    return upload, dict(grant.fields)


class FormContract:
    """What every store must do with forms. A fixture ``harness`` provides a `StoreHarness` with an empty bucket."""

    def test_a_form_that_keeps_to_its_policy(self, harness: StoreHarness) -> None:
        """The object exists, with the type and the metadata of the form."""
        upload, fields = granted(harness)
        assert harness.post(list(fields.items()), b"bytes") == 201
        head = harness.store.head(upload.staging_key)
        assert head is not None
        assert (head.etag, head.size, head.content_type, head.upload_id) == (ETAG_OF_BYTES, 5, "image/png", upload.id)

    @pytest.mark.parametrize(
        ("field", "value", "content", "refusal"),
        [
            ("key", "staging/2", b"bytes", 403),
            ("Content-Type", "image/gif", b"bytes", 403),
            ("x-amz-meta-upload-id", "2", b"bytes", 403),
            ("x-amz-signature", "0" * 64, b"bytes", 403),
            ("x-amz-meta-more", "x", b"bytes", 403),
            ("x-ignore-me", "x", b"byte", 400),
            ("x-ignore-me", "x", b"bytes!", 400),
        ],
    )
    def test_a_form_that_does_not(
        self, harness: StoreHarness, field: str, value: str, content: bytes, refusal: int
    ) -> None:
        """A form that violates its policy is refused, and nothing is written."""
        upload, fields = granted(harness)
        status = harness.post(list((fields | {field: value}).items()), content)
        kept = [key for key in (upload.staging_key, "staging/2") if harness.store.head(key)]
        enforced = (
            harness.abilities.enforces_all
            if field in {"x-amz-signature", "x-amz-meta-more"}
            else harness.abilities.enforces
        )
        assert (status, len(kept)) == ((refusal, 0) if enforced else (201, 1))
