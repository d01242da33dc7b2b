"""The Content-Security-Policy of our own pages: that of an application is for its pages, and would leave ours blank."""

from flask import Flask, Response, request
from werkzeug.wrappers import Response as BaseResponse

PLAIN = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'"
"""The policy of a page with text only."""

_GIVEN = "valetkey.policy"
_HEADER = "Content-Security-Policy"


def give(response: BaseResponse, policy: str) -> None:
    """Sets the ``policy`` of the page in ``response``."""
    response.headers[_HEADER] = request.environ[_GIVEN] = policy


def keep(app: Flask) -> None:
    """Makes our pages keep their policy if an extension of ``app`` sets one for every response, as Flask-Talisman
    does."""

    def restore(response: Response) -> Response:
        policy: str | None = request.environ.get(_GIVEN)
        if policy is not None:
            response.headers[_HEADER] = policy
        return response

    # the last of all, as in `cors.allow`
    app.after_request_funcs.setdefault(None, []).insert(0, restore)
