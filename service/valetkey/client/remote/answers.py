"""The meaning of the service's responses: a body, one of our errors, or a reason to retry the call."""

import json

from valetkey.client.errors import ClientError, Conflict, Refused, Rejected, Transient, UploadNotFound
from valetkey.client.remote.calls import GRANTED, Call, Json
from valetkey.client.transport.responses import HttpResponse

FILE_PROBLEMS = frozenset({"content_type_not_allowed", "size_out_of_range", "method_not_supported"})
"""Codes of problems that are about the file: another file may fare better."""

NOT_OF_UPLOADS = frozenset({"erasure_not_found", "profile_not_found"})
"""Codes of problems with a status of 404 that are about something else."""

NO_BODY, NOT_YET = 204, 202

RETRY_STATUSES = frozenset({408, 425, 429, 500, *range(502, 600)})
"""Failures that may pass by themselves; a proxy in front of the service has its own, such as 520 to 530."""


def read(response: HttpResponse, call: Call, endpoint: str) -> Json:
    """The body of a success. Raises `Transient`, and `Refused`, `Rejected`, `Conflict` or `UploadNotFound`."""
    if call.expected is None and response.status == NO_BODY:
        return {}
    try:
        body = json.loads(response.body)
    except ValueError:
        if _may_come_whole(response):
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
    """One result of a batch: what was created, why there is none, or None where another attempt may create it."""
    if result.keys() >= GRANTED:
        return result
    problem = result.get("error", {})
    error = _error(int(problem.get("status", 500)), problem, endpoint)
    return error if isinstance(error, ClientError) else None


def ask_again(response: HttpResponse) -> float | None:
    """In how many seconds to ask for the upload again; None when it has reached its final state."""
    return (response.retry_after or 1.0) if response.status == NOT_YET else None


def may_be_done(error: ClientError) -> bool:
    """Whether a call that failed so may have been carried out: the service has not said that it was not."""
    return error.problem is None or error.status in RETRY_STATUSES


def is_of_stranger(error: ClientError) -> bool:
    """Whether somebody else has answered in the place of the service, which has said nothing of the upload then."""
    return error.status is not None and error.problem is None


def not_valetkey(response: HttpResponse, endpoint: str) -> Refused:
    """The error for a response that does not come from valetkey."""
    detail = f"{endpoint} responded with {response.status}, and not as valetkey does: {_hint(response)}"
    return Refused(f"http_{response.status}", detail, status=response.status)


def _may_come_whole(response: HttpResponse) -> bool:
    """Whether what is no JSON ends too early, in a response that does not say its length; ours that end otherwise are
    retried. Or it is the page of a portal, under the status of a success, until somebody has logged in there."""
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
    if code in NOT_OF_UPLOADS:
        kind = Refused
    return kind(code, detail, status=status, problem=sent)


def _hint(response: HttpResponse) -> str:
    """What may be wrong with the address. A redirect is not followed: a credential goes where the user said."""
    elsewhere = response.headers.get("Location") if 300 <= response.status < 400 else None
    return f"it redirects to {elsewhere}" if elsewhere else "is the address right?"


def _detail(problem: Json) -> str:
    """The problem's detail, followed by what is wrong with single fields."""
    detail = str(problem.get("detail", ""))
    fields = [f"{error['pointer']}: {error['detail']}" for error in problem.get("errors", [])]
    return " ".join([detail, *(field for field in fields if detail not in field)]).strip()
