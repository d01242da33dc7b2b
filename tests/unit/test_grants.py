"""Grants: a policy that allows exactly one form, and a limited number of requests at the store."""

import json
from base64 import b64decode
from datetime import timedelta
from threading import Event, Thread

import pytest
from tests.support.policies import ContentLengthRange, Eq, Policy, form_fields, sign
from tests.unit.memory_world import NOW, World

from valetkey.core.access.callers import Caller
from valetkey.core.errors import StoreUnavailable
from valetkey.core.gate import SharedLimit, StoreGate, StoreLimit
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grants import GrantMaker, PostGrant
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Checksum, Upload
from valetkey.core.signing.policy import PostSigner

AWKWARD = 'text/plain; name="é\\ \t"'


def made(profile: Profile, upload: Upload) -> PostGrant:
    """A grant for ``upload``, whose store is in memory."""
    return GrantMaker(World(profile=profile).store, lambda: "https://up.example").post(upload, profile.rules, NOW)


@pytest.mark.parametrize("content_type", ["image/png", AWKWARD])
@pytest.mark.parametrize("checksum", [None, Checksum("sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")])
@pytest.mark.parametrize("redirect", [False, True])
def test_the_prepared_policy_is_the_one_that_the_signer_makes(
    content_type: str, checksum: Checksum | None, redirect: bool
) -> None:
    """What is joined from prepared JSON is, byte for byte, the policy of these conditions, signed as a whole."""
    world = World(profile=(profile := Profile("default", sse="aws:kms", sse_kms_key_id="arn:aws:kms:k")))
    upload = world.create()._replace(content_type=content_type, checksum=checksum, redirect=redirect)
    own = [Eq("key", upload.staging_key), Eq("Content-Type", content_type), Eq("x-amz-meta-upload-id", upload.id)]
    if checksum:
        own.append(Eq("x-amz-checksum-sha256", checksum.value))
    if redirect:
        own.append(Eq("success_action_redirect", f"https://up.example/v1/uploads/{upload.id}/return"))
    fixed = [
        Eq("bucket", world.store.bucket),
        Eq("success_action_status", "201"),
        Eq("x-amz-server-side-encryption", "aws:kms"),
        Eq("x-amz-server-side-encryption-aws-kms-key-id", "arn:aws:kms:k"),
    ]
    assert upload.size is not None
    policy = Policy(NOW + profile.expires_in, (*fixed, ContentLengthRange(upload.size, upload.size), *own))
    signed = sign(policy, world.store.credentials(), NOW, signer=PostSigner(world.store.region))
    grant = GrantMaker(world.store, lambda: "https://up.example").post(upload, profile.rules, NOW)
    assert dict(grant.fields) == form_fields(policy, signed)
    assert grant.expires_at == NOW + profile.expires_in


def test_the_policy_pins_the_declared_size() -> None:
    """Both ends of the range are the size that was declared, and the expiration is the profile's."""
    profile = Profile("default", expires_in=timedelta(seconds=90))
    upload = World(profile=profile).create()
    policy = json.loads(b64decode(made(profile, upload).fields["policy"]))
    assert ["content-length-range", upload.size, upload.size] in policy["conditions"]
    assert policy["expiration"] == (NOW + timedelta(seconds=90)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_grant_of_the_next_second_is_stamped_anew() -> None:
    """What is kept for a second is not used in the next one."""
    world = World(profile=(profile := Profile("default")))
    maker = GrantMaker(world.store, lambda: "https://up.example")
    upload = world.create()
    first, second = (maker.post(upload, profile.rules, NOW + timedelta(seconds=n)) for n in (0, 1))
    assert second.expires_at - first.expires_at == timedelta(seconds=1)
    assert first.fields["x-amz-date"] != second.fields["x-amz-date"]


def test_beyond_its_limit_the_store_is_not_asked() -> None:
    """While as many wait for the store as may, one more look is told at once to come again; afterwards it succeeds."""
    world = World()
    world.confirmation._gate = gate = StoreGate(world.store.bucket, StoreLimit(SharedLimit(1), "default", "full"))
    granted = world.service.create(Caller("shop"), UploadRequest("a.png", "image/png", 5))
    entered, leave = Event(), Event()

    def hold() -> None:
        with gate.open_for(granted.upload):
            entered.set()
            leave.wait(120)

    holder = Thread(target=hold)
    holder.start()
    assert entered.wait(60)
    with pytest.raises(StoreUnavailable) as raised:
        world.service.complete(Caller("shop"), granted.upload.id)
    assert raised.value.retry_after == 1
    leave.set()
    holder.join()
    assert world.service.complete(Caller("shop"), granted.upload.id).id == granted.upload.id
