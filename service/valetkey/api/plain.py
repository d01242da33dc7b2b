"""Routes that do not need a Flask request: the most frequent ones.

In an application that mounts valetkey they are ordinary views. If valetkey runs alone, they are called without Flask's
work around a view, which takes as long as making a grant. Each route is one line in `ROUTES`.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from valetkey.api.bodies import MAX_QUERY, json_body, raw_body
from valetkey.api.completing import asks_the_store, complete_upload
from valetkey.api.creating import makes_one_for_a_key, new_upload, new_uploads
from valetkey.api.mounted import Mounted
from valetkey.api.observing import is_likely_to_wait, observe_events
from valetkey.api.rendering import PlainResponse

Environ = Mapping[str, Any]
Read = Callable[[], bytes]
"""Reads the body, after the caller has been authenticated."""


class PlainRoute(NamedTuple):
    """A POST to ``path``; a path with a trailing slash is followed by one variable segment and ``end``."""

    path: str
    name: str
    """The name of its Flask endpoint."""
    view: Callable[..., PlainResponse]
    """Takes a `Mounted`, an `Environ`, a `Read`, and the variable segment if there is one."""
    waits: Callable[[Environ], bool]
    """Whether a request for it will probably wait for something other than `unwritten` work."""
    body: Callable[[], bytes] = json_body
    """How the Flask view reads the body."""
    max_query: int = 0
    """The longest query in characters; requests with a longer one are left to Flask."""
    end: str = ""
    """The end of the path, with a leading slash."""
    may_be_empty: bool = False
    """Whether the body may be empty."""

    @property
    def rule(self) -> str:
        """Its path as a Flask rule."""
        return f"{self.path}<name>{self.end}" if self.path.endswith("/") else self.path

    def name_in(self, path: str) -> str:
        """The variable segment in the ``path`` of a request."""
        return path[len(self.path) : len(path) - len(self.end)]

    def call(self, here: Mounted, environ: Environ, read: Read, name: str) -> PlainResponse:
        """Calls the view; ``name`` is the variable segment of the matched path."""
        return self.view(here, environ, read, name) if self.path[-1] == "/" else self.view(here, environ, read)


ROUTES = (
    PlainRoute("/v1/uploads", "create_upload", new_upload, makes_one_for_a_key),
    PlainRoute("/v1/uploads/batch", "create_batch", new_uploads, makes_one_for_a_key),
    PlainRoute("/v1/events/", "receive_events", observe_events, is_likely_to_wait, raw_body, MAX_QUERY),
    PlainRoute("/v1/uploads/", "complete_upload", complete_upload, asks_the_store, end="/complete", may_be_empty=True),
)
_BY_PATH = {route.path: route for route in ROUTES if not route.end}
_BY_END = {(route.path, route.end): route for route in ROUTES if route.end}


def plain_route(environ: Environ) -> PlainRoute | None:
    """The route of a request, if valetkey runs alone. Paths with a trailing slash are left to Flask."""
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] != "POST" or path[-1:] == "/":
        return None
    before, _, last = path.rpartition("/")
    route = _BY_PATH.get(path) or _BY_PATH.get(f"{before}/")
    if route is None and before[-1:] != "/":  # two slashes in a row are left to Flask, too
        route = _BY_END.get((before[: before.rfind("/") + 1], f"/{last}"))
    return route


def waits_for_nothing_else(environ: Environ) -> bool:
    """Whether a request will probably wait for nothing but `unwritten` work."""
    route = plain_route(environ)
    return route is not None and not route.waits(environ)
