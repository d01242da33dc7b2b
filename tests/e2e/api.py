"""The HTTP API as a client with one credential sees it; every answer is checked for what must never leak."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.support.clients import Response, post_form, put

from valetkey.api.readiness import REMEMBERED

Json = dict[str, Any]

WANTED: Json = {"filename": "f", "content_type": "text/plain", "size": 1}
"""The smallest request for an upload."""

UPLOAD_FIELDS = {
    "id",
    "state",
    "profile",
    "owner",
    "filename",
    "path",
    "content_type",
    "size",
    "checksum",
    "checksum_verified",
    "metadata",
    "object",
    "reason",
    "detected_type",
    "confirmed_by",
    "created_at",
    "expires_at",
    "confirmed_at",
    "claim",
}


@dataclass(frozen=True)
class Created:
    """What `POST /v1/uploads` answered."""

    upload: Json
    grant: Json
    ticket: str

    @property
    def id(self) -> str:
        return str(self.upload["id"])

    @property
    def fields(self) -> dict[str, str]:
        return dict(self.grant["fields"])

    @property
    def url(self) -> str:
        return str(self.grant["url"])

    @property
    def staging_key(self) -> str:
        return self.fields["key"]

    def post(self, content: bytes | Path, fields: dict[str, str] | None = None) -> Response:
        """Send the form to S3 as a browser would, with the granted fields unless others are given."""
        return post_form(self.url, self.fields if fields is None else fields, content)


class Api:
    """Calls of version 1 with one bearer token (or none)."""

    def __init__(self, base_url: str, token: str | None, never: Sequence[str] = ()) -> None:
        """`never` are texts that no answer may contain: secrets."""
        self.base_url = base_url
        self.token = token
        self._never = [*never, "Traceback (most recent call last)"]
        headers = {b"Authorization": f"Bearer {token}".encode()} if token else {}
        self.http = httpx.Client(
            base_url=base_url, headers=headers, timeout=60, event_hooks={"response": [self._leaks_nothing]}
        )

    def with_token(self, token: str | None) -> "Api":
        return Api(self.base_url, token, self._never)

    def create(self, content_type: str = "application/octet-stream", **wanted: Any) -> Created:
        """A new upload, of one byte and named `file.bin` unless `wanted` says otherwise."""
        body = {"filename": "file.bin", "size": 1, "content_type": content_type} | wanted
        answer = self.http.post("/v1/uploads", json=body)
        assert answer.status_code == 201, answer.text
        return Created(**answer.json())

    def upload(self, upload_id: str) -> Json:
        answer = self.http.get(f"/v1/uploads/{upload_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def complete(self, upload_id: str, parts: list[Json] | None = None) -> httpx.Response:
        body = {} if parts is None else {"parts": parts}
        return self.http.post(f"/v1/uploads/{upload_id}/complete", json=body)

    def confirm(self, upload_id: str) -> Json:
        """Complete an upload whose bytes are at S3; the confirmed upload."""
        answer = self.complete(upload_id)
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "confirmed", answer.text
        return dict(answer.json())

    def assert_still_pending(self, upload_id: str) -> None:
        """`complete` says that nothing is there yet, and changes nothing."""
        answer = self.complete(upload_id)
        assert answer.status_code == 202, answer.text
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["state"] == "pending"
        upload = self.upload(upload_id)
        assert (upload["state"], upload["object"], upload["confirmed_at"]) == ("pending", None, None)

    def _leaks_nothing(self, answer: httpx.Response) -> None:
        answer.read()
        shown = f"{answer.text}\n{answer.headers}"
        assert not [text for text in self._never if text in shown], f"leaked in {answer.request.url}"


def assert_problem(answer: httpx.Response, status: int, code: str) -> Json:
    """The answer is an RFC 9457 problem document with this status and code; its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    problem: Json = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["title"]
    assert problem["detail"]
    return problem


def assert_try_again(answer: httpx.Response, code: str) -> None:
    """The answer is a problem that passes, and says when to come again."""
    assert_problem(answer, 503, code)
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def assert_not_ready(api: Api, code: str) -> None:
    """`/readyz` says what is away, as soon as it no longer remembers that all was well."""
    assert wait_for(lambda: api.http.get("/readyz").status_code != 200, seconds=REMEMBERED + 60)
    assert_try_again(api.http.get("/readyz"), code)


def signed_parts(api: Api, upload_id: str, numbers: Iterable[int]) -> list[Json]:
    """Fresh URLs for these parts."""
    answer = api.http.post(f"/v1/uploads/{upload_id}/parts", json={"numbers": list(numbers)})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["parts"])


def stored_parts(api: Api, upload_id: str) -> list[Json]:
    """The parts that S3 has."""
    answer = api.http.get(f"/v1/uploads/{upload_id}/parts")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["parts"])


def send_parts(api: Api, created: Created, content: bytes, numbers: Iterable[int] | None = None) -> list[Json]:
    """Send parts of `content` (all, unless some are named) as the plan wants it; what a completion can name."""
    size = created.grant["part_size"]
    every = range(1, created.grant["part_count"] + 1)
    sent = []
    for part in signed_parts(api, created.id, every if numbers is None else numbers):
        piece = content[(part["number"] - 1) * size :][:size]
        assert len(piece) == part["size"]
        answer = put(part["url"], part["headers"], piece)
        assert answer.status == 200, answer.body
        sent.append({"number": part["number"], "etag": answer.headers["ETag"]})
    return sent


def wait_for(condition: Callable[[], bool], seconds: float = 60, *, every: float = 0.05) -> bool:
    """Ask `condition` until it holds or the time is over, with so many seconds in between; whether it held."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(every)
    return False
