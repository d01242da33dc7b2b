"""What has to hold when the faults have stopped: each function says how it is broken, a line for each case."""

import base64
import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from tests.chaos.contents import CAUSES, SCANNED, is_good
from tests.chaos.expectations import Journey, Json
from tests.support.receiver import Received

FOLLOWING = {
    "pending": {"pending", "stored", "confirmed", "rejected", "expired"},
    "expired": {"expired", "stored", "confirmed", "rejected"},
    "stored": {"stored", "confirmed", "rejected"},
    "confirmed": {"confirmed"},
    "rejected": {"rejected"},
}
"""Which states may be seen after which, by the table of states; nobody aborts or deletes in this run."""

ENDS = {"confirmed", "rejected", "expired"}


@dataclass(frozen=True)
class Evidence:
    """All there is to see from outside: the clients' own notes, the ledger, the bucket, and what the receiver got.

    ``versions`` has key and version id of all versions and delete markers of a bucket that keeps them, None of one that
    keeps none; ``taken`` has the ids of the webhooks that it answered with 200.
    """

    journeys: Mapping[str, Journey]
    ledger: Mapping[str, Json]
    keys: frozenset[str]
    versions: frozenset[tuple[str, str]] | None
    received: tuple[Received, ...]
    taken: frozenset[str]
    secret: str


def every_upload_is_known_once(seen: Evidence) -> Iterator[str]:
    """A create that was sent again made no second upload, and no upload is lost."""
    for upload_id in sorted(seen.ledger.keys() ^ seen.journeys.keys()):
        yield f"{upload_id} is known to {'the ledger' if upload_id in seen.ledger else 'its client'} alone"


def everything_has_ended(seen: Evidence) -> Iterator[str]:
    """Confirmed or rejected, if S3 took any bytes; expired, if none were ever sent."""
    for journey, upload in _pairs(seen):
        if journey.reached and upload["state"] not in {"confirmed", "rejected"}:
            yield f"{journey.id} reached S3 and is {upload['state']}"
        if not journey.bodies and upload["state"] != "expired":
            yield f"{journey.id} was never sent and is {upload['state']}"
        if upload["state"] not in ENDS:
            yield f"{journey.id} is {upload['state']}"


def rejections_have_a_cause(seen: Evidence) -> Iterator[str]:
    """S3 took the right size and type only, nobody removes objects: it was overwritten, or its check failed."""
    for journey, upload in _pairs(seen):
        if upload["state"] == "rejected" and upload["reason"]["code"] not in CAUSES[journey.profile] | {"overwritten"}:
            yield f"{journey.id} is rejected: {upload['reason']}"


def no_state_went_backwards(seen: Evidence) -> Iterator[str]:
    for journey, upload in _pairs(seen):
        for observer, states in journey.seen.items():
            steps = [*states, str(upload["state"])]
            if any(after not in FOLLOWING[before] for before, after in pairwise(steps)):
                yield f"{observer} saw {journey.id} as {steps}"


def confirmed_stays_as_it_was(seen: Evidence) -> Iterator[str]:
    """Every word of the upload is as it was when it was first seen confirmed."""
    for journey, upload in _pairs(seen):
        if journey.confirmed is not None and journey.confirmed != upload:
            yield f"{journey.id} was {journey.confirmed} and is {upload}"


def the_bucket_holds_the_confirmed_and_nothing_else(seen: Evidence) -> Iterator[str]:
    """``staging/`` is empty, and each confirmed upload has one object, at the key that the ledger has."""
    wanted = {upload["object"]["key"]: upload["id"] for upload in seen.ledger.values() if upload["object"]}
    for key in sorted(seen.keys - wanted.keys()):
        yield f"{key} is left over"
    for key in sorted(wanted.keys() - seen.keys):
        yield f"{key} is missing"
    if len(wanted) != sum(upload["object"] is not None for upload in seen.ledger.values()):
        yield "two uploads share a key"


def no_version_is_left(seen: Evidence) -> Iterator[str]:
    """Neither old bytes nor a delete marker is anywhere: each confirmed upload has the one version that it names."""
    if seen.versions is None:
        return
    wanted = {(one["object"]["key"], one["object"]["version_id"]) for one in seen.ledger.values() if one["object"]}
    yield from (f"{key} has the version {version} left" for key, version in sorted(seen.versions - wanted))
    yield from (
        f"the version {version} of {key} is missing" for key, version in sorted(wanted - seen.versions, key=str)
    )


def what_was_refused_is_not_confirmed(seen: Evidence) -> Iterator[str]:
    """Infected is what a scanner found so in bytes that it read, and nothing is confirmed that it never found clean."""
    for journey, upload in _pairs(seen):
        if upload["reason"] and upload["reason"]["code"] == "infected" and all(journey.judged.values()):
            yield f"{journey.id} is rejected as infected, and no scanner said so"
        if upload["state"] == "confirmed" and journey.profile == SCANNED and not any(journey.judged.values()):
            yield f"{journey.id} is confirmed, and no scanner found it clean"


def each_end_is_announced(seen: Evidence) -> Iterator[str]:
    """At least once under the one id of that end, and nothing is announced that did not happen."""
    for journey, upload in _pairs(seen):
        states = {str(upload["state"]), *(state for states in journey.seen.values() for state in states)}
        for state in sorted(states & ENDS):
            if f"{journey.id}-{state}" not in seen.taken:
                yield f"nobody was told that {journey.id} is {state}"
    for one in sorted({one.id for one in seen.received}):
        upload_id, _, state = one.rpartition("-")
        if state not in ENDS or seen.ledger[upload_id]["state"] not in FOLLOWING[state]:
            yield f"{one} was announced, and it is {seen.ledger[upload_id]['state']}"


def announcements_are_whole(seen: Evidence) -> Iterator[str]:
    """Signed, with one body for each id, which says what the ledger says."""
    bodies: dict[str, set[str]] = defaultdict(set)
    for one in seen.received:
        bodies[one.id].add(one.body)
        if not _is_signed(one, seen.secret):
            yield f"{one.id} came with a wrong signature"
    for name, different in bodies.items():
        if len(different) > 1:
            yield f"{name} came with {len(different)} bodies"
        yield from _wrong_words(name, json.loads(different.pop()), seen)


def _wrong_words(name: str, body: Json, seen: Evidence) -> Iterator[str]:
    upload_id, _, state = name.rpartition("-")
    upload = seen.ledger[upload_id]
    if (body["type"], body["data"]["id"], body["data"]["state"]) != (f"upload.{state}", upload_id, state):
        yield f"{name} says {body}"
    if state == upload["state"] and state != "expired" and body["data"] != upload:  # a renewal changes an expired one
        yield f"{name} says {body['data']}, the ledger says {upload}"


def _is_signed(one: Received, secret: str) -> bool:
    """As Standard Webhooks has it: HMAC-SHA256 over ``id.timestamp.body`` by the secret's bytes, in base64."""
    text = f"{one.id}.{one.headers['webhook-timestamp']}.{one.body}".encode()
    right = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), text, hashlib.sha256)
    return f"v1,{base64.b64encode(right).decode()}" in one.headers["webhook-signature"].split()


PROMISES = (
    everything_has_ended,
    rejections_have_a_cause,
    no_state_went_backwards,
    confirmed_stays_as_it_was,
    the_bucket_holds_the_confirmed_and_nothing_else,
    no_version_is_left,
    what_was_refused_is_not_confirmed,
    each_end_is_announced,
    announcements_are_whole,
)


def broken(seen: Evidence) -> list[str]:
    """All that does not hold."""
    strangers = list(every_upload_is_known_once(seen))
    return strangers or [line for promise in PROMISES for line in promise(seen)]


def wrong_bytes(seen: Evidence, contents: Iterable[tuple[str, bytes]]) -> Iterator[str]:
    """``contents`` are the confirmed objects by upload id: each is one body that was sent, the one the ledger has."""
    for upload_id, content in contents:
        journey, stored = seen.journeys[upload_id], seen.ledger[upload_id]["object"]
        digest = hashlib.sha256(content).hexdigest()
        if digest not in journey.bodies:
            yield f"{upload_id} has bytes that nobody sent"
        if not is_good(journey.profile, content):
            yield f"{upload_id} is confirmed with bytes that its check refuses"
        if journey.profile == SCANNED and not journey.judged.get(digest):
            yield f"{upload_id} is confirmed with bytes that no scanner has found clean"
        if journey.fetched not in {None, digest}:
            yield f"{upload_id} had other bytes when it was first seen confirmed"
        if (stored["etag"], stored["size"]) != (hashlib.md5(content).hexdigest(), len(content)):
            yield f"{upload_id} has {len(content)} bytes that are not those of {stored}"


def _pairs(seen: Evidence) -> Iterator[tuple[Journey, Json]]:
    for upload_id, upload in seen.ledger.items():
        yield seen.journeys[upload_id], upload
