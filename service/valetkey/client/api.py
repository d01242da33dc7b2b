"""The calls of the HTTP API that a client makes, each repeated until it is answered."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from valetkey.client.errors import Conflict, Lost, PutError, Refused, Rejected, Transient
from valetkey.client.retry import Patience
from valetkey.client.wire import Answer, Wire

Json = dict[str, Any]

ABOUT_THE_FILE = frozenset({"content_type_not_allowed", "size_out_of_range", "method_not_supported"})
"""Problems for which another file may fare better."""

CREATED = frozenset({"upload", "grant", "ticket"})

TRY_AGAIN = frozenset({408, 425, 429, 500, *range(502, 600)})
"""What passes by itself; a proxy in front of the service has its own, such as 520 to 530."""


class Api:
    """The service at ``endpoint``. Every method raises `Unreachable`, `Interrupted` and `Refused`."""

    def __init__(self, endpoint: str, token: str | None, wire: Wire, patience: Patience) -> None:
        self._endpoint = endpoint
        self._token = token
        self._wire = wire
        self._patience = patience

    def create(self, wanted: Mapping[str, Any]) -> Json:
        """A new upload: ``{upload, grant, ticket}``. Raises `Rejected` when its profile does not take this file."""
        once = {"Idempotency-Key": os.urandom(16).hex()}
        answer, created = self._call("POST", "/v1/uploads", self._token, wanted, once)
        if not created.keys() >= CREATED:
            raise _stranger(answer, self._endpoint)
        return created

    def create_many(self, wanted: Sequence[Mapping[str, Any]]) -> list[Json | PutError | None]:
        """What is said to each of them, in this order: ``{upload, grant, ticket}``, or why there is no upload.

        None where it has to be asked for by itself. Uploads that were made by a call whose answer was lost expire.
        """
        answer, said = self._call("POST", "/v1/uploads/batch", self._token, {"uploads": wanted})
        results = said.get("results")
        if not isinstance(results, list) or len(results) != len(wanted):
            raise _stranger(answer, self._endpoint)
        return [self._one_of_many(result) for result in results]

    def _one_of_many(self, result: Json) -> Json | PutError | None:
        if result.keys() >= CREATED:
            return result
        problem = result.get("error", {})
        failure = _failure(int(problem.get("status", 500)), problem, self._endpoint)
        return failure if isinstance(failure, PutError) else None

    def renew(self, upload_id: str, ticket: str) -> Json:
        """A fresh grant. Raises `Conflict` when its bytes have arrived, or may come no more; and `Lost`."""
        return self._call("POST", f"/v1/uploads/{upload_id}/grant", ticket)[1]

    def get(self, upload_id: str, ticket: str) -> Json:
        """The upload. Raises `Lost`."""
        return self._call("GET", f"/v1/uploads/{upload_id}", ticket)[1]

    def stored_parts(self, upload_id: str, ticket: str) -> Json:
        """What the store has: ``{parts: [{number, size, etag}], part_size, part_count}``."""
        return self._call("GET", f"/v1/uploads/{upload_id}/parts", ticket)[1]

    def sign_parts(
        self, upload_id: str, ticket: str, numbers: Sequence[int], checksums: Mapping[int, str] | None = None
    ) -> list[Json]:
        """``{number, size, url, headers, expires_at}`` for each. Raises `Conflict` like `renew`.

        ``checksums`` are SHA-256 in base64 by number, where the grant asks for them.
        """
        asked: Json = {"numbers": numbers}
        if checksums:
            asked["checksums"] = {str(number): value for number, value in checksums.items()}
        return list(self._call("POST", f"/v1/uploads/{upload_id}/parts", ticket, asked)[1]["parts"])

    def complete(self, upload_id: str, ticket: str) -> tuple[Json, float | None]:
        """The upload, and in how many seconds to ask again; None when it has ended. Raises `Conflict` and `Lost`."""
        answer, upload = self._call("POST", f"/v1/uploads/{upload_id}/complete", ticket, {}, long=True)
        return upload, (answer.retry_after or 1.0) if answer.status == 202 else None

    def abort(self, upload_id: str, ticket: str) -> None:
        """Ends an upload, and what is at the store of it."""
        self._call("DELETE", f"/v1/uploads/{upload_id}", ticket)

    def _call(
        self,
        method: str,
        path: str,
        token: str | None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        long: bool = False,
    ) -> tuple[Answer, Json]:
        sent = {"Accept": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        payload = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        address = self._endpoint + path
        return self._patience.persist(
            lambda: _understood(self._wire.request(method, address, sent, payload, long=long), self._endpoint)
        )


def _understood(answer: Answer, endpoint: str) -> tuple[Answer, Json]:
    if answer.status == 204:
        return answer, {}
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    if answer.status < 300 and isinstance(body, dict):
        return answer, body
    problem: Json = body if isinstance(body, dict) else {}
    if "code" not in problem and answer.status not in TRY_AGAIN:
        raise _stranger(answer, endpoint)
    raise _failure(answer.status, problem, endpoint, answer.retry_after)


def _failure(status: int, problem: Json, endpoint: str, after: float | None = None) -> PutError | Transient:
    code, detail = str(problem.get("code", f"http_{status}")), _sentence(problem)
    if status in TRY_AGAIN:
        return Transient(f"{endpoint} answers {status}. {detail}".rstrip(), after)
    if status == 409:
        return Conflict(code, detail)
    if status == 404:
        return Lost(code, detail)
    if status == 401:
        return Refused(code, f"{detail} --token or VALETKEY_TOKEN takes an API key or a profile ticket.")
    return (Rejected if code in ABOUT_THE_FILE else Refused)(code, detail)


def _stranger(answer: Answer, endpoint: str) -> Refused:
    """Whoever answered is no valetkey."""
    said = f"{endpoint} answers {answer.status}, and not as valetkey does: {_better(answer)}"
    return Refused(f"http_{answer.status}", said)


def _better(answer: Answer) -> str:
    """What may be wrong with the address. A redirect is not followed: a credential goes where the user said."""
    elsewhere = answer.headers.get("Location") if 300 <= answer.status < 400 else None
    return f"it redirects to {elsewhere}" if elsewhere else "is the address right?"


def _sentence(problem: Json) -> str:
    """The problem's detail, with what is wrong with single fields behind it."""
    detail = str(problem.get("detail", ""))
    fields = [f"{error['pointer']}: {error['detail']}" for error in problem.get("errors", [])]
    return " ".join([detail, *(field for field in fields if detail not in field)]).strip()
