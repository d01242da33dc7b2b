"""Routes that need no request of Flask's: those that most requests are for.

An application that valetkey is mounted in has them as views like all others. Where valetkey is alone, they are called
without what Flask does around a view, which takes as long as a grant does. Such a route is one line in `ROUTES`.
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
"""Gives the body, which is read once it is known who asks."""


class PlainRoute(NamedTuple):
    """A POST to ``path``; one that ends in a slash has one more part behind it, and ``end`` behind that."""

    path: str
    name: str
    """Of its endpoint in Flask."""
    view: Callable[..., PlainResponse]
    """It takes a `Mounted`, an `Environ` and a `Read`, and the part behind ``path`` where there is one."""
    waits: Callable[[Environ], bool]
    """Whether what asks for it will most likely wait for something else than what is `unwritten`."""
    body: Callable[[], bytes] = json_body
    """How Flask's view reads it."""
    max_query: int = 0
    """In characters: with a longer one it is left to Flask."""
    end: str = ""
    """It begins with a slash."""
    may_be_empty: bool = False
    """Whether it needs no body."""

    @property
    def rule(self) -> str:
        """Its path as Flask has it."""
        return f"{self.path}<name>{self.end}" if self.path.endswith("/") else self.path

    def name_in(self, path: str) -> str:
        """The part behind its own in the ``path`` of a request."""
        return path[len(self.path) : len(path) - len(self.end)]

    def call(self, here: Mounted, environ: Environ, read: Read, name: str) -> PlainResponse:
        """What the view gives; ``name`` is the part behind ``path``, as whoever matched the path has found it."""
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
    """The one that a request is for, where valetkey is alone. What a slash at the end means is for Flask to say."""
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] != "POST" or path[-1:] == "/":
        return None
    before, _, last = path.rpartition("/")
    route = _BY_PATH.get(path) or _BY_PATH.get(f"{before}/")
    if route is None and before[-1:] != "/":  # two slashes in a row are Flask's, too
        route = _BY_END.get((before[: before.rfind("/") + 1], f"/{last}"))
    return route


def waits_for_nothing_else(environ: Environ) -> bool:
    """Whether a request most likely waits for nothing but what is `unwritten`."""
    route = plain_route(environ)
    return route is not None and not route.waits(environ)
