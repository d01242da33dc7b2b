"""Uploads that an older version granted, pinned or joined: an upgrade loses no check and no bytes."""

import pytest
from tests.unit.memory_world import FIRST, OWNER, SCANNER, World

from valetkey.core.errors import StoreUnavailable
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Method, Multipart, Upload, UploadState, Verdict
from valetkey.core.ports.store import ObjectHeaders
from valetkey.core.sweeping.findings import Action


def in_parts(world: World, *, joined: bool) -> Upload:
    """Its parts go under its final key, whatever has to be checked; no rules and no key are kept with it."""
    asked = UploadRequest("a.png", "image/png", len(FIRST), method=Method.MULTIPART)
    upload = world.service.create(OWNER, asked).upload
    assert upload.multipart is not None
    key = upload.key
    begun = world.store.start_multipart(key, ObjectHeaders(upload.content_type, upload.id))
    older = upload.changed(rules=None, key="", multipart=Multipart(key, upload.multipart.part_size, begun))
    assert world.ledger.replace(upload, older)
    [part] = world.multiparts.sign(older, [1], world.time)
    assert world.store.send(part.url, part.headers, FIRST).status == 200
    if not joined:
        return older
    world.store.join_parts(key, begun, world.store.parts(key, begun) or [])
    head = world.store.head(key)
    assert head is not None
    stored = older.moved(UploadState.STORED, object=head.as_object(key), pins=1)
    assert world.ledger.replace(older, stored)
    return stored


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("clean", [False, True])
def test_parts_under_a_final_key_are_scanned_all_the_same(joined: bool, clean: bool) -> None:
    """They wait in quarantine for a verdict, which decides."""
    world = World(profile=Profile("default", scan=True))
    waiting = world.work(in_parts(world, joined=joined))
    assert (waiting.state, waiting.in_quarantine) == (UploadState.STORED, True)
    assert waiting.object is not None
    done = world.service.judge(SCANNER, waiting.id, Verdict(waiting.object.etag, clean))
    assert done.state is (UploadState.CONFIRMED if clean else UploadState.REJECTED)
    world.check_settled()


def test_bytes_that_an_older_process_pins_meanwhile_are_found() -> None:
    """Until the last of them has stopped, they pin under the final key what is in staging still."""
    world = World()
    upload = world.create()
    world.post(upload)
    head = world.store.head(upload.staging_key)
    assert head is not None
    pinned = upload.moved(UploadState.STORED, object=head.as_object(upload.key), pins=1)
    assert world.ledger.replace(upload, pinned)
    assert world.run(pinned).state is UploadState.CONFIRMED
    world.check_settled()


def test_what_ended_without_bytes_is_cleared_though_its_profile_is_gone() -> None:
    """Nothing was pinned, so no rule is needed to know what to remove."""
    world = World()
    upload = world.create()
    assert world.ledger.replace(upload, upload.changed(rules=None, key="", profile="gone"))
    world.service.remove(OWNER, upload.id)
    world.time = world.now(upload).due_at or world.time
    assert [finding.action for finding in world.sweep.look()] == [Action.CLEAR]
    assert world.now(upload).due_at is None


def test_what_was_deleted_goes_though_its_profile_is_gone() -> None:
    """The ledger names the object; what else there may be of it waits for somebody who knows the profile."""
    world = World()
    upload = world.create()
    world.post(upload)
    done = world.run(upload)
    assert world.ledger.replace(done, done.changed(rules=None, key="", profile="gone"))

    def away() -> None:
        raise StoreUnavailable("The store is away.")

    world.once("delete final", away)
    with pytest.raises(StoreUnavailable):
        world.service.remove(OWNER, upload.id)
    world.time = world.now(upload).due_at or world.time
    assert [finding.action for finding in world.sweep.look()] == [Action.STUCK]
    assert world.final_keys() == []
