"""A creation that is repeated with its Idempotency-Key, when time has passed."""

from datetime import timedelta

from tests.unit.memory_world import OWNER, World

from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grantor import Granted
from valetkey.core.model.upload import UploadState

REQUEST = UploadRequest("a photo.png", "image/png", 11)


def asked(world: World) -> Granted:
    return world.service.create(OWNER, REQUEST, "the same key")


def test_an_expired_upload_gets_a_fresh_grant() -> None:
    """As a renewal does: its client may still send it, and would have nothing to send it with."""
    world = World()
    first = asked(world)
    world.time += timedelta(hours=1)
    assert [finding.subject for finding in world.sweep.run()] == [first.upload.id]
    assert world.now(first.upload).state is UploadState.EXPIRED
    again = asked(world)
    assert (again.upload.id, again.replayed) == (first.upload.id, True)
    assert again.grant is not None
    assert again.grant.expires_at > world.time


def test_an_upload_that_is_too_old_gets_none() -> None:
    """Nor does a renewal of it; the upload is told all the same."""
    world = World()
    first = asked(world)
    world.time += timedelta(days=2)
    again = asked(world)
    assert (again.upload.id, again.grant, again.replayed) == (first.upload.id, None, True)
