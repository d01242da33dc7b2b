"""Erasing an owner on memory adapters: what is removed, what stays, and interruptions."""

from contextlib import suppress
from datetime import timedelta

import pytest
from tests.unit.memory_world import FIRST, NOW, OWNER, World

from valetkey.api.webhooks import erasure_webhook_body, webhook_body
from valetkey.core.access.callers import Caller
from valetkey.core.erasing.eraser import BATCH, LEASE, MAX_FAILURES, MAX_KEPT, OTHERS, UNDER_WAY
from valetkey.core.errors import (
    ErasureNotFound,
    Forbidden,
    LedgerUnavailable,
    StateConflict,
    StoreUnavailable,
    UploadNotFound,
)
from valetkey.core.events.event import ObjectEvent
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.announcement import Announcer, Status
from valetkey.core.model.erasure import ALL_ACCOUNTS, Erasure, ErasureState, new_erasure
from valetkey.core.model.multipart import MIN_PART_SIZE
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Detect
from valetkey.core.model.upload import Checksum, Method, Upload, UploadState, Verdict, new_upload_id
from valetkey.core.taking.claims import Terms

MINUTE = timedelta(minutes=1)
GRACE = timedelta(minutes=15)
MARKS = ("ann", "secretname", "confidential", "post:17", "vnd.private", "key-of-hers")
"""Whatever is known of ann has one of these in it."""

PROFILE = Profile("default", key="uploads/{owner}/{id}/{filename}")


ANNOUNCER = Announcer(webhook_body, lambda: NOW, render_erasure=erasure_webhook_body)


@pytest.fixture
def world() -> World:
    return World(profile=PROFILE, announce=ANNOUNCER)


def wanted(owner: str = "ann", **changes: object) -> UploadRequest:
    return UploadRequest(
        "secretname.png", "image/vnd.private", len(FIRST), owner=owner, metadata={"note": "confidential"}
    )._replace(**changes)  # type: ignore[arg-type]


def created(world: World, owner: str = "ann", key: str | None = "key-of-hers") -> Upload:
    return world.service.create(OWNER, wanted(owner), key and f"{key} {new_upload_id()}").upload


def confirmed(world: World, owner: str = "ann") -> Upload:
    upload = created(world, owner)
    world.post(upload)
    return world.run(upload)


def erase(world: World, owner: str = "ann") -> Erasure:
    return world.service.erase(OWNER, owner)


def work(world: World, later: timedelta = timedelta(0)) -> list[Erasure]:
    world.time += later
    return list(world.eraser.run())


def job_of(world: World, job: Erasure) -> Erasure:
    return world.service.erasure(OWNER, job.id)


def assert_nothing_of_her(world: World) -> None:
    """Nothing of her is in the bucket or in the ledger."""
    ledger = world.ledger
    kept = repr((ledger._uploads, ledger._once, ledger._outbox, ledger._erasures, ledger._used))
    assert not [mark for mark in MARKS if mark in kept]
    assert world.store.written() == []
    assert list(world.store.old_multiparts("", world.time + timedelta(days=999))) == []


def test_everything_of_one_owner_goes(world: World) -> None:
    """In any state: objects, names, metadata, claims, idempotency keys, announcements. Only the id remains, and that it
    was erased."""
    pending, taken, gone = created(world), confirmed(world), confirmed(world)
    world.service.claim(OWNER, [taken.id], Terms(), "post:17")
    world.service.remove(OWNER, gone.id)
    rejected, aborted = created(world), created(world)
    world.post(rejected, FIRST)
    world.store.put(rejected.staging_key, b"too many bytes for what was granted", "image/vnd.private")
    assert world.run(rejected).state is UploadState.REJECTED
    world.service.abort(OWNER, aborted.id)
    job = erase(world)
    assert (job.state, job.owner) == (ErasureState.RUNNING, "ann")
    [*_, last] = work(world)
    assert last == job_of(world, job)
    assert (last.state, last.uploads, last.objects, last.remaining, last.newer) == (ErasureState.DONE, 5, 1, 0, 0)
    assert (last.owner, last.due_at, last.finished_at) == (None, None, world.time)
    assert_nothing_of_her(world)
    states = {one.id: world.now(one).state for one in (pending, taken, gone, rejected, aborted)}
    assert states == {
        pending.id: UploadState.ABORTED,
        taken.id: UploadState.DELETED,
        gone.id: UploadState.DELETED,
        rejected.id: UploadState.REJECTED,
        aborted.id: UploadState.ABORTED,
    }
    assert {one.reason and one.reason.code for one in world.ledger._uploads.values()} == {"erased"}
    assert work(world, timedelta(days=1)) == []


def test_nothing_else_goes(world: World) -> None:
    """Uploads of other owners, of other accounts, and those created after the request stay; the latter are counted."""
    ben = confirmed(world, "ben")
    mall = world.service.create(Caller("mall"), wanted()).upload
    hers = confirmed(world)
    job = erase(world)
    world.time += MINUTE
    later = confirmed(world)
    [*_, last] = work(world)
    assert (last.uploads, last.newer) == (1, 1)
    assert world.now(hers).owner == ""
    assert [world.now(one) for one in (ben, mall, later)] == [ben, mall, later]
    world.check_confirmed()
    again = erase(world)
    assert again.id != job.id
    assert [*work(world)][-1].uploads == 1
    assert world.now(later).owner == ""


def test_the_command_line_erases_of_all_accounts(world: World) -> None:
    """It erases the owner's uploads of every account."""
    mine, other = confirmed(world), world.service.create(Caller("mall"), wanted()).upload
    job = world.ledger.begin_erasure(new_erasure(ALL_ACCOUNTS, "ann", world.time))
    work(world)
    assert [world.now(one).owner for one in (mine, other)] == ["", ""]
    assert_nothing_of_her(world)
    with pytest.raises(ErasureNotFound):
        job_of(world, job)


def test_only_the_account_erases_and_looks(world: World) -> None:
    """Tickets may do neither, and another account's job is not found."""
    upload = confirmed(world)
    job = erase(world)
    ticket = Caller("", ticket_for=upload.id)
    with pytest.raises(Forbidden):
        world.service.erase(ticket, "ann")
    with pytest.raises(Forbidden):
        world.service.erasure(ticket, job.id)
    with pytest.raises(ErasureNotFound):
        world.service.erasure(Caller("mall"), job.id)
    with pytest.raises(ErasureNotFound):
        world.service.erasure(OWNER, new_upload_id())


def test_an_owner_of_whom_nothing_is_known(world: World) -> None:
    """The job finishes at once, and the name is not kept."""
    erase(world, "nobody")
    [last] = work(world)
    assert (last.state, last.uploads) == (ErasureState.DONE, 0)
    assert "nobody" not in repr(world.ledger._erasures)


def test_asked_for_twice_it_is_one_job(world: World) -> None:
    """It restarts as of the second request, even in the middle; what was counted stays counted."""
    first = confirmed(world)
    job = erase(world)
    step = world.eraser.run()
    assert next(step).uploads == 1
    world.time += MINUTE
    second = confirmed(world)
    again = erase(world)
    assert (again.id, again.requested_at) == (job.id, world.time)
    [*_, last] = step
    assert (last.state, last.uploads, last.newer) == (ErasureState.DONE, 2, 0)
    assert [world.now(one).owner for one in (first, second)] == ["", ""]


@pytest.mark.parametrize("method", [Method.POST, Method.PUT])
def test_a_grant_that_is_used_later_leaves_nothing(world: World, method: Method) -> None:
    """Its policy is still valid: the bytes are removed after the store's event or by the sweep, and never confirmed."""
    granted = world.service.create(OWNER, wanted(method=method))
    upload = granted.upload
    erase(world)
    work(world)

    def send() -> None:
        if method is Method.POST:
            assert world.post(world.now(upload)._replace(content_type="image/vnd.private", size=11)).status < 300
        else:
            grant = granted.grant
            assert world.store.send(grant.url, grant.headers, FIRST).status == 200  # type: ignore[union-attr]

    send()
    assert world.service.observe([ObjectEvent(world.store.bucket, upload.staging_key)]).confirmed == 0
    assert_nothing_of_her(world)
    send()
    with pytest.raises(StateConflict):
        world.service.complete(OWNER, upload.id)
    with pytest.raises(StateConflict):
        world.service.renew(OWNER, upload.id)
    world.time += timedelta(hours=1)
    assert list(world.sweep.run())
    assert_nothing_of_her(world)
    world.store.put(
        upload.staging_key, FIRST, "image/vnd.private", {"upload-id": upload.id}
    )  # an upload that took long
    world.time += timedelta(days=2)
    list(world.sweep.run())
    assert_nothing_of_her(world)


def test_its_tickets_find_nothing_of_her(world: World) -> None:
    """The upload's ticket shows that it was erased; a profile ticket no longer finds it."""
    ticket = str(world.service.issue_ticket(OWNER, "default", owner="ann"))
    holder = world.service._tickets.read(ticket, world.time)
    assert holder is not None
    upload = world.service.create(holder, wanted(owner=None)).upload  # type: ignore[arg-type]
    erase(world)
    work(world)
    shown = world.service.get(Caller("", ticket_for=upload.id), upload.id)
    assert (shown.owner, shown.filename, shown.metadata) == ("", "", {})
    with pytest.raises(UploadNotFound):
        world.service.get(holder, upload.id)


def test_parts_are_thrown_away(world: World) -> None:
    """A multipart upload is aborted at the store; what is joined at that moment is removed, too, once no process can be
    working on it."""
    upload = world.service.create(OWNER, wanted(method=Method.MULTIPART, size=2 * MIN_PART_SIZE)).upload
    erase(world)
    [*_, first] = work(world)
    assert list(world.store.old_multiparts("", world.time + MINUTE)) == []
    assert (first.state, first.postponed) == (ErasureState.RUNNING, 0)
    assert world.now(upload).multipart is not None  # so that whoever joins them knows what to remove
    world.store.put(world.now(upload).arrival_key, FIRST)
    [*_, last] = work(world, GRACE)
    assert (last.state, last.uploads) == (ErasureState.DONE, 1)
    assert_nothing_of_her(world)


@pytest.mark.parametrize("stage", ["head staging", "copy final", "head final", "replace"])
def test_a_confirmation_that_is_under_way(world: World, stage: str) -> None:
    """Whatever its next step is: nothing is confirmed, and in the end no object exists."""
    upload = created(world)
    world.post(upload)
    job = erase(world)
    world.once(stage, lambda: work(world))
    world.run(upload)
    assert world.now(upload).state is not UploadState.CONFIRMED
    work(world, MINUTE)
    work(world, GRACE)
    assert job_of(world, job).state is ErasureState.DONE
    assert_nothing_of_her(world)


def test_a_copy_that_comes_after_a_killed_confirmation(world: World) -> None:
    """A process pins, copies, and is dead when the copy appears: the job does not finish before it is removed."""
    upload = created(world)
    world.post(upload)

    def die() -> None:
        raise RuntimeError("killed")

    world.once("copy final", die)
    with pytest.raises(RuntimeError):
        world.run(upload)
    stored = world.now(upload)
    assert stored.state is UploadState.STORED
    job = erase(world)
    work(world)
    assert world.now(upload).state is UploadState.REJECTED
    assert (job_of(world, job).state, job_of(world, job).detail) == (ErasureState.RUNNING, UNDER_WAY)
    world.store.put(stored.key, FIRST, "image/vnd.private", {"upload-id": upload.id})  # it was on its way
    work(world, GRACE - timedelta(seconds=1))
    assert job_of(world, job).state is ErasureState.RUNNING
    work(world, MINUTE)
    assert job_of(world, job).state is ErasureState.DONE
    assert_nothing_of_her(world)


def test_what_is_checked_goes_from_quarantine() -> None:
    """An upload that waits for its scanner, with its detected type."""
    world = World(profile=Profile("default", key=PROFILE.key, scan=True, detect=Detect.WARN), announce=ANNOUNCER)
    upload = created(world)
    world.post(upload)
    world.work(upload)
    assert world.now(upload).in_quarantine
    erase(world)
    work(world)
    with pytest.raises(StateConflict):
        world.judge(upload, FIRST, clean=True)
    work(world, GRACE)
    assert_nothing_of_her(world)


def test_an_expired_one(world: World) -> None:
    """It is still open: the job ends it, and it cannot be renewed."""
    upload = created(world)
    world.time += timedelta(minutes=31)
    list(world.sweep.look())
    assert world.now(upload).state is UploadState.EXPIRED
    erase(world)
    [*_, last] = work(world)
    assert last.state is ErasureState.DONE
    assert world.now(upload).state is UploadState.REJECTED
    with pytest.raises(StateConflict):
        world.service.renew(OWNER, upload.id)
    assert_nothing_of_her(world)


def test_other_fields_that_hold_text(world: World) -> None:
    """All other data in a row is removed: checksum, verdict, detected type, several pins."""
    upload = confirmed(world)
    assert world.ledger.replace(
        upload,
        upload.changed(
            checksum=Checksum("sha256", "confidential"),
            verdict=Verdict("ann", clean=True, detail="confidential", key="secretname"),
            ticket="key-of-hers",
            due_at=world.time,
        ),
    )
    erase(world)
    work(world)
    assert_nothing_of_her(world)


def test_many_are_erased_step_by_step(world: World) -> None:
    """Each step erases some and reports its progress; between two steps the job may be stopped."""
    made = [created(world, key=None) for _ in range(2 * BATCH + 3)]
    job = erase(world)
    steps = [one.uploads for one in work(world)]
    assert steps == [BATCH, 2 * BATCH, 2 * BATCH + 3, 2 * BATCH + 3]
    assert job_of(world, job).uploads == len(made)
    assert_nothing_of_her(world)


def test_a_stop_comes_between_two_uploads(world: World) -> None:
    """Finished work is counted, and the next run continues after it."""
    for _ in range(5):
        created(world, key=None)
    job = erase(world)
    answers = iter([False, False, False, True, True])
    list(world.eraser.run(lambda: next(answers)))
    assert job_of(world, job).uploads == 3
    work(world)
    assert job_of(world, job).uploads == 5
    assert job_of(world, job).state is ErasureState.DONE


OPERATIONS = [
    "due_erasures",
    "save_erasure",
    "belonging",
    "replace",
    "delete staging",
    "delete final",
    "erase",
    "newer",
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_killed_worker_is_gone_on_with_by_another(world: World, operation: str, nth: int) -> None:
    """At any step: after the lease another worker finishes, and every upload is counted once."""
    for _ in range(4):
        confirmed(world)
    job = erase(world)
    seen = iter(range(1, 999))

    def kill(name: str) -> None:
        if name == operation and next(seen) == nth:
            world.before = None
            raise KeyboardInterrupt

    world.before = kill
    with suppress(KeyboardInterrupt):
        work(world)
    world.before = None
    work(world, LEASE)
    last = job_of(world, job)
    assert (last.state, last.uploads, last.objects) == (ErasureState.DONE, 4, 4)
    assert_nothing_of_her(world)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_two_workers_at_once(world: World, operation: str) -> None:
    """The second does the rest: nothing is counted twice, and nothing is left."""
    for _ in range(4):
        confirmed(world)
    job = erase(world)

    def other() -> None:
        work(world, LEASE)

    world.once(operation, other)
    work(world)
    work(world, LEASE)
    last = job_of(world, job)
    assert (last.state, last.uploads, last.objects) == (ErasureState.DONE, 4, 4)
    assert_nothing_of_her(world)


def test_a_store_that_is_away_is_waited_for(world: World) -> None:
    """The job says what it waits for, leaves the store alone after a few uploads, and continues when it is available;
    none counts as erased before."""
    made = [confirmed(world) for _ in range(MAX_FAILURES + 3)]
    job = erase(world)

    def away(name: str) -> None:
        if name.startswith("delete"):
            raise StoreUnavailable("away")

    world.before = away
    work(world)
    waiting = job_of(world, job)
    assert (waiting.state, waiting.uploads, waiting.detail) == (ErasureState.RUNNING, 0, "away")
    assert world.operations.count("delete staging") < 2 * MAX_FAILURES + 9
    assert work(world) == []
    for _ in range(3):
        work(world, MINUTE)
    assert job_of(world, job).uploads == 0
    world.before = None
    for _ in range(4):
        work(world, MINUTE)
    last = job_of(world, job)
    assert (last.state, last.uploads, last.objects, last.detail) == (ErasureState.DONE, len(made), len(made), None)
    assert_nothing_of_her(world)


def test_one_that_the_store_refuses_hinders_no_other(world: World) -> None:
    """It is tried again, and the job does not finish before it is removed."""
    first, *_ = [confirmed(world) for _ in range(3)]
    refused = world.now(first).key
    job = erase(world)
    call = world.store.before

    def refuse(operation: str, subject: str) -> None:
        if operation == "delete" and subject == refused:
            raise StoreUnavailable("refused", refused=True)

    world.store.before = refuse
    work(world)
    assert (job_of(world, job).uploads, job_of(world, job).state) == (2, ErasureState.RUNNING)
    world.store.before = call
    work(world, MINUTE)
    assert (job_of(world, job).uploads, job_of(world, job).state) == (3, ErasureState.DONE)
    assert_nothing_of_her(world)


def test_a_ledger_that_is_away(world: World) -> None:
    """Nothing is lost: the job continues later."""
    confirmed(world)
    job = erase(world)

    def away() -> None:
        raise LedgerUnavailable("away")

    world.once("erase", away)
    with pytest.raises(LedgerUnavailable):
        work(world)
    work(world, LEASE)
    assert job_of(world, job).state is ErasureState.DONE


def test_what_the_store_keeps_is_not_called_erased(world: World) -> None:
    """Objects under retention: the job is incomplete and names them, and the ledger still knows their owner and nothing
    more; a later request finishes it."""
    held, free = confirmed(world), confirmed(world)
    world.store.retain(held.key)
    job = erase(world)
    work(world)
    last = job_of(world, job)
    assert (last.state, last.uploads, last.objects, last.remaining) == (ErasureState.INCOMPLETE, 1, 1, 1)
    assert [(one.key, one.reason) for one in last.kept] == [(held.key, "It is under retention.")]
    kept = world.now(held)
    assert (kept.state, kept.owner, kept.key) == (UploadState.DELETED, "ann", held.key)
    assert (kept.filename, kept.metadata, kept.content_type, kept.claim) == ("", {}, "", None)
    assert "vnd.private" not in repr(kept)
    assert world.now(free).owner == ""
    world.store.retain(held.key, held=False)
    again = erase(world)
    work(world)
    assert (job_of(world, again).state, job_of(world, again).uploads) == (ErasureState.DONE, 1)
    assert world.now(held).owner == ""
    assert world.store.written() == []


def test_many_that_the_store_keeps(world: World) -> None:
    """All are counted, some are named."""
    for _ in range(MAX_KEPT + 2):
        world.store.retain(confirmed(world).key)
    job = erase(world)
    work(world)
    last = job_of(world, job)
    assert (last.remaining, len(last.kept), last.uploads) == (MAX_KEPT + 2, MAX_KEPT, 0)


def test_an_upload_of_another_bucket_is_not_called_erased(world: World) -> None:
    """Its object cannot be removed here: it is named, and its text is erased."""
    upload = confirmed(world)
    other = upload.changed(bucket="other")
    assert world.ledger.replace(upload, other)
    job = erase(world)
    work(world)
    assert job_of(world, job).state is ErasureState.RUNNING  # another process may have that bucket
    world.time += OTHERS
    work(world)
    last = job_of(world, job)
    assert (last.state, last.remaining) == (ErasureState.INCOMPLETE, 1)
    assert "other" in last.kept[0].reason
    assert world.now(upload).filename == ""


def test_it_is_announced(world: World) -> None:
    """Each end is announced as usual, without personal data; waiting announcements are sent without it, under the same
    ids; the job is announced once, at its end."""
    sent, waiting, open_ = confirmed(world), confirmed(world), created(world)
    for one in world.ledger.claim(NOW, NOW, 9):
        if one.upload_id == sent.id:
            assert world.ledger.settle(one, one.changed(status=Status.DELIVERED))
    world.service.claim(OWNER, [waiting.id], Terms(), "post:17")
    job = erase(world)
    work(world)
    told = {one.id: one for one in world.ledger.announcements(None, 99)}
    assert told.keys() == {
        f"{sent.id}-deleted",
        f"{waiting.id}-confirmed",
        f"{waiting.id}-deleted",
        f"{open_.id}-aborted",
        f"{job.id}-erased",
    }
    assert '"state":"confirmed"' in told[f"{waiting.id}-confirmed"].body
    assert '"code":"erased"' in told[f"{waiting.id}-confirmed"].body
    end = told[f"{job.id}-erased"]
    assert (end.type, end.upload_id) == ("owner.erased", None)
    assert '"uploads":3,"objects":2' in end.body
    assert not [mark for mark in MARKS for one in told.values() if mark in one.body]


def test_a_key_of_a_request_may_be_used_again(world: World) -> None:
    """It is unknown afterwards: it creates a new upload."""
    upload = world.service.create(OWNER, wanted(), "key-of-hers").upload
    erase(world)
    work(world)
    again = world.service.create(OWNER, wanted(), "key-of-hers")
    assert not again.replayed
    assert again.upload.id != upload.id
