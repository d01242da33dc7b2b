"""An application that valetkey is mounted in: posts with photos, and what a crash leaves between a post and its claim.

A program: `python -m tests.chaos.forum ROLE`, in the folder of the run.

- ``photos COUNT``: uploads them, each for two members who want it, and writes a line for each that is confirmed.
- ``member NAME``: writes a post for each photo as soon as it comes, or just when its time ends; killed, it goes on.
- ``mend``: what an application does after a crash. ``tell``: every post, and every upload as the ledger has it.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

from flask import Flask
from tests.chaos.restarted import BEGUN
from tests.support.clients import post_form

from valetkey import AlreadyClaimed, StateConflict, UploadNotFound, ValetKey

CLAIM_WITHIN = 15
"""Seconds, as the profile of the run has it."""

LATE = 0.15
"""How many of the photos both members want just when their time ends."""

FORGOTTEN = 0.3
"""How many of the posts that a crash interrupted nobody writes again."""

AHEAD = 20
"""How many photos wait for a member at most."""

PHOTOS = Path("photos.jsonl")
TOLD = Path("told.json")
OWNER = "ann"

app = Flask("forum")
valetkey = ValetKey()


class Posts:
    """The application's own database: a post names its photo."""

    def __init__(self) -> None:
        self._path = "posts.db"
        with self._open() as db:
            db.execute("CREATE TABLE IF NOT EXISTS posts (reference TEXT PRIMARY KEY, photo TEXT NOT NULL)")
            db.execute("CREATE TABLE IF NOT EXISTS begun (reference TEXT PRIMARY KEY, done INTEGER NOT NULL)")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=30)) as db, db:
            yield db

    def begin(self, reference: str) -> None:
        with self._open() as db:
            db.execute("INSERT OR IGNORE INTO begun VALUES (?, 0)", (reference,))

    def finish(self, reference: str) -> None:
        with self._open() as db:
            db.execute("UPDATE begun SET done = 1 WHERE reference = ?", (reference,))

    def photos_begun(self) -> set[str]:
        """The photos that somebody has begun to write a post for."""
        return {reference.partition("-")[2] for reference in self.begun()}

    def begun(self) -> dict[str, bool]:
        """Whether each one that was begun is done."""
        with self._open() as db:
            return {reference: bool(done) for reference, done in db.execute("SELECT reference, done FROM begun")}

    def write(self, reference: str, photo: str) -> None:
        with self._open() as db:
            db.execute("INSERT OR IGNORE INTO posts VALUES (?, ?)", (reference, photo))

    def remove(self, reference: str) -> None:
        with self._open() as db:
            db.execute("DELETE FROM posts WHERE reference = ?", (reference,))

    def all(self) -> dict[str, str]:
        with self._open() as db:
            return dict(db.execute("SELECT reference, photo FROM posts"))


def photos(count: int) -> None:
    """Uploads so many, by a ticket each as a page has, and writes their ids with the moment of their confirmation.

    No faster than the members take them, on whatever machine: most would only be removed.
    """
    posts, wanted = Posts(), set()
    with PHOTOS.open("a") as out, ThreadPoolExecutor(4) as pool:
        for first in range(0, count, AHEAD):
            for upload_id in pool.map(_uploaded, range(first, min(first + AHEAD, count))):
                out.write(json.dumps([upload_id, time.time()]) + "\n")
                out.flush()
                wanted |= {upload_id} if _delay(upload_id) == 0 else set()
            until = time.monotonic() + CLAIM_WITHIN
            while len(wanted - posts.photos_begun()) > AHEAD and time.monotonic() < until:
                time.sleep(0.1)


def _uploaded(number: int) -> str:
    with app.app_context():
        ticket = str(valetkey.ticket("photos", owner=OWNER))
    content = f"photo {number}".encode()
    http, headers = app.test_client(), {"Authorization": f"Bearer {ticket}"}
    asked = {"filename": f"{number}.png", "content_type": "image/png", "size": len(content)}
    granted = http.post("/v1/uploads", json=asked, headers=headers).get_json()
    assert post_form(granted["grant"]["url"], granted["grant"]["fields"], content).status < 400
    upload_id: str = granted["upload"]["id"]
    done = http.post(f"/v1/uploads/{upload_id}/complete", headers={"Authorization": f"Bearer {granted['ticket']}"})
    assert done.get_json()["state"] == "confirmed", done.text
    return upload_id


class Member:
    """Writes posts, one after the other; every second one is claimed first, the others are committed first."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._posts = Posts()

    def run(self) -> None:
        begun = self._posts.begun()  # by its processes before this one
        seen = 0
        waiting: list[tuple[float, str, str]] = []
        with app.app_context():
            print(BEGUN, flush=True)
            while True:
                lines = PHOTOS.read_text().splitlines() if PHOTOS.exists() else []
                for line in lines[seen:]:
                    upload_id, confirmed_at = json.loads(line)
                    reference = f"post:{self._name}-{upload_id}"
                    if not _is_settled(reference, begun):
                        waiting.append((confirmed_at + _delay(upload_id), reference, upload_id))
                seen = len(lines)
                for item in sorted(waiting):
                    if item[0] <= time.time():
                        self._write(*item[1:])
                        waiting.remove(item)
                time.sleep(0.02)

    def _write(self, reference: str, photo: str) -> None:
        self._posts.begin(reference)
        claims_first = _chance("order", reference) < 0.5
        if not claims_first:
            self._posts.write(reference, photo)
        try:
            valetkey.claim(photo, owner=OWNER, reference=reference, profile="photos")
        except (AlreadyClaimed, StateConflict, UploadNotFound):
            self._posts.remove(reference)
        else:
            if claims_first:
                self._posts.write(reference, photo)
        self._posts.finish(reference)


def _is_settled(reference: str, begun: Mapping[str, bool]) -> bool:
    """Whether a post was finished, or was left unfinished by a crash and is forgotten."""
    return reference in begun and (begun[reference] or _chance("forgotten", reference) < FORGOTTEN)


def mend() -> None:
    """Claims again for each post, and gives back what is claimed for a post that is not there."""
    posts = Posts()
    with app.app_context():
        for reference, photo in posts.all().items():
            try:
                valetkey.claim(photo, owner=OWNER, reference=reference)
            except (AlreadyClaimed, StateConflict):
                posts.remove(reference)
        valetkey.reconcile(posts.all().keys(), prefix="post:", older_than=timedelta(0))


def tell() -> None:
    """All that there is, as JSON in `TOLD`."""
    with app.app_context():
        ids = [json.loads(line)[0] for line in PHOTOS.read_text().splitlines()]
        uploads = {upload_id: asdict(valetkey.get(upload_id)) for upload_id in ids}
    TOLD.write_text(json.dumps({"posts": Posts().all(), "begun": Posts().begun(), "uploads": uploads}, default=str))


def _delay(photo: str) -> float:
    """How many seconds after its confirmation it is wanted."""
    late = _chance("late", photo) < LATE
    return CLAIM_WITHIN + Random(photo).uniform(-0.3, 0.3) if late else 0.0


def _chance(what: str, of: str) -> float:
    """From 0 to 1, the same for every process."""
    return int.from_bytes(sha256(f"{what} {of}".encode()).digest()[:4]) / 2**32


if __name__ == "__main__":
    valetkey.init_app(app)
    role, *given = sys.argv[1:]
    if role == "photos":
        photos(int(given[0]))
    elif role == "member":
        Member(given[0]).run()
    else:
        {"mend": mend, "tell": tell}[role]()
