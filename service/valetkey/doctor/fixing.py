"""What `--fix` sets at the store: each change is shown before it is made, and rules that are not ours stay."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from valetkey.adapters.sqs import make_client
from valetkey.core.model.upload import QUARANTINE_PREFIX, STAGING_PREFIX
from valetkey.doctor.cors import ANY, origins
from valetkey.doctor.findings import Finding, Level, Skip
from valetkey.doctor.store.bucket import PARTS_DAYS, STAGING_DAYS, rules_of
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import Tried, attempt

OURS = "valetkey"
"""How the names of rules begin that are ours: they are replaced, others stay."""

ALL_BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the bucket: ``shown`` says what will be set, ``apply`` does it and says how that went."""

    name: str
    shown: str
    apply: Callable[[], Tried]


def changes(visit: Visit, findings: Sequence[Finding]) -> Iterator[Change]:
    """What would mend some of ``findings``. What the store does not let be read is not changed."""
    wrong = {one.check for one in findings if one.level in {Level.FAIL, Level.WARN}}
    for names, find in _CHANGES.items():
        if wrong & names:
            try:
                yield from find(visit, wrong)
            except Skip:
                continue  # it is a finding already


def _show(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


def _cors(visit: Visit, _: set[str]) -> Iterator[Change]:
    """One rule of ours before all others: the first that fits is what counts."""
    found = attempt(visit.client.get_bucket_cors, Bucket=visit.bucket)
    if not found.ok and not (found.absent or found.code == "NoSuchCORSConfiguration"):
        return
    kept = [one for one in (found.answer or {}).get("CORSRules", []) if one.get("ID") != OURS]
    rule = {
        "ID": OURS,
        "AllowedOrigins": ["*" if one == ANY else one for one in origins(visit)],
        "AllowedMethods": ["POST", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "Location"],
        "MaxAgeSeconds": 3600,
    }
    yield Change(
        "CORS",
        f"A CORS rule is set{_beside(kept)}:\n{_show(rule)}",
        lambda: attempt(
            visit.client.put_bucket_cors, Bucket=visit.bucket, CORSConfiguration={"CORSRules": [rule, *kept]}
        ),
    )


def _beside(kept: Sequence[object]) -> str:
    return f", before {len(kept)} that stay as they are" if kept else ""


def _lifecycle(visit: Visit, wrong: set[str]) -> Iterator[Change]:
    """Rules for what was found wrong; their names tell them from others'."""
    rules = [dict(one) for one in rules_of(visit)]
    # S3 takes no mixture of the old form (Prefix) and the present one (Filter)
    is_old = any("Prefix" in one and "Filter" not in one for one in rules)
    ours = [_rule(name, prefix, does, is_old=is_old) for name, prefix, does in _wanted(visit, wrong)]
    names = {one["ID"] for one in ours}
    kept = [one for one in rules if one.get("ID") not in names]
    shown = f"Lifecycle rules are set{_beside(kept)}:\n{_show(ours)}"
    yield Change(
        "lifecycle",
        shown,
        lambda: attempt(
            visit.client.put_bucket_lifecycle_configuration,
            Bucket=visit.bucket,
            LifecycleConfiguration={"Rules": [*kept, *ours]},
        ),
    )


def _wanted(visit: Visit, wrong: set[str]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Name, prefix and action of each rule."""
    longest = max([one.renewable_for for one in visit.profiles.values()], default=timedelta(days=1))
    days = max(STAGING_DAYS, -(-longest // timedelta(days=1)) + 1)
    if "lifecycle-staging" in wrong:
        yield f"{OURS}-staging", STAGING_PREFIX, {"Expiration": {"Days": days}}
    if "lifecycle-versions" in wrong:
        old = {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
        for prefix in (STAGING_PREFIX, QUARANTINE_PREFIX):
            yield f"{OURS}-old-{prefix.rstrip('/')}", prefix, old
    if "lifecycle-parts" in wrong:
        yield f"{OURS}-parts", "", {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": PARTS_DAYS}}


def _rule(name: str, prefix: str, does: Mapping[str, Any], *, is_old: bool) -> dict[str, Any]:
    where: dict[str, Any] = {"Prefix": prefix} if is_old else {"Filter": {"Prefix": prefix}}
    return {"ID": name, "Status": "Enabled", **where, **does}


def _public_access(visit: Visit, _: set[str]) -> Iterator[Change]:
    yield Change(
        "public-access",
        f"Public access of the bucket is blocked:\n{_show(ALL_BLOCKED)}",
        lambda: attempt(
            visit.client.put_public_access_block,
            Bucket=visit.bucket,
            PublicAccessBlockConfiguration=ALL_BLOCKED,
        ),
    )


def _notifications(visit: Visit, _: set[str]) -> Iterator[Change]:
    """That of the queue alone: where others are reached, our settings do not say."""
    url = visit.settings.events_sqs_queue_url
    found = attempt(visit.client.get_bucket_notification_configuration, Bucket=visit.bucket)
    if url is None or not found.ok:
        return
    client: Any = make_client(visit.session, url, visit.settings.s3_region)
    told = attempt(client.get_queue_attributes, QueueUrl=url, AttributeNames=["QueueArn"])
    if not told.ok:
        return
    configuration = {name: value for name, value in found.answer.items() if name != "ResponseMetadata"}
    rule = {
        "Id": OURS,
        "QueueArn": told.answer["Attributes"]["QueueArn"],
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": STAGING_PREFIX}]}},
    }
    kept = [one for one in configuration.get("QueueConfigurations", []) if one.get("Id") != OURS]
    if any(one["QueueArn"] == rule["QueueArn"] for one in kept):
        return  # somebody notifies this queue already, and the store takes no two rules for one object
    yield Change(
        "notifications",
        f"The bucket notifies the queue{_beside(kept)}:\n{_show(rule)}",
        lambda: attempt(
            visit.client.put_bucket_notification_configuration,
            Bucket=visit.bucket,
            NotificationConfiguration=configuration | {"QueueConfigurations": [*kept, rule]},
        ),
    )


_CHANGES: Mapping[frozenset[str], Callable[[Visit, set[str]], Iterator[Change]]] = {
    frozenset({"cors"}): _cors,
    frozenset({"lifecycle-staging", "lifecycle-parts", "lifecycle-versions"}): _lifecycle,
    frozenset({"public-access", "put-acl", "post-acl"}): _public_access,
    frozenset({"round-trip"}): _notifications,
}
"""What mends which findings."""
