"""A Flask application that is valetkey and nothing else."""

from collections.abc import Callable
from typing import Any, NoReturn

from flask import Flask, Request, Response, abort
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import MapAdapter

from valetkey.api.bodies import BodylessRequest
from valetkey.api.entrance import moved_within


class _Stateless(SessionInterface):
    """No cookie is read or written: every request proves who sends it."""

    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002
        return NullSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None: ...


class StandaloneFlask(Flask):
    """A Flask without what a service for programs has no use for; together a seventh of what Flask costs a request."""

    request_class = BodylessRequest
    session_interface = _Stateless()

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Routes are matched by path and method alone, so the host need not be worked out."""
        if request is None:
            return None
        environ = request.environ
        return self.url_map.bind(
            environ.get("HTTP_HOST") or environ["SERVER_NAME"],
            environ.get("SCRIPT_NAME"),
            url_scheme=environ["wsgi.url_scheme"],
            default_method=environ["REQUEST_METHOD"],
            path_info=request.path,
            query_args=environ.get("QUERY_STRING", ""),
        )

    def full_dispatch_request(self) -> Response:
        """As in Flask, but for the signals around a request: in this application nobody listens."""
        try:
            answer = self.preprocess_request()
            if answer is None:
                answer = self.dispatch_request()
        except Exception as error:
            answer = self.handle_user_exception(error)
        return self.process_response(self.make_response(answer))

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """As in Flask, but redirects follow from our own base."""
        if (moved := moved_within(self, request, list(self.blueprints))) is not None:
            abort(moved)
        super().raise_routing_exception(request)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is a coroutine."""
        return func

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Nothing is registered to be torn down."""

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Nothing is registered to be torn down."""
