"""A server that plays the service and its store for `Client` and `AsyncClient`, with responses that a test scripts."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.playing import Reply

from valetkey.client import NewUpload

ID = "0197f7a0-0000-7000-8000-000000000001"
FAR = "2999-01-01T00:00:00Z"
UPLOAD: dict[str, Any] = {
    "id": ID,
    "state": "confirmed",
    "profile": "photos",
    "owner": "user-17",
    "filename": "cat.png",
    "content_type": "image/png",
    "size": 5,
    "checksum": None,
    "checksum_verified": None,
    "metadata": {},
    "object": {"bucket": "b", "key": "k", "etag": "e", "version_id": None, "size": 5, "content_type": "image/png"},
    "reason": None,
    "detected_type": None,
    "confirmed_by": "client",
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-01T01:00:00Z",
    "confirmed_at": "2026-01-01T00:00:01Z",
    "claim": None,
    "path": None,
}
PENDING = UPLOAD | {"state": "pending", "object": None, "confirmed_by": None, "confirmed_at": None}
TICKET: Reply = (201, {}, {"ticket": "vt_p.x", "expires_at": FAR})
WANTED: NewUpload = {"filename": "cat.png", "content_type": "image/png", "size": 5}


def problem(status: int, code: str, **headers: str) -> Reply:
    """A problem document of the service."""
    return status, headers, {"type": "t", "title": "T", "status": status, "code": code, "detail": f"It is {code}."}


@dataclass
class Play:
    """`script` has the responses to each call, in their order; the last one is repeated."""

    script: dict[str, list[Reply]] = field(default_factory=dict)
    address: str = ""
    calls: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, call: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        self.before(call)
        with self.lock:
            self.calls.append(call)
            self.headers.append(headers)
            self.bodies.append(json.loads(body) if body and not call.startswith("PUT") else body)
            said = self.script[call]
            return said.pop(0) if len(said) > 1 else said[0]

    def grants(self) -> Reply:
        """The response to a new upload, with a grant for a PUT to this server."""
        grant = {"method": "PUT", "url": f"{self.address}/s3", "headers": {"If-None-Match": "*"}, "expires_at": FAR}
        return 201, {}, {"upload": PENDING, "grant": grant, "ticket": "vt_u"}

    def takes_files(self) -> None:
        """Scripts an upload in one PUT that is confirmed."""
        self.script |= {"POST /v1/uploads": [self.grants()], "PUT /s3": [(200, {}, b"")]}
        self.script[f"POST /v1/uploads/{ID}/complete"] = [(200, {}, UPLOAD)]
