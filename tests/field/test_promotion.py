"""Unsigned headers have no effect afterwards (FIELD.md, B): the confirmed object has only what we set.

Reported: whoever has a presigned PUT may add headers that nobody signed, and they are stored (minio/minio-java #1140).
"""

import pytest
from tests.field.desk import Desk, Json, MakeDesk
from tests.support.stores import Bucket

EXTRA = {
    "Content-Encoding": "gzip",
    "Content-Disposition": "inline; filename=evil.html",
    "Content-Language": "de",
    "Cache-Control": "max-age=31536000",
    "Expires": "Wed, 21 Oct 2037 07:28:00 GMT",
    "x-amz-meta-extra": "1",
    "X-Amz-Meta-Upload-Name": "evil",
    "x-amz-website-redirect-location": "https://evil.example/",
    "x-amz-tagging": "team=evil",
    "x-amz-storage-class": "STANDARD",
}
PROFILES = """
[profiles.scanned]
scan = true
"""


def assert_is_ours(desk: Desk, done: Json) -> None:
    found = desk.head(done["object"]["key"])
    attached = {"ContentEncoding", "ContentDisposition", "ContentLanguage", "CacheControl", "Expires"}
    assert not attached & found.keys(), found
    assert found.get("WebsiteRedirectLocation") is None
    assert found["Metadata"] == {"upload-id": done["id"]}
    assert found["ContentType"] == "text/plain"
    where = {"Bucket": desk.bucket.name, "Key": done["object"]["key"]}
    assert desk.bucket.client.get_object_tagging(**where)["TagSet"] == []
    grants = desk.bucket.client.get_object_acl(**where)["Grants"]
    assert not [grant for grant in grants if grant["Grantee"].get("URI")]


@pytest.mark.parametrize("profile", ["default", "scanned"])
@pytest.mark.parametrize("name", [*EXTRA, "all of them"])
def test_headers_of_a_put_that_nobody_signed(name: str, profile: str, rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """The upload is confirmed, and its object has the profile's headers and nothing else."""
    desk = make_desk(rgw_bucket, PROFILES)
    created = desk.create(5, method="put", profile=profile)
    extra = EXTRA if name == "all of them" else {name: EXTRA[name]}
    assert desk.send(created, b"bytes", extra).status == 200
    done = desk.complete(created)
    if profile == "scanned":
        desk.judge(created, done["object"]["etag"], clean=True)
        done = desk.upload(created)
    assert done["state"] == "confirmed", done
    assert_is_ours(desk, done)


def test_headers_of_parts(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """A part that says more about itself than it should leaves nothing of it at the object."""
    desk = make_desk(rgw_bucket)
    created = desk.create(5, method="multipart")
    desk.send_parts(created, b"bytes", {**EXTRA, "Content-Type": "text/html", "x-amz-acl": "public-read"})
    done = desk.complete(created)
    assert done["state"] == "confirmed"
    assert_is_ours(desk, done)
