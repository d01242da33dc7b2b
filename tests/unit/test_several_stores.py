"""Several stores in one installation: which one an upload goes to and stays in."""

from dataclasses import replace

import pytest
from tests.unit.memory_world import FIRST, OWNER, md5
from tests.unit.two_stores import PROFILES, Installation

from valetkey.adapters.memory import MemoryStore
from valetkey.core.errors import (
    StoreUnavailable,
)
from valetkey.core.events.event import EventCounts, ScanEvent
from valetkey.core.granting.grants import MultipartGrant, PostGrant
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.multipart import MIB
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import UploadState
from valetkey.core.stores import NamedStore


@pytest.fixture
def both() -> Installation:
    return Installation()


def test_uploads_end_under_the_bucket_of_their_profile(both: Installation) -> None:
    """What no profile says goes to `default`; each is confirmed there, and nowhere else."""
    here, there = both.arrived("default"), both.arrived("docs")
    assert [(one.store, one.bucket) for one in (here, there)] == [("default", "bucket-eu"), ("us", "bucket-us")]
    for one in (here, there):
        assert both.service.complete(OWNER, one.id).state is UploadState.CONFIRMED
    assert both.eu.keys() == [here.key]
    assert both.us.keys() == [there.key]


def test_events_of_both_confirm(both: Installation) -> None:
    """Also in one delivery."""
    assert both.event(both.arrived("default"), both.arrived("docs")) == EventCounts(confirmed=2)


def test_an_owner_goes_before_a_profile(both: Installation) -> None:
    """Where its rule names a store: else the profile's counts."""
    both.choose = lambda owner, profile: "default" if owner == "acme" and profile == "docs" else None
    both.restart()
    assert both.create("docs", "acme").store == "default"
    assert both.create("docs", "globex").store == "us"
    assert both.create("default", "acme").store == "default"


def test_a_rule_that_names_no_store_of_ours(both: Installation) -> None:
    """A function of the application may do that at any time: a sentence, and nothing is created."""
    both.choose = lambda owner, profile: "mars"
    both.restart()
    with pytest.raises(StoreUnavailable, match="'mars', which is not configured"):
        both.create()
    assert both.ledger._uploads == {}


def test_an_upload_stays_with_its_store(both: Installation) -> None:
    """Whatever its owner's rule, or its profile, says later."""
    upload = both.arrived("docs")
    both.choose = lambda owner, profile: "default"
    both.profiles = {"default": Profile("default"), "docs": Profile("docs", store="default")}
    both.restart()
    assert both.create("docs").store == "default"
    assert both.service.complete(OWNER, upload.id).state is UploadState.CONFIRMED
    assert both.us.keys() == [upload.key]
    assert both.service.download(OWNER, upload.id).url.startswith("memory://bucket-us/")
    assert both.service.open(OWNER, upload.id).read() == FIRST
    assert both.service.where(upload) == f"memory://bucket-us/{upload.key}".replace(" ", "%20")


def test_a_cdn_has_what_is_in_the_store_of_its_profile(both: Installation) -> None:
    """What a rule brought elsewhere, or what began on another store, is not behind it."""
    both.profiles = {"default": Profile("default", download_base_url="https://cdn.example")}
    both.choose = lambda owner, _: "us" if owner == "acme" else None
    both.restart()
    here, there = both.arrived("default"), both.arrived("default", owner="acme")
    urls = {}
    for one in (here, there):
        both.service.complete(OWNER, one.id)
        urls[one.store] = both.service.download(OWNER, one.id).url
    assert urls["default"] == f"https://cdn.example/{here.key}"
    assert urls["us"].startswith("memory://bucket-us/")
    both.profiles = {"default": replace(both.profiles["default"], store="us")}
    both.restart()
    assert both.service.download(OWNER, here.id).url.startswith("memory://bucket-eu/")
    assert both.service.download(OWNER, there.id).url == f"https://cdn.example/{there.key}"


def test_the_capabilities_are_those_of_its_store(both: Installation) -> None:
    """One store takes no forms, the other one does."""
    both.us = MemoryStore("bucket-us", clock=both.now, capabilities=Capabilities(post=False))
    both.restart()
    assert [both.create(one).method for one in ("default", "docs")] == ["post", "put"]


def test_parts_go_to_their_store(both: Installation) -> None:
    """From the start of a multipart upload to its join."""
    upload = both.create("parts", size=6 * MIB)
    granted = both.service.renew(OWNER, upload.id).grant
    assert isinstance(granted, MultipartGrant)
    for part in granted.parts:
        assert part.size is not None
        assert both.us.send(part.url, part.headers, b"x" * part.size).status == 200
    assert len(both.service.parts(OWNER, upload.id)[1]) == 2
    done = both.service.complete(OWNER, upload.id)
    assert (done.state, both.us.keys()) == (UploadState.CONFIRMED, [upload.key])
    both.service.remove(OWNER, upload.id)
    assert both.us.keys() == []


def test_prefixes_are_kept_with_the_upload(both: Installation) -> None:
    """Before `staging/` and `quarantine/`, and before final keys: also when the store has others by then."""
    both.profiles = {"default": Profile("default"), "scanned": Profile("scanned", store="us", scan=True)}
    theirs = NamedStore("us", both.us, prefix="acme/", staging_prefix="incoming/acme/")
    both.restart(NamedStore("default", both.eu), theirs)
    upload = both.arrived("scanned")
    assert both.us.keys() == [f"incoming/acme/staging/{upload.id}"]
    both.event(upload)
    both.restart()
    key = f"incoming/acme/quarantine/{upload.id}/1"
    clean = ScanEvent("bucket-us", key, md5(FIRST), clean=True)
    assert both.service.observe([clean]) == EventCounts(confirmed=1)
    assert both.us.keys() == [f"acme/uploads/{upload.id}/a_photo.png"]


def test_the_key_of_a_store_encrypts(both: Installation) -> None:
    """What no profile has encrypted otherwise; that is kept with the upload as its other rules are."""
    both.profiles = {
        "default": Profile("default", storage_class="STANDARD_IA"),
        "own": Profile("own", sse="aws:kms", sse_kms_key_id="theirs"),
        "plain": Profile("plain", sse="AES256"),
    }
    both.restart(NamedStore("default", both.eu, kms_key_id="ours"))
    made = {name: both.create(name).rules for name in both.profiles}
    placed = {
        name: (rules.placement.sse, rules.placement.sse_kms_key_id) for name, rules in made.items() if rules is not None
    }
    assert placed == {"default": ("aws:kms", "ours"), "own": ("aws:kms", "theirs"), "plain": ("AES256", None)}
    assert made["default"] is not None
    assert made["default"].placement.storage_class == "STANDARD_IA"
    assert made["default"].expires_in == PROFILES["default"].expires_in


def test_buckets_of_one_name_at_two_endpoints(both: Installation) -> None:
    """The id tells whose object it is, and where senders are named, only theirs are heard."""
    eu, us = MemoryStore("shared", clock=both.now), MemoryStore("shared", clock=both.now)
    both.eu, both.us = eu, us
    ours = NamedStore("default", eu, endpoint="https://one", senders=frozenset({"ceph"}))
    both.restart(ours, NamedStore("us", us, endpoint="https://two", senders=frozenset({"minio"})))
    here, there = both.create("default"), both.create("docs")
    for one, store in ((here, eu), (there, us)):
        grant = both.service.renew(OWNER, one.id).grant
        assert isinstance(grant, PostGrant)
        assert store.post(list(grant.fields.items()), FIRST).status == 201
    assert both.event(here, there, sender="minio") == EventCounts(confirmed=1, ignored=1)
    assert [both.state(here), both.state(there)] == [UploadState.PENDING, UploadState.CONFIRMED]
    assert both.event(here, there, sender="ceph") == EventCounts(confirmed=1, ignored=1)
    assert (eu.keys(), us.keys()) == ([here.key], [there.key])


def test_a_verdict_on_a_bucket_by_its_other_name(both: Installation, caplog: pytest.LogCaptureFixture) -> None:
    """It counts where the name is set; else it is about another bucket, where somebody may have a clean file with the
    same key and MD5. The log says what to set."""
    upload = both.arrived("scanned")
    both.event(upload)
    verdict = ScanEvent("bucket-itself", f"quarantine/{upload.id}/1", md5(FIRST), clean=True)
    assert both.service.observe([verdict]) == EventCounts(ignored=1)
    assert both.state(upload) is UploadState.STORED
    assert "'bucket-itself'" in caplog.text
    assert "VALETKEY_EVENTS_BUCKET" in caplog.text
    both.restart(NamedStore("default", both.eu), NamedStore("us", both.us, events_bucket="bucket-itself"))
    assert both.service.observe([verdict]) == EventCounts(confirmed=1)


def test_a_verdict_of_anothers_sender_counts_for_nothing(both: Installation) -> None:
    """Whoever runs one store's sender cannot call clean what is in another one's quarantine."""
    trusted = NamedStore("us", both.us, senders=frozenset({"eventbridge"}))
    both.restart(NamedStore("default", both.eu), trusted)
    upload = both.arrived("scanned")
    both.event(upload, sender="eventbridge")
    verdict = ScanEvent("bucket-us", f"quarantine/{upload.id}/1", md5(FIRST), clean=True)
    assert both.service.observe([verdict], sender="ceph") == EventCounts(ignored=1)
    assert both.state(upload) is UploadState.STORED
    assert both.service.observe([verdict], sender="eventbridge") == EventCounts(confirmed=1)
