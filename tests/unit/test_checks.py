"""Checks of content between the pin and the copy: who reads which bytes, and what a verdict applies to."""

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import samples
from tests.unit.memory_world import FIRST, OWNER, SCANNER, SECOND, World, md5

from valetkey.core.access.callers import Caller
from valetkey.core.errors import (
    Forbidden,
    ObjectChanged,
    ObjectMissing,
    RulesUnknown,
    StateConflict,
    StoreUnavailable,
    UploadNotFound,
)
from valetkey.core.events.event import EventCounts, ObjectEvent, ScanEvent
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import UNREADABLE, Detect
from valetkey.core.model.schedule import SCHEDULE
from valetkey.core.model.upload import Signal, Upload, UploadState, Verdict, new_upload_id
from valetkey.core.sweeping.findings import Action

PNG = samples.png()
LIE = b"<html>".ljust(len(PNG))
SECONDS = timedelta(seconds=1)


def detecting(detect: Detect = Detect.REJECT, *, scan: bool = False) -> World:
    return World(profile=Profile("default", content_types=("image/png",), detect=detect, scan=scan))


def scanning() -> World:
    return World(profile=Profile("default", scan=True))


def sent(world: World, content: bytes) -> Upload:
    """An upload for a PNG, with ``content`` at the store."""
    upload = world.service.create(OWNER, UploadRequest("a.png", "image/png", len(content))).upload
    assert world.post(upload, content).status == 201
    return upload


def scan(world: World, upload: Upload, content: bytes, *, clean: bool | None) -> ScanEvent:
    return ScanEvent(world.store.bucket, f"quarantine/{upload.id}/1", md5(content), clean, "GuardDuty: said so")


def test_the_service_reads_no_byte_and_leaves_it_to_the_worker() -> None:
    """Without an inspector it pins and waits, for each signal; the upload is due at once and stays due."""
    world = detecting()
    upload = sent(world, PNG)
    first = world.service.complete(OWNER, upload.id)
    assert (first.state, first.due_at) == (UploadState.STORED, world.time)
    world.time += 5 * SECONDS
    event = ObjectEvent(world.store.bucket, upload.staging_key)
    assert world.service.observe([event]) == EventCounts(ignored=1)
    assert world.service.returned(upload.id)[0] == world.service.complete(OWNER, upload.id) == first
    assert not [name for name in world.operations if name.startswith("first_bytes")]
    assert world.final_keys() == []
    [finding] = world.sweep.look()
    after = world.now(upload)
    assert (finding.action, after.state, after.detected_type) == ("confirm", UploadState.CONFIRMED, "image/png")
    assert world.operations.count("first_bytes quarantine") == 1
    world.check_settled()


def test_one_write_records_a_look_and_begins_the_last_copy() -> None:
    """If no other check is missing, one commit records the inspection and the start of the final copy. If a verdict is
    missing, no copy starts."""
    world = detecting()
    upload = sent(world, PNG)
    world.service.complete(OWNER, upload.id)
    del world.operations[:]
    seen: list[Upload] = []
    world.before = lambda name: seen.append(world.now(upload)) if name == "copy final" else None
    list(world.sweep.look())
    [copying] = seen
    assert copying.is_inspected
    assert copying.copying_since == world.time
    assert copying.due_at is not None
    assert copying.due_at > world.time
    assert world.operations.count("replace") == 2  # the other is the end
    world.before = None
    world = detecting(scan=True)
    waiting = world.work(sent(world, PNG))
    assert waiting.is_inspected
    assert waiting.copying_since is None


def test_a_lie_is_rejected_and_removed() -> None:
    """The reason has both types, the detected one is recorded, and nothing is left or was ever copied."""
    world = detecting()
    upload = sent(world, LIE)
    after = world.work(upload)
    assert after.reason is not None
    assert (after.state, after.reason.code, after.detected_type) == (
        UploadState.REJECTED,
        "content_mismatch",
        "text/html",
    )
    assert "'image/png'" in after.reason.detail
    assert "text/html" in after.reason.detail
    assert world.store.keys() == []
    assert "copy final" not in world.operations
    world.check_settled()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "and the file is empty."),
        (PNG[:60] + samples.PDF, "and another format is hidden in the file."),
        (samples.NOISE, "the bytes look like no known type."),
    ],
    ids=["empty", "two", "noise"],
)
def test_a_refusal_says_what_is_wrong(content: bytes, said: str) -> None:
    """In words that the sender of an honest file understands, also where no type can be named."""
    world = detecting()
    reason = world.work(sent(world, content)).reason
    assert reason is not None
    assert reason.detail == f"'image/png' was granted, {said}"


def test_a_lie_may_be_let_through_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """With `warn` it is confirmed and logged, and its detected type is visible."""
    world = detecting(Detect.WARN)
    with caplog.at_level(logging.WARNING, "valetkey"):
        after = world.work(sent(world, LIE))
    assert (after.state, after.detected_type) == (UploadState.CONFIRMED, "text/html")
    assert "is accepted nevertheless" in caplog.text


def confirmed_bytes(world: World, upload: Upload) -> bytes:
    after = world.now(upload)
    assert after.state is UploadState.CONFIRMED
    assert after.object is not None
    found = world.store.read(after.object.key)
    assert found is not None
    return found.content


def test_other_bytes_come_too_late_for_a_look() -> None:
    """A re-POST between inspection and copy: the inspected bytes are in quarantine, and are confirmed."""
    world = detecting(scan=True)
    upload = sent(world, PNG)
    assert world.work(upload).is_inspected
    assert world.post(upload, LIE).status == 201
    pinned = world.service.complete(OWNER, upload.id)
    assert (pinned.pins, pinned.is_inspected, pinned.in_quarantine) == (1, True, True)
    world.judge(upload, PNG, clean=True)
    assert confirmed_bytes(world, upload) == PNG
    world.check_settled()


@pytest.mark.parametrize("operation", ["copy quarantine", "head quarantine", "first_bytes quarantine", "copy final"])
def test_bytes_that_change_while_they_are_looked_at(operation: str) -> None:
    """Before they are in quarantine they are pinned again, and rejected; afterwards a change has no effect."""
    world = detecting()
    upload = sent(world, PNG)
    world.once(operation, lambda: world.post(upload, LIE))
    after = world.work(upload)
    if operation == "copy quarantine":
        assert (after.state, after.pins) == (UploadState.REJECTED, 2)
    else:
        assert confirmed_bytes(world, upload) == PNG
    world.check_settled()


def test_the_memory_store_reads_on_condition() -> None:
    """The test above relies on this."""
    world = detecting()
    head = world.store.put("staging/a", b"x" * 5000)
    assert world.store.first_bytes(head) == b"x" * 4096
    with pytest.raises(ObjectChanged):
        world.store.first_bytes(replace(head, etag="another"))


def test_it_waits_for_a_verdict() -> None:
    """It stays stored and is not copied without a verdict; the sweep checks it less and less often and removes
    nothing."""
    world = scanning()
    upload = sent(world, FIRST)
    looks = 0
    for _ in range(3 * 24 * 60):
        looks += len(list(world.sweep.look()))
        world.time += timedelta(minutes=1)
    list(world.sweep.clean())
    assert world.now(upload).state is UploadState.STORED
    assert world.store.keys() == [f"quarantine/{upload.id}/1", upload.staging_key]
    assert looks < 90
    due_at = world.now(upload).due_at
    assert due_at is not None
    assert due_at > world.time - timedelta(minutes=1)


def test_a_dry_run_says_what_is_missing() -> None:
    """It lists the missing check of each waiting upload; nothing is read or changed."""
    world = detecting(scan=True)
    upload = sent(world, PNG)
    world.time += SCHEDULE.first_look
    assert [finding.detail for finding in world.sweep.foresee()] == [
        "it is pending, and needs an inspection of its first bytes"
    ]
    world.work(upload)
    world.time += SCHEDULE.first_look
    assert [finding.detail for finding in world.sweep.foresee()] == ["it is stored, and needs a scanner's verdict"]


def test_clean_bytes_are_confirmed() -> None:
    """A repeated verdict is not an error."""
    world = scanning()
    upload = sent(world, FIRST)
    world.run(upload)
    after = world.judge(upload, FIRST, clean=True)
    assert (after.state, after.confirmed_by) == (UploadState.CONFIRMED, Signal.EVENT)
    assert world.judge(upload, FIRST, clean=True, detail="by another scanner") == after
    world.check_settled()


def test_infected_bytes_are_rejected_and_removed() -> None:
    """With the scanner's detail, and never copied. A repeated verdict is not an error, and a clean one comes too
    late."""
    world = scanning()
    upload = sent(world, FIRST)
    world.run(upload)
    after = world.judge(upload, FIRST, clean=False, detail="EICAR-Test-File")
    assert after.reason is not None
    assert (after.state, after.reason.code, after.reason.detail) == (
        UploadState.REJECTED,
        "infected",
        "EICAR-Test-File",
    )
    assert (world.store.keys(), "copy final" in world.operations) == ([], False)
    assert world.judge(upload, FIRST, clean=False) == after
    with pytest.raises(StateConflict, match="is rejected"):
        world.judge(upload, FIRST, clean=True)
    world.check_settled()


def test_a_verdict_is_on_the_bytes_it_names() -> None:
    """After a re-POST a verdict on the new bytes is refused, and one on those in quarantine counts."""
    world = scanning()
    upload = sent(world, FIRST)
    world.run(upload)
    assert world.post(upload, SECOND).status == 201
    with pytest.raises(StateConflict, match=md5(FIRST)):
        world.judge(upload, SECOND, clean=True)
    assert world.now(upload).state is UploadState.STORED
    world.judge(upload, FIRST, clean=True)
    assert confirmed_bytes(world, upload) == FIRST


def test_a_verdict_may_say_where_the_bytes_were() -> None:
    """A verdict on another key is refused even with the same ETag, as MD5 collisions can be made."""
    world = scanning()
    upload = sent(world, FIRST)
    world.run(upload)
    for key in (upload.staging_key, f"quarantine/{upload.id}/2", "elsewhere"):
        with pytest.raises(StateConflict, match=f"quarantine/{upload.id}/1"):
            world.service.judge(SCANNER, upload.id, Verdict(md5(FIRST), clean=True, key=key))
    world.service.judge(SCANNER, upload.id, Verdict(md5(FIRST), clean=True, key=f"quarantine/{upload.id}/1"))
    assert confirmed_bytes(world, upload) == FIRST


def test_a_repost_right_after_the_verdict_changes_nothing() -> None:
    """The scanned bytes are in quarantine, and are copied from there to their final key."""
    world = scanning()
    upload = sent(world, FIRST)
    world.run(upload)
    world.once("copy final", lambda: world.post(upload, SECOND))
    world.judge(upload, FIRST, clean=True)
    assert confirmed_bytes(world, upload) == FIRST
    world.check_settled()


def test_a_late_infection_beats_a_clean_verdict_that_is_not_done() -> None:
    """While the upload waits for another check, an infection replaces a clean verdict, but not the reverse."""
    world = detecting(scan=True)
    upload = sent(world, PNG)
    world.run(upload)
    assert world.judge(upload, PNG, clean=True).state is UploadState.STORED
    assert world.judge(upload, PNG, clean=False).state is UploadState.REJECTED


def test_a_late_infection_beats_a_clean_verdict_also_where_the_look_is_due() -> None:
    """The worker gets the verdict, and would otherwise inspect and confirm by the older one first."""
    world = detecting(scan=True)
    upload = sent(world, PNG)
    world.run(upload)
    assert world.judge(upload, PNG, clean=True).state is UploadState.STORED
    verdict = Verdict(md5(PNG), clean=False)
    assert world.inspecting.judge(world.now(upload), verdict).state is UploadState.REJECTED


def test_both_checks_are_needed() -> None:
    """With a clean verdict on a false type, the worker's inspection rejects it; clean bytes of the right type are
    confirmed."""
    world = detecting(scan=True)
    for content, state in ((LIE, UploadState.REJECTED), (PNG, UploadState.CONFIRMED)):
        upload = sent(world, content)
        world.run(upload)
        assert world.judge(upload, content, clean=True).state is UploadState.STORED
        assert world.work(upload).state is state
    world.check_settled()


def test_a_look_that_was_taken_before_the_verdict_is_not_repeated() -> None:
    """The service then confirms by itself, as nothing has to be read."""
    world = detecting(scan=True)
    upload = sent(world, PNG)
    assert world.work(upload).state is UploadState.STORED
    assert world.judge(upload, PNG, clean=True).state is UploadState.CONFIRMED
    assert world.operations.count("first_bytes quarantine") == 1


def test_bytes_that_vanish_before_their_verdict_are_missing() -> None:
    """They can no longer be checked."""
    world = scanning()
    upload = sent(world, FIRST)
    pinned = world.run(upload)
    assert pinned.object is not None
    world.store.delete(pinned.object.key)
    after = world.judge(upload, FIRST, clean=True)
    assert after.reason is not None
    assert (after.state, after.reason.code) == (UploadState.REJECTED, "missing")
    assert world.store.keys() == []


@pytest.mark.parametrize("caller", [OWNER, Caller("", ticket_for=new_upload_id())])
def test_only_a_scanner_judges(caller: Caller) -> None:
    """An ordinary key and a ticket may not give verdicts, not even on their own uploads."""
    world = scanning()
    upload = sent(world, FIRST)
    with pytest.raises(Forbidden):
        world.service.judge(caller, upload.id, Verdict(md5(FIRST), clean=True))
    assert world.now(upload).state is UploadState.PENDING


def test_a_scanner_does_nothing_else() -> None:
    """It may not even read uploads."""
    world = scanning()
    upload = sent(world, FIRST)
    request = UploadRequest("a.png", "image/png", 1)
    for call in (
        lambda: world.service.create(SCANNER, request),
        lambda: world.service.create_batch(SCANNER, [request]),
        lambda: world.service.page(SCANNER),
        lambda: world.service.get(SCANNER, upload.id),
        lambda: world.service.renew(SCANNER, upload.id),
        lambda: world.service.complete(SCANNER, upload.id),
        lambda: world.service.remove(SCANNER, upload.id),
        lambda: world.service.download(SCANNER, upload.id),
    ):
        with pytest.raises(Forbidden):
            call()


def test_verdicts_that_nobody_waits_for_are_conflicts() -> None:
    """No bytes yet, a profile without a scan, an aborted upload, an unknown one."""
    world = scanning()
    empty = world.create()
    with pytest.raises(StateConflict, match="no bytes"):
        world.judge(empty, FIRST, clean=True)
    world.service.remove(OWNER, empty.id)
    with pytest.raises(StateConflict, match="is aborted"):
        world.judge(empty, FIRST, clean=True)
    with pytest.raises(UploadNotFound):
        world.service.judge(SCANNER, new_upload_id(), Verdict("x", clean=True))
    plain = detecting()
    with pytest.raises(StateConflict, match="scan = true"):
        plain.judge(sent(plain, PNG), PNG, clean=True)


@pytest.mark.parametrize(("clean", "tally"), [(True, EventCounts(confirmed=1)), (False, EventCounts(rejected=1))])
@pytest.mark.parametrize("known", [True, False])
def test_a_scanners_event_is_a_verdict(*, clean: bool, tally: EventCounts, known: bool) -> None:
    """It may arrive before or after the store's own event; a repeated one is ignored."""
    world = scanning()
    upload = sent(world, FIRST)
    if known:
        world.run(upload)
    event = scan(world, upload, FIRST, clean=clean)
    assert world.service.observe([event]) == tally
    assert world.now(upload).verdict == Verdict(md5(FIRST), clean, "GuardDuty: said so", event.key)
    world.service.observe([event])
    world.check_settled()


def test_a_verdict_under_rules_that_nobody_can_read_comes_again() -> None:
    """No check can recover it, so the sender tries again, perhaps at a newer process. Others in its delivery are
    handled, and infected bytes stay where they are."""
    world = scanning()
    unknown, good = sent(world, FIRST), sent(world, FIRST)
    for upload in (unknown, good):
        world.run(upload)
    before = world.now(unknown)
    assert world.ledger.replace(before, before.changed(rules=UNREADABLE))
    delivery = [scan(world, unknown, FIRST, clean=False), scan(world, good, FIRST, clean=True)]
    with pytest.raises(RulesUnknown):
        world.service.observe(delivery)
    assert world.now(good).state is UploadState.CONFIRMED
    now = world.now(unknown)
    assert world.ledger.replace(now, now.changed(rules=before.rules))
    assert world.service.observe(delivery[:1]) == EventCounts(rejected=1)


def test_an_event_without_a_verdict_is_logged_for_somebody_to_act(caplog: pytest.LogCaptureFixture) -> None:
    """The upload stays stored, and a POST can still decide."""
    world = scanning()
    upload = sent(world, FIRST)
    world.run(upload)
    assert world.service.observe([scan(world, upload, FIRST, clean=None)]) == EventCounts(ignored=1)
    assert "an operator can POST one" in caplog.text
    assert world.now(upload).state is UploadState.STORED
    assert world.judge(upload, FIRST, clean=True).state is UploadState.CONFIRMED


def test_scanners_events_that_are_not_ours_are_ignored() -> None:
    """Another bucket, an unknown upload, a final key, earlier bytes, an upload without a scan."""
    world = scanning()
    upload = sent(world, FIRST)
    good = scan(world, upload, FIRST, clean=True)
    others = [
        replace(good, bucket="another"),
        replace(good, key=f"quarantine/{new_upload_id()}/1"),
        replace(good, key=f"quarantine/{upload.id}/2"),
        replace(good, key=upload.staging_key),
        replace(good, key=f"uploads/{upload.id}/a.png"),
        replace(good, etag=md5(SECOND)),
    ]
    assert world.service.observe(others) == EventCounts(ignored=6)
    assert world.now(upload).state is not UploadState.CONFIRMED
    plain = detecting()
    assert plain.service.observe([scan(plain, sent(plain, PNG), PNG, clean=True)]) == EventCounts(ignored=1)


@pytest.mark.parametrize("operation", ["copy final", "first_bytes quarantine"])
@pytest.mark.parametrize("answer", [ObjectMissing(), ObjectChanged()])
def test_a_stray_answer_ends_nothing_that_is_there(operation: str, answer: Exception) -> None:
    """A proxy's 404, or that of an aborted copy in parts: the object stays in quarantine, and is promoted."""
    world = detecting()
    upload = sent(world, PNG)
    world.run(upload)

    def stray() -> None:
        raise answer

    world.once(operation, stray)
    with pytest.raises(StoreUnavailable):
        world.work(upload)
    assert world.now(upload).in_quarantine
    assert world.work(upload).state is UploadState.CONFIRMED
    world.check_settled()


@pytest.mark.parametrize("ends", ["well", "badly", "never"])
def test_a_large_object_is_promoted_by_one_at_a_time(ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy takes longer than the interval of checks. After a failure others may try at once, after a kill after a
    while."""
    for module in ("copying", "steps", "releasing"):
        monkeypatch.setattr(f"valetkey.core.confirming.{module}.WHOLE_COPY", 5)
    monkeypatch.setattr("valetkey.core.confirming.steps.COPY_SPEED", len(PNG) / 600)  # ten minutes
    world = detecting()
    upload = sent(world, PNG)
    copies = 0

    def others_look(name: str) -> None:
        nonlocal copies
        if name != "copy final":
            return
        copies += 1
        world.time += timedelta(minutes=2)
        world.before, before = None, world.before
        assert Action.CONFIRM not in [finding.action for finding in world.sweep.look()]
        world.before = before if ends == "well" else None
        if ends == "badly":
            raise StoreUnavailable("The store does not answer.")
        if ends == "never":
            raise KeyboardInterrupt

    world.before = others_look
    with suppress(StoreUnavailable, KeyboardInterrupt):
        world.work(upload)
    assert copies == 1
    if ends == "never":
        assert world.work(upload).state is UploadState.STORED
        world.time += timedelta(minutes=10)
    assert world.work(upload).state is UploadState.CONFIRMED
    world.check_settled()
