"""Copies on stores with unusual conditions: of multipart objects, and of objects that change meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.contract.harnesses import s3_store
from tests.support.store_proxy import Answer, Quirk, QuirkyServer, Request, quirky
from tests.support.store_quirks import RefusesConditionsOnJoined
from tests.support.stores import Bucket, Rgw, fresh_bucket

from valetkey.adapters.s3 import S3Store
from valetkey.core.errors import ObjectChanged
from valetkey.core.model.multipart import MIN_PART_SIZE, Part
from valetkey.core.model.upload import UploadId
from valetkey.core.ports.store import ObjectHead, ObjectHeaders

HEADERS = ObjectHeaders("text/plain", UploadId("some-id"))
Behind = Callable[..., tuple[S3Store, Bucket, QuirkyServer]]


@pytest.fixture
def behind(rgw: Rgw) -> Iterator[Behind]:
    with ExitStack() as stack:

        def store(*quirks: Quirk) -> tuple[S3Store, Bucket, QuirkyServer]:
            server = stack.enter_context(quirky(rgw, *quirks))
            bucket = stack.enter_context(fresh_bucket(server))
            return s3_store(server, bucket.name), bucket, server

        yield store


def joined(store: S3Store, bucket: Bucket, last: bytes = b"y") -> ObjectHead:
    """An object that came in two parts."""
    upload = store.start_multipart("in-parts", HEADERS)
    parts = []
    for number, content in ((1, b"x" * MIN_PART_SIZE), (2, last)):
        given = {"Bucket": bucket.name, "Key": "in-parts", "UploadId": str(upload), "PartNumber": number}
        etag = bucket.client.upload_part(**given, Body=content)["ETag"]  # type: ignore[arg-type]
        parts.append(Part(number, len(content), etag.strip('"')))
    store.join_parts("in-parts", upload, parts)
    head = store.head("in-parts")
    assert head is not None
    return head


def test_a_joined_object_where_no_condition_on_it_holds(behind: Behind) -> None:
    """It is copied all the same, once: it is what it was (Swift; uploads in parts stayed `stored` for ever)."""
    store, bucket, server = behind(RefusesConditionsOnJoined())
    source = joined(store, bucket)
    store.copy(source, "copy", HEADERS)
    copied = store.head("copy")
    assert copied is not None
    assert copied.size == source.size
    assert server.count("COPY") == 2


def test_one_that_has_changed_is_not_copied(behind: Behind) -> None:
    """Also where the store would have made the copy without a condition."""
    store, bucket, server = behind(RefusesConditionsOnJoined())
    source = joined(store, bucket)
    joined(store, bucket, b"z")
    with pytest.raises(ObjectChanged):
        store.copy(source, "copy", HEADERS)
    assert store.head("copy") is None
    assert server.count("COPY") == 1


class WritesBefore(Quirk):
    """Somebody else's write comes between the look and the copy without a condition."""

    write: Callable[[], object]

    def before(self, request: Request) -> Answer | None:
        if request.operation == "COPY" and request.header("x-amz-copy-source-if-match") is None:
            self.write()
        return None


def test_one_that_changes_meanwhile_is_not_taken(behind: Behind, rgw: Rgw) -> None:
    """It is looked at afterwards, too: the copy is not said to be one."""
    somebody = WritesBefore()
    store, bucket, _ = behind(RefusesConditionsOnJoined(), somebody)
    source = joined(store, bucket)
    somebody.write = lambda: rgw.client().put_object(Bucket=bucket.name, Key="in-parts", Body=b"other")
    with pytest.raises(ObjectChanged):
        store.copy(source, "copy", HEADERS)
