"""What the response to a copy proves, and when the copy is looked at instead."""

import re

import pytest
from tests.contract.calls.sources import HEADERS, Behind, written
from tests.support.odd_stores import answering_server, store_at
from tests.support.store_quirks import Fails, Says

from valetkey.core.errors import ObjectChanged, StoreUnavailable
from valetkey.core.model.upload import UploadId
from valetkey.core.ports.store import ObjectHead


@pytest.mark.parametrize("code", ["InternalError", "SlowDown", "PreconditionFailed"])
def test_a_success_with_an_error_in_it(behind: Behind, code: str) -> None:
    """S3 may fail to copy after it has begun to respond with 200: that is the error in the body, and no copy."""
    store, bucket, _ = behind(Fails("COPY", 200, code))
    source = written(store, bucket)
    expected: type[Exception] = ObjectChanged if code == "PreconditionFailed" else StoreUnavailable
    with pytest.raises(expected):
        store.copy(source, "b", HEADERS)


def test_an_answer_to_a_copy(behind: Behind) -> None:
    """It has the same ETag as a HEAD of the copy."""
    store, bucket, _ = behind()
    source = written(store, bucket)
    answer, copied = store.copy(source, "b", HEADERS), store.head("b")
    assert answer is not None
    assert copied is not None
    assert (answer.etag, answer.version_id, answer.checksums) == (source.etag, None, {})
    assert copied.etag == source.etag


def test_an_answer_to_a_copy_without_an_etag(behind: Behind) -> None:
    """It is not enough: the copy has to be looked at."""
    store, bucket, _ = behind(Says({"COPY"}, lambda body: re.sub("<ETag>.*</ETag>", "", body), None))
    assert store.copy(written(store, bucket), "b", HEADERS) is None


def test_an_answer_to_a_copy_with_a_version_that_no_ledger_keeps() -> None:
    """It is not enough: the copy has to be looked at."""
    body = b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>"
    source = ObjectHead("a", "e", None, 5, "text/plain", UploadId("some-id"), {})
    head = b"HTTP/1.1 200 OK\r\nx-amz-version-id: v\0\r\nContent-Length: %d\r\n\r\n" % len(body)
    with answering_server(head + body) as url:
        store = store_at(url)
        assert store.copy(source, "b", HEADERS) is None


def test_an_answer_to_a_copy_with_a_checksum_of_later_times() -> None:
    """An algorithm that we do not know proves nothing, and causes no error."""
    body = b"<CopyObjectResult><ETag>e</ETag><ChecksumSHA512>x</ChecksumSHA512><Checksum/></CopyObjectResult>"
    source = ObjectHead("a", "e", None, 5, "text/plain", UploadId("some-id"), {})
    with answering_server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)) as url:
        store = store_at(url)
        answer = store.copy(source, "b", HEADERS)
    assert answer is not None
    assert (answer.etag, answer.checksums) == ("e", {})
