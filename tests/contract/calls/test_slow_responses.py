"""A response that arrives byte by byte holds a thread for a bounded time, in our own calls and in those of boto3."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError
from tests.contract.calls.sources import HEADERS
from tests.support.odd_stores import dripping_server, store_at

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.multipart import Part
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import MultipartUploadId, StoredObject, UploadId
from valetkey.core.ports.store import ObjectHead


def as_written(key: str) -> ObjectHead:
    return ObjectHead(key, "e", None, 5, "text/plain", UploadId("some-id"), {})


DRIPS = {
    "a status": (b"HTTP/1.1 200 ", b"O"),
    "a header": (b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "continues": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"<"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n<\r\n"),
    "an error": (b"HTTP/1.1 500 No\r\nContent-Length: 5000\r\n\r\n", b"<"),
}


def failure_of(call: Callable[[], object]) -> Exception | None:
    """The error of a ``call`` to which a store responds byte by byte. It has to come while the store still sends."""
    failures: list[Exception] = []

    def ask() -> None:
        try:
            call()
        except (StoreUnavailable, BotoCoreError) as error:
            failures.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(90)
    assert not asking.is_alive()
    return failures[0] if failures else None


@pytest.mark.parametrize("drip", DRIPS)
def test_an_answer_that_comes_byte_by_byte(drip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds a thread for a few time-outs, however long bytes arrive."""
    monkeypatch.setattr("valetkey.adapters.s3.client.TIMEOUT", 0.3)
    with dripping_server(*DRIPS[drip], every=0.05) as url:
        store = store_at(url)
        failed = failure_of(lambda: store.parts("a", MultipartUploadId("none")))
    assert "ReadTimeoutError" in str(failed)


PART, TIMEOUTS = Part(1, 5, "e"), ("TIMEOUT", "COPY_TIMEOUT")


BY_BOTO3: dict[str, Callable[[S3Store], object]] = {
    "a bucket": lambda store: store.check(),
    "a list": lambda store: list(store.old_objects("staging/", datetime.now(UTC))),
    "uploads in parts": lambda store: list(store.old_multiparts("staging/", datetime.now(UTC))),
    "a start": lambda store: store.start_multipart("a", HEADERS),
    "an end": lambda store: store.abort_multipart("a", MultipartUploadId("none")),
    "a join": lambda store: store.join_parts("a", MultipartUploadId("none"), [PART]),
    "tags": lambda store: store.finish(as_written("a"), Placement(tags=(("a", "b"),)), None),
    "the set-up": lambda store: store.client.get_bucket_cors(Bucket="bucket"),
}


@pytest.mark.parametrize("drip", ["a header", "chunks"])
@pytest.mark.parametrize("called", BY_BOTO3)
def test_an_answer_to_boto3_that_comes_byte_by_byte(called: str, drip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bound holds as for our own calls; joining parts has a longer one."""
    for name in TIMEOUTS:
        monkeypatch.setattr(f"valetkey.adapters.s3.client.{name}", 0.3)
    monkeypatch.setattr("valetkey.adapters.s3.client.JOIN_TIME", 1.5)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    with dripping_server(*DRIPS[drip], every=0.05) as url:
        store = store_at(url)
        store.know({"list_parts": True})
        assert failure_of(lambda: BY_BOTO3[called](store)) or called == "a bucket"  # a HEAD has no body


def test_a_join_that_takes_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 sends spaces meanwhile (API reference, CompleteMultipartUpload): they do not end the wait."""
    monkeypatch.setattr("valetkey.adapters.s3.client.COPY_TIMEOUT", 2)
    joined = b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (60 + len(joined))
    with dripping_server(head, b" ", every=0.05, ends=(60, joined)) as url:
        store = store_at(url)
        store.join_parts("a", MultipartUploadId("some"), [PART])


def test_a_slow_answer_leaves_the_next_one_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that was left for one response is not the time-out of the next request on its connection."""
    monkeypatch.setattr("valetkey.adapters.s3.client.TIMEOUT", 2)
    body = b"<ListMultipartUploadsResult/>"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (60 + len(body))
    with dripping_server(head, b" ", every=0.05, ends=(60, body)) as url:
        store = store_at(url)
        left: list[float | None] = []
        store.client.meta.events.register(
            "after-call.s3", lambda **_: left.extend(one.sock.gettimeout() for one in idle_connections(store))
        )
        assert list(store.old_multiparts("staging/", datetime.now(UTC))) == []
    assert left == [2]


def idle_connections(store: S3Store) -> list[Any]:
    """The idle connections of boto3's client."""
    client: Any = store.client
    pools = client._endpoint.http_session._manager.pools
    held = [pools[key].pool.queue for key in pools.keys()]  # noqa: SIM118 - they cannot be iterated
    return [one for queue in held for one in queue if one is not None and one.sock is not None]


def test_a_proxy_whose_tunnel_comes_byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds no thread either, neither in our own calls nor in boto3's."""
    for name in ("CONNECT_TIMEOUT", "TIMEOUT"):
        monkeypatch.setattr(f"valetkey.adapters.s3.client.{name}", 0.3)
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    with dripping_server(*DRIPS["headers"], every=0.05) as url:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, url)
        store = S3Store(S3Settings("bucket", endpoint_url="https://s3.test"), boto3.Session("key", "secret"))
        for call in (lambda: store.head("a"), store.check):
            assert failure_of(call)


def test_an_answer_that_comes_slowly_and_steadily(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a slow line a large response takes longer than the time-outs, and is read to its end."""
    monkeypatch.setattr("valetkey.adapters.s3.client.TIMEOUT", 2)
    size = 300_000
    head = b"HTTP/1.1 200 OK\r\nETag: e\r\nContent-Length: %d\r\n\r\n" % size
    with dripping_server(head, b"x" * 20_000, every=0.2) as url:
        store = store_at(url)
        assert store.read_range(StoredObject("a", "e", None, size, "text/plain"), 0, size) == b"x" * size
