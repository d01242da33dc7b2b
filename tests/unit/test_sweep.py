"""The sweep on memory adapters: every state, with and without an object, at every time, and concurrent changes."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise, product

import pytest
from tests.unit.memory_world import FIRST, NOW, OWNER, SECOND, World, md5

from valetkey.core.errors import LedgerUnavailable, StoreUnavailable
from valetkey.core.model.rules import UNREADABLE
from valetkey.core.model.schedule import SCHEDULE, Schedule
from valetkey.core.model.upload import Signal, Upload, UploadState, new_upload_id
from valetkey.core.ports.store import ObjectHead, ObjectHeaders
from valetkey.core.sweeping.findings import Action, Finding
from valetkey.core.sweeping.sweep import BATCH, MAX_FAILURES

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
OVER = timedelta(minutes=30)
"""After the grant's 15 minutes and the grace's 15."""


@pytest.fixture
def world() -> World:
    return World()


def arrive(world: World, upload: Upload, content: bytes = FIRST) -> None:
    """Writes the bytes of a POST that S3 accepted; it may have begun long ago."""
    world.store.put(upload.staging_key, content, "image/png", {"upload-id": upload.id})


def swept(world: World, later: timedelta = timedelta(0)) -> list[tuple[Action, str]]:
    """The findings of one whole sweep, ``later`` than the last step."""
    world.time += later
    return [(finding.action, finding.subject) for finding in world.sweep.run()]


def stopped_at(world: World, upload: Upload, operation: str) -> None:
    """A hook that kills a signal before ``operation``."""

    def kill(name: str) -> None:
        if name == operation:
            raise StoreUnavailable("killed")

    world.before = kill
    with suppress(StoreUnavailable):
        world.run(upload)
    world.before = None


def test_a_closed_tab_is_found_before_the_grant_dies(world: World) -> None:
    """Bytes that no signal reported are confirmed by the sweep a minute after the upload was created."""
    upload = world.create()
    world.post(upload)
    assert swept(world, MINUTE - timedelta(microseconds=1)) == []
    assert swept(world, timedelta(microseconds=1)) == [(Action.CONFIRM, upload.id)]
    now = world.now(upload)
    assert (now.state, now.confirmed_by, now.due_at) == (UploadState.CONFIRMED, Signal.SWEEP, None)
    assert swept(world, DAY * 2) == []
    world.check_settled()


def test_the_gaps_grow_until_it_expires(world: World) -> None:
    """Without bytes it is checked less and less often, expires at the end of the grace, and is announced once."""
    upload = world.create()
    looks: list[datetime] = []
    while (now := world.now(upload)).state is UploadState.PENDING:
        assert now.due_at is not None
        assert now.due_at > world.time
        world.time = now.due_at
        looks.append(now.due_at)
        [finding] = world.sweep.look()
    assert finding.action is Action.EXPIRE
    minutes = [(look - NOW) / MINUTE for look in looks]
    assert minutes == [1, 2, 4, 8, 16, 30]
    assert [(end.id, end.state) for end in world.announced] == [(upload.id, UploadState.EXPIRED)]
    assert world.operations.count("head staging") == len(looks)


def test_an_expired_one_is_looked_at_until_the_retention_ends(world: World) -> None:
    """It is checked a few times on that day, and never again."""
    upload = world.create()
    swept(world, OVER)
    looks = []
    while (due := world.now(upload).due_at) is not None:
        world.time = due
        looks.append(due)
        assert [finding.action for finding in world.sweep.look()] == [Action.WAIT]
    assert 4 <= len(looks) <= 10
    assert looks[-1] == upload.expires_at + SCHEDULE.retention
    assert all(before < after for before, after in pairwise(looks))
    assert swept(world, DAY * 30) == []
    assert [end.state for end in world.announced] == [UploadState.EXPIRED]


STATES = ["pending", "stored", "expired", "confirmed", "rejected", "aborted", "deleted"]
TIMES = [timedelta(0), MINUTE, OVER, DAY * 2]


def brought_to(world: World, state: str) -> Upload:
    """An upload in that state, reached by the usual steps."""
    upload = world.create()
    match state:
        case "stored":
            world.post(upload)
            stopped_at(world, upload, "copy final")
        case "expired":
            world.ledger.replace(upload, upload.moved(UploadState.EXPIRED))
        case "confirmed" | "deleted":
            world.post(upload)
            world.run(upload)
        case "rejected":
            world.store.put(upload.staging_key, FIRST, "image/gif")
            world.run(upload)
        case "aborted":
            world.service.remove(OWNER, upload.id)
    if state == "deleted":
        world.service.remove(OWNER, upload.id)
    assert world.now(upload).state == state
    return world.now(upload)


@pytest.mark.parametrize(("state", "there", "later"), list(product(STATES, [True, False], TIMES)))
def test_every_state_with_and_without_an_object_at_every_time(
    world: World, state: str, there: bool, later: timedelta
) -> None:
    """No upload is lost or undone, one that is not due is left alone, and in the end no object is left over."""
    upload = brought_to(world, state)
    if there:
        arrive(world, upload, FIRST if state == "stored" else SECOND)
    else:
        world.store.delete(upload.staging_key)
    swept(world, later)
    world.check_confirmed()
    after = world.now(upload)
    open_ = state in {"pending", "stored", "expired"}
    if not later:
        assert after == upload
    elif open_ and there:
        assert (after.state, after.confirmed_by) == (UploadState.CONFIRMED, Signal.SWEEP)
    elif state == "stored":
        assert after.state is UploadState.REJECTED
    elif state == "pending":
        assert after.state is (UploadState.PENDING if later == MINUTE else UploadState.EXPIRED)
    else:
        assert after._replace(due_at=None) == upload._replace(due_at=None)
    for _ in range(20):
        swept(world, DAY)
    assert world.store.keys() == world.final_keys()
    assert world.ledger.due(world.time + DAY * 9999, 10) == []
    world.check_settled()


def test_late_bytes_of_an_expired_upload_are_confirmed(world: World) -> None:
    """They were sent in time and arrived after the end: a later check finds them."""
    upload = world.create()
    assert swept(world, OVER) == [(Action.EXPIRE, upload.id)]
    arrive(world, upload)
    assert (Action.CONFIRM, upload.id) in swept(world, timedelta(hours=1))
    assert [end.state for end in world.announced] == [UploadState.EXPIRED, UploadState.CONFIRMED]
    world.check_settled()


def test_bytes_that_come_after_the_last_look_are_not_removed_unseen(world: World) -> None:
    """The clean-up finds them under ``staging/``, and confirms those of an open upload."""
    upload = world.create()
    swept(world, OVER)
    while world.now(upload).due_at is not None:
        swept(world, DAY)
    arrive(world, upload)
    assert swept(world, MINUTE) == []
    assert swept(world, DAY) == [(Action.CONFIRM, upload.id)]
    world.check_settled()


def test_a_renewed_upload_is_looked_at_again(world: World) -> None:
    """A new grant for an expired upload makes it due like a new one, and it does not expire a second time."""
    upload = world.create()
    swept(world, OVER)
    world.service.renew(OWNER, upload.id)
    assert world.now(upload).due_at == world.time + MINUTE
    world.post(upload)
    assert swept(world, MINUTE) == [(Action.CONFIRM, upload.id)]


def test_a_grant_renewed_in_the_very_moment_keeps_it_alive(world: World) -> None:
    """A renewal between the check and the expiry keeps the upload pending."""
    upload = world.create()
    world.time = NOW + OVER
    world.once("replace", lambda: world.service.renew(OWNER, upload.id))
    assert [finding.action for finding in world.sweep.look()] == [Action.CHECK]
    now = world.now(upload)
    assert (now.state, now.due_at) == (UploadState.PENDING, world.time + MINUTE)
    assert world.announced == []


OPERATIONS = ["head staging", "replace", "copy final", "head final", "delete staging"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_a_killed_signal_left_is_taken_on(world: World, operation: str) -> None:
    """Wherever a signal was stopped, the sweep continues from there within about a minute; each end is announced
    once."""
    upload = world.create()
    world.post(upload)
    stopped_at(world, upload, operation)
    swept(world, MINUTE)
    assert world.now(upload).state is UploadState.CONFIRMED
    world.check_settled()


@pytest.mark.parametrize("operation", ["due", "reschedule", *OPERATIONS])
def test_a_killed_sweep_is_gone_on_with_by_another(world: World, operation: str) -> None:
    """A worker dies during its work: the uploads it had taken are due again a minute later, and end as they should."""
    upload = world.create()
    world.post(upload)
    world.time += MINUTE

    class Killed(BaseException):
        pass

    def kill(name: str) -> None:
        if name == operation:
            raise Killed

    world.before = kill
    with suppress(Killed):
        list(world.sweep.look())
    world.before = None
    swept(world, MINUTE * 2)
    assert world.now(upload).state is UploadState.CONFIRMED
    world.check_settled()


@pytest.mark.parametrize("operation", ["reschedule", *OPERATIONS])
def test_two_sweeps_at_once(world: World, operation: str) -> None:
    """A second, complete sweep runs at any step of the first: each upload ends once."""
    uploads = [world.create() for _ in range(3)]
    for upload in uploads:
        world.post(upload)
    second: list[Finding] = []

    def sweep_as_well() -> None:
        world.time += MINUTE * 2  # whatever the first has taken is due again
        second.extend(world.sweep.run())

    world.time += MINUTE
    world.once(operation, sweep_as_well)
    first = list(world.sweep.run())
    assert {world.now(upload).state for upload in uploads} == {UploadState.CONFIRMED}
    confirmed = [one.subject for one in [*first, *second] if one.action is Action.CONFIRM]
    assert set(confirmed) == {upload.id for upload in uploads}
    assert len(world.announced) == 3
    world.check_settled()


def test_more_than_a_batch_is_one_sweep(world: World) -> None:
    """All due uploads are checked in batches; one that is due again is not checked twice."""
    uploads = [world.create() for _ in range(2 * BATCH + 1)]
    assert [action for action, _ in swept(world, MINUTE)] == [Action.WAIT] * len(uploads)
    assert swept(world) == []


def test_a_stop_comes_between_two_uploads(world: World) -> None:
    """The current upload is finished, no other is started, and the rest of the batch is due again soon."""
    uploads = [world.create() for _ in range(4)]
    for upload in uploads:
        world.post(upload)
    world.time += MINUTE
    found: list[Finding] = []
    found.extend(world.sweep.run(lambda: len(found) == 2 or _count(world) == 2))
    assert _count(world) == 2
    assert len(swept(world, MINUTE)) == 2
    world.check_settled()


def _count(world: World) -> int:
    return len(world.announced)


@pytest.mark.parametrize("refused", [True, False])
def test_one_that_fails_for_ever_hinders_no_other(world: World, *, refused: bool) -> None:
    """Its store refuses each copy: the others are confirmed, and it is checked less and less often."""
    bad, *good = [world.create() for _ in range(5)]
    for upload in (bad, *good):
        world.post(upload)
    copy = world.store.copy

    def refusing(source: ObjectHead, key: str, headers: ObjectHeaders) -> None:
        if bad.id in key:
            raise StoreUnavailable("The store refused CopyObject: AccessDenied.", refused=refused)
        copy(source, key, headers)

    world.store.copy = refusing  # type: ignore[method-assign]
    assert swept(world, MINUTE).count((Action.STUCK if refused else Action.FAIL, bad.id)) == 1
    assert {world.now(upload).state for upload in good} == {UploadState.CONFIRMED}
    gaps = []
    for _ in range(10):
        due = world.now(bad).due_at
        assert due is not None
        gaps.append(due - world.time)
        world.time = due
        list(world.sweep.look())
    assert gaps[0] == MINUTE
    assert gaps[-1] == timedelta(hours=1)
    world.store.copy = copy  # type: ignore[method-assign]
    swept(world, timedelta(hours=1))
    assert world.now(bad).state is UploadState.CONFIRMED


def test_a_store_that_is_away_is_left_alone(world: World) -> None:
    """After some failures in a row the sweep reports it; when the store is available again, nothing is lost."""
    uploads = [world.create() for _ in range(3 * MAX_FAILURES)]
    for upload in uploads:
        world.post(upload)

    def away(name: str) -> None:
        if name == "head staging":
            raise StoreUnavailable("The store is away.")

    world.before = away
    with pytest.raises(StoreUnavailable):
        swept(world, MINUTE)
    assert world.operations.count("head staging") == MAX_FAILURES
    world.before = None
    swept(world, MINUTE * 2)
    assert {world.now(upload).state for upload in uploads} == {UploadState.CONFIRMED}
    world.check_settled()


def test_a_ledger_that_is_away_ends_the_sweep(world: World) -> None:
    """The error is raised at once: without the ledger nothing can be done."""
    world.create()

    def away(_: str) -> None:
        raise LedgerUnavailable("The ledger is away.")

    world.time += MINUTE
    world.before = away
    with pytest.raises(LedgerUnavailable):
        list(world.sweep.run())


def test_a_bug_in_one_upload_hinders_no_other(world: World) -> None:
    """Any exception is logged, and the next upload is checked."""
    bad, good = world.create(), world.create()
    world.ledger._uploads[bad.id] = bad._replace(state=UploadState.STORED)  # stored without an object: cannot be
    world.post(good)
    assert swept(world, MINUTE) == [(Action.FAIL, bad.id), (Action.CONFIRM, good.id)]


def test_an_upload_of_another_bucket_is_passed_over(world: World) -> None:
    """It is not judged by this bucket's objects, not expired, and not postponed: another worker handles it."""
    upload = world.create()._replace(bucket="elsewhere")
    world.ledger._uploads[upload.id] = upload
    for later in (MINUTE, DAY):
        assert swept(world, later) == []
    assert world.now(upload) == upload


def test_orphans_go_and_nothing_else(world: World) -> None:
    """Only old objects under ``staging/`` are removed, and only those that no open upload can own."""
    world.store.put("staging/" + new_upload_id(), FIRST)
    world.store.put("staging/holiday.png", FIRST)
    world.store.put("uploads/somebody-elses", FIRST)
    done, pending = world.create(), world.create()
    world.post(done)
    world.run(done)
    arrive(world, done, SECOND)
    assert swept(world, SCHEDULE.retention) == [(Action.EXPIRE, pending.id)]
    world.store.put("staging/young", FIRST)
    actions = swept(world, timedelta(microseconds=1))
    assert {action for action, _ in actions} == {Action.REMOVE}
    kept = world.now(done).object
    assert kept is not None
    assert world.store.keys() == sorted(["staging/young", kept.key, "uploads/somebody-elses"])


def test_orphans_go_together(world: World) -> None:
    """A thousand orphans take one call of the store and one of the ledger."""
    for _ in range(1000):
        world.store.put("staging/" + new_upload_id(), FIRST)
    found = swept(world, SCHEDULE.retention + MINUTE)
    assert ({action for action, _ in found}, len(found), world.store.keys()) == ({Action.REMOVE}, 1000, [])
    assert (world.operations.count("delete_batch"), world.operations.count("delete staging")) == (1, 0)
    assert world.operations.count("get_all") == 1


def test_an_orphan_that_cannot_be_removed_hinders_no_other(world: World) -> None:
    """If the batch fails, each is removed by itself, and those that stay are reported."""
    keys = sorted(f"staging/{new_upload_id()}" for _ in range(3))
    for key in keys:
        world.store.put(key, FIRST)
    failing = iter([True, False, True, False])  # the batch, and the second of three

    def refuse(operation: str) -> None:
        if operation in {"delete_batch", "delete staging"} and next(failing):
            raise StoreUnavailable("It is locked.", refused=True)

    world.before = refuse
    assert swept(world, SCHEDULE.retention + MINUTE) == [
        (Action.REMOVE, keys[0]),
        (Action.FAIL, keys[1]),
        (Action.REMOVE, keys[2]),
    ]
    assert world.store.keys() == [keys[1]]


def test_a_stop_comes_between_two_orphans(world: World) -> None:
    """Also if the batch fails, and each removal takes some time."""
    for _ in range(4):
        world.store.put("staging/" + new_upload_id(), FIRST)

    def refuse(operation: str) -> None:
        if operation == "delete_batch":
            raise StoreUnavailable("It is slow.")

    world.before = refuse
    world.time += SCHEDULE.retention + MINUTE
    found: list[Finding] = []
    for one in world.sweep.run(lambda: len(found) >= 2):
        found.append(one)  # noqa: PERF402 - it is looked at meanwhile
    assert (len(found), len(world.store.keys())) == (2, 2)


def test_an_old_object_of_an_open_upload_is_never_removed(world: World) -> None:
    """The bytes of an upload whose grant is renewed for a week are confirmed, not removed."""
    upload = world.create()
    arrive(world, upload)
    world.ledger._uploads[upload.id] = upload._replace(expires_at=NOW + DAY * 7, due_at=NOW + DAY * 7)
    assert swept(world, DAY * 2) == [(Action.CONFIRM, upload.id)]
    world.check_settled()


def test_multipart_uploads_without_an_owner_are_aborted(world: World) -> None:
    """Old ones under ``staging/`` are aborted, and those of our ended uploads; never those of other programs."""
    ended, pending = world.create(), world.create()
    world.service.remove(OWNER, ended.id)
    ours = [f"uploads/{ended.id}/x", "staging/anything", f"staging/{new_upload_id()}"]
    others = [f"uploads/{pending.id}/x", f"uploads/{new_upload_id()}/x", "uploads/film.mp4", f"backup/{ended.id}"]
    for key in (*ours, *others):
        world.store.start_multipart(key, ObjectHeaders("image/png", pending.id))
    assert [action for action, _ in swept(world, OVER) if action is Action.ABORT] == []
    aborted = [subject for action, subject in swept(world, DAY) if action is Action.ABORT]
    assert sorted(aborted) == sorted(ours)
    assert sorted(one.started.key for one in world.store._multiparts.values()) == sorted(others)


def test_a_copy_that_a_stopped_signal_left_is_removed(world: World) -> None:
    """A signal pins and is killed; then other bytes are confirmed, and its old copy appears late."""
    upload = world.create()
    world.post(upload)
    stopped_at(world, upload, "copy final")
    world.post(upload, SECOND)
    after = world.run(upload)
    assert after.state is UploadState.CONFIRMED
    world.store.put(upload.key, FIRST)  # what a copy does that was under way when its process was killed
    assert (Action.CLEAR, upload.id) in swept(world, timedelta(hours=1))
    assert after.object is not None
    assert world.store.keys() == [after.object.key]
    assert after.object.etag == md5(SECOND)
    world.check_settled()


def test_a_delete_that_did_not_reach_the_store_is_done_again(world: World) -> None:
    """The ledger says deleted and the bytes still exist: the sweep removes them."""
    upload = brought_to(world, "confirmed")

    def away(name: str) -> None:
        if name == "delete final":
            raise StoreUnavailable("The store is away.")

    world.before = away
    with pytest.raises(StoreUnavailable):
        world.service.remove(OWNER, upload.id)
    world.before = None
    assert len(world.store.keys()) == 1
    assert swept(world, timedelta(minutes=1)) == [
        (Action.CLEAR, upload.id)
    ]  # its owner does not wait for the grant's end
    assert world.store.keys() == []
    arrive(world, upload)  # and this is still looked for, as the grant was good
    assert swept(world, OVER) == [(Action.CLEAR, upload.id)]
    assert world.store.keys() == []
    world.check_settled()


def test_bytes_that_arrive_after_an_abort_are_removed_without_any_event(world: World) -> None:
    """They are removed once the grant has expired."""
    upload = brought_to(world, "aborted")
    arrive(world, upload)
    assert swept(world, OVER) == [(Action.CLEAR, upload.id)]
    assert world.store.keys() == []
    assert world.now(upload).due_at is None


@pytest.mark.parametrize(("state", "there", "later"), list(product(STATES, [True, False], TIMES)))
def test_a_dry_run_foresees_and_changes_nothing(world: World, state: str, there: bool, later: timedelta) -> None:
    """It reports what the next sweep then does, and neither writes nor announces anything."""
    upload = brought_to(world, state)
    if there:
        arrive(world, upload)
    world.store.put("staging/nobody's", FIRST)
    world.store.start_multipart("staging/nobody's", ObjectHeaders("image/png", upload.id))
    world.time += later
    uploads, keys, announced = dict(world.ledger._uploads), world.store.keys(), list(world.announced)
    world.operations.clear()
    foreseen = [(finding.action, finding.subject) for finding in world.sweep.foresee()]
    writes = {"replace", "reschedule", "copy final", "delete final", "delete staging", "abort_multipart"}
    assert not writes & set(world.operations)
    assert (world.ledger._uploads, world.store.keys(), world.announced) == (uploads, keys, announced)
    done = swept(world)
    assert [subject for _, subject in foreseen] == [subject for _, subject in done]
    for (expected, _), (action, _) in zip(foreseen, done, strict=True):
        assert action is expected or (expected is Action.CHECK and action in {Action.CONFIRM, Action.REJECT})


def test_a_dry_run_reads_on_behind_a_batch(world: World) -> None:
    """It reads page by page, although it takes no uploads off the list."""
    uploads = [world.create() for _ in range(2 * BATCH + 1)]
    world.time += MINUTE
    assert [finding.subject for finding in world.sweep.foresee()] == [upload.id for upload in uploads]


def test_every_next_look_lies_ahead(world: World) -> None:
    """Whatever the age: a sweep ends once it has checked everything that was due."""
    schedule = Schedule(first_look=timedelta(seconds=1), grace=timedelta(seconds=1), retention=timedelta(seconds=1))
    upload = world.create()
    for state, seconds in product(UploadState, [0, 1, 899, 900, 901, 902, 10**7]):
        now = NOW + timedelta(seconds=seconds)
        for moment in (schedule.after_look(upload._replace(state=state), now), schedule.after_failure(upload, now)):
            assert moment is None or moment > now


def test_a_quarantine_of_somebody_else_is_left_alone(world: World) -> None:
    """Scanners use ``quarantine/``, too, and older versions confirmed below it: only our own keys are removed."""
    done, open_, ended = world.create(), world.create(), world.create()
    world.post(done)
    confirmed = world.run(done)
    assert confirmed.object is not None
    keys = [f"quarantine/{done.id}/a.png", f"quarantine/{done.id}/7", "quarantine/eicar.txt", "quarantine/2026/1"]
    world.ledger._uploads[done.id] = confirmed._replace(object=replace(confirmed.object, key=keys[1]))
    orphan = f"quarantine/{ended.id}/1"
    for key in [*keys, orphan]:
        world.store.put(key, FIRST)
    for key in ["quarantine/film.mp4", orphan]:
        world.store.start_multipart(key, ObjectHeaders("image/png", open_.id))
    world.service.remove(OWNER, ended.id)
    found = {subject for action, subject in swept(world, DAY * 2) if action in {Action.REMOVE, Action.ABORT}}
    assert found == {orphan}
    assert set(keys) <= set(world.store.keys())


def test_a_dry_run_tells_of_the_others_too(world: World) -> None:
    """An upload whose rules cannot be read is a line of the list, and does not end it."""
    unknown, good = world.create(), world.create()
    for upload in (unknown, good):
        world.post(upload)
    assert world.ledger.replace(unknown, unknown.changed(rules=UNREADABLE))
    world.time += MINUTE
    found = [(finding.action, finding.subject) for finding in world.sweep.foresee()]
    assert found == [(Action.STUCK, unknown.id), (Action.CONFIRM, good.id)]


def test_bugs_in_many_uploads_hinder_no_other(world: World) -> None:
    """They do not count as an unavailable store: the sweep continues."""
    bad = [world.create() for _ in range(MAX_FAILURES + 2)]
    good = world.create()
    for upload in bad:
        world.ledger._uploads[upload.id] = upload._replace(state=UploadState.STORED)
    world.post(good)
    assert swept(world, MINUTE)[-1] == (Action.CONFIRM, good.id)
