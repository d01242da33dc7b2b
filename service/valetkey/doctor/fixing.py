"""The changes that `--fix` makes at the store: each is shown before it is made, and rules of others are kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import orjson

from valetkey.adapters.sqs import make_client
from valetkey.doctor.cors import ANY, origins
from valetkey.doctor.events import QUEUE, wanted
from valetkey.doctor.findings import Finding, Level, Skip
from valetkey.doctor.store.bucket import PARTS_DAYS, STAGING_DAYS, rules_of
from valetkey.doctor.store.rights import areas
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import CallResult, attempt

OURS = "valetkey"
"""The prefix of the names of our rules, which are replaced; others stay."""

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
    apply: Callable[[], CallResult]


def changes(visit: Visit, findings: Sequence[Finding]) -> Iterator[Change]:
    """The changes that would fix some of ``findings``. Configuration that cannot be read is not changed."""
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
    """One rule of ours before all others, as the first match counts."""
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
    """Rules for what was found wrong; their names distinguish them from others."""
    rules = [dict(one) for one in rules_of(visit)]
    # S3 refuses a mixture of the old form (Prefix) and the present one (Filter)
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
        yield _named(visit, "staging"), visit.staging, {"Expiration": {"Days": days}}
    if "lifecycle-versions" in wrong:
        old = {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
        yield _named(visit, "old-staging"), visit.staging, old
        yield _named(visit, "old-quarantine"), visit.quarantine, old
    if "lifecycle-parts" in wrong:
        ends = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": PARTS_DAYS}}
        for number, prefix in enumerate(_with_parts(visit)):
            yield _named(visit, f"parts-{number}" if number else "parts"), prefix, ends


def _with_parts(visit: Visit) -> Sequence[str]:
    """The prefixes below which multipart uploads may be left: the whole bucket, unless the store shares it."""
    if not visit.prefix and not visit.staging_prefix:
        return [""]
    return [where.removesuffix("*") for where in areas(visit)]


def _named(visit: Visit, name: str) -> str:
    """The name of a rule of this store; another store in the bucket has its own rules."""
    return f"{OURS}-{name}@{visit.staging_prefix}" if visit.staging_prefix else f"{OURS}-{name}"


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
    """Notifications to the queue and to a topic of SNS; our settings do not contain the addresses of others."""
    found = attempt(visit.client.get_bucket_notification_configuration, Bucket=visit.bucket)
    if not found.ok:
        return
    for kind, name, arn in _destinations(visit):
        rule: dict[str, Any] = {
            "Id": _named(visit, kind.lower()),
            name: arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": visit.staging}]}},
        }
        there = found.answer.get(f"{kind}Configurations", [])
        kept = [one for one in there if one.get("Id") not in _ours(visit, rule)]
        if any(one.get(name) == arn and _is_about(one, visit.staging) for one in kept):
            continue  # it is notified already, and the store refuses two rules for one object
        yield Change(
            "notifications",
            f"The bucket notifies {arn}{_beside(kept)}:\n{_show(rule)}",
            partial(_notify, visit, f"{kind}Configurations", rule),
        )


def _destinations(visit: Visit) -> Iterator[tuple[str, str, str]]:
    """The destinations that the bucket can notify: the kind of rule, its member for the ARN, and the ARN."""
    names = wanted(visit)
    url, topics = visit.settings.events_sqs_queue_url, visit.settings.events_sns_topic_arns
    if url is not None and QUEUE in names:
        client = visit.bounded(make_client(visit.session, url, visit.settings.s3_region))
        told = attempt(client.get_queue_attributes, QueueUrl=url, AttributeNames=["QueueArn"])
        if told.ok:
            yield "Queue", "QueueArn", told.answer["Attributes"]["QueueArn"]
    if "sns" in names:  # S3 notifies topics of the bucket's region only
        near = [arn for arn in topics if arn.split(":")[3] == visit.settings.s3_region] or topics
        yield "Topic", "TopicArn", near[0]


def _ours(visit: Visit, rule: Mapping[str, Any]) -> set[str]:
    """The names of rules that ``rule`` replaces; earlier versions had one for a queue under another name."""
    return {rule["Id"], *([OURS] if "QueueArn" in rule and not visit.staging_prefix else [])}


def _is_about(rule: Mapping[str, Any], prefix: str) -> bool:
    """Whether a rule may apply to keys that begin with ``prefix``."""
    filters = rule.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    said = next((str(one["Value"]) for one in filters if str(one["Name"]).lower() == "prefix"), "")
    return said.startswith(prefix) or prefix.startswith(said)


def _notify(visit: Visit, kind: str, rule: Mapping[str, Any]) -> CallResult:
    """Adds one rule to those that exist at this moment."""
    found = attempt(visit.client.get_bucket_notification_configuration, Bucket=visit.bucket)
    if not found.ok:
        return found
    there = {name: value for name, value in found.answer.items() if name != "ResponseMetadata"}
    kept = [one for one in there.get(kind, []) if one.get("Id") not in _ours(visit, rule)]
    return attempt(
        visit.client.put_bucket_notification_configuration,
        Bucket=visit.bucket,
        NotificationConfiguration=there | {kind: [*kept, rule]},
    )


_CHANGES: Mapping[frozenset[str], Callable[[Visit, set[str]], Iterator[Change]]] = {
    frozenset({"cors"}): _cors,
    frozenset({"lifecycle-staging", "lifecycle-parts", "lifecycle-versions"}): _lifecycle,
    frozenset({"public-access", "put-acl", "post-acl"}): _public_access,
    frozenset({"round-trip"}): _notifications,
}
"""The changes for each finding."""
