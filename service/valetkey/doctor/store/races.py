"""Checks of copies whose source is being overwritten: whether the store copies atomically."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event

from valetkey.core.errors import ObjectChanged, ObjectMissing, ValetKeyError
from valetkey.core.ports.store import ObjectHead, ObjectHeaders
from valetkey.doctor.findings import Finding, Skip, passed, skipped, warned
from valetkey.doctor.store.copies import new_target, probe_as_shown
from valetkey.doctor.store.writing import CONTENT, OTHER, arguments, md5_of, read_object
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import attempt

COPIES = 100
"""How many copies are made."""

SECONDS = 6.0
"""How long that may take."""

ENOUGH = 20
"""From how many copies on the result is meaningful."""

WRITERS = (CONTENT, OTHER)
"""The contents that the writers send again and again, so that an ETag that was replaced comes back."""

READ_BACK = (
    "Nothing to do if this run's findings are recorded, or VALETKEY_S3_LACKS=atomic-copy is set: valetkey reads each "
    "copy back. Without that a grant that is used again can leave an object whose ETag is not that of its bytes."
)


@dataclass
class _Race:
    """The progress of a race. ``writes`` are those that the store accepted, in order."""

    writes: list[bytes] = field(default_factory=list)
    copies: int = 0
    refused: int = 0
    torn: int = 0


def in_one_step(visit: Visit) -> Iterator[Finding]:
    """Whether copies have the bytes that their condition refers to while these are overwritten."""
    source = probe_as_shown(visit)
    if source.version_id is not None:
        yield passed("copy-atomic", "A copy names the version of its source, so nothing can replace it.")
        return
    if source.etag != md5_of(CONTENT):
        yield skipped("copy-atomic", "ETags are not MD5s here, so bytes and ETag of a copy cannot be compared.")
        return
    race, target = _Race(), new_target(visit)
    with _written_all_the_time(visit, source.key, race):
        until = time.monotonic() + SECONDS
        while race.copies < COPIES and time.monotonic() < until:
            _copy(visit, source.key, target, race)
    if race.torn:
        visit.learned["atomic_copy"] = False
        seen = f"{race.torn} of {race.copies} copies had other bytes than requested: those just written."
        yield warned("copy-atomic", seen, READ_BACK)
    elif min(race.copies, len(race.writes)) < ENOUGH:
        seen = f"Only {race.copies} copies could be made during {len(race.writes)} writes."
        yield skipped("copy-atomic", seen)
    else:
        visit.learned["atomic_copy"] = True
        seen = f"{race.copies} copies of an object that was being overwritten had the requested bytes"
        yield passed("copy-atomic", f"{seen}; {race.refused} were refused.")


@contextmanager
def _written_all_the_time(visit: Visit, key: str, race: _Race) -> Iterator[None]:
    """Two writers that overwrite the object under ``key`` concurrently, until one of their writes is refused."""
    over = Event()

    def write(content: bytes) -> None:
        asked = {"Bucket": visit.bucket, "Key": key, "Body": content, **arguments(visit, key, content)}
        with suppress(Skip):  # the run is over
            while not over.is_set():
                visit.probes.add(key)
                if not attempt(visit.client.put_object, **asked).ok:
                    return
                race.writes.append(content)

    with ThreadPoolExecutor(len(WRITERS)) as pool:
        for content in WRITERS:
            pool.submit(write, content)
        try:
            yield
        finally:
            over.set()


def _copy(visit: Visit, key: str, to: tuple[str, ObjectHeaders], race: _Race) -> None:
    """Makes one copy, conditional on the ETag of a moment ago, and checks its bytes."""
    try:
        source = visit.store.head(key)
    except ValetKeyError:  # JuiceFS: between two objects there is one without an ETag
        return
    if source is None:
        return
    target, headers = to
    visit.probes.add(target)
    try:
        visit.store.copy(source, target, headers)
    except ObjectChanged:
        race.refused += 1
        return
    except (ValetKeyError, ObjectMissing):
        return
    race.copies += 1
    race.torn += _is_torn(visit, source, target)


def _is_torn(visit: Visit, source: ObjectHead, target: str) -> bool:
    """Whether the bytes of a copy do not match its ETag, or its condition if the store honours that."""
    stored = read_object(visit, target)
    if stored.content is None:
        raise Skip("A copy that was reported as made does not exist.")
    actual = md5_of(stored.content)
    claims = stored.etag == source.etag or visit.learned.get("conditional_copy", False)
    return claims and actual != source.etag
