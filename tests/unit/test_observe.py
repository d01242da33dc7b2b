"""Events as the service sees them: hints, looked at once for each object."""

from tests.unit.world import World

from valetkey.core.events import ObjectEvent, Tally
from valetkey.core.upload import Upload, UploadState


def event(upload: Upload) -> ObjectEvent:
    return ObjectEvent(upload.bucket, upload.staging_key, "ObjectCreated:Post")


def test_repeats_in_one_delivery_are_one_look() -> None:
    """The second and third event of an object cost nothing, and are counted with what the sender left out."""
    world = World()
    upload = world.create()
    world.post(upload)
    world.operations.clear()
    assert world.service.observe([event(upload)] * 3, ignored=4) == Tally(confirmed=1, ignored=6)
    assert world.operations.count("get") == 1
    world.check_settled()


def test_an_upload_of_another_bucket_is_not_ours_to_confirm() -> None:
    """After a change of bucket its events are ignored: a refusal would make the sender repeat them for ever."""
    world = World()
    upload = world.create()
    here = event(upload)
    assert world.ledger.replace(upload, upload.changed(bucket="the-bucket-before"))
    assert world.service.observe([here]) == Tally(ignored=1)
    assert world.now(upload).state is UploadState.PENDING
