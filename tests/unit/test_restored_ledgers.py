"""The ledger is older than the bucket: it was restored from a backup, or a failover to a replica lost commits."""

from datetime import timedelta

import pytest
from tests.unit.memory_world import FIRST, NOW, World

from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Detect
from valetkey.core.model.upload import Signal, Upload, UploadState
from valetkey.core.sweeping.findings import Action

EXPIRED = timedelta(minutes=30)
"""After the grant's 15 minutes and the grace's 15."""


def restored(world: World, upload: Upload) -> None:
    """The ledger has it as it was before anything arrived."""
    world.ledger._uploads[upload.id] = upload


def confirmed_and_restored(world: World) -> tuple[Upload, Upload]:
    upload = world.create()
    world.post(upload)
    confirmed = world.work(upload)
    assert confirmed.state is UploadState.CONFIRMED
    restored(world, upload)
    return upload, confirmed


@pytest.mark.parametrize("detect", [Detect.OFF, Detect.WARN])
def test_what_was_confirmed_is_confirmed_again(detect: Detect) -> None:
    """When it would expire: the same object, announced under the same id. `--dry-run` says so before. What has to be
    checked came to its final key by its checks alone."""
    world = World(profile=Profile("default", detect=detect))
    upload, confirmed = confirmed_and_restored(world)
    world.time = NOW + EXPIRED
    assert [one.action for one in world.sweep.foresee()] == [Action.CONFIRM]
    assert [(one.action, one.subject) for one in world.sweep.run()] == [(Action.CONFIRM, upload.id)]
    now = world.now(upload)
    assert (now.state, now.object, now.size) == (UploadState.CONFIRMED, confirmed.object, len(FIRST))
    assert (now.confirmed_by, now.confirmed_at) == (Signal.SWEEP, world.time)
    assert [end.state for end in world.announced] == [UploadState.CONFIRMED] * 2
    world.check_confirmed()


def test_what_is_another_uploads_is_not_taken_for_it() -> None:
    """An object under its key that has not its id, or its size, is none of a confirmation of this upload's."""
    for upload_id, content in (("somebody-elses", FIRST), (None, FIRST[1:])):
        world = World()
        upload = world.create()
        world.store.put(upload.key, content, "image/png", {"upload-id": upload_id or upload.id})
        world.time = NOW + EXPIRED
        assert [one.action for one in world.sweep.run()] == [Action.EXPIRE]
        assert world.now(upload).state is UploadState.EXPIRED
        assert world.store.keys() == [upload.key]


def test_what_was_deleted_since_expires() -> None:
    """It was confirmed and deleted after the backup: nothing is there to be confirmed."""
    world = World()
    _, confirmed = confirmed_and_restored(world)
    assert confirmed.object is not None
    world.store.delete(confirmed.object.key)
    world.time = NOW + EXPIRED
    assert [one.action for one in world.sweep.run()] == [Action.EXPIRE]


def test_somebody_changes_it_meanwhile() -> None:
    """Bytes are sent again at that moment, and pinned: that signal goes on with them."""
    world = World()
    upload, _ = confirmed_and_restored(world)
    world.time = NOW + EXPIRED

    def send_again() -> None:
        world.store.put(upload.staging_key, FIRST, "image/png", {"upload-id": upload.id})
        assert world.run(upload).state is UploadState.CONFIRMED

    world.once("replace", send_again)
    assert [one.action for one in world.sweep.look()] == [Action.CONFIRM]
    world.check_confirmed()
