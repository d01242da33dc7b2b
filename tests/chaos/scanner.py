"""A scanner that judges what it reads, and a reader who trusts what is under a final key."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from botocore.exceptions import BotoCoreError, ClientError
from tests.chaos.caller import Caller, GaveUp
from tests.chaos.contents import SCANNED, is_good, is_infected
from tests.chaos.expectations import Journey, Json, World
from tests.support.stores import Bucket

BELOW = ("staging/", "quarantine/")
"""Where nothing is that anybody may trust."""

READ = "objects read under final keys meanwhile"


class Scanner:
    """Reads what waits for a verdict where the ledger says that it is, and says what it found in these bytes."""

    def __init__(self, world: World, buckets: Sequence[Bucket], key: str) -> None:
        """``key`` is an API key of the scope `verdict`."""
        self._world = world
        self._buckets = {bucket.name: bucket for bucket in buckets}
        self._headers = {"Authorization": f"Bearer {key}"}
        self._caller = Caller(world, world.plan.chance("scanner"))

    def look(self) -> None:
        params = {"state": "stored", "profile": SCANNED, "limit": "200"}
        for upload in self._caller.call("GET", "/v1/uploads", params=params).json()["uploads"]:
            if journey := self._world.journeys.get(str(upload["id"])):
                self._scan(journey, upload["object"])

    def _scan(self, journey: Journey, stored: Json) -> None:
        if (read := _read(self._buckets[stored["bucket"]], stored["key"])) is None:
            return
        content, etag = read
        clean = not is_infected(content)
        journey.judged[hashlib.sha256(content).hexdigest()] = clean
        verdict = {"verdict": "clean" if clean else "infected", "etag": etag}
        answer = self._caller.call("POST", f"/v1/uploads/{journey.id}/verdict", json=verdict, headers=self._headers)
        if answer.is_success:
            self._world.count(f"verdicts {verdict['verdict']}")
        elif answer.status_code == 409:
            self._world.count("verdicts on bytes that no longer count")
        else:
            self._world.wonder(f"verdict on {journey.id}: {answer.status_code} {answer.text[:200]}")


class Reader:
    """Reads every object outside of `BELOW` as soon as it is there: it must be what was checked, at any moment."""

    def __init__(self, world: World, bucket: Bucket) -> None:
        self._world = world
        self._bucket = bucket
        self._known: set[tuple[str, str]] = set()

    def look(self) -> None:
        try:
            pages = self._bucket.client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket.name)
            found = [(item["Key"], item["ETag"]) for page in pages for item in page.get("Contents", [])]
        except (ClientError, BotoCoreError):
            return
        for key, etag in found:
            if not key.startswith(BELOW) and (key, etag) not in self._known and self._read(key):
                self._known.add((key, etag))

    def _read(self, key: str) -> bool:
        if (read := _read(self._bucket, key)) is None:
            return False
        self._world.count(READ)
        for journey in [one for one in list(self._world.journeys.values()) if one.id in key]:
            if not is_good(journey.profile, read[0]):
                self._world.wonder(f"{key} could be read with bytes that its check refuses")
            if journey.profile == SCANNED and not journey.judged.get(hashlib.sha256(read[0]).hexdigest()):
                self._world.wonder(f"{key} could be read before its scanner had found these bytes clean")
        return True


@contextmanager
def looking(*looks: Callable[[], None], pause: float = 0.3) -> Iterator[None]:
    """Each is called again and again, in a thread of its own, until the block is left."""
    over = Event()

    def again(look: Callable[[], None]) -> None:
        while not over.is_set():
            try:
                look()
            except GaveUp:
                time.sleep(1)  # somebody else notices, too
            over.wait(pause)

    with ThreadPoolExecutor(max(len(looks), 1)) as pool:
        going = [pool.submit(again, look) for look in looks]
        try:
            yield
        finally:
            over.set()
        for each in going:
            each.result()


def _read(bucket: Bucket, key: str) -> tuple[bytes, str] | None:
    """Its bytes and its ETag; None where it is not there any more, or the store is away."""
    try:
        found = bucket.client.get_object(Bucket=bucket.name, Key=key)
        return found["Body"].read(), found["ETag"].strip('"')
    except (ClientError, BotoCoreError):
        return None
