"""The calls of the HTTP API that the client makes, each repeated until it gets a response."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from valetkey.client.errors import Conflict, PutError, Refused, Rejected, Transient, UploadNotFound
from valetkey.client.remote.retry import Retrier
from valetkey.client.transport.connections import Connections
from valetkey.client.transport.responses import HttpResponse

Json = dict[str, Any]

FILE_PROBLEMS = frozenset({"content_type_not_allowed", "size_out_of_range", "method_not_supported"})
"""Codes of problems that are about the file: another file may fare better."""

CREATED_KEYS = frozenset({"upload", "grant", "ticket"})
UPLOAD_KEYS = frozenset({"id", "state"})
PARTS_KEYS = frozenset({"parts"})
RESULTS_KEYS = frozenset({"results"})
GRANT_KEYS = frozenset({"grant"})
NO_BODY = 204

RETRY_STATUSES = frozenset({408, 425, 429, 500, *range(502, 600)})
"""Failures that may pass by themselves; a proxy in front of the service has its own, such as 520 to 530."""


class Service:
    """The service at ``endpoint``. Every method raises `Unreachable`, `Interrupted` and `Refused`."""

    def __init__(self, endpoint: str, token: str | None, connections: Connections, retrier: Retrier) -> None:
        self._endpoint = endpoint
        self._token = token
        self._connections = connections
        self._retrier = retrier

    def create(self, request: Mapping[str, Any]) -> Json:
        """Creates an upload: ``{upload, grant, ticket}``. Raises `Rejected` when its profile does not take the file."""
        once = {"Idempotency-Key": os.urandom(16).hex()}
        return self._call("POST", "/v1/uploads", self._token, request, once, expected=CREATED_KEYS)[1]

    def create_many(self, requests: Sequence[Mapping[str, Any]]) -> list[Json | PutError | None]:
        """Creates several uploads: for each, in order, ``{upload, grant, ticket}``, or why there is none.

        None stands for an upload that has to be created by a call of its own. Uploads that were created by a call whose
        response was lost expire.
        """
        response, body = self._call(
            "POST", "/v1/uploads/batch", self._token, {"uploads": requests}, expected=RESULTS_KEYS
        )
        results = body["results"]
        if not isinstance(results, list) or len(results) != len(requests):
            raise _not_valetkey(response, self._endpoint)
        return [self._read_result(result) for result in results]

    def _read_result(self, result: Json) -> Json | PutError | None:
        if result.keys() >= CREATED_KEYS:
            return result
        problem = result.get("error", {})
        error = _error(int(problem.get("status", 500)), problem, self._endpoint)
        return error if isinstance(error, PutError) else None

    def renew_grant(self, upload_id: str, ticket: str) -> Json:
        """A fresh grant. Raises `UploadNotFound`, and `Conflict` when the bytes have arrived, or may come no more."""
        path = f"/v1/uploads/{upload_id}/grant"
        renewed: Json = self._call("POST", path, ticket, expected=GRANT_KEYS)[1]["grant"]
        return renewed

    def get(self, upload_id: str, ticket: str) -> Json:
        """The upload. Raises `UploadNotFound`."""
        return self._call("GET", f"/v1/uploads/{upload_id}", ticket, expected=UPLOAD_KEYS)[1]

    def list_parts(self, upload_id: str, ticket: str) -> Json:
        """The parts that the store has: ``{parts: [{number, size, etag}], part_size, part_count}``."""
        return self._call("GET", f"/v1/uploads/{upload_id}/parts", ticket, expected=PARTS_KEYS)[1]

    def sign_parts(
        self, upload_id: str, ticket: str, numbers: Sequence[int], checksums: Mapping[int, str] | None = None
    ) -> list[Json]:
        """``{number, size, url, headers, expires_at}`` for each part. Raises `Conflict` like `renew_grant`.

        ``checksums`` are SHA-256 in base64 by number, when the grant asks for them.
        """
        request: Json = {"numbers": numbers}
        if checksums:
            request["checksums"] = {str(number): value for number, value in checksums.items()}
        path = f"/v1/uploads/{upload_id}/parts"
        return list(self._call("POST", path, ticket, request, expected=PARTS_KEYS)[1]["parts"])

    def complete(self, upload_id: str, ticket: str, parts: Sequence[Json] | None = None) -> tuple[Json, float | None]:
        """The upload, and in how many seconds to ask again; None when the upload has reached its final state.

        ``parts`` names what it consists of: ``{number, etag}`` of each. None leaves it to the store's list.

        Raises `Conflict` and `UploadNotFound`.
        """
        path = f"/v1/uploads/{upload_id}/complete"
        named = {} if parts is None else {"parts": parts}
        response, upload = self._call("POST", path, ticket, named, slow=True, expected=UPLOAD_KEYS)
        return upload, (response.retry_after or 1.0) if response.status == 202 else None

    def abort(self, upload_id: str, ticket: str) -> None:
        """Aborts an upload, and removes what the store has of it."""
        self._call("DELETE", f"/v1/uploads/{upload_id}", ticket)

    def _call(
        self,
        method: str,
        path: str,
        token: str | None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        slow: bool = False,
        expected: frozenset[str] | None = None,
    ) -> tuple[HttpResponse, Json]:
        """Calls until there is a response, which has the ``expected`` keys; None expects nothing of a success."""
        sent = {"Accept": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        payload = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        address = self._endpoint + path
        return self._retrier.call(
            lambda: _read(
                self._connections.request(method, address, sent, payload, slow=slow), expected, self._endpoint
            )
        )


def _read(response: HttpResponse, expected: frozenset[str] | None, endpoint: str) -> tuple[HttpResponse, Json]:
    if expected is None and response.status == NO_BODY:
        return response, {}
    try:
        body = json.loads(response.body)
    except ValueError:
        if _is_cut(response):
            detail = f"The response of {endpoint} is incomplete."
            raise Transient(detail, permanent=_not_valetkey(response, endpoint)) from None
        body = None
    if response.status < 300 and isinstance(body, dict) and body.keys() >= (expected or set()):
        return response, body
    problem: Json = body if isinstance(body, dict) else {}
    if "code" not in problem and response.status not in RETRY_STATUSES:
        raise _not_valetkey(response, endpoint)
    raise _error(response.status, problem, endpoint, response.retry_after)


def _is_cut(response: HttpResponse) -> bool:
    """Whether JSON ends too early, in a response that does not say its length; ours that end otherwise are retried."""
    return response.body.lstrip()[:1] == b"{" and response.status not in RETRY_STATUSES


def _error(status: int, problem: Json, endpoint: str, after: float | None = None) -> PutError | Transient:
    code, detail = str(problem.get("code", f"http_{status}")), _detail(problem)
    if status in RETRY_STATUSES:
        return Transient(f"{endpoint} responded with {status}. {detail}".rstrip(), after)
    if status == 409:
        return Conflict(code, detail)
    if status == 404:
        return UploadNotFound(code, detail)
    if status == 401:
        return Refused(code, f"{detail} --token or VALETKEY_TOKEN takes an API key or a profile ticket.")
    return (Rejected if code in FILE_PROBLEMS else Refused)(code, detail)


def _not_valetkey(response: HttpResponse, endpoint: str) -> Refused:
    """The error for a response that does not come from valetkey."""
    detail = f"{endpoint} responded with {response.status}, and not as valetkey does: {_hint(response)}"
    return Refused(f"http_{response.status}", detail)


def _hint(response: HttpResponse) -> str:
    """What may be wrong with the address. A redirect is not followed: a credential goes where the user said."""
    elsewhere = response.headers.get("Location") if 300 <= response.status < 400 else None
    return f"it redirects to {elsewhere}" if elsewhere else "is the address right?"


def _detail(problem: Json) -> str:
    """The problem's detail, followed by what is wrong with single fields."""
    detail = str(problem.get("detail", ""))
    fields = [f"{error['pointer']}: {error['detail']}" for error in problem.get("errors", [])]
    return " ".join([detail, *(field for field in fields if detail not in field)]).strip()
