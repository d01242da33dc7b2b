"""`valetkey doctor` finds the known properties of each tested store."""

from pathlib import Path

import pytest
from tests.support.doctors import lines, report, visit
from tests.support.store_kinds import KINDS, Servers, bucket_of_kind

from valetkey.doctor.findings import Level

PASS, WARN, FAIL = Level.PASS, Level.WARN, Level.FAIL

KNOWN: dict[str, list[tuple[str, Level, str]]] = {
    "caddy": [("metadata-names", PASS, "X-Amz-Meta-Upload-Id"), ("post", PASS, "Enforced in a form")],
    "nginx": [("metadata-names", PASS, "as they were sent"), ("post", PASS, "Enforced in a form")],
    "kms": [
        ("copy-atomic", PASS, "had the requested bytes"),
        ("copy-etag", WARN, "another ETag than its source"),
        ("checksums", WARN, "keeps no checksum"),
    ],
    "locked": [("object-lock", WARN, "retained for 1 days"), ("versions", WARN, "stay after a deletion")],
    "juicefs": [
        ("put-once", WARN, "overwrites"),
        ("copy-condition", PASS, "is refused"),
        ("copy-atomic", WARN, "had other bytes than requested"),
        ("post", PASS, "Enforced"),
    ],
    "juicefs-no-etag": [("head", FAIL, "no ETag")],
    "juicefs-plain": [("head", FAIL, "does not show what was written: content type, metadata")],
    "localstack": [
        ("post", FAIL, "signature"),
        ("checksums", PASS, "is verified and returned"),
        ("checksums-parts", PASS, "CRC64NVME of the whole"),
    ],
    "seaweedfs": [
        ("post", PASS, "Enforced in a form"),
        ("copy-atomic", PASS, "had the requested bytes"),
        ("checksums", PASS, "is verified and returned"),
        ("metadata-names", PASS, "X-Amz-Meta-upload-id"),
    ],
    "swift": [
        ("post", WARN, "no presigned POST"),
        ("put-once", WARN, "If-None-Match is refused (501"),
        ("part-after-join", WARN, "object"),
    ],
    "rclone": [
        ("copy-condition", WARN, "even if its source has another ETag"),
        ("copy-parts", WARN, "no ETag"),
        ("post", WARN, "no presigned"),
    ],
    "ceph18": [("post", PASS, "Enforced in a form"), ("copy-condition", PASS, "is refused")],
}
"""What its report has to say, of each kind."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in KNOWN])
def test_what_is_known_is_found(kind: str, servers: Servers, tmp_path: Path) -> None:
    """Each row of the table of stores that makes a difference."""
    with bucket_of_kind(servers, kind) as bucket:
        found = report(visit(bucket, tmp_path), "store")
    for check, level, words in KNOWN[kind]:
        said = [one.seen for one in lines(found, check) if one.level is level]
        assert any(words in seen for seen in said), (check, said, [one.seen for one in found.findings])
