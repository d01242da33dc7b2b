"""Checks of events: an object is written, and its event has to arrive from each configured sender."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from valetkey.adapters.sqs import make_client
from valetkey.core.errors import ValetKeyError
from valetkey.core.model.upload import UploadId
from valetkey.doctor.checks import Check, Group
from valetkey.doctor.findings import Finding, Skip, failed, passed, skipped, warned
from valetkey.doctor.store.writing import put_probe
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import attempt
from valetkey.opening import senders

LOOK_EVERY = 0.2
"""Seconds between two polls."""

QUEUE = "sqs"
"""The worker's name as a sender."""

DEEP = 1000
"""This many messages in a queue are a finding."""

DAY = timedelta(days=1)


def wanted(visit: Visit) -> list[str]:
    """The configured senders of this store. Raises `ConfigurationError`."""
    found = sorted(senders(visit.settings, visit.session))
    found += [QUEUE] if visit.settings.events_sqs_queue_url else []
    return [name for name in found if visit.senders is None or name in visit.senders]


def round_trip(visit: Visit) -> Iterator[Finding]:
    """How long an event takes to arrive, for each sender."""
    _ = visit.store
    try:
        names = wanted(visit)
    except ValetKeyError as error:
        yield failed("senders", error.detail, "Correct that: until then no event is accepted.")
        return
    if not names:
        raise Skip("No event sender is configured: clients, redirects and the sweep report uploads.")
    ledger, probe = visit.working_ledger, visit.probes.staging()
    ledger.open_event_probe(probe, datetime.now(UTC), datetime.now(UTC) - DAY)
    try:
        written = datetime.now(UTC)
        put_probe(visit, f"{visit.staging}{probe}")
        seen = _wait(visit, probe, names)
    finally:
        ledger.close_event_probe(probe)
    told = _notifications(visit)
    for name in names:
        yield _judge(visit, name, seen.get(name), written, told)
    for name in sorted(set(seen) - set(names)):
        yield warned("round-trip", f"{name or 'A sender'} reported it but is not configured here.", "Compare settings.")


def _wait(visit: Visit, probe: UploadId, names: list[str]) -> Mapping[str, datetime]:
    """The events that were seen when every sender had reported, or the time was over."""
    deadline = time.monotonic() + visit.event_patience
    seen: Mapping[str, datetime] = {}
    while not set(names) <= set(seen) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY)
        seen = visit.working_ledger.events_seen(probe)
    return seen


def _judge(visit: Visit, name: str, seen: datetime | None, written: datetime, told: str) -> Finding:
    if seen is not None:
        took = max(0.0, (seen - written).total_seconds())
        return passed("round-trip", f"{name}: an event was seen {took:.1f} s after its object was written.")
    if name == QUEUE:
        action = (
            "Run `valetkey worker`; let the bucket notify this queue of s3:ObjectCreated:* below "
            f"{visit.staging} (--fix)."
        )
    else:
        action = (
            f"Let the store notify /v1/events/{name} of s3:ObjectCreated:* below {visit.staging}, with the secret that "
            "is set here; `serve` has to run, and its log says what it refuses."
        )
    seen_in_vain = f"{name}: no event within {visit.event_patience:g} s. {told}"
    return failed("round-trip", seen_in_vain, action)


def _notifications(visit: Visit) -> str:
    """The bucket's notification configuration, in a sentence."""
    found = attempt(visit.client.get_bucket_notification_configuration, Bucket=visit.bucket)
    if not found.ok:
        return f"The bucket does not reveal whom it notifies ({found.said})."
    kinds: dict[str, Any] = {
        name: value for name, value in found.answer.items() if name.endswith("Configurations") or "EventBridge" in name
    }
    if not kinds:
        return "The bucket notifies nobody."
    return f"The bucket has {', '.join(f'{name} ({len(value)})' for name, value in kinds.items())}."


def queue(visit: Visit) -> Iterator[Finding]:
    """How many messages are in the queue, and whether unreadable ones are moved to a dead letter queue."""
    url = visit.settings.events_sqs_queue_url
    if url is None:
        raise Skip("VALETKEY_EVENTS_SQS_QUEUE_URL is not set.")
    client = visit.bounded(make_client(visit.session, url, visit.settings.s3_region))
    yield from _queue_rights(client, url)
    found = attempt(client.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    if not found.ok:
        if found.denied:
            yield skipped("queue", "The queue's length is not known: sqs:GetQueueAttributes is missing.")
        else:
            yield failed("queue", f"The queue responds with {found.said}.", "Check VALETKEY_EVENTS_SQS_QUEUE_URL.")
        return
    told = found.answer.get("Attributes", {})
    depth = int(told.get("ApproximateNumberOfMessages", 0))
    if depth > DEEP:
        yield warned(
            "queue",
            f"{depth} messages wait in the queue.",
            "Run more workers, each with more threads (VALETKEY_WORKER_THREADS).",
        )
    else:
        yield passed("queue", f"{depth} messages wait in the queue.")
    if "RedrivePolicy" not in told:
        action = "Give it one: a message that cannot be read is delivered again and again until it expires."
        yield warned("redrive", "The queue has no redrive policy.", action)


def _queue_rights(client: Any, url: str) -> Iterator[Finding]:
    """The worker's rights, each tested by an invalid call, which receives no message."""
    nobodys = {"QueueUrl": url, "ReceiptHandle": "doctor"}
    tries = {
        "sqs:ReceiveMessage": attempt(client.receive_message, QueueUrl=url, MaxNumberOfMessages=0),
        "sqs:ChangeMessageVisibility": attempt(client.change_message_visibility, **nobodys, VisibilityTimeout=1),
        "sqs:DeleteMessage": attempt(client.delete_message, **nobodys),
    }
    if missing := [right for right, found in tries.items() if found.denied]:
        yield failed("queue-rights", f"Missing on the queue: {', '.join(missing)}.", f"Grant {', '.join(missing)}.")


GROUP = Group("events", (Check("round-trip", round_trip, 90), Check("queue", queue, 30)))
