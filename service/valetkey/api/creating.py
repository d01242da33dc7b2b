"""Functions that create uploads without a request of Flask's: see `valetkey.api.plain`."""

from collections.abc import Callable, Mapping
from typing import Any

from valetkey import waiting
from valetkey.api import problems
from valetkey.api.mounted import Mounted
from valetkey.api.rendering import PlainResponse, answer
from valetkey.api.requests import read_batch, read_create
from valetkey.api.responses import granted_body
from valetkey.api.unwritten import unwritten
from valetkey.core.access.callers import Caller
from valetkey.core.errors import InvalidRequest, ValetKeyError

Environ = Mapping[str, Any]
Read = Callable[[], bytes]


def new_upload(here: Mounted, environ: Environ, read: Read) -> PlainResponse:
    caller = _creator(here, environ)
    key = environ.get("HTTP_IDEMPOTENCY_KEY")
    # servers decode other bytes in different ways, and PostgreSQL cannot store NUL
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise InvalidRequest("An Idempotency-Key has 1 to 255 printable ASCII characters.")
    granted = here.service.create(caller, read_create(read()), key, unwritten(environ))
    headers = {"Location": f"{_root(here, environ)}/v1/uploads/{granted.upload.id}"}
    if granted.replayed:
        headers["Idempotency-Replayed"] = "true"
    return answer(granted_body(granted), 201, headers)


def new_uploads(here: Mounted, environ: Environ, read: Read) -> PlainResponse:
    caller = _creator(here, environ)
    if "HTTP_IDEMPOTENCY_KEY" in environ:
        raise InvalidRequest("A batch has no Idempotency-Key; uploads that are not used expire.")
    results = here.service.create_batch(caller, read_batch(read()), unwritten(environ))
    root = _root(here, environ)
    return answer(
        {
            "results": [
                {"error": problems.problem_of(result, root)}
                if isinstance(result, ValetKeyError)
                else granted_body(result)
                for result in results
            ]
        }
    )


def makes_one_for_a_key(environ: Environ) -> bool:
    """Whether the request has an Idempotency-Key, which the ledger has to look up."""
    return "HTTP_IDEMPOTENCY_KEY" in environ


def _creator(here: Mounted, environ: Environ) -> Caller:
    caller = here.authenticator.caller(environ.get("HTTP_AUTHORIZATION"))
    if caller.profile_ticket is not None and caller.profile_ticket.max_uploads is not None:
        waiting.look()  # the ledger has to count them: stop here rather than after signing
    return caller


def _root(here: Mounted, environ: Environ) -> str:
    return here.address.root(environ.get("SCRIPT_NAME", ""))
