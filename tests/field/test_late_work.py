"""Work that finished late is found and used, and a good copy is never deleted (FIELD.md, F, and L's KMS-like).

Reported: copies that time out and are begun again and again though each succeeds in the end (rclone/rclone #3579,
aws/aws-sdk-go-v2 #712), and copies whose ETag is not that of their source (minio/minio #6580 and #20915; AWS documents
it for SSE-KMS).
"""

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
from tests.field.desk import Desk, Json, MakeDesk
from tests.support.store_proxy import QuirkyServer, quirky
from tests.support.store_quirks import CopiesGetAnotherETag, Fails, IgnoresCopyConditions, NoChecksums
from tests.support.stores import Bucket, Rgw, fresh_bucket

from valetkey.core.ports.store import ObjectHead, ObjectHeaders
from valetkey.core.sweeping.findings import Action

LATER = timedelta(minutes=10)
PROFILES = """
[profiles.scanned]
scan = true
"""


@pytest.fixture
def lost(rgw: Rgw) -> Iterator[QuirkyServer]:
    """The first two copies are made, and their answers are lost."""
    with quirky(rgw, Fails("COPY", 504, "GatewayTimeout", late=True, times=2)) as server:
        yield server


@pytest.mark.parametrize("profile", ["default", "scanned"])
def test_a_copy_whose_answer_was_lost(profile: str, lost: QuirkyServer, make_desk: MakeDesk) -> None:
    """The next signal finds it, and copies nothing again: into quarantine, or under the final key."""
    with fresh_bucket(lost) as bucket:
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(b"bytes", profile=profile)
        assert desk.complete(created)["status"] == 503
        copies = lost.count("COPY")
        desk.make_due(created, patience=LATER)
        desk.work()
        assert lost.count("COPY") == copies
        if profile == "scanned":
            quarantined = desk.upload(created)["object"]
            assert quarantined["key"].startswith("quarantine/")
            with pytest.raises(Exception, match="refused CopyObject"):
                desk.judge(created, quarantined["etag"], clean=True)
            copies = lost.count("COPY")
            desk.complete(created)
            assert lost.count("COPY") == copies
        done = desk.upload(created)
        assert done["state"] == "confirmed", done
        assert desk.read(done["object"]["key"]) == b"bytes"
        assert desk.stored() == [done["object"]["key"]]


def test_a_late_copy_is_used_though_staging_was_cleared(lost: QuirkyServer, make_desk: MakeDesk) -> None:
    """A lifecycle rule on ``staging/`` was faster than the next look."""
    with fresh_bucket(lost) as bucket:
        desk = make_desk(bucket)
        created = desk.sent(b"bytes")
        desk.complete(created)
        bucket.client.delete_object(Bucket=bucket.name, Key=f"staging/{created['upload']['id']}")
        desk.make_due(created, patience=LATER)
        assert [finding.action for finding in desk.work()] == [Action.CONFIRM]
        assert desk.read(desk.upload(created)["object"]["key"]) == b"bytes"


@pytest.mark.parametrize("profile", ["default", "scanned"])
def test_copies_with_another_etag_and_no_checksum(profile: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """One copy each, believed since the store was seen to honour the condition on its source."""
    with quirky(rgw, NoChecksums(), CopiesGetAnotherETag()) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        for number in range(3):
            created = desk.sent(b"bytes", profile=profile)
            done = desk.complete(created)
            if profile == "scanned":
                desk.judge(created, done["object"]["etag"], clean=True)
                done = desk.upload(created)
            assert done["state"] == "confirmed", done
            assert desk.read(done["object"]["key"]) == b"bytes"
            probe = 1 if number == 0 else 0  # the copy that had to be refused
            expected = (2 if profile == "scanned" else 1) + probe
            assert server.count("COPY") == expected, server.requests
            server.requests.clear()


def test_parts_of_such_a_store(rgw: Rgw, make_desk: MakeDesk) -> None:
    """Joined in quarantine and promoted by a copy whose ETag is another: nobody could change its source."""
    with quirky(rgw, NoChecksums(), CopiesGetAnotherETag()) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(b"bytes", profile="scanned", method="multipart")
        shown = desk.complete(created)["object"]
        desk.judge(created, shown["etag"], clean=True)
        assert desk.upload(created)["state"] == "confirmed"


@pytest.fixture
def unprovable(rgw: Rgw) -> Iterator[QuirkyServer]:
    """Copies get another ETag, there are no checksums, and conditions on copies are ignored."""
    with quirky(rgw, IgnoresCopyConditions(), NoChecksums(), CopiesGetAnotherETag()) as server:
        yield server


def unproven(desk: Desk) -> dict[str, object]:
    created = desk.sent(b"bytes")
    problem = desk.complete(created)
    assert (problem["status"], problem["code"]) == (503, "copy_unproven")
    return created


def test_a_copy_that_nothing_proves_is_named_and_kept(unprovable: QuirkyServer, make_desk: MakeDesk) -> None:
    """However many signals come, and when staging is cleared: one copy, no rejection, and the reason is shown."""
    with fresh_bucket(unprovable) as bucket:
        desk = make_desk(bucket)
        created = unproven(desk)
        copies = unprovable.count("COPY")
        for _ in range(3):
            desk.make_due(created, patience=LATER)
            assert [finding.action for finding in desk.work()] == [Action.STUCK]
        shown = desk.upload(created)
        assert (shown["state"], shown["reason"]["code"]) == ("stored", "copy_unproven")
        assert unprovable.count("COPY") <= copies + 1  # the question whether conditions are honoured, at the most
        bucket.client.delete_object(Bucket=bucket.name, Key=f"staging/{created['upload']['id']}")  # type: ignore[index]
        desk.make_due(created, patience=LATER)
        desk.work()
        assert desk.upload(created)["state"] == "stored"
        [kept] = desk.stored()
        assert desk.read(kept) == b"bytes"


def test_one_that_nothing_proves_hinders_no_other(unprovable: QuirkyServer, make_desk: MakeDesk) -> None:
    """Six of them before an upload that can be confirmed: the sweep goes on."""
    with fresh_bucket(unprovable) as bucket:
        desk = make_desk(bucket)
        stuck = [unproven(desk) for _ in range(6)]
        good = desk.sent(b"parts", method="multipart")
        for created in [*stuck, good]:
            desk.make_due(created, patience=LATER)
        found = desk.work()
        assert [finding.action for finding in found].count(Action.STUCK) == 6
        assert desk.upload(good)["state"] == "confirmed"


def overtaken(desk: Desk, created: Json) -> list[str]:
    """The keys that were copied to while another signal came in the midst of the first copy to a final key."""
    store, copied = desk.valetkey.store, list[str]()
    copy = store.copy

    def beside(source: ObjectHead, key: str, headers: ObjectHeaders) -> None:
        copied.append(key)
        if len(copied) == 1:
            desk.complete(created)
        copy(source, key, headers)

    with patch.object(store, "copy", beside):
        desk.judge(created, desk.upload(created)["object"]["etag"], clean=True)
    return copied


def test_what_is_released_by_two_signals_is_copied_once(rgw: Rgw, make_desk: MakeDesk) -> None:
    """A scanner's verdict and a client's call at once: the object under the final key is the one in the ledger.

    Two copies would leave another version there, and under SSE-KMS another ETag than what was confirmed.
    """
    with quirky(rgw, NoChecksums(), CopiesGetAnotherETag()) as server, fresh_bucket(server) as bucket:
        bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(b"bytes", profile="scanned")
        desk.complete(created)
        assert len(overtaken(desk, created)) == 1
        done = desk.upload(created)
        assert done["state"] == "confirmed"
        assert desk.versions() == [done["object"]["key"]]
        assert desk.head(done["object"]["key"])["ETag"].strip('"') == done["object"]["etag"]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_release_that_was_given_up_may_still_come(arrived: bool, rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """A copy out of quarantine whose process was killed is used once it is there; if not, its key is not used again."""
    desk = make_desk(rgw_bucket, PROFILES)
    created = desk.sent(b"bytes", profile="scanned")
    etag = desk.complete(created)["object"]["etag"]
    store, copied = desk.valetkey.store, list[str]()
    copy = store.copy

    def killed(source: ObjectHead, key: str, headers: ObjectHeaders) -> None:
        copied.append(key)
        if arrived:
            copy(source, key, headers)
        raise KeyboardInterrupt

    with patch.object(store, "copy", killed), pytest.raises(KeyboardInterrupt):
        desk.judge(created, etag, clean=True)
    assert desk.complete(created)["state"] == ("confirmed" if arrived else "stored")
    if not arrived:
        desk.make_due(created, patience=LATER)
        assert [finding.action for finding in desk.work()] == [Action.CONFIRM]
    done = desk.upload(created)
    assert (done["object"]["key"] == copied[0]) == arrived
    assert desk.stored() == [done["object"]["key"]]
