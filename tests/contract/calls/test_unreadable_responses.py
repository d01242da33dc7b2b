"""Responses that are too long, or with values that make no sense, are failures of the store and cost no memory."""

import pytest
from tests.contract.calls.sources import HEADERS
from tests.support.odd_stores import answering_server, endless_server, store_at

from valetkey.adapters.s3.xml import parsed
from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.multipart import MIB
from valetkey.core.model.upload import MultipartUploadId, UploadId
from valetkey.core.ports.store import ObjectHead


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_without_an_end(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read to its end: a success that is too long is an error, and of an error only the beginning is read."""
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    source = ObjectHead("a", "0" * 32, None, 5, "text/plain", UploadId("some-id"), {})
    with endless_server(status) as (url, sent):
        store = store_at(url)
        with pytest.raises(StoreUnavailable):
            store.parts("a", MultipartUploadId("none"))
        with pytest.raises(StoreUnavailable):
            store.copy(source, "b", HEADERS)
        assert len(sent) >= 2
        assert max(sent) < 32 * MIB


@pytest.mark.parametrize(
    "answer",
    [
        b"403 No\r\nDate: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n",
        b"503 No\r\nRetry-After: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n",
        b"503 No\r\nRetry-After: " + b"9" * 5_000 + b"\r\n",
        b'200 OK\r\nETag: ""\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n',
        b"200 OK\r\nETag: e\r\nContent-Type: text/plain\r\nContent-Length: " + b"9" * 5_000 + b"\r\n",
    ],
    ids=["a date", "a date to wait for", "a long wait", "an empty ETag", "a length"],
)
def test_headers_that_nobody_would_send(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are a failure of the store, which is retried, and no crash; an empty ETag pins nothing."""
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    with answering_server(b"HTTP/1.1 " + answer + b"\r\n") as url:
        store = store_at(url)
        with pytest.raises(StoreUnavailable) as refused:
            store.head("a")
        assert refused.value.retry_after <= 60


KEPT = {"ETag": b'"e"', "Content-Type": b"text/plain", "x-amz-version-id": b"v"}


@pytest.mark.parametrize("value", [b"a\0b", b"a\x1bb", b"a\x7fb", b"a" * 2_000], ids=["NUL", "ESC", "DEL", "long"])
@pytest.mark.parametrize("name", KEPT)
def test_values_that_no_ledger_keeps(name: str, value: bytes) -> None:
    """They are refused with a sentence that names the header: PostgreSQL could not store them."""
    lines = b"".join(b"%b: %b\r\n" % (one.encode(), said) for one, said in (KEPT | {name: value}).items())
    with answering_server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + lines + b"\r\n") as url:
        store = store_at(url)
        with pytest.raises(StoreUnavailable, match=f"an invalid value of {name}") as refused:
            store.head("a")
    assert refused.value.refused
    assert refused.value.detail.isprintable()


@pytest.mark.parametrize("body", [b"<Error><Code>Slow\0\x1bDown</Code></Error>", b'{"code": "Slow\\u0000\\u001bDown"}'])
def test_control_characters_in_an_error(body: bytes) -> None:
    """They reach neither logs nor the ledger."""
    head = b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % len(body)
    with answering_server(head + body) as url:
        store = store_at(url)
        with pytest.raises(StoreUnavailable, match="ListParts: Slow Down") as refused:
            store.parts("a", MultipartUploadId("none"))
    assert refused.value.detail.isprintable()


def test_an_answer_that_grows_when_it_is_parsed() -> None:
    """A document type, which could expand a small response into a large one, is refused: no store sends one."""
    grows = b'<!DOCTYPE a [<!ENTITY b "%b">]><a><ETag>%b</ETag></a>' % (b"b" * 50_000, b"&b;" * 90)
    for body in (grows, grows.decode().encode("utf-16")):
        with pytest.raises(ValueError, match="no XML"):
            parsed(body)
    assert parsed('<a><ETag>"ä"</ETag></a>'.encode("utf-16")).find("ETag") == '"ä"'
