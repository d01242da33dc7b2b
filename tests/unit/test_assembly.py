"""Uploads in parts, from the request to the end, on the memory store."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from tests.unit.memory_world import OWNER, World

from valetkey.core.errors import (
    InvalidRequest,
    PartsMismatch,
    PartsMissing,
    StateConflict,
    StoreUnavailable,
    ValetKeyError,
)
from valetkey.core.events.event import EventCounts, ObjectEvent
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grantor import Granted
from valetkey.core.granting.grants import MultipartGrant, PartGrant, PutGrant
from valetkey.core.model.multipart import MIB, MIN_PART_SIZE, NamedPart
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Method, MultipartUploadId, Signal, Upload, UploadState
from valetkey.core.sweeping.findings import Action

PART = 5 * MIB
SIZE = 2 * PART + 3
CONTENT = {1: b"a" * PART, 2: b"b" * PART, 3: b"end"}
OPEN = Profile("default", max_size=SIZE, min_size=4, part_size=PART, multipart_from=PART)


@pytest.fixture
def world() -> World:
    return World(profile=OPEN)


def asked(world: World, size: int | None = SIZE, method: Method | None = None) -> Granted:
    return world.service.create(OWNER, UploadRequest("a film.mp4", "video/mp4", size, method=method))


def plan(granted: Granted) -> MultipartGrant:
    assert isinstance(granted.grant, MultipartGrant)
    return granted.grant


def send(world: World, part: PartGrant, content: bytes) -> int:
    return world.store.send(part.url, part.headers, content).status


def send_all(world: World, upload: Upload, numbers: tuple[int, ...] = (1, 2, 3)) -> None:
    for part in world.service.sign_parts(OWNER, upload.id, list(numbers)):
        assert send(world, part, CONTENT[part.number]) == 200


def complete(world: World, upload: Upload, named: list[NamedPart] | None = None) -> Upload:
    return world.service.complete(OWNER, upload.id, named)


def listed(world: World, upload: Upload) -> list[NamedPart]:
    return [NamedPart(part.number, part.etag) for part in world.service.parts(OWNER, upload.id)[1]]


def nothing_is_left(world: World) -> bool:
    return not world.store.keys() and not world.store._multiparts


def test_a_large_file_comes_in_parts(world: World) -> None:
    """Started, signed, sent, joined under the final key without a copy, confirmed; a repeated completion has the same
    result."""
    granted = asked(world)
    grant, upload = plan(granted), granted.upload
    assert [(part.number, part.size) for part in grant.parts] == [(1, PART), (2, PART), (3, 3)]
    for part in grant.parts:
        assert send(world, part, CONTENT[part.number]) == 200
    world.operations.clear()
    done = complete(world, upload, listed(world, upload))
    assert done.state is UploadState.CONFIRMED
    assert done.object is not None
    assert (done.object.size, done.confirmed_by) == (SIZE, Signal.CLIENT)
    assert world.store.keys() == [done.object.key]
    assert done.object.key.startswith(f"uploads/{upload.id}/")
    assert "copy final" not in world.operations
    assert complete(world, upload) == done
    world.check_settled()


def test_parts_that_are_missing_can_still_be_sent(world: World) -> None:
    """An early completion says how many are missing, and nothing is lost."""
    upload = asked(world).upload
    for numbers, missing in (((), "3 of 3"), ((1, 3), "1 of 3 parts are not at the store yet: 2")):
        if numbers:
            send_all(world, upload, numbers)
        with pytest.raises(PartsMissing, match=missing):
            complete(world, upload)
    assert world.now(upload).state is UploadState.PENDING
    send_all(world, upload, (2,))
    assert complete(world, upload).state is UploadState.CONFIRMED


def test_named_parts_have_to_be_those_that_are_there(world: World) -> None:
    """Too few parts and other ETags are refused; the right ones are accepted afterwards."""
    upload = asked(world).upload
    send_all(world, upload)
    right = listed(world, upload)
    for named in ([], right[:2], [*right[:2], NamedPart(3, "0" * 32)]):
        with pytest.raises(PartsMismatch):
            complete(world, upload, named)
    assert complete(world, upload, right).state is UploadState.CONFIRMED


def test_a_signed_part_takes_its_size_only(world: World) -> None:
    """The content length is signed, so the store refuses a larger part."""
    [part] = world.service.sign_parts(OWNER, asked(world).upload.id, [3])
    assert (send(world, part, b"ends"), send(world, part, b"en"), send(world, part, b"end")) == (403, 403, 200)


def test_a_part_signed_with_its_checksum_takes_no_other_bytes(world: World) -> None:
    """As for a bucket with a default retention: the header has to be sent, and the store compares the bytes."""
    upload = asked(world).upload
    checksum = b64encode(sha256(b"end").digest()).decode()
    two, three = world.service.sign_parts(OWNER, upload.id, [2, 3], {3: checksum})
    assert (list(two.headers), three.headers["x-amz-checksum-sha256"]) == (["Content-Length"], checksum)
    without = PartGrant(3, 3, three.url, {"Content-Length": "3"}, three.expires_at)
    assert (send(world, without, b"end"), send(world, three, b"any"), send(world, three, b"end")) == (403, 400, 200)
    assert [named.number for named in listed(world, upload)] == [3]


def test_a_checksum_of_a_part_that_is_not_signed(world: World) -> None:
    """It is reported as a mistake of the caller."""
    with pytest.raises(InvalidRequest, match="Part 2 has a checksum"):
        world.service.sign_parts(OWNER, asked(world).upload.id, [3], {2: "x", 3: "y"})


def test_a_part_that_the_plan_has_not(world: World) -> None:
    """Numbers outside of the plan are refused."""
    upload = asked(world).upload
    for number in (0, 4, -1):
        with pytest.raises(InvalidRequest, match="no part"):
            world.service.sign_parts(OWNER, upload.id, [1, number])


@pytest.mark.parametrize("world", [World(profile=OPEN)])
def test_parts_without_a_size_are_summed(world: World) -> None:
    """If no size was declared, the profile's range applies to the total, before anything is joined."""
    upload = asked(world, None, Method.MULTIPART).upload
    send_all(world, upload)
    done = complete(world, upload, listed(world, upload))
    assert (done.state, done.size) == (UploadState.CONFIRMED, SIZE)


@pytest.mark.parametrize("contents", [[b"a" * PART, b"b" * PART, b"more"], [b"few"]])
def test_a_total_outside_of_the_profile_is_rejected(world: World, contents: list[bytes]) -> None:
    """Nothing of it stays at the store."""
    upload = asked(world, None, Method.MULTIPART).upload
    for part in world.service.sign_parts(OWNER, upload.id, range(1, len(contents) + 1)):
        assert send(world, part, contents[part.number - 1]) == 200
    done = complete(world, upload, listed(world, upload))
    assert done.state is UploadState.REJECTED
    assert done.reason is not None
    assert done.reason.code == "size_mismatch"
    assert nothing_is_left(world)
    assert complete(world, upload) == done
    assert [end.state for end in world.announced] == [UploadState.REJECTED]


def test_the_sweep_rejects_what_grows_too_large(world: World) -> None:
    """No completion is needed: parts of an open size are not stored for ever."""
    upload = asked(world, None, Method.MULTIPART).upload
    for part in world.service.sign_parts(OWNER, upload.id, [1, 2, 3]):
        assert send(world, part, b"x" * PART) == 200
    world.time += timedelta(minutes=2)
    assert [finding.action for finding in world.sweep.look()] == [Action.REJECT]
    assert nothing_is_left(world)


def test_the_sweep_joins_what_nobody_completes(world: World) -> None:
    """A tab was closed after the last part: all parts have arrived, so the upload is confirmed."""
    upload = asked(world).upload
    send_all(world, upload)
    world.time += timedelta(minutes=2)
    assert [finding.action for finding in world.sweep.foresee()] == [Action.CONFIRM]
    assert [finding.action for finding in world.sweep.look()] == [Action.CONFIRM]
    assert world.now(upload).confirmed_by is Signal.SWEEP
    world.check_settled()


def test_the_sweep_waits_for_parts(world: World) -> None:
    """An incomplete upload is not ended."""
    upload = asked(world).upload
    send_all(world, upload, (1,))
    world.time += timedelta(minutes=2)
    assert [finding.action for finding in world.sweep.look()] == [Action.WAIT]
    assert len(world.store._multiparts) == 1


def test_an_expired_one_goes_on_as_long_as_it_may_be_renewed(world: World) -> None:
    """A laptop was closed over lunch: its parts still exist, and the others are sent with new URLs."""
    upload = asked(world).upload
    send_all(world, upload, (1, 2))
    world.time += timedelta(hours=20)
    swept = [finding.action for finding in world.sweep.run()]
    assert swept == [Action.EXPIRE]
    grant = plan(world.service.renew(OWNER, upload.id))
    assert (grant.plan.part_count, [part.number for part in listed(world, upload)]) == (3, [1, 2])
    send_all(world, upload, (3,))
    assert complete(world, upload).state is UploadState.CONFIRMED


def test_parts_that_nobody_can_complete_are_removed(world: World) -> None:
    """They are removed once it can no longer be renewed and the retention is over."""
    upload = asked(world).upload
    send_all(world, upload, (1, 2))
    world.time += timedelta(days=3)
    actions = [finding.action for finding in world.sweep.run()]
    assert Action.ABORT in actions
    assert nothing_is_left(world)
    with pytest.raises(StateConflict, match="too old"):
        world.service.renew(OWNER, upload.id)


def test_one_that_is_just_begun_is_nobodys_whatever_date_the_store_says(world: World) -> None:
    """Moto says 2010: a sweep between the start and its record in the ledger aborted it, and each part got a 500."""
    start = world.store.start_multipart

    def start_long_ago(*given: Any, **more: Any) -> MultipartUploadId:
        begun = start(*given, **more)
        multipart = world.store._multiparts[begun]
        long_ago = replace(multipart.started, started_at=datetime(2010, 11, 10, tzinfo=UTC))
        world.store._multiparts[begun] = replace(multipart, started=long_ago)
        assert [finding.action for finding in world.sweep.clean()] == []
        return begun

    world.store.start_multipart = start_long_ago  # type: ignore[method-assign]
    upload = asked(world).upload
    assert [finding.action for finding in world.sweep.clean()] == []
    send_all(world, upload)
    assert complete(world, upload).state is UploadState.CONFIRMED


def test_an_abort_removes_the_parts(world: World) -> None:
    """URLs that are still valid write nothing, and a completion reports the abort."""
    granted = asked(world)
    send_all(world, granted.upload)
    world.service.remove(OWNER, granted.upload.id)
    assert nothing_is_left(world)
    assert send(world, plan(granted).parts[0], CONTENT[1]) == 404
    with pytest.raises(StateConflict, match="aborted"):
        complete(world, granted.upload)


def test_an_abort_while_the_parts_are_joined(world: World) -> None:
    """The later of the two removes the other's object."""
    upload = asked(world).upload
    send_all(world, upload)

    def abort() -> None:
        world.service.remove(OWNER, upload.id)
        # the store had begun to join before the abort came
        target = world.now(upload).multipart
        assert target is not None
        world.store.put(target.key, b"".join(CONTENT.values()), "video/mp4", {"upload-id": upload.id})

    world.once("join_parts", abort)
    with pytest.raises(StateConflict, match="aborted"):
        complete(world, upload)
    assert nothing_is_left(world)


def test_a_deleted_one_leaves_nothing(world: World) -> None:
    """The final object is removed."""
    upload = asked(world).upload
    send_all(world, upload)
    complete(world, upload)
    world.service.remove(OWNER, upload.id)
    assert nothing_is_left(world)


@pytest.mark.parametrize("operation", ["parts", "join_parts", "head final", "replace"])
@pytest.mark.parametrize("after", [False, True])
def test_a_completion_that_is_stopped_goes_on(world: World, operation: str, after: bool) -> None:
    """Wherever it stops, before or after the store's work, the next signal confirms the upload."""
    upload = asked(world).upload
    send_all(world, upload)
    calls: list[str] = []

    def stop(now: str) -> None:
        calls.append(now)
        if (calls[-2:-1] if after else calls[-1:]) == [operation]:
            raise StoreUnavailable("away")

    world.before = stop
    with pytest.raises(StoreUnavailable):
        complete(world, upload)
    world.before = None
    assert complete(world, upload).state is UploadState.CONFIRMED
    world.check_settled()


def test_two_completions_at_once(world: World) -> None:
    """The second finds no parts to join, and the object."""
    upload = asked(world).upload
    send_all(world, upload)

    others: list[Upload] = []
    world.once("join_parts", lambda: others.append(complete(world, upload)))
    assert complete(world, upload).state is UploadState.CONFIRMED
    assert [other.state for other in others] == [UploadState.CONFIRMED]
    assert len(world.announced) == 1
    world.check_settled()


def test_a_part_that_is_sent_again_while_it_is_joined(world: World) -> None:
    """The parts are listed again, and joined as they are then."""
    granted = asked(world)
    send_all(world, granted.upload)
    world.once("join_parts", lambda: send(world, plan(granted).parts[2], b"END"))
    done = complete(world, granted.upload)
    assert done.object is not None
    found = world.store.read(done.object.key)
    assert found is not None
    assert found.content[-3:] == b"END"


def test_the_stores_event_confirms_what_was_joined(world: World) -> None:
    """The process that joined the parts was killed before it could record that."""
    upload = asked(world).upload
    send_all(world, upload)
    target = upload.multipart
    assert target is not None
    assert target.id is not None
    world.store.join_parts(target.key, target.id, world.store.parts(target.key, target.id) or [])
    event = ObjectEvent(world.store.bucket, target.key)
    assert world.service.observe([event]) == EventCounts(1, 0, 0)
    assert world.service.observe([event]) == EventCounts(0, 0, 1)
    assert world.now(upload).confirmed_by is Signal.EVENT
    world.check_settled()


def test_an_event_under_another_key_is_ignored(world: World) -> None:
    """A key that contains the id of an upload need not be the one where its bytes arrive."""
    upload = asked(world, 5).upload
    world.post(upload, b"bytes")
    event = ObjectEvent(world.store.bucket, f"elsewhere/{upload.id}")
    assert world.service.observe([event]) == EventCounts(0, 0, 1)
    assert world.now(upload).state is UploadState.PENDING


def test_parts_that_a_lifecycle_rule_removed(world: World) -> None:
    """A renewal starts again, and a completion says what to do."""
    upload = asked(world).upload
    send_all(world, upload)
    target = upload.multipart
    assert target is not None
    assert target.id is not None
    world.store.abort_multipart(target.key, target.id)
    with pytest.raises(PartsMissing, match="renew the grant"):
        complete(world, upload)
    world.service.renew(OWNER, upload.id)
    send_all(world, upload)
    assert complete(world, upload).state is UploadState.CONFIRMED


def test_two_renewals_begin_one(world: World) -> None:
    """The loser aborts its own, and both clients get URLs of the same multipart upload."""
    [granted] = world.service.create_batch(OWNER, [UploadRequest("a", "video/mp4", SIZE)])
    assert not isinstance(granted, ValetKeyError)
    assert plan(granted).parts == []
    world.once("start_multipart", lambda: world.service.renew(OWNER, granted.upload.id))
    late = world.service.renew(OWNER, granted.upload.id)
    assert len(world.store._multiparts) == 1
    assert send(world, plan(late).parts[0], CONTENT[1]) == 200


def test_signing_parts_prolongs_the_grant(world: World) -> None:
    """Once half of its lifetime is over, so that the sweep knows how long bytes may arrive; not at every call."""
    upload = asked(world).upload
    world.time += timedelta(minutes=5)
    world.service.sign_parts(OWNER, upload.id, [1])
    assert world.now(upload).expires_at == upload.expires_at
    world.time += timedelta(minutes=5)
    [part] = world.service.sign_parts(OWNER, upload.id, [1])
    assert world.now(upload).expires_at == part.expires_at > upload.expires_at


@pytest.mark.parametrize(
    "call",
    [
        lambda world, upload: world.service.parts(OWNER, upload.id),
        lambda world, upload: world.service.sign_parts(OWNER, upload.id, [1]),
    ],
)
def test_an_upload_in_one_piece_has_no_parts(world: World, call: Callable[[World, Upload], object]) -> None:
    """It is a `StateConflict`, not an error of the store."""
    upload = asked(world, 5).upload
    with pytest.raises(StateConflict, match="in parts"):
        call(world, upload)


def test_a_put_grant(world: World) -> None:
    """It writes to staging like a POST, and is refused while the object exists."""
    granted = asked(world, 5, Method.PUT)
    grant, upload = granted.grant, granted.upload
    assert isinstance(grant, PutGrant)
    assert dict(grant.headers) == {
        "Content-Type": "video/mp4",
        "x-amz-meta-upload-id": upload.id,
        "Content-Length": "5",
        "If-None-Match": "*",
    }
    assert world.store.send(grant.url, grant.headers, b"bytes and more").status == 403
    assert world.store.send(grant.url, grant.headers, b"bytes").status == 200
    assert world.store.send(grant.url, grant.headers, b"other").status == 412
    done = complete(world, upload)
    assert done.state is UploadState.CONFIRMED
    assert world.store.send(grant.url, grant.headers, b"other").status == 200  # staging is empty again
    world.service.observe([ObjectEvent(world.store.bucket, upload.staging_key)])
    world.check_settled()
    assert len(world.store.keys()) == 1


def test_the_smallest_part_is_s3s() -> None:
    """The tests above send the smallest parts that S3 joins."""
    assert PART == MIN_PART_SIZE
