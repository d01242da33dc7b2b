"""The calls of the HTTP API as data: the request, and the keys of its response. All but the batch are idempotent."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

Json = dict[str, Any]

GRANTED = frozenset({"upload", "grant", "ticket"})
UPLOAD = frozenset({"id", "state"})
UPLOADS = frozenset({"uploads"})
PAGE = frozenset({"uploads", "next_cursor"})


@dataclass(frozen=True)
class Call:
    """One call."""

    method: str
    path: str
    """The path with its query, relative to the service's URL."""
    expected: frozenset[str] | None
    """The keys that a successful response has; None if it has no body."""
    body: object = None
    """The body, sent as JSON; None sends no body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    """Whether the response may take minutes, because an object is copied before."""

    @property
    def payload(self) -> bytes:
        """The body as it is sent."""
        if self.body is None:
            return b""
        try:
            return json.dumps(self.body, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # a lone surrogate, as in file names that are not UTF-8: the service replaces it
            return json.dumps(self.body).encode()

    def headers_for(self, token: str | None) -> dict[str, str]:
        """The headers, with this credential if there is one."""
        sent = {"Accept": "application/json", **self.headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if self.body is not None:
            sent["Content-Type"] = "application/json"
        return sent


def create(request: Mapping[str, Any], once: str | None = None) -> Call:
    """Creates an upload. ``once`` is its `Idempotency-Key`; None generates one, so that the call can be repeated."""
    key = {"Idempotency-Key": once or os.urandom(16).hex()}
    return Call("POST", "/v1/uploads", GRANTED, request, key)


def create_many(requests: Sequence[Mapping[str, Any]]) -> Call:
    """Creates several uploads. If the response is lost, the uploads expire."""
    return Call("POST", "/v1/uploads/batch", frozenset({"results"}), {"uploads": requests})


def get(upload_id: str) -> Call:
    """One upload."""
    return Call("GET", _path(upload_id), UPLOAD)


def get_all(ids: Sequence[str]) -> Call:
    """Up to 100 uploads by their ids."""
    return Call("GET", f"/v1/uploads?{urlencode([('id', one) for one in ids])}", PAGE)


def page(wanted: Mapping[str, Any], cursor: str | None) -> Call:
    """One page of the caller's uploads; ``cursor`` is the `next_cursor` of the page before."""
    return Call("GET", f"/v1/uploads{_query(wanted, cursor)}", PAGE)


def renew_grant(upload_id: str) -> Call:
    """Gets a new grant."""
    return Call("POST", f"{_path(upload_id)}/grant", frozenset({"grant"}))


def list_parts(upload_id: str) -> Call:
    """The parts that the store has: ``{parts: [{number, size, etag}], part_size, part_count}``."""
    return Call("GET", f"{_path(upload_id)}/parts", frozenset({"parts"}))


def sign_parts(upload_id: str, numbers: Sequence[int], checksums: Mapping[int, str] | None) -> Call:
    """Gets URLs for parts. ``checksums`` are the SHA-256 in base64 by number, if the grant requires them."""
    request: Json = {"numbers": numbers}
    if checksums:
        request["checksums"] = {str(number): value for number, value in checksums.items()}
    return Call("POST", f"{_path(upload_id)}/parts", frozenset({"parts"}), request)


def complete(upload_id: str, parts: Sequence[Mapping[str, object]] | None) -> Call:
    """Completes an upload. ``parts`` lists its parts; None leaves that to the store's list."""
    named: Json = {} if parts is None else {"parts": parts}
    return Call("POST", f"{_path(upload_id)}/complete", UPLOAD, named, slow=True)


def remove(upload_id: str) -> Call:
    """Aborts a pending upload, deletes a confirmed one."""
    return Call("DELETE", _path(upload_id), None)


def claim(upload_id: str, wanted: Mapping[str, Any]) -> Call:
    """Claims a confirmed upload."""
    return Call("POST", f"{_path(upload_id)}/claim", UPLOAD, wanted)


def release(upload_id: str, reference: str) -> Call:
    """Releases a claimed upload."""
    return Call("POST", f"{_path(upload_id)}/release", UPLOAD, {"reference": reference})


def claim_all(ids: Sequence[str], wanted: Mapping[str, Any]) -> Call:
    """Claims several confirmed uploads, or none."""
    return Call("POST", "/v1/claims", UPLOADS, {**wanted, "uploads": ids})


def release_all(ids: Sequence[str], reference: str) -> Call:
    """Releases several claimed uploads, or none."""
    return Call("POST", "/v1/claims/release", UPLOADS, {"reference": reference, "uploads": ids})


def claims(wanted: Mapping[str, Any], cursor: str | None) -> Call:
    """One page of claimed uploads."""
    return Call("GET", f"/v1/claims{_query(wanted, cursor)}", PAGE)


def download(upload_id: str, *, inline: bool) -> Call:
    """A URL of the confirmed bytes, which a browser shows if ``inline`` and their type allow it."""
    query = "?inline=true" if inline else ""
    return Call("GET", f"{_path(upload_id)}/download{query}", frozenset({"url"}))


def ticket(wanted: Mapping[str, Any]) -> Call:
    """A ticket for a page. If the response is lost, nobody uses that ticket."""
    return Call("POST", "/v1/tickets", frozenset({"ticket", "expires_at"}), wanted)


def profiles() -> Call:
    """The profiles that the caller may use, with their rules."""
    return Call("GET", "/v1/profiles", frozenset({"profiles"}))


def profile(name: str) -> Call:
    """The rules of one profile."""
    return Call("GET", f"/v1/profiles/{quote(name, safe='')}", frozenset({"name", "max_size"}))


def erase(owner: str) -> Call:
    """Erases everything kept of an owner. The owner is in the body, as a proxy may change a path on its way."""
    return Call("POST", "/v1/erasures", frozenset({"id", "state"}), {"owner": owner})


def erasure(erasure_id: str) -> Call:
    """The progress of an erasure."""
    return Call("GET", f"/v1/erasures/{erasure_id}", frozenset({"id", "state"}))


def _query(wanted: Mapping[str, Any], cursor: str | None) -> str:
    query = {name: value for name, value in {**wanted, "cursor": cursor}.items() if value is not None}
    return f"{'?' if query else ''}{urlencode(query)}"


def _path(upload_id: str) -> str:
    return f"/v1/uploads/{upload_id}"
