"""Stores that do not copy atomically, with forms sent again at that moment: only proven bytes are confirmed.

Reported: concurrent overwrites have the gateway describe another object than the one that was written
(juicedata/juicefs #7383); a copy has to be consistent, and to be refused where its source has changed
(earth-mover/icechunk #1863).
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from hashlib import md5
from random import Random

import pytest
from tests.field.desk import Desk, Json, MakeDesk
from tests.support.store_kinds import Servers, bucket_of_kind, servers
from tests.support.store_proxy import Request, quirky
from tests.support.store_quirks import ComparesBeforeItCopies
from tests.support.stores import Rgw, fresh_bucket

from valetkey.core.confirming.steps import MAX_PINS

__all__ = ["servers"]

PROFILES = """
[profiles.scanned]
scan = true
"""
LATER = timedelta(minutes=10)
SIZE = 20_000
UPLOADS = 40
WRITERS = 2


def is_as_it_says(desk: Desk, done: Json) -> bool:
    said: str = done["object"]["etag"]
    return md5(desk.read(done["object"]["key"])).hexdigest() == said


@pytest.mark.parametrize("lacks", [(), ("atomic-copy",)])
@pytest.mark.parametrize("profile", ["default", "scanned"])
def test_a_form_that_is_sent_again_between_condition_and_copy(
    profile: str, lacks: tuple[str, ...], rgw: Rgw, make_desk: MakeDesk
) -> None:
    """The copy has the second bytes: it is not taken for one of the first, and these are pinned and copied instead."""
    sent: list[bytes] = []

    def again(request: Request) -> None:
        if not sent:
            sent.append(b"other")
            assert desk.send(created, b"other").status == 201

    with quirky(rgw, ComparesBeforeItCopies(rgw, again)) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES, s3_lacks=lacks)
        created = desk.sent(b"bytes", profile=profile)
        done = desk.complete(created)
        if profile == "scanned":
            desk.judge(created, done["object"]["etag"], clean=True)
            done = desk.upload(created)
        assert (done["state"], desk.kept(created).pins) == ("confirmed", 2)
        assert desk.read(done["object"]["key"]) == b"other"
        assert is_as_it_says(desk, done)
        assert desk.stored() == [done["object"]["key"]]


@pytest.mark.parametrize(("lacks", "reads"), [((), 0), (("atomic-copy",), 1)])
def test_copies_are_read_back_where_that_is_said(
    lacks: tuple[str, ...], reads: int, rgw: Rgw, make_desk: MakeDesk
) -> None:
    """Once each, and on no other store."""
    with quirky(rgw) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, s3_lacks=lacks)
        for _ in range(2):
            assert desk.complete(desk.sent(b"bytes"))["state"] == "confirmed"
            assert server.count("GET", "uploads/") == reads
            server.requests.clear()


@contextmanager
def sent_again(desk: Desk, created: Json, *, alike: bool) -> Iterator[None]:
    """Two who have the form send it meanwhile: each the same bytes each time, or always others. That is seldom enough
    for the upload not to be given up as overwritten."""

    def send(number: int) -> None:
        chance = Random(number)
        content = chance.randbytes(SIZE)
        for _ in range(MAX_PINS // WRITERS):
            desk.send(created, content)
            content = content if alike else chance.randbytes(SIZE)

    with ThreadPoolExecutor(WRITERS) as pool:
        sending = [pool.submit(send, number) for number in range(WRITERS)]
        yield
        for one in sending:
            one.result()


@pytest.mark.parametrize(("alike", "lacks"), [(False, ()), (True, ("atomic-copy",))])
def test_the_juicefs_gateway(alike: bool, lacks: tuple[str, ...], servers: Servers, make_desk: MakeDesk) -> None:
    """Of 186 confirmed uploads that were written all the time 15 had the ETag of other bytes. None has where these are
    always new ones, whether the store is known or not; nor where the same ones come back, once it is known."""
    with bucket_of_kind(servers, "juicefs") as bucket:
        desk = make_desk(bucket, s3_lacks=lacks)
        ends = []
        for _ in range(UPLOADS):
            created = desk.create(SIZE, method="post")
            assert desk.send(created, bytes(SIZE)).status == 201
            with sent_again(desk, created, alike=alike):
                desk.complete(created)
            for _ in range(10):
                if (done := desk.upload(created))["state"] in {"confirmed", "rejected"}:
                    break
                desk.make_due(created, patience=LATER)
                desk.work()
            ends.append(done)
        assert {(done["state"], (done["reason"] or {}).get("code")) for done in ends} <= {
            ("confirmed", None),
            ("rejected", "overwritten"),
        }
        confirmed = [done for done in ends if done["state"] == "confirmed"]
        assert len(confirmed) >= UPLOADS // 2
        assert [done for done in confirmed if not is_as_it_says(desk, done)] == []
