"""A Flask application that consists of valetkey alone."""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any, NoReturn

from flask import Flask, Request, Response, abort, request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import MapAdapter

from valetkey import forks
from valetkey.api.bodies import BodylessRequest, is_plain, whole_body
from valetkey.api.entrance import forget_frames, moved_within
from valetkey.api.mounted import mounted_in
from valetkey.api.plain import plain_route


class _Stateless(SessionInterface):
    """Reads and writes no cookie: every request authenticates itself."""

    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002
        return NullSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None: ...


@lru_cache(maxsize=256)
def _is_host(text: str) -> bool:
    """Whether werkzeug's routing accepts it as a host."""
    try:
        text.lower().partition(":")[0].encode("idna")
    except UnicodeError:
        return False
    return True


class StandaloneFlask(Flask):
    """A Flask without features that an API service does not need: together a seventh of Flask's cost for a request.

    `plain_route` is called without a Flask request, unless a hook is registered that would be called.
    """

    request_class = BodylessRequest
    session_interface = _Stateless()
    own_hooks: tuple[Callable[..., Any], ...] = ()
    """Our own after-request hooks."""

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """As in Flask, except for plain routes."""
        route = plain_route(environ)
        if route is None or self._has_hooks():
            return super().wsgi_app(environ, start_response)
        if not is_plain(environ, max_query=route.max_query, may_be_empty=route.may_be_empty):
            return super().wsgi_app(environ, start_response)
        here = mounted_in(self)
        # otherwise Flask's request determines our URL, or that the host is invalid
        if not here.address.said or environ.get("SCRIPT_NAME") or not _is_host(environ.get("HTTP_HOST", "")):
            return super().wsgi_app(environ, start_response)
        try:
            forks.look()
            here.record_hooks()
            name = route.name_in(environ["PATH_INFO"])
            return route.call(here, environ, partial(whole_body, environ), name).start(start_response)
        except Exception as error:
            with self.request_context(environ):
                response = self.process_response(self.make_response(self.handle_user_exception(error)))
                return response(environ, start_response)

    def _has_hooks(self) -> bool:
        """Whether hooks other than our own are registered, which are not needed for plain routes."""
        after = tuple(self.after_request_funcs.get(None, ()))
        return None in self.before_request_funcs or None in self.url_value_preprocessors or after != self.own_hooks

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Matches routes by path and method alone, so the host need not be determined."""
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
        """As in Flask, but without the signals around a request, which have no receivers in this application."""
        try:
            answer = self.preprocess_request()
            if answer is None:
                answer = self.dispatch_request()
        except Exception as error:
            answer = self.handle_user_exception(error)
            forget_frames(request)
        return self.process_response(self.make_response(answer))

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """As in Flask, but redirects are relative to our own base."""
        if (moved := moved_within(self, request, list(self.blueprints))) is not None:
            abort(moved)
        super().raise_routing_exception(request)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Returns ``func``: no view is a coroutine."""
        return func

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Nothing is registered to be torn down."""

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Nothing is registered to be torn down."""
