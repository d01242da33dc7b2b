"""Checks of the bucket's settings: versions, Object Lock, public access, encryption, and its lifecycle."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from valetkey.adapters.s3.traits import is_denied, says_no_lock
from valetkey.doctor.findings import Finding, Skip, failed, passed, skipped, warned
from valetkey.doctor.store.rights import areas
from valetkey.doctor.store.writing import CONTENT, OTHER, put_probe, read_object
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import CallResult, attempt

STAGING_DAYS = 2
"""After how many days the rule of `--fix` removes unconfirmed objects."""

DENIED = (
    "Remove object-lock from VALETKEY_S3_LACKS: on stores other than AWS a client with a PUT grant could lock its "
    "object for years, and with a default retention writes without a checksum fail."
)

PARTS_DAYS = 7
"""After how many days unfinished multipart uploads are aborted: longer than the lifetime of any grant."""


def versions(visit: Visit) -> Iterator[Finding]:
    """Whether the bucket keeps old versions, and whether our deletions remove them."""
    key = put_probe(visit)
    put_probe(visit, key, OTHER)
    found = attempt(visit.client.list_object_versions, Bucket=visit.bucket, Prefix=key)
    if not found.ok and visit.keeps_versions is not True:
        yield skipped(
            "versions", f"Versions cannot be listed ({found.said}); the bucket does not report that it keeps any."
        )
        return
    kept = [one for one in (found.answer or {}).get("Versions", []) if one["Key"] == key]
    visit.keeps_versions = len(kept) > 1 or bool(visit.keeps_versions)
    if not visit.keeps_versions:
        yield passed("versions", "The bucket keeps no old versions.")
        return
    why = visit.store.delete(key)
    left = attempt(visit.client.list_object_versions, Bucket=visit.bucket, Prefix=key)
    stay = [*(left.answer or {}).get("Versions", []), *(left.answer or {}).get("DeleteMarkers", [])]
    if stay or why:
        action = (
            "Grant s3:ListBucketVersions and s3:DeleteObjectVersion, and have a lifecycle rule remove old versions "
            "below staging/ and quarantine/. Under Object Lock they go when their retention ends."
        )
        yield warned(
            "versions", f"The bucket keeps versions, and {len(stay)} stay after a deletion: {why or ''}", action
        )
    else:
        yield passed("versions", "The bucket keeps versions; those of ours go with their object.")


def object_lock(visit: Visit) -> Iterator[Finding]:
    """Whether objects are retained by default."""
    _ = visit.store
    found = attempt(visit.client.get_object_lock_configuration, Bucket=visit.bucket)
    has_none = "object-lock" in visit.settings.s3_lacks
    # a store that ignores the query responds to another request, such as a list of the bucket (nanio 0.1.7, measured)
    told = (found.answer or {}).get("ObjectLockConfiguration", {}) if found.ok else {}
    has_lock = told.get("ObjectLockEnabled") == "Enabled"
    if has_lock and has_none:
        yield failed("object-lock", "The bucket has Object Lock, and VALETKEY_S3_LACKS=object-lock denies it.", DENIED)
        return
    if not has_lock:
        if not found.ok and not has_none and not says_no_lock(found.status, found.code):
            yield _unknown_lock(found)
        elif lacking := sorted(one.name for one in visit.profiles.values() if one.lock_mode or one.legal_hold):
            action = "Create a bucket with Object Lock for them, or leave lock_mode and legal_hold out."
            seen = f"The bucket has no Object Lock, which profiles require: {', '.join(lacking)}."
            yield failed("object-lock", seen, action)
        else:
            yield passed("object-lock", "The bucket has no Object Lock.")
        return
    rule = told.get("Rule", {}).get("DefaultRetention")
    if not rule:
        yield passed("object-lock", "The bucket has Object Lock, without a default retention.")
        return
    time = f"{rule.get('Days') or rule.get('Years')} {'days' if rule.get('Days') else 'years'}"
    action = (
        "Clients declare checksums by themselves then; objects under staging/ are hidden until they may be removed. A "
        "retention of confirmed objects only is cheaper."
    )
    seen = f"Every object is retained for {time} ({rule.get('Mode')}), also under staging/ and the probes of this run."
    yield warned("object-lock", seen, action)


def _unknown_lock(found: CallResult) -> Finding:
    if is_denied(found.code):
        seen = (
            "We may not know whether the bucket has Object Lock (403 AccessDenied): PUTs are granted as if it had none."
        )
        action = (
            "Grant s3:GetBucketObjectLockConfiguration: with Object Lock, a client with a PUT grant could lock its "
            "object for years, or has to declare a checksum."
        )
        return warned("object-lock", seen, action)
    seen = f"The bucket does not reveal whether it has Object Lock: {found.said}."
    action = (
        "Check the store's log: if clients could lock objects by a PUT, none is granted until this is known. If the "
        "bucket was created without Object Lock, or the store does not support it, set VALETKEY_S3_LACKS=object-lock: "
        "then it is not asked."
    )
    return warned("object-lock", seen, action)


def public_access(visit: Visit) -> Iterator[Finding]:
    """Whether anybody can read, list or write without a signature."""
    base = visit.store.post_url
    open_places = [where for where, key in areas(visit).items() if _is_open(visit, base, key)]
    block = "Block public access of the bucket, and remove the policy or ACL that allows it (--fix blocks it)."
    if open_places:
        yield failed("public-access", f"Anybody can read {', '.join(open_places)}.", block)
    listed = visit.wire.send("GET", f"{base}?list-type=2&max-keys=1")
    if listed.taken and b"ListBucketResult" in listed.body:
        yield failed("public-access", "Anybody can list the bucket.", block)
    key = f"{visit.staging}{visit.probes.staging()}"
    visit.wire.send("PUT", f"{base}{key}", {"Content-Type": "image/png"}, CONTENT)
    writable = read_object(visit, key).there
    if writable:
        yield failed("public-access", "Anybody can write to the bucket, without any grant.", block)
    if not open_places and not listed.taken and not writable:
        yield passed("public-access", f"Nobody can read, list or write without a signature ({listed.said}).")


def _is_open(visit: Visit, base: str, key: str) -> bool:
    """Whether anybody can read objects that we write there; False if we may not write."""
    try:
        put_probe(visit, key)
    except Skip:
        return False
    answer = visit.wire.send("GET", f"{base}{key}")
    return answer.status in range(200, 300) and CONTENT in answer.body


def encryption(visit: Visit) -> Iterator[Finding]:
    """Whether objects are encrypted at rest, according to a HEAD request."""
    key = put_probe(visit)
    found = attempt(visit.client.head_object, Bucket=visit.bucket, Key=key)
    said = found.answer.get("ServerSideEncryption") if found.ok else None
    if said:
        yield passed("encryption", f"Objects are encrypted at rest ({said}).")
        return
    told = attempt(visit.client.get_bucket_encryption, Bucket=visit.bucket)
    if told.ok and told.answer.get("ServerSideEncryptionConfiguration", {}).get("Rules"):
        yield passed("encryption", "The bucket has a default encryption; HEAD does not show it.")
    else:
        yield skipped("encryption", f"The store does not reveal whether it encrypts at rest ({told.said}).")


def rules_of(visit: Visit) -> Sequence[Mapping[str, Any]]:
    """The bucket's lifecycle rules. Raises `Skip` if they cannot be read."""
    found = attempt(visit.client.get_bucket_lifecycle_configuration, Bucket=visit.bucket)
    if found.ok:
        rules: Sequence[Mapping[str, Any]] = found.answer.get("Rules", [])
        return rules
    if found.code == "NoSuchLifecycleConfiguration" or found.absent:
        return []
    raise Skip(f"The lifecycle rules cannot be read: {found.said} (s3:GetLifecycleConfiguration).")


def prefix_of(rule: Mapping[str, Any]) -> str | None:
    """The prefix of a rule; None if it has other filters as well, or is disabled."""
    if rule.get("Status") != "Enabled":
        return None
    within = rule.get("Filter", {})
    within = within.get("And", within)
    if any(name in within for name in ("Tag", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan")):
        return None
    return str(within.get("Prefix", rule.get("Prefix", "")) or "")


def covers(rule: Mapping[str, Any], key: str) -> bool:
    """Whether a rule applies to all keys that begin with ``key``."""
    prefix = prefix_of(rule)
    return prefix is not None and key.startswith(prefix)


def lifecycle(visit: Visit) -> Iterator[Finding]:
    """Whether rules remove unconfirmed objects, and none removes confirmed ones."""
    _ = visit.store
    rules = rules_of(visit)
    yield _staging_rule(visit, rules)
    yield _parts_rule(visit, rules)
    if visit.keeps_versions:
        yield _versions_rule(visit, rules)
    yield from _too_much(visit, rules)


def expiring(rules: Sequence[Mapping[str, Any]], key: str) -> list[int]:
    """After how many days rules remove objects under ``key``."""
    found = [
        rule["Expiration"]["Days"] for rule in rules if covers(rule, key) and rule.get("Expiration", {}).get("Days")
    ]
    return sorted(found)


def _staging_rule(visit: Visit, rules: Sequence[Mapping[str, Any]]) -> Finding:
    days, staging = expiring(rules, visit.staging), visit.staging
    longest = max([one.renewable_for for one in visit.profiles.values()], default=timedelta(days=1))
    if not days:
        action = (
            f"Add a rule that expires {staging} after {STAGING_DAYS} days (--fix does it); a worker's sweep helps, too."
        )
        return warned("lifecycle-staging", f"No lifecycle rule clears {staging}.", action)
    if timedelta(days=days[0]) < longest:
        action = f"Make it {-(-longest // timedelta(days=1))} days: grants are renewed for that long."
        return warned("lifecycle-staging", f"{staging} is cleared after {days[0]} day(s) already.", action)
    return passed("lifecycle-staging", f"{staging} is cleared after {days[0]} days.")


def _parts_rule(visit: Visit, rules: Sequence[Mapping[str, Any]]) -> Finding:
    lacking = [
        where
        for where, key in areas(visit).items()
        if not any(covers(rule, key) and rule.get("AbortIncompleteMultipartUpload") for rule in rules)
    ]
    if not lacking:
        return passed("lifecycle-parts", "A rule aborts unfinished multipart uploads.")
    action = f"Add a rule that aborts unfinished multipart uploads after {PARTS_DAYS} days (--fix does it)."
    return warned(
        "lifecycle-parts", f"No lifecycle rule aborts unfinished multipart uploads on {', '.join(lacking)}.", action
    )


def _versions_rule(visit: Visit, rules: Sequence[Mapping[str, Any]]) -> Finding:
    lacking = [
        where
        for where in (visit.staging, visit.quarantine)
        if not any(covers(rule, where) and rule.get("NoncurrentVersionExpiration") for rule in rules)
    ]
    if not lacking:
        return passed(
            "lifecycle-versions", f"Old versions under {visit.staging} and {visit.quarantine} are cleared by a rule."
        )
    action = "Add NoncurrentVersionExpiration and ExpiredObjectDeleteMarker for it (--fix does it)."
    return warned("lifecycle-versions", f"No lifecycle rule clears old versions under {' and '.join(lacking)}.", action)


def _too_much(visit: Visit, rules: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Rules that remove confirmed objects without the ledger's knowledge."""
    for where, key in areas(visit).items():
        if where == f"{visit.staging}*":
            continue
        if days := expiring(rules, key):
            what = "objects that wait for checks" if where == f"{visit.quarantine}*" else "confirmed objects"
            action = "Narrow the rule's prefix. Use keep_for in the profile instead, so that the ledger knows."
            yield warned(
                "lifecycle-confirmed", f"A lifecycle rule removes {what} ({where}) after {days[0]} days.", action
            )
