"""One server that plays the service and its store, for `valetkey put`: every upload that was sent is confirmed."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.playing import Reply, playing

Json = dict[str, Any]
LONG, OVER = "2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z"
BATCH, CREATE = "POST /v1/uploads/batch", "POST /v1/uploads"


def problem(status: int, code: str) -> Json:
    return {"status": status, "code": code, "detail": f"It is {code}."}


@dataclass
class Desk:
    """A service that confirms what its store was sent. ``trouble`` comes first: statuses and Retry-After.

    ``refused`` is what single files of a batch are told, by name; ``on_create`` hears them before.
    """

    address: str = ""
    trouble: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    refused: dict[str, Json] = field(default_factory=dict)
    on_create: Callable[[list[str]], None] = lambda _: None
    together_until: str = LONG
    renews: bool = True
    refuses_singly: bool = False
    calls: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, call: str, body: bytes, _: Mapping[str, str]) -> Reply:
        with self.lock:
            self.calls.append(call)
            if waiting := self.trouble.get(call):
                status, after = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                if status:
                    return status, {"Retry-After": str(after)}, problem(status, "trouble")
            return self._answer(call, body)

    def _answer(self, call: str, body: bytes) -> Reply:
        method, path = call.split(" ", 1)
        if call == BATCH:
            asked = [item["filename"] for item in json.loads(body)["uploads"]]
            self.on_create(asked)
            return 200, {}, {"results": [self._one(name) for name in asked]}
        if call == CREATE:
            return self._single(json.loads(body)["filename"])
        upload_id = path.split("/")[3 if path.startswith("/v1") else 2]
        if path.startswith("/s3/"):
            self.sent[self.names[upload_id]] += 1
            return 200, {}, {}
        if path.endswith("/grant"):
            return (
                (200, {}, {"grant": self._grant(upload_id, LONG)}) if self.renews else (409, {}, problem(409, "late"))
            )
        there = self.sent[self.names[upload_id]] > 0
        upload = {"id": upload_id, "state": "confirmed" if there else "pending", "reason": None}
        return 204 if method == "DELETE" else 200, {}, upload

    def _single(self, name: str) -> Reply:
        self.on_create([name])
        if self.refuses_singly and name in self.refused:
            return self.refused[name]["status"], {}, self.refused[name]
        return 201, {}, self._created(name, LONG)

    def _one(self, name: str) -> Json:
        return {"error": self.refused[name]} if name in self.refused else self._created(name, self.together_until)

    def _created(self, name: str, until: str) -> Json:
        upload_id = f"u{len(self.names)}"
        self.names[upload_id] = name
        upload = {"id": upload_id, "state": "pending"}
        return {"upload": upload, "grant": self._grant(upload_id, until), "ticket": f"vt_u{upload_id}"}

    def _grant(self, upload_id: str, until: str) -> Json:
        return {"method": "PUT", "url": f"{self.address}/s3/{upload_id}", "headers": {}, "expires_at": until}


@contextmanager
def running_desk() -> Iterator[Desk]:
    """On loopback, until the block ends."""
    desk = Desk()
    with playing(desk.answer) as desk.address:
        yield desk
