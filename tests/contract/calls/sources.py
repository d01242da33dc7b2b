"""The object that tests of calls copy, read and remove, and the type of the fixture `behind`."""

from collections.abc import Callable

from tests.support.store_proxy import QuirkyServer
from tests.support.stores import Bucket

from valetkey.adapters.s3 import S3Store
from valetkey.core.model.upload import UploadId
from valetkey.core.ports.store import ObjectHead, ObjectHeaders

HEADERS = ObjectHeaders("text/plain", UploadId("some-id"))

Behind = Callable[..., tuple[S3Store, Bucket, QuirkyServer]]


def written(store: S3Store, bucket: Bucket, key: str = "a") -> ObjectHead:
    """Writes an object with the headers `HEADERS`; what the store says of it."""
    bucket.client.put_object(
        Bucket=bucket.name, Key=key, Body=b"bytes", ContentType="text/plain", Metadata={"upload-id": "some-id"}
    )
    found = store.head(key)
    assert found is not None
    return found
