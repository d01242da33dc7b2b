"""The calls of the HTTP API that a client makes, each repeated until it is answered."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from valetkey.client.errors import Conflict, Lost, Refused, Rejected, Transient
from valetkey.client.retry import Patience
from valetkey.client.wire import Answer, Wire

Json = dict[str, Any]

ABOUT_THE_FILE = frozenset({"content_type_not_allowed", "size_out_of_range", "method_not_supported"})
"""Problems for which another file may fare better."""

TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


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
        return self._call("POST", "/v1/uploads", self._token, wanted, once)[1]

    def renew(self, upload_id: str, ticket: str) -> Json:
        """A fresh grant. Raises `Conflict` when its bytes have arrived, or may come no more; and `Lost`."""
        return self._call("POST", f"/v1/uploads/{upload_id}/grant", ticket)[1]

    def get(self, upload_id: str, ticket: str) -> Json:
        """The upload. Raises `Lost`."""
        return self._call("GET", f"/v1/uploads/{upload_id}", ticket)[1]

    def stored_parts(self, upload_id: str, ticket: str) -> list[Json]:
        """The parts that the store has: ``{number, size, etag}``."""
        return list(self._call("GET", f"/v1/uploads/{upload_id}/parts", ticket)[1]["parts"])

    def sign_parts(self, upload_id: str, ticket: str, numbers: Sequence[int]) -> list[Json]:
        """``{number, size, url, headers, expires_at}`` for each. Raises `Conflict` like `renew`."""
        return list(self._call("POST", f"/v1/uploads/{upload_id}/parts", ticket, {"numbers": numbers})[1]["parts"])

    def complete(self, upload_id: str, ticket: str) -> tuple[Json, float | None]:
        """The upload, and in how many seconds to ask again; None when it has ended. Raises `Conflict` and `Lost`."""
        answer, upload = self._call("POST", f"/v1/uploads/{upload_id}/complete", ticket, {})
        return upload, (answer.retry_after or 1.0) if answer.status == 202 else None

    def abort(self, upload_id: str, ticket: str) -> None:
        """Ends an upload, and what is at the store of it."""
        self._call("DELETE", f"/v1/uploads/{upload_id}", ticket)

    def _call(
        self, method: str, path: str, token: str | None, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[Answer, Json]:
        sent = {"Accept": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        payload = b"" if body is None else json.dumps(body).encode()
        return self._patience.persist(
            lambda: _understood(self._wire.request(method, self._endpoint + path, sent, payload), self._endpoint)
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
    code, detail = str(problem.get("code", f"http_{answer.status}")), _sentence(problem)
    if answer.status in TRY_AGAIN:
        raise Transient(f"{endpoint} answers {answer.status}. {detail}".rstrip(), answer.retry_after)
    if "code" not in problem:
        raise Refused(code, f"{endpoint} answers {answer.status}, and not as valetkey does: {_better(answer)}")
    if answer.status == 409:
        raise Conflict(code, detail)
    if answer.status == 404:
        raise Lost(code, detail)
    if answer.status == 401:
        raise Refused(code, f"{detail} --token or VALETKEY_TOKEN takes an API key or a profile ticket.")
    raise (Rejected if code in ABOUT_THE_FILE else Refused)(code, detail)


def _better(answer: Answer) -> str:
    """What may be wrong with the address. A redirect is not followed: a credential goes where the user said."""
    elsewhere = answer.headers.get("Location") if 300 <= answer.status < 400 else None
    return f"it redirects to {elsewhere}" if elsewhere else "is the address right?"


def _sentence(problem: Json) -> str:
    """The problem's detail, with what is wrong with single fields behind it."""
    detail = str(problem.get("detail", ""))
    fields = [f"{error['pointer']}: {error['detail']}" for error in problem.get("errors", [])]
    return " ".join([detail, *(field for field in fields if detail not in field)]).strip()
