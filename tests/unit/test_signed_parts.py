"""Grants of multipart uploads: the number of their URLs, and their lifetime."""

from datetime import timedelta

import pytest
from tests.unit.memory_world import NOW, OWNER, World

from valetkey.core.granting.admission import FIRST_PARTS, UploadRequest
from valetkey.core.granting.grants import MultipartGrant
from valetkey.core.model.multipart import MIB
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Method
from valetkey.core.signing.credentials import Credentials

MOBILE = Profile(
    "default", max_size=20_000 * MIB, expires_in=timedelta(days=7), renewable_for=timedelta(days=7), part_size=5 * MIB
)


def wanted(parts: int, signed: int = FIRST_PARTS) -> UploadRequest:
    return UploadRequest("film.mp4", "video/mp4", parts * 5 * MIB, method=Method.MULTIPART, signed_parts=signed)


def granted(world: World, request: UploadRequest, key: str | None = None) -> MultipartGrant:
    grant = world.service.create(OWNER, request, key).grant
    assert isinstance(grant, MultipartGrant)
    return grant


@pytest.mark.parametrize(("asked", "found"), [(0, 0), (1, 1), (FIRST_PARTS, 10), (999, 999), (1000, 1000)])
def test_as_many_as_were_asked_for(asked: int, found: int) -> None:
    """From the first on; each of them is another URL, and lives a whole life."""
    parts = granted(World(profile=MOBILE), wanted(1000, asked)).parts
    assert [part.number for part in parts] == list(range(1, found + 1))
    assert len({part.url for part in parts}) == found
    assert {part.expires_at for part in parts} <= {NOW + timedelta(days=7)}


def test_no_more_than_there_are() -> None:
    """A file of three parts has three URLs, whatever was asked for."""
    assert len(granted(World(profile=MOBILE), wanted(3, 1000)).parts) == 3


def test_the_number_is_no_part_of_what_an_idempotency_key_stands_for() -> None:
    """The same file asked for again with more URLs is the same upload, with as many as were asked for then."""
    world = World(profile=MOBILE)
    assert [len(granted(world, wanted(20, signed), "k").parts) for signed in (10, 20, 0)] == [10, 20, 0]
    assert len(world.ledger._uploads) == 1


@pytest.mark.parametrize("hours", [1, 24 * 6])
def test_nothing_outlives_temporary_credentials(hours: int) -> None:
    """Neither the URLs of parts nor the grant that has them say that they live longer than what signed them."""
    world = World(profile=MOBILE)
    end = NOW + timedelta(hours=hours)
    world.store._credentials = Credentials("memory", "memory-secret", "session", end)
    grant = granted(world, wanted(2))
    assert [part.expires_at for part in grant.parts] == [end] * 2
    assert grant.expires_at == end
    again = world.service.renew(OWNER, next(iter(world.ledger._uploads.values())).id).grant
    assert again is not None
    assert again.expires_at == end
