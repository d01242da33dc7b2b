"""What the clients of a run know: what they meant, what they sent, and what they were told."""

import hashlib
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

from tests.chaos.plan import Plan

Json = dict[str, Any]


@dataclass
class Journey:
    """One upload as its clients see it.

    ``bodies`` has the SHA-256 of everything that was ever sent with its grants, whether S3 took it or not;
    ``reached`` says that S3 answered 201 at least once. ``seen`` has, for each observer, the states in their order.
    ``confirmed`` is the upload as it was when it was first seen confirmed, ``fetched`` the SHA-256 of its bytes then.
    ``judged`` has the SHA-256 of all bytes that its scanner read, and whether it found them clean.
    """

    id: str
    size: int
    grant: Json
    profile: str = "default"
    bodies: set[str] = field(default_factory=set)
    reached: bool = False
    seen: dict[str, list[str]] = field(default_factory=dict)
    confirmed: Json | None = None
    fetched: str | None = None
    judged: dict[str, bool] = field(default_factory=dict)

    def sending(self, body: bytes) -> bytes:
        self.bodies.add(hashlib.sha256(body).hexdigest())
        return body

    def saw(self, observer: str, upload: Json) -> str:
        """Notes what the service said of it to ``observer``; the state."""
        state = str(upload["state"])
        self.seen.setdefault(observer, []).append(state)
        if state == "confirmed" and self.confirmed is None:
            self.confirmed = upload
        return state


class World:
    """What a run's threads share."""

    def __init__(self, plan: Plan, services: Sequence[str], key: str) -> None:
        """``services`` are the URLs of all of them, ``key`` an API key."""
        self.plan = plan
        self.services = services
        self.headers = {"Authorization": f"Bearer {key}"}
        self.journeys: dict[str, Journey] = {}
        self.granted: deque[Journey] = deque(maxlen=64)  # the newest: what a hostile client may have got hold of
        self.counts: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self.over = Event()
        self._lock = Lock()

    def count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def wonder(self, what: str) -> None:
        """Notes an answer that nothing in this run explains."""
        with self._lock:
            self.unexpected.append(what)

    def begin(self, journey: Journey) -> None:
        with self._lock:
            self.journeys[journey.id] = journey
            self.granted.append(journey)

    @property
    def progress(self) -> float:
        """The part of the uploads that were begun."""
        return len(self.journeys) / self.plan.uploads
