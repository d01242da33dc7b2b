"""Events in the service: hints that cause one check for each object."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.memory_world import World

from valetkey import waiting
from valetkey.core.errors import StoreUnavailable
from valetkey.core.events.event import EventCounts, ObjectEvent
from valetkey.core.model.rules import UNREADABLE
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.sweeping.findings import Action


def event(upload: Upload) -> ObjectEvent:
    return ObjectEvent(upload.bucket, upload.staging_key)


def test_repeats_in_one_delivery_are_one_look() -> None:
    """The second and third event of an object cost nothing, and count as ignored."""
    world = World()
    upload = world.create()
    world.post(upload)
    world.operations.clear()
    assert world.service.observe([event(upload)] * 3, ignored=4) == EventCounts(confirmed=1, ignored=6)
    assert world.operations.count("get") == 1
    world.check_settled()


def test_each_object_of_a_delivery_is_looked_at_once() -> None:
    """Whatever the order of its events, and whatever they call its bucket."""
    world = World()
    first, second = world.create(), world.create()
    for upload in (first, second):
        world.post(upload)
    world.operations.clear()
    elsewhere = ObjectEvent("elsewhere", first.staging_key)
    delivery = [event(first), event(second), elsewhere, event(first), event(second)]
    assert world.service.observe(delivery) == EventCounts(confirmed=2, ignored=3)
    assert world.operations.count("head staging") == 2
    world.check_settled()


@pytest.mark.parametrize("name", ["the-bucket-itself", "bucket-mjhq7pmx5eafmuxaqjuwgjzc7xxbueuw1b-s3alias"])
def test_an_event_may_call_the_bucket_otherwise(name: str) -> None:
    """The configured name may be the alias of an access point, or a tenant's: the key says whose object it is."""
    world = World()
    upload = world.create()
    world.post(upload)
    assert world.service.observe([ObjectEvent(name, upload.staging_key)]) == EventCounts(confirmed=1)
    world.check_settled()


def test_an_upload_of_another_bucket_is_not_ours_to_confirm() -> None:
    """After a change of bucket its events are ignored: the sender would repeat a refused one for ever."""
    world = World()
    upload = world.create()
    here = event(upload)
    assert world.ledger.replace(upload, upload.changed(bucket="the-bucket-before"))
    assert world.service.observe([here]) == EventCounts(ignored=1)
    assert world.now(upload).state is UploadState.PENDING


def test_an_upload_that_cannot_go_on_hinders_no_other_of_its_delivery() -> None:
    """With unreadable rules no sender has to retry; after a refusal of the store it does."""
    world = World()
    unknown, refused, good = (world.create() for _ in range(3))
    for upload in (unknown, refused, good):
        world.post(upload)
    assert world.ledger.replace(unknown, unknown.changed(rules=UNREADABLE))
    assert world.service.observe([event(unknown)]) == EventCounts(ignored=1)

    def refuse() -> None:
        raise StoreUnavailable("The store refused HeadObject: AccessDenied.", refused=True)

    world.once("head staging", refuse)
    with pytest.raises(StoreUnavailable, match="AccessDenied"):
        world.service.observe([event(refused), event(unknown), event(good)])
    assert world.now(good).state is UploadState.CONFIRMED
    assert world.now(refused).state is UploadState.PENDING


def test_an_upload_that_is_pinned_and_refused_is_the_sweeps() -> None:
    """A copy that the store refuses may never succeed: the event is done, and those behind it continue."""
    world = World()
    upload = world.create()
    world.post(upload)

    def refuse() -> None:
        raise StoreUnavailable("The store refused CopyObject: AccessDenied.", refused=True)

    world.once("copy final", refuse)
    assert world.service.observe([event(upload)]) == EventCounts(ignored=1)
    waiting = world.now(upload)
    assert waiting.state is UploadState.STORED
    assert waiting.due_at is not None
    world.time = waiting.due_at
    assert [finding.action for finding in world.sweep.look()] == [Action.CONFIRM]


@pytest.mark.parametrize(
    ("etag", "seconds", "looked"),
    [(None, -1, True), ("other", -1, True), ("its own", None, True), ("its own", 0, True), ("its own", -1, False)],
    ids=["no etag", "another etag", "no time", "not before the end", "what is known"],
)
def test_an_event_that_comes_again_asks_no_store(etag: str | None, seconds: int | None, looked: bool) -> None:
    """One that may be about bytes written again under the grant does: they are removed."""
    world = World()
    upload = world.create()
    world.post(upload)
    world.service.observe([event(upload)])
    ended = world.now(upload)
    assert ended.object
    assert ended.confirmed_at
    world.post(upload)
    world.operations.clear()
    written_at = None if seconds is None else ended.confirmed_at + timedelta(seconds=seconds)
    again = replace(event(upload), etag=ended.object.etag if etag == "its own" else etag, written_at=written_at)
    assert world.service.observe([again, again]) == EventCounts(ignored=2)
    assert (world.store.head(upload.staging_key) is None) is looked
    assert world.operations.count("delete staging") == looked
    world.operations.clear()
    assert world.service.observe([again, event(upload)]) == EventCounts(ignored=2)
    assert world.store.head(upload.staging_key) is None


def test_who_must_not_wait_begins_nothing() -> None:
    """A thread of `valetkey serve` that must not wait handles known events, and leaves all others unchanged to
    another."""
    world = World()
    upload = world.create()
    world.post(upload)
    world.operations.clear()
    with pytest.raises(waiting.WouldWait):
        waiting.without(world.service.observe, [event(upload)])
    assert set(world.operations) == {"get"}
    assert world.now(upload) == upload
    world.service.observe([event(upload)])
    ended = world.now(upload)
    assert ended.object
    assert ended.confirmed_at
    known = replace(event(upload), etag=ended.object.etag, written_at=ended.confirmed_at - timedelta(seconds=1))
    assert waiting.without(world.service.observe, [known, known]) == EventCounts(ignored=2)
    world.post(upload)
    world.operations.clear()
    with pytest.raises(waiting.WouldWait):
        waiting.without(world.service.observe, [known, event(upload)])
    assert set(world.operations) == {"get"}
