"""Events as stores send them: whatever else a delivery contains, what it reports about an object counts.

Measured on Ceph RGW 16.2: an event repeats the object's metadata, bytes as they came. A presigned PUT lets a client
send a header that nobody signed, and other programs write to the bucket, too: RGW keeps bytes that are no UTF-8 as they
are, and its JSON is none then. That stores keep such metadata is reported of lakeFS (developmentseed/obstore #582).
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from urllib.parse import urlsplit

import pytest
from tests.e2e.rgw_events import pushing
from tests.field.desk import Json, MakeDesk
from tests.support.stores import Bucket

from valetkey.core.errors import MalformedEvent
from valetkey.senders.records import read_json

SECRET = "a-secret-of-some-length"


@contextmanager
def receiver() -> Iterator[tuple[str, "SimpleQueue[bytes]"]]:
    """An address that takes deliveries, and what has come there."""
    came: SimpleQueue[bytes] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def put_with(grant: Json, name: str, value: bytes) -> int:
    """Sends five bytes by a PUT with one more header."""
    parts = urlsplit(grant["url"])
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.putrequest("PUT", f"{parts.path}?{parts.query}")
    for known, said in grant["headers"].items():
        connection.putheader(known, said)
    connection.putheader(name, value)
    connection.endheaders(b"bytes")
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("value", [b"caf\xe9", b"\xff\xfe", "é".encode(), b"\xed\xa0\xbd", b'"\\\t'])
def test_an_event_with_metadata_in_any_bytes(value: bytes, rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """It confirms: it was a 400, which RGW's persistent topics send again for days, and the upload's event was lost."""
    desk = make_desk(rgw_bucket, events_ceph_secret=SECRET)
    with receiver() as (address, came), pushing(rgw_bucket, address, SECRET):
        created = desk.create(5, method="put")
        assert put_with(created["grant"], "x-amz-meta-theirs", value) == 200
        body = came.get(timeout=60)
    assert value[:1] in body
    answer = desk.http.post("/v1/events/ceph", data=body, content_type="application/json")
    assert (answer.status_code, answer.get_json()) == (200, {"confirmed": 1, "rejected": 0, "ignored": 0})


def test_what_is_no_json_stays_none() -> None:
    """Bytes that are no UTF-8 are read as U+FFFD in texts alone."""
    assert read_json(b'{"a": "\xff"}') == {"a": "\ufffd"}
    for body in (b"\xff", b'{"a": \xff}', b'{"a": "\xff"', b""):
        with pytest.raises(MalformedEvent):
            read_json(body)
