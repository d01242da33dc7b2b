"""`valetkey doctor` on Ceph RGW: it finds nothing wrong with a well configured bucket, and names each fault."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.doctors import DEFAULT, line, lines, report, visit
from tests.support.ledgers import migrated
from tests.support.store_proxy import Quirk, quirky
from tests.support.store_quirks import (
    ComparesBeforeItCopies,
    CopiesGetAnotherETag,
    DateIsOff,
    Drops,
    Fails,
    GoHeaderCase,
    IgnoresCopyConditions,
    IgnoresPrefix,
    LiesOfRefusals,
    RefusesUrls,
    SaysErrorWith200,
    TakesUnsigned,
    WantsChecksums,
    WeakETags,
    WrongRegion,
    no_list_multiparts,
    no_list_parts,
    refuses_if_none_match,
    refuses_storage_class,
)
from tests.support.stores import Bucket, Rgw, S3Server, fresh_bucket

from valetkey.core.model.profile import Profile
from valetkey.doctor.findings import Level, Report
from valetkey.doctor.fixing import changes

ORIGIN = "https://app.example"
COLD = {"default": Profile("default"), "cold": Profile("cold", storage_class="GLACIER")}


def names(bucket: Bucket) -> list[str]:
    """All that is in it."""
    pages = bucket.client.get_paginator("list_object_versions").paginate(Bucket=bucket.name)
    return [one["Key"] for page in pages for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]]


def test_a_bucket_that_is_set_up_is_healthy(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """After --fix has set what was missing nothing fails, what RGW is known for is told, and nothing stays behind."""
    first = visit(rgw_bucket, tmp_path, cors_origins=(ORIGIN,))
    with migrated(first.settings.database_url):
        before = report(first, "ledger", "store", "cors")
        assert line(before, "cors").level is Level.FAIL
        assert [change.apply().ok for change in changes(first, before.findings)] == [True, True]
        found = report(visit(rgw_bucket, tmp_path, cors_origins=(ORIGIN,)), "ledger", "store", "cors")
    assert [one for one in found.findings if one.level is Level.FAIL] == []
    told = {one.check for one in found.findings if one.level is Level.WARN}
    assert told - {"latency"} == {"worker", "checksums"}
    assert [line(found, check).level for check in ("cors", "lifecycle-staging", "lifecycle-parts")] == [Level.PASS] * 3
    assert line(found, "enforcement").level is Level.PASS
    assert found.capabilities == {
        "post": True,
        "conditional_put": True,
        "list_parts": True,
        "parts_end_with_join": True,
        "part_checksums": False,
        "conditional_copy": True,
        "atomic_copy": True,
        "copies_keep_etag": True,
        "batch_delete": True,
    }
    assert names(rgw_bucket) == []
    assert "Uploads" not in rgw_bucket.client.list_multipart_uploads(Bucket=rgw_bucket.name)


@dataclass(frozen=True)
class Broken:
    """A store with these quirks, and the line that names them."""

    quirks: Callable[[], Sequence[Quirk]]
    check: str
    level: Level
    words: str
    learned: tuple[str, bool] | None = None
    checks: tuple[str, ...] = ()
    cold: bool = False


BROKEN = {
    "another region": Broken(lambda: [WrongRegion("eu-west-9")], "reach", Level.FAIL, "VALETKEY_S3_REGION=eu-west-9"),
    "another region, which boto3 follows": Broken(
        lambda: [WrongRegion("garage", element=True)], "region", Level.FAIL, "VALETKEY_S3_REGION=garage"
    ),
    "signed URLs are refused": Broken(lambda: [RefusesUrls()], "region", Level.WARN, "403 SignatureDoesNotMatch"),
    "nobody may know of a lock": Broken(
        lambda: [Fails("OTHER", 403, "AccessDenied")],
        "object-lock",
        Level.WARN,
        "Grant s3:GetBucketObjectLockConfiguration",
    ),
    "a lock that is not told": Broken(
        lambda: [Fails("OTHER", 400, "InvalidRequest")],
        "object-lock",
        Level.WARN,
        "400 InvalidRequest. Check the store's log",
    ),
    "a lock that is never told": Broken(
        lambda: [Fails("OTHER", 400, "InvalidRequest")], "object-lock", Level.WARN, "set VALETKEY_S3_LACKS=object-lock"
    ),
    "clock": Broken(lambda: [DateIsOff(timedelta(hours=1))], "clock", Level.FAIL, "behind the store's"),
    "ignores the condition of a copy": Broken(
        lambda: [IgnoresCopyConditions()],
        "copy-condition",
        Level.WARN,
        "even if its source",
        ("conditional_copy", False),
    ),
    "copies get another ETag": Broken(
        lambda: [CopiesGetAnotherETag()],
        "copy-etag",
        Level.WARN,
        "another ETag than",
        ("copies_keep_etag", False),
        ("copy",),
    ),
    "a copy is 200 with an error": Broken(lambda: [SaysErrorWith200({"COPY"})], "copy", Level.FAIL, "cannot be copied"),
    "a copy is made and refused": Broken(
        lambda: [LiesOfRefusals({"COPY"})], "copy", Level.WARN, "its response is an error"
    ),
    "a PUT is 200 with an error": Broken(
        lambda: [SaysErrorWith200({"PUT"})], "put", Level.FAIL, "accepts no presigned PUT"
    ),
    "a form is 200 with an error": Broken(
        lambda: [SaysErrorWith200({"FORM"})], "post", Level.WARN, "accepts no presigned POST", ("post", False)
    ),
    "forms are refused": Broken(
        lambda: [Fails("FORM", 501, "NotImplemented")], "post", Level.WARN, "501 NotImplemented", ("post", False)
    ),
    "refusals of what was stored": Broken(
        lambda: [LiesOfRefusals({"FORM"})], "post", Level.WARN, "A good form is stored, but the response is 403"
    ),
    "nothing signed counts": Broken(lambda: [TakesUnsigned()], "put", Level.FAIL, "is enforced: another type"),
    "no ListParts": Broken(
        lambda: [no_list_parts()], "list-parts", Level.WARN, "cannot list", ("list_parts", False), ("parts",)
    ),
    "no ListMultipartUploads": Broken(
        lambda: [no_list_multiparts()], "list-multiparts", Level.WARN, "cannot be listed", None, ("rights",)
    ),
    "no If-None-Match": Broken(
        lambda: [refuses_if_none_match()], "put-once", Level.WARN, "is refused", ("conditional_put", False), ("put",)
    ),
    "wants checksums": Broken(
        lambda: [WantsChecksums()], "put-checksum", Level.WARN, "needs a checksum", ("part_checksums", True), ("put",)
    ),
    "no DeleteObjects": Broken(
        lambda: [Fails("DELETE_MANY", 501, "NotImplemented")], "delete-many", Level.WARN, "501", ("batch_delete", False)
    ),
    "DeleteObjects that does nothing": Broken(
        lambda: [SaysErrorWith200({"DELETE_MANY"})], "delete-many", Level.WARN, "does not work", ("batch_delete", False)
    ),
    "no ETag in HEAD": Broken(lambda: [Drops("ETag")], "head", Level.FAIL, "no ETag"),
    "no metadata in HEAD": Broken(
        lambda: [Drops("x-amz-meta-upload-id")], "head", Level.WARN, "does not show what was written: metadata"
    ),
    "a proxy in Go": Broken(
        lambda: [GoHeaderCase()], "metadata-names", Level.PASS, "X-Amz-Meta-Upload-Id", None, ("head",)
    ),
    "weak ETags": Broken(lambda: [WeakETags()], "etag-weak", Level.PASS, "weak", None, ("head",)),
    "a listing without prefix": Broken(lambda: [IgnoresPrefix()], "listing", Level.FAIL, "ignores its prefix"),
    "a storage class that is refused": Broken(
        lambda: [refuses_storage_class()], "placement", Level.FAIL, "GLACIER (profile cold) is refused", cold=True
    ),
    "a right is missing": Broken(
        lambda: [Fails("DELETE", 403, "AccessDenied", key_prefix="quarantine/")],
        "rights",
        Level.FAIL,
        "s3:DeleteObject is missing on quarantine/*",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named(name: str, rgw_bucket: Bucket, tmp_path: Path) -> None:
    """By a proxy in front of RGW, one thing at a time."""
    broken = BROKEN[name]
    with quirky(rgw_bucket.server, *broken.quirks()) as server:
        bucket = Bucket(rgw_bucket.name, server.client(), server)
        one = visit(bucket, tmp_path, COLD if broken.cold else DEFAULT)
        found = report(one, "machine", "store", checks=broken.checks or (broken.check,))
    named = [each for each in lines(found, broken.check) if each.level is broken.level]
    assert any(broken.words in f"{each.seen} {each.action}" for each in named), json.dumps(found.as_json(), default=str)
    if broken.learned is not None:
        assert found.capabilities[broken.learned[0]] is broken.learned[1]


@pytest.mark.parametrize("has_lock", [False, True])
def test_what_settings_say_of_object_lock(has_lock: bool, rgw: Rgw, tmp_path: Path) -> None:
    """A store that does not tell is believed to have none where they say so; one that has it is told from it."""
    quirks = [] if has_lock else [Fails("OTHER", 400, "InvalidRequest")]
    with fresh_bucket(rgw, ObjectLockEnabledForBucket=has_lock) as bucket, quirky(rgw, *quirks) as server:
        behind = Bucket(bucket.name, server.client(), server)
        found = report(visit(behind, tmp_path, s3_lacks=("object-lock",)), "store", checks=("object-lock",))
    named = line(found, "object-lock")
    assert named.level is (Level.FAIL if has_lock else Level.PASS)
    assert ("Remove object-lock from VALETKEY_S3_LACKS" in named.action) is has_lock


def test_a_store_that_copies_in_steps(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """It compares the condition of a copy, and what it copies then is what is there by then: found by a race."""
    with quirky(rgw_bucket.server, ComparesBeforeItCopies(rgw_bucket.server)) as server:
        bucket = Bucket(rgw_bucket.name, server.client(), server)
        found = report(visit(bucket, tmp_path), "store", checks=("copy-condition", "copy-atomic"))
    assert line(found, "copy-condition").level is Level.PASS
    named = line(found, "copy-atomic")
    assert (named.level, "VALETKEY_S3_LACKS=atomic-copy" in named.action) == (Level.WARN, True)
    assert (found.capabilities["conditional_copy"], found.capabilities["atomic_copy"]) == (True, False)
    assert names(rgw_bucket) == []


@pytest.mark.parametrize("rule", [None, "https://other.example", "no etag"])
def test_cors_that_is_wrong(rule: str | None, rgw_bucket: Bucket, tmp_path: Path) -> None:
    """No rule, one for another origin, and one that hides ETags."""
    if rule is not None:
        rules: Any = {
            "AllowedOrigins": [rule if rule.startswith("https:") else ORIGIN],
            "AllowedMethods": ["POST", "PUT"],
            "AllowedHeaders": ["*"],
        }
        rgw_bucket.client.put_bucket_cors(Bucket=rgw_bucket.name, CORSConfiguration={"CORSRules": [rules]})
    found = line(report(visit(rgw_bucket, tmp_path, cors_origins=(ORIGIN,)), "store", "cors", checks=("cors",)), "cors")
    assert found.level is Level.FAIL
    assert ORIGIN in found.seen
    assert ("the ETag of a PUT is not exposed" if rule == "no etag" else "preflight of a PUT") in found.seen


def test_a_key_that_may_not_write(rgw: Rgw, rgw_bucket: Bucket, tmp_path: Path) -> None:
    """The rights that it lacks are named as IAM has them."""
    server = S3Server(rgw.endpoint_url, *rgw.create_reader(), rgw.region)
    found = report(visit(replace(rgw_bucket, server=server), tmp_path), "store", checks=("rights", "post"))
    missing = " ".join(one.seen for one in lines(found, "rights") if one.level is Level.FAIL)
    assert "s3:PutObject is missing on staging/*, quarantine/*, uploads/*" in missing
    assert "s3:DeleteObject is missing" in missing
    assert "s3:GetObject is missing" not in missing


OBJECTS = [
    *("PutObject", "GetObject", "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts"),
    *("GetObjectVersion", "DeleteObjectVersion", "PutObjectTagging", "PutObjectRetention", "PutObjectLegalHold"),
]
BUCKET = [
    *("ListBucket", "ListBucketMultipartUploads", "GetBucketVersioning", "ListBucketVersions"),
    "GetBucketObjectLockConfiguration",
]
LOCKED = Profile("default", tags={"from": "us"}, lock_mode="GOVERNANCE", lock_for=timedelta(days=1), legal_hold=True)


@dataclass(frozen=True)
class Governed:
    """A bucket with versions and Object Lock, and a user whose rights are those that its policy gives him."""

    bucket: Bucket
    owner: Bucket
    user: str

    def let(self, taken: str | None, *prefixes: str) -> None:
        """Gives him the documented rights, below these ``prefixes`` alone, but for the one that is ``taken``."""
        bucket = f"arn:aws:s3:::{self.bucket.name}"
        objects = [f"{bucket}/{prefix}*" for prefix in prefixes or ("",)]
        who = {"Principal": {"AWS": [self.user]}}
        statements: list[dict[str, Any]] = [
            {"Effect": "Allow", **who, "Action": [f"s3:{one}" for one in OBJECTS], "Resource": objects},
            {"Effect": "Allow", **who, "Action": [f"s3:{one}" for one in BUCKET], "Resource": [bucket]},
        ]
        if taken is not None:  # what he has written he could read by his own ACL
            statements.append({"Effect": "Deny", **who, "Action": [f"s3:{taken}"], "Resource": [*objects, bucket]})
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.owner.client.put_bucket_policy(Bucket=self.bucket.name, Policy=policy)


@pytest.fixture(scope="module")
def governed(rgw: Rgw) -> Iterator[Governed]:
    with fresh_bucket(rgw, ObjectLockEnabledForBucket=True) as bucket:
        access_key, secret_key, user = rgw.create_user()
        server = S3Server(rgw.endpoint_url, access_key, secret_key, rgw.region)
        yield Governed(Bucket(bucket.name, server.client(), server), bucket, user)


def test_all_rights_that_are_documented(governed: Governed, tmp_path: Path) -> None:
    """They are enough for every line about rights."""
    governed.let(None)
    found = report(visit(governed.bucket, tmp_path, {"default": LOCKED}), "store", checks=("rights",))
    assert (
        line(found, "rights").seen == f"All {len(OBJECTS) + len(BUCKET) - 1} rights that the service uses are granted."
    )


def test_a_store_with_prefixes(rgw: Rgw, rgw_bucket: Bucket, tmp_path: Path) -> None:
    """It is tried below them, and nothing is written anywhere else: where it has no right. What --fix sets is beside
    the rules of another store in the bucket."""
    access_key, secret_key, user = rgw.create_user()
    server = S3Server(rgw.endpoint_url, access_key, secret_key, rgw.region)
    mine = Governed(replace(rgw_bucket, server=server), rgw_bucket, user)
    mine.let(None, "acme/", "in/acme/")
    within: Any = {"prefix": "acme/", "staging_prefix": "in/acme/"}
    one = visit(mine.bucket, tmp_path, **within)
    with migrated(one.settings.database_url):
        found = report(one, "ledger", "store")
    assert [each.seen for each in found.findings if each.level is Level.FAIL] == []
    assert "No other installation writes under in/acme/staging/." in line(found, "shared-staging").seen
    assert names(rgw_bucket) == []
    mine.let("PutObject", "acme/", "in/acme/")
    refused = report(visit(mine.bucket, tmp_path, **within), "store", checks=("rights",))
    action = "Grant s3:PutObject on in/acme/staging/*, in/acme/quarantine/*, acme/uploads/*."
    assert action in [each.action for each in lines(refused, "rights")]

    for prefix in ("acme/", "globex/"):
        by_owner = visit(rgw_bucket, tmp_path, prefix=prefix, staging_prefix=f"in/{prefix}")
        lacking = report(by_owner, "store", checks=("lifecycle",))
        [change] = changes(by_owner, lacking.findings)
        assert change.apply().ok
        [mended] = lines(report(by_owner, "store", checks=("lifecycle",)), "lifecycle-staging")
        assert (mended.level, mended.seen) == (Level.PASS, f"in/{prefix}staging/ is cleared after 2 days.")
    s3: Any = rgw_bucket.client
    rules = s3.get_bucket_lifecycle_configuration(Bucket=rgw_bucket.name)["Rules"]
    assert len({rule["ID"] for rule in rules}) == 8
    assert {rule["Filter"]["Prefix"] for rule in rules} == {
        *("in/acme/staging/", "in/acme/quarantine/", "acme/uploads/"),
        *("in/globex/staging/", "in/globex/quarantine/", "globex/uploads/"),
    }


def test_the_rights_that_are_tried_are_those_of_the_manual() -> None:
    """Another one that the service begins to need stands in both, or in none."""
    manual = Path(__file__).parents[2] / "service" / "docs" / "operating.md"
    table = manual.read_text().partition("| right | on |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`s3:(\w+)`", table)) == {*OBJECTS, *BUCKET}


def test_a_profile_that_locks_in_a_bucket_that_cannot(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """It is said before its first upload is rejected."""
    found = report(visit(rgw_bucket, tmp_path, {"default": LOCKED}), "store", checks=("object-lock",))
    assert line(found, "object-lock").level is Level.FAIL
    assert "which profiles require: default" in line(found, "object-lock").seen


@pytest.mark.parametrize("right", [*OBJECTS, *BUCKET])
def test_a_right_that_is_taken_away(right: str, governed: Governed, tmp_path: Path) -> None:
    """Each of the documented ones is named, on each place that lacks it."""
    governed.let(right)
    found = report(visit(governed.bucket, tmp_path, {"default": LOCKED}), "store", checks=("rights",))
    said = [one for one in lines(found, "rights") if one.seen.startswith(f"s3:{right} is missing on")]
    assert len(said) == 1, [one.seen for one in found.findings]
    on_profiles_only = right.startswith("PutObject") and right != "PutObject"
    places = ["uploads/*"] if on_profiles_only else ["staging/*", "quarantine/*", "uploads/*"]
    assert all(place in said[0].action for place in places if right in OBJECTS)


def test_a_wrong_key_and_a_wrong_bucket(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """Nothing else is tried, and it is said which of them is wrong."""
    server = replace(rgw_bucket.server, secret_key="x" * 40)
    wrong_key = report(visit(replace(rgw_bucket, server=server), tmp_path), "store")
    assert "AWS_SECRET_ACCESS_KEY" in line(wrong_key, "reach").action
    assert {one.level for one in wrong_key.findings} == {Level.FAIL, Level.SKIP}
    wrong_bucket = report(visit(replace(rgw_bucket, name="no-such-bucket-here"), tmp_path), "store")
    assert "Create the bucket" in line(wrong_bucket, "reach").action


def test_a_region_that_rgw_does_not_mind(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """Requests are taken, so nothing has to be done: what the store calls it is told."""
    found = line(report(visit(rgw_bucket, tmp_path, s3_region="eu-west-9"), "store", checks=("region",)), "region")
    assert found.level is Level.PASS
    assert found.seen.startswith("Requests signed for eu-west-9 are accepted. The store calls it ")


def test_a_public_bucket(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """Where a policy lets anybody read, by a request without any signature."""
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{rgw_bucket.name}/uploads/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    rgw_bucket.client.put_bucket_policy(Bucket=rgw_bucket.name, Policy=policy)
    found = line(report(visit(rgw_bucket, tmp_path), "store", checks=("public-access",)), "public-access")
    assert (found.level, found.seen) == (Level.FAIL, "Anybody can read uploads/*.")


def test_a_versioned_bucket(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """It is told, a rule for old versions is missed, and no version of a probe stays."""
    s3: Any = rgw_bucket.client
    s3.put_bucket_versioning(Bucket=rgw_bucket.name, VersioningConfiguration={"Status": "Enabled"})
    found = report(visit(rgw_bucket, tmp_path), "store")
    assert "keeps versions" in line(found, "versions").seen
    assert line(found, "lifecycle-versions").level is Level.WARN
    assert line(found, "copy-condition").level is Level.PASS
    assert names(rgw_bucket) == []


def test_a_rule_that_removes_what_is_confirmed(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """It is told; and what --fix sets keeps it."""
    rule: Any = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "uploads/"}, "Expiration": {"Days": 30}}
    s3: Any = rgw_bucket.client
    s3.put_bucket_lifecycle_configuration(Bucket=rgw_bucket.name, LifecycleConfiguration={"Rules": [rule]})
    one = visit(rgw_bucket, tmp_path)
    found: Report = report(one, "store", checks=("lifecycle",))
    assert "after 30 days" in line(found, "lifecycle-confirmed").seen
    [change] = changes(one, found.findings)
    assert change.apply().ok
    kept = s3.get_bucket_lifecycle_configuration(Bucket=rgw_bucket.name)["Rules"]
    assert {one["ID"] for one in kept} == {"theirs", "valetkey-staging", "valetkey-parts"}
