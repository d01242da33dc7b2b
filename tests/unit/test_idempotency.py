"""A creation that is repeated with its Idempotency-Key after some time."""

import hashlib
import json
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


def test_a_request_without_a_path_is_the_same_as_before_there_were_paths() -> None:
    """A client that repeats its request after an update of the service gets its upload, and no error; with a path it is
    another request."""
    of_before = {
        "filename": "a photo.png",
        "content_type": "image/png",
        "size": 11,
        "profile": "default",
        "checksum": None,
        "metadata": {},
        "redirect": False,
        "owner": None,
        "method": None,
    }
    known = hashlib.sha256(json.dumps(of_before, sort_keys=True).encode()).hexdigest()
    assert REQUEST.fingerprint("default") == known
    assert REQUEST._replace(path="trip/a photo.png").fingerprint("default") != known
