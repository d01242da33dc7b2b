"""The event of a confirmed upload, told once more: what a queue that delivers twice costs."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import httpx
from tests.bench.grants import fastest_hello, hello, requests_of, upload
from tests.bench.load import Load
from tests.bench.peers import Server, pinned, valetkey_server
from tests.bench.result import Row
from tests.bench.series import CONNECTIONS, Side, in_turns
from tests.e2e.rgw_events import created_event
from tests.support.clients import post_form
from tests.support.stores import Bucket, fresh_bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.place import Place

BODY = b"\xff\xd8\xff" + bytes(997)


def confirmed(server: Server, bucket: Bucket) -> object:
    """Uploads a file, and gives the event that the store sent before it was confirmed."""
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", headers=headers, timeout=30) as client:
        granted = client.post("/v1/uploads", json=upload(1) | {"size": len(BODY)}).raise_for_status().json()
        assert post_form(granted["grant"]["url"], granted["grant"]["fields"], BODY).status == 201
        key = f"staging/{granted['upload']['id']}"
        etag = bucket.client.head_object(Bucket=bucket.name, Key=key)["ETag"].strip('"')
        event = created_event(bucket.name, key, len(BODY), etag)
        ended = client.post(f"/v1/uploads/{granted['upload']['id']}/complete").raise_for_status().json()
    assert ended["state"] == "confirmed", ended
    return event


def rows(place: Place) -> Iterator[Row]:
    """Ceph RGW keeps the upload, and is not asked any more."""
    core, load_core = place.cores
    folder = place.fresh("events")
    rgw, count, secret = place.rgw, 160 if place.quick else 3000, secrets.token_hex(16)
    with fresh_bucket(rgw) as bucket, pinned(load_core):
        settings = rgw.env() | {"VALETKEY_BUCKET": bucket.name, "VALETKEY_EVENTS_CEPH_SECRET": secret}
        start_hello = fastest_hello(place)
        with (
            valetkey_server(folder, core, settings) as server,
            start_hello(folder, core) as other,
        ):
            event = json.loads(json.dumps(confirmed(server, bucket)))
            requests = requests_of(server, f"/v1/events/ceph?secret={secret}", lambda _: event)
            ours = Side(server, Load(requests, lambda answer: b'"ignored":1' in answer, count, CONNECTIONS))
            theirs = Side(other, hello(other, 2 * count))
            in_turns(ours, theirs, place.rounds(7))
            yield Row(
                "repeated event of a confirmed upload", ours.rate, 0.4, peer="a bare Flask hello on granian",
                theirs=theirs.rate, latency=ours.latency, their_latency=theirs.latency, bound=ours.bound,
                profile=ours.profile(),
            )  # fmt: skip
