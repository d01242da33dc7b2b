"""The meaning of the service's responses: a body, one of our errors, or a reason to retry the call."""

import json

from valetkey.client.errors import ClientError, Conflict, Refused, Rejected, Transient, UploadNotFound
from valetkey.client.remote.calls import GRANTED, Call, Json
from valetkey.client.transport.responses import HttpResponse

FILE_PROBLEMS = frozenset({"content_type_not_allowed", "size_out_of_range", "method_not_supported"})
"""Codes of problems with the file: another file may be accepted."""

NOT_UPLOADS = frozenset({"erasure_not_found", "profile_not_found"})
"""Codes of problems with the status 404 that are not about an upload."""

NO_BODY, NOT_YET = 204, 202

RETRY_STATUSES = frozenset({408, 425, 429, 500, *range(502, 600)})
"""Statuses of failures that may be transient. Proxies have their own, such as Cloudflare's 520 to 530."""


def read(response: HttpResponse, call: Call, endpoint: str) -> Json:
    """The body of a successful response. Raises `Transient`, `Refused`, `Rejected`, `Conflict` or `UploadNotFound`."""
    if call.expected is None and response.status == NO_BODY:
        return {}
    try:
        body = json.loads(response.body)
    except ValueError:
        if _may_be_transient(response):
            strange = not_valetkey(response, endpoint)
            raise Transient(strange.detail, permanent=strange) from None
        body = None
    if response.status < 300 and isinstance(body, dict) and body.keys() >= (call.expected or set()):
        return body
    problem: Json = body if isinstance(body, dict) else {}
    if "code" not in problem and response.status not in RETRY_STATUSES:
        raise not_valetkey(response, endpoint)
    raise _error(response.status, problem, endpoint, response.retry_after)


def read_result(result: Json, endpoint: str) -> Json | ClientError | None:
    """One result of a batch: the created upload, or the error; None if another attempt may succeed."""
    if result.keys() >= GRANTED:
        return result
    problem = result.get("error", {})
    error = _error(int(problem.get("status", 500)), problem, endpoint)
    return error if isinstance(error, ClientError) else None


def poll_delay(response: HttpResponse) -> float | None:
    """The seconds until the upload is to be requested again; None if it is in its final state."""
    return (response.retry_after or 1.0) if response.status == NOT_YET else None


def may_have_taken_effect(error: ClientError) -> bool:
    """Whether a call that failed with ``error`` may have been carried out: the service did not say that it was not."""
    return error.problem is None or error.status in RETRY_STATUSES


def is_from_elsewhere(error: ClientError) -> bool:
    """Whether the response was not the service's but a proxy's, for example, and so says nothing about the upload."""
    return error.status is not None and error.problem is None


def not_valetkey(response: HttpResponse, endpoint: str) -> Refused:
    """The error for a response that does not come from valetkey."""
    detail = f"{endpoint} responded with {response.status}, and not as valetkey does: {_hint(response)}"
    return Refused(f"http_{response.status}", detail, status=response.status)


def _may_be_transient(response: HttpResponse) -> bool:
    """Whether a response that is not JSON is worth another attempt: a JSON body that was cut, which a response without
    a length does not reveal, or the login page of a captive portal, which has the status of a success."""
    is_cut = response.body.lstrip()[:1] == b"{"
    is_page = response.status < NO_BODY and bool(response.body)
    return (is_cut or is_page) and response.status not in RETRY_STATUSES


def _error(status: int, problem: Json, endpoint: str, after: float | None = None) -> ClientError | Transient:
    code, detail, sent = str(problem.get("code", f"http_{status}")), _detail(problem), problem or None
    if status in RETRY_STATUSES:
        text = f"{endpoint} responded with {status}. {detail}".rstrip()
        return Transient(text, after, status=status, problem=sent)
    kinds: dict[int, type[ClientError]] = {404: UploadNotFound, 409: Conflict}
    kind = kinds.get(status, Rejected if code in FILE_PROBLEMS else Refused)
    if code in NOT_UPLOADS:
        kind = Refused
    return kind(code, detail, status=status, problem=sent)


def _hint(response: HttpResponse) -> str:
    """What may be wrong with the URL. Redirects are not followed: the credential goes only where the user said."""
    elsewhere = response.headers.get("Location") if 300 <= response.status < 400 else None
    return f"it redirects to {elsewhere}" if elsewhere else "is the address right?"


def _detail(problem: Json) -> str:
    """The problem's detail, followed by the errors of single fields."""
    detail = str(problem.get("detail", ""))
    fields = [f"{error['pointer']}: {error['detail']}" for error in problem.get("errors", [])]
    return " ".join([detail, *(field for field in fields if detail not in field)]).strip()
