"""The headers, tags and metadata that a profile sets on a confirmed object, and that no others get there."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.memory_world import FIRST, OWNER, World

from valetkey.adapters.memory.bucket import MemoryObject
from valetkey.adapters.s3.headers import plain_headers, written
from valetkey.core.errors import ConfigurationError, MethodNotSupported, PlacementRefused, StoreUnavailable
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.lockability import RETRY_INTERVAL
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.erasure import ErasureState
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import UNREADABLE, Lock, Placement, read_rules
from valetkey.core.model.showing import MAX_STORED_DISPOSITION, content_disposition, is_safe_to_show
from valetkey.core.model.upload import Method, Upload, UploadId, UploadState
from valetkey.core.ports.store import ObjectHeaders

YEAR = timedelta(days=365)
FULL: dict[str, Any] = {
    "cache_control": "public, max-age=31536000, immutable",
    "content_disposition": "inline",
    "tags": {"team": "photos", "größe": "a b+c=d"},
    "object_metadata": {"origin": "valetkey", "x-y-2": "a = b; c"},
    "lock_mode": "COMPLIANCE",
    "lock_for": YEAR,
    "legal_hold": True,
}


def headers(filename: str = "Größe 1.png", content_type: str = "image/png", **profile: Any) -> ObjectHeaders:
    return ObjectHeaders(content_type, UploadId("some-id"), Profile("p", **profile).rules.placement, filename)


def confirmed(world: World, upload: Upload) -> MemoryObject:
    after = world.work(upload)
    assert after.state is UploadState.CONFIRMED
    assert after.object is not None
    kept = world.store.read(after.object.key)
    assert kept is not None
    return kept


def test_all_of_it_is_kept_with_the_upload() -> None:
    """The rules that are read are those that were written; a profile without any of it has the text it always had."""
    profile = Profile("p", **FULL)
    assert read_rules(profile.rules.text).placement == Placement(
        cache_control="public, max-age=31536000, immutable",
        content_disposition="inline",
        tags=(("größe", "a b+c=d"), ("team", "photos")),
        metadata=(("origin", "valetkey"), ("x-y-2", "a = b; c")),
        lock=Lock("COMPLIANCE", YEAR, legal_hold=True),
    )
    assert Profile("p").rules.text == '{"min_size":0,"max_size":5368709120,"expires_in":900.0}'


@pytest.mark.parametrize("more", ['"lock":{"mode":"SOFT"}', '"lock":{"until":1}', '"content_disposition":"popup"'])
def test_what_a_newer_version_kept_is_not_guessed(more: str) -> None:
    """Unknown means stop."""
    assert read_rules('{"min_size":0,"max_size":1,"expires_in":900.0}') is not UNREADABLE
    assert read_rules('{"min_size":0,"max_size":1,"expires_in":900.0,' + more + "}") is UNREADABLE


def test_the_confirmed_object_has_it_under_its_own_name() -> None:
    """Staging has none of it; and a profile that is another by now changes nothing."""
    world = World(profile=Profile("default", **FULL))
    upload = world.create()
    world.profiles["default"] = Profile("default")
    world.post(upload)
    arrived = world.store.read(upload.staging_key)
    assert arrived is not None
    assert arrived.headers is None
    kept = confirmed(world, upload)
    assert kept.metadata == {"origin": "valetkey", "x-y-2": "a = b; c", "upload-id": upload.id}
    assert kept.headers is not None
    assert kept.headers.placement == Profile("default", **FULL).rules.placement
    assert kept.headers.content_disposition == content_disposition(upload.filename, "inline")
    assert world.store.retained_until(kept.head.key) == world.time + YEAR
    assert world.store.delete(kept.head.key) is not None


def test_parts_that_are_joined_in_place_begin_with_it() -> None:
    """Their lock comes with the confirmation: its time counts from then, and nothing that may have to go has one."""
    world = World(profile=Profile("default", **FULL))
    asked = UploadRequest("a.png", "image/png", len(FIRST), method=Method.MULTIPART)
    upload = world.service.create(OWNER, asked).upload
    assert upload.arrival_key == upload.key
    world.time += timedelta(minutes=5)
    [part] = world.multiparts.sign(upload, [1], world.time)
    assert world.store.send(part.url, part.headers, FIRST).status == 200
    kept = confirmed(world, upload)
    assert kept.headers is not None
    assert kept.headers.content_disposition == "inline; filename=\"a.png\"; filename*=UTF-8''a.png"
    assert world.store.retained_until(upload.key) == world.time + YEAR


@pytest.mark.parametrize("multipart", [False, True])
def test_a_store_that_takes_no_lock(multipart: bool) -> None:
    """The upload is rejected with the reason, and its bytes are removed: nothing is confirmed otherwise."""
    world = World(profile=Profile("default", **FULL))

    def refuse() -> None:
        raise PlacementRefused("The store does not support this placement.", 60, refused=True)

    world.once("finish", refuse)
    asked = UploadRequest("a.png", "image/png", len(FIRST), method=Method.MULTIPART if multipart else None)
    upload = world.service.create(OWNER, asked).upload
    if multipart:
        [part] = world.multiparts.sign(upload, [1], world.time)
        world.store.send(part.url, part.headers, FIRST)
    else:
        world.post(upload)
    after = world.work(upload)
    assert after.reason is not None
    assert (after.state, after.reason.code) == (UploadState.REJECTED, "placement_refused")
    assert world.store.keys() == []


def test_a_bucket_that_is_known_to_have_no_lock() -> None:
    """Nobody sends bytes for nothing; other profiles go on."""
    world = World(profile=Profile("default", legal_hold=True))
    world.store._capabilities = Capabilities(object_lock=False)
    with pytest.raises(PlacementRefused, match="no Object Lock"):
        world.create()
    assert world.service.create(OWNER, UploadRequest("a", "image/png", 1, profile="avatar")).upload


@pytest.mark.parametrize("method", [None, Method.PUT])
def test_a_bucket_is_asked_before_the_first_put(method: Method | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a header that nobody signed could lock what is sent: no PUT while nobody knows, and none where it could."""
    unknown = Capabilities(post=False, heeds_unsigned=True)
    world = World(capabilities=unknown)
    asked = UploadRequest("a.png", "image/png", len(FIRST), method=method)

    def fail() -> None:
        raise StoreUnavailable("The store does not answer.", 5)

    monkeypatch.setattr(world.store, "learn", fail)
    with pytest.raises(StoreUnavailable):
        world.service.create(OWNER, asked)

    def learn() -> None:
        world.store._capabilities = replace(unknown, object_lock=True)

    monkeypatch.setattr(world.store, "learn", learn)
    world.time += RETRY_INTERVAL
    if method is None:
        assert world.service.create(OWNER, asked).upload.method is Method.MULTIPART
    else:
        with pytest.raises(MethodNotSupported):
            world.service.create(OWNER, asked)


def test_a_form_asks_the_bucket_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can have no header: a store that is down hinders no grant of one."""
    world = World(capabilities=Capabilities(heeds_unsigned=True))
    monkeypatch.setattr(world.store, "learn", lambda: pytest.fail("it is asked"))
    assert world.create().method is Method.POST


def test_nothing_but_what_is_confirmed_is_locked() -> None:
    """Neither the copy that somebody made for nothing, nor what was checked and found to be bad."""
    world = World(profile=Profile("default", scan=True, **FULL))
    upload = world.create()
    world.post(upload)
    world.work(upload)
    after = world.judge(upload, FIRST, clean=False)
    assert after.state is UploadState.REJECTED
    world.check_settled()
    assert world.store.keys() == []


def test_nothing_is_locked_that_was_erased_while_it_was_copied() -> None:
    """Nobody could remove it for years."""
    world = World(profile=Profile("default", **FULL))
    upload = world.create()
    world.post(upload)

    def erase() -> None:
        world.service.erase(OWNER, upload.owner)
        assert next(world.eraser.run()).state is not ErasureState.DONE
        world.post(upload)  # the same bytes, as the store may still have them for a copy that it has begun

    world.once("copy final", erase)
    assert world.work(upload).state is UploadState.REJECTED
    for _ in range(5):
        world.time += timedelta(days=1)
        states = [job.state for job in world.eraser.run()]
        if states and states[-1] is not ErasureState.RUNNING:
            break
    assert states[-1] is ErasureState.DONE
    assert world.store.keys() == []


def test_of_two_copies_only_the_one_that_is_confirmed_is_locked() -> None:
    """Whoever was so slow that somebody else has made another one leaves nothing that cannot be removed."""
    world = World(profile=Profile("default", **FULL), capabilities=Capabilities(batch_delete=True))
    upload = world.create()
    world.post(upload)

    def be_faster() -> None:
        world.time += timedelta(minutes=5)
        assert world.work(upload).state is UploadState.CONFIRMED

    world.once("copy final", be_faster)
    after = world.work(upload)
    world.confirmation.remove_waiting()
    assert after.object is not None
    assert (after.pins, after.object.key, world.store.keys()) == (2, after.object.key, [after.object.key])


def test_what_is_checked_has_none_of_it() -> None:
    """In quarantine nothing is locked, as what is rejected has to go."""
    placement = Profile("p", sse="AES256", **FULL).rules.placement
    assert placement.while_it_is_checked == Placement(sse="AES256")


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [
        ("image/png", True),
        ("IMAGE/PNG", True),
        ("text/plain; charset=utf-8", True),
        ("application/pdf", True),
        ("video/mp4", True),
        ("text/html", False),
        ("image/svg+xml", False),
        ("application/xhtml+xml", False),
        ("audio/x+xml", False),
        ("text/xml", False),
        ("text/javascript", False),
        ("application/octet-stream", False),
        ("image/png,text/html", False),
        ("text/plain,text/html", False),
        ("", False),
    ],
)
def test_only_what_cannot_run_is_shown(content_type: str, shown: bool) -> None:
    """A profile that says `inline` shows no page that a client wrote."""
    assert is_safe_to_show(content_type) is shown
    said = headers(content_type=content_type, content_disposition="inline").content_disposition
    assert said is not None
    assert said.startswith("inline;" if shown else "attachment;")


@given(st.text(max_size=2000))
def test_no_name_ends_the_header(name: str) -> None:
    """Whatever a client calls its file: one line of printable ASCII that S3 keeps, with the end of the name in it."""
    said = headers(name.encode("utf-8", "replace").decode(), content_disposition="attachment").content_disposition
    assert said is not None
    assert re.fullmatch(r"attachment; filename=\"[A-Za-z0-9._-]{1,100}\"; filename\*=UTF-8''[A-Za-z0-9%._~-]+", said)
    assert len(said) < MAX_STORED_DISPOSITION + 200
    kept = unquote(said.partition("UTF-8''")[2])
    assert (name or "file").encode("utf-8", "replace").decode().endswith(kept)


class _Sent(Exception):
    """The request that botocore was about to send."""


@pytest.mark.parametrize(
    "profile",
    [
        {},
        FULL,
        {"storage_class": "STANDARD_IA", "sse": "aws:kms", "sse_kms_key_id": "alias/k"},
        {"tags": {"a": "", "b/c@d": "=", "e": "é"}},
    ],
)
@pytest.mark.parametrize("call", ["copy_object", "create_multipart_upload", "put_object"])
def test_both_writings_of_it_are_the_same(profile: dict[str, Any], call: str) -> None:
    """The plain headers are those that boto3 makes of its parameters."""
    client: Any = boto3.Session("k", "s").client("s3", region_name="us-east-1")
    seen: dict[str, str] = {}

    def look(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        seen.update(
            (name.lower(), value.decode() if isinstance(value, bytes) else value)
            for name, value in dict[str, Any](request.headers).items()
        )
        raise _Sent

    client.meta.events.register("before-send.s3", look)
    source = {"CopySource": "b/k"} if call == "copy_object" else {}
    with pytest.raises(_Sent):
        getattr(client, call)(Bucket="b", Key="k", **source, **written(headers(**profile)))
    ours = plain_headers(headers(**profile))
    assert {name: seen[name] for name in ours} == ours
    named = ("x-amz-meta-", "x-amz-object-lock-", "x-amz-server-side", "x-amz-tagging", "x-amz-storage", "cache-")
    assert {name for name in seen if name.startswith(named)} <= ours.keys()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cache_control": "max-age=1\r\nSet-Cookie: a=b"}, "cache_control"),
        ({"cache_control": "öffentlich"}, "cache_control"),
        ({"cache_control": " no-store"}, "cache_control"),
        ({"cache_control": "no-store,  private"}, "cache_control"),
        ({"cache_control": ""}, "cache_control"),
        ({"cache_control": "x" * 257}, "256"),
        ({"content_disposition": "attachment; filename=x"}, "content_disposition"),
        ({"content_disposition": ""}, "content_disposition"),
        ({"tags": {str(number): "" for number in range(11)}}, "at most 10"),
        ({"tags": {"": "x"}}, "1 to 128"),
        ({"tags": {"x" * 129: ""}}, "1 to 128"),
        ({"tags": {"x": "y" * 257}}, "256"),
        ({"tags": {"a&b": "c"}}, "letters"),
        ({"tags": {"a": "b\n"}}, "letters"),
        ({"tags": {"a": " b"}}, "letters"),
        ({"tags": {"AWS:cost": "c"}}, "reserved by Amazon"),
        ({"object_metadata": {"upload-id": "another"}}, "reserved by valetkey"),
        ({"object_metadata": {"Upload-Id": "another"}}, "lower-case letters"),
        ({"object_metadata": {"a: b": "c"}}, "lower-case letters"),
        ({"object_metadata": {"": "c"}}, "lower-case letters"),
        ({"object_metadata": {"made_by": "c"}}, "lower-case letters"),
        ({"object_metadata": {"made.by": "c"}}, "lower-case letters"),
        ({"object_metadata": {"a": "b\r\nc: d"}}, "printable"),
        ({"object_metadata": {"a": "é"}}, "printable"),
        ({"object_metadata": {"a": ""}}, "printable"),
        ({"object_metadata": {"a": "x" * 2003}}, "2003 bytes"),
        ({"sse": "aws:kms", "sse_kms_key_id": "key\n"}, "without spaces"),
        ({"sse": "aws:kms", "sse_kms_key_id": ""}, "without spaces"),
        ({"storage_class": "COLD STORE"}, "without spaces"),
        ({"storage_class": "KÄLTE"}, "without spaces"),
        ({"lock_mode": "GOVERNANCE"}, "both"),
        ({"lock_for": YEAR}, "both"),
        ({"lock_mode": "SOFT", "lock_for": YEAR}, "COMPLIANCE"),
        ({"lock_mode": "GOVERNANCE", "lock_for": timedelta(hours=1)}, "1 day"),
        ({"lock_mode": "GOVERNANCE", "lock_for": timedelta(days=36_501)}, "36500 days"),
        ({"lock_mode": "GOVERNANCE", "lock_for": YEAR, "keep_for": timedelta(days=364)}, "not be shorter"),
        ({"lock_mode": "GOVERNANCE", "lock_for": YEAR, "claim_within": timedelta(days=1)}, "not be shorter"),
        ({"legal_hold": True, "keep_for": YEAR}, "legal_hold"),
    ],
)
def test_what_s3_would_not_take_is_refused_at_the_start(wrong: dict[str, Any], said: str) -> None:
    """With a sentence that names it; so a broken header never waits for the first upload."""
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        Profile("p", **wrong)


def test_the_largest_that_s3_takes() -> None:
    """Ten tags of the longest, and 2 KB of metadata with our own."""
    tags = {f"{number}" + "é" * 127: "ü" * 256 for number in range(10)}
    assert Profile("p", tags=tags, object_metadata={"a": "x" * 2002}, cache_control="x" * 256)
    assert Profile("p", lock_mode="GOVERNANCE", lock_for=YEAR, keep_for=YEAR)
