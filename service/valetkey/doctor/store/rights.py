"""Checks of the rights that the service needs: each is tried, and missing ones are named as in IAM."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import quarantine_key
from valetkey.doctor.findings import Finding, failed, passed, skipped, warned
from valetkey.doctor.probes import new_probe_id
from valetkey.doctor.store.writing import CONTENT, arguments, put_probe, read_object
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import CallResult, attempt

EXTRA = {"s3:ListBucketMultipartUploads", "s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration"}
"""Rights that confirmation does not need, but other tasks do."""


LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class RightsReport:
    """The results of calls: ``missing`` maps each missing right to its places, ``unsure`` to other responses."""

    missing: dict[str, list[str]] = field(default_factory=dict)
    unsure: dict[str, list[str]] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)

    def note(self, right: str, where: str, found: CallResult) -> bool:
        """Records the result of a call that needs ``right``, which is also proven by a "not found"."""
        if found.ok or found.absent:
            self.there.add(right)
        elif found.denied:
            places = self.missing.setdefault(right, [])
            places.extend([] if where in places else [where])
        else:
            self.unsure.setdefault(right, []).append(f"{where}: {found.said}")
        return found.ok


def areas(visit: Visit) -> Mapping[str, str]:
    """A key in each place that the service writes to, by the place's name."""
    unique = new_probe_id()
    found = {
        f"{visit.staging}*": f"{visit.staging}{unique}",
        f"{visit.quarantine}*": quarantine_key(unique, 0, visit.staging_prefix),
    }
    for profile in visit.profiles.values():
        key = visit.prefix + profile.object_key(unique, "doctor.png", "doctor", datetime.now(UTC))
        found.setdefault(_area_of(visit, profile), key)
    return found


def _area_of(visit: Visit, profile: Profile) -> str:
    """The name of the place of a profile's final keys."""
    return f"{visit.prefix}{profile.template.prefix}*"


def rights(visit: Visit) -> Iterator[Finding]:
    """Each call that the service makes, in each place that it uses."""
    _ = visit.store
    report = RightsReport()
    _try_bucket(visit, report)
    for where, key in areas(visit).items():
        visit.probes.add(key)
        _try_object(visit, report, where, key)
        _try_multipart(visit, report, where, key)
    yield from _verdicts(report)


def _try_object(visit: Visit, report: RightsReport, where: str, key: str) -> None:
    client, at = visit.client, {"Bucket": visit.bucket, "Key": key}
    written = attempt(client.put_object, **at, Body=CONTENT, **arguments(visit, key, CONTENT))
    is_there = report.note("s3:PutObject", where, written)
    if is_there and visit.keeps_versions is not False:
        _try_version(visit, report, where, key, written)
    for profile in visit.profiles.values() if is_there else ():
        if where == _area_of(visit, profile):
            _try_placement(visit, report, where, key, profile.rules.placement)
    report.note("s3:GetObject", where, attempt(client.get_object, **at))
    found = attempt(client.delete_object, **at)
    gone = report.note("s3:DeleteObject", where, found)
    if is_there and gone and attempt(client.head_object, **at).ok:
        report.unsure.setdefault("s3:DeleteObject", []).append(f"{where}: {found.said}, but the object still exists")


def _try_multipart(visit: Visit, report: RightsReport, where: str, key: str) -> None:
    client, at = visit.client, {"Bucket": visit.bucket, "Key": key}
    created = attempt(client.create_multipart_upload, **at)
    if created.ok:
        at["UploadId"] = visit.probes.add_multipart(key, created.answer["UploadId"])
    else:
        report.note("s3:PutObject", where, created)
        at["UploadId"] = "doctor"
    listed = attempt(client.list_parts, **at)
    if created.ok or listed.denied:  # a made-up upload id proves nothing else
        report.note("s3:ListMultipartUploadParts", where, listed)
    ended = attempt(client.abort_multipart_upload, **at)
    if created.ok or ended.denied:
        report.note("s3:AbortMultipartUpload", where, ended)
    if created.ok and ended.ok and listed.ok and attempt(client.list_parts, **at).ok:
        report.unsure.setdefault("s3:AbortMultipartUpload", []).append(f"{where}: {ended.said}, but parts still exist")
    if created.ok and (listed.ok or listed.unsupported):
        visit.learned["list_parts"] = listed.ok


def _try_bucket(visit: Visit, report: RightsReport) -> None:
    client, at = visit.client, {"Bucket": visit.bucket}
    staging = {**at, "Prefix": visit.staging}
    report.note("s3:ListBucket", "the bucket", attempt(client.list_objects_v2, **staging, MaxKeys=1))
    report.note("s3:ListBucketMultipartUploads", "the bucket", attempt(client.list_multipart_uploads, **staging))
    found = attempt(client.get_bucket_versioning, **at)
    report.note("s3:GetBucketVersioning", "the bucket", found)
    visit.keeps_versions = "Status" in found.answer if found.ok else None
    if visit.keeps_versions:
        listed = attempt(client.list_object_versions, **staging, MaxKeys=1)
        report.note("s3:ListBucketVersions", "the bucket", listed)
    lock = attempt(client.get_object_lock_configuration, **at)
    if lock.denied:  # most buckets have none, and report that as an error
        report.note("s3:GetBucketObjectLockConfiguration", "the bucket", lock)


def _try_version(visit: Visit, report: RightsReport, where: str, key: str, written: CallResult) -> None:
    """Calls on one version of the object just written; the bucket may not reveal that it keeps versions."""
    client, at = visit.client, {"Bucket": visit.bucket, "Key": key}
    version = written.answer.get("VersionId")
    if version is None:  # Ceph RGW 16 does not return it
        listed = attempt(client.list_object_versions, Bucket=visit.bucket, Prefix=key)
        version = next((one["VersionId"] for one in (listed.answer or {}).get("Versions", [])), None)
    if version in {None, "null"}:
        return
    report.note("s3:GetObjectVersion", where, attempt(client.get_object, **at, VersionId=version))
    removed = attempt(client.delete_object, **at, VersionId=version)
    if removed.denied and visit.store.capabilities.part_checksums:
        return  # retained, which is not a missing right
    report.note("s3:DeleteObjectVersion", where, removed)
    put_probe(visit, key)


def _try_placement(visit: Visit, report: RightsReport, where: str, key: str, placement: Placement) -> None:
    """The separate calls that set a profile's tags and locks. Nothing is retained by them: the hold that is removed
    does not exist, and a past retention is refused, with another error if the right is missing."""
    client, at = visit.client, {"Bucket": visit.bucket, "Key": key}
    if placement.tags:
        tags = {"TagSet": [{"Key": name, "Value": value} for name, value in placement.tags]}
        report.note("s3:PutObjectTagging", where, attempt(client.put_object_tagging, **at, Tagging=tags))
    lock = placement.lock
    if lock is not None and lock.mode is not None:
        over = {"Mode": lock.mode, "RetainUntilDate": LONG_AGO}
        found = attempt(client.put_object_retention, **at, Retention=over)
        report.note("s3:PutObjectRetention", where, replace(found, answer={}) if found.unsupported else found)
    if lock is not None and lock.legal_hold:
        found = attempt(client.put_object_legal_hold, **at, LegalHold={"Status": "OFF"})
        report.note("s3:PutObjectLegalHold", where, found)


def _verdicts(report: RightsReport) -> Iterator[Finding]:
    if report.missing and not report.there:  # one line in place of a dozen
        action = f"Check whether VALETKEY_BUCKET is yours; if it is, grant {', '.join(sorted(report.missing))}."
        yield failed(
            "rights",
            "Everything is refused in this bucket: it is somebody else's, or the key has no right at all.",
            action,
        )
        return
    for right, places in sorted(report.missing.items()):
        say = warned if right in EXTRA else failed
        action = f"Grant {right} on {', '.join(places)}."
        yield say("rights", f"{right} is missing on {', '.join(places)}.", action)
    for right, answers in sorted(report.unsure.items()):
        if right == "s3:ListMultipartUploadParts" and "NotImplemented" in answers[0]:
            action = "Nothing to do: valetkey refuses multipart uploads here, as parts could not be verified."
            yield warned("list-parts", f"The store cannot list parts ({answers[0]}).", action)
        elif right == "s3:ListBucketMultipartUploads":
            action = "A lifecycle rule has to abort unfinished multipart uploads: the sweep cannot find them."
            yield warned("list-multiparts", f"Unfinished multipart uploads cannot be listed ({answers[0]}).", action)
        elif right in EXTRA:
            yield skipped("rights", f"{right} cannot be known: {answers[0]}.")
        else:
            yield warned("rights", f"{right}: {'; '.join(answers)}.", "Check the store's responses.")
    if not report.missing and report.there:
        yield passed("rights", f"All {len(report.there)} rights that the service uses are granted.")


def listing(visit: Visit) -> Iterator[Finding]:
    """Whether a listing respects its prefix, which the sweep's removals depend on."""
    _ = visit.store
    wanted, other = put_probe(visit), put_probe(visit)
    found = attempt(visit.client.list_objects_v2, Bucket=visit.bucket, Prefix=wanted)
    if not found.ok:
        yield skipped("listing", f"The bucket cannot be listed: {found.said}.")
        return
    keys = [one["Key"] for one in found.answer.get("Contents", [])]
    if wanted not in keys:
        yield failed(
            "listing", "An object that was just written is not listed.", "The sweep cannot work: use another store."
        )
    elif other in keys or [key for key in keys if not key.startswith(wanted)]:
        action = "valetkey compares each key before it removes it, but reads the whole bucket: use another store."
        yield failed("listing", "A listing ignores its prefix.", action)
    else:
        yield passed("listing", "A listing respects its prefix, and contains new objects.")


def delete_many(visit: Visit) -> Iterator[Finding]:
    """Whether one call removes several objects."""
    _ = visit.store
    keys = [put_probe(visit), put_probe(visit)]
    wanted = {"Objects": [{"Key": key} for key in keys], "Quiet": False}
    found = attempt(visit.client.delete_objects, Bucket=visit.bucket, Delete=wanted)
    left = [key for key in keys if read_object(visit, key).there]
    visit.learned["batch_delete"] = found.ok and not left
    if found.ok and not left:
        yield passed("delete-many", "DeleteObjects removes several objects by one call.")
    else:
        said = found.said if not found.ok else f"200, but {len(left)} of 2 objects still exist"
        yield warned("delete-many", f"DeleteObjects does not work: {said}.", "Nothing to do: they go one by one.")
