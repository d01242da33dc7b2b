"""Our own pages' Content-Security-Policy: an application's is for its own pages, and would leave ours blank."""

from flask import Flask, Response, request
from werkzeug.wrappers import Response as BaseResponse

PLAIN = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'"
"""The policy of a page of nothing but text."""

_GIVEN = "valetkey.policy"
_HEADER = "Content-Security-Policy"


def give(response: BaseResponse, policy: str) -> None:
    """Gives the page in ``response`` its ``policy``."""
    response.headers[_HEADER] = request.environ[_GIVEN] = policy


def keep(app: Flask) -> None:
    """Has pages of ours keep their policy where an extension of ``app`` sets one for every response, as Flask-Talisman
    does."""

    def restore(response: Response) -> Response:
        policy: str | None = request.environ.get(_GIVEN)
        if policy is not None:
            response.headers[_HEADER] = policy
        return response

    # the last of all, as `cors.allow` has it
    app.after_request_funcs.setdefault(None, []).insert(0, restore)
