"""Exempts calls without a cookie from CSRF protection: their callers authenticate by a header."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Flask


def exempt(app: Flask, blueprints: Sequence[Blueprint]) -> None:
    """Exempts the views of ``blueprints`` from Flask-WTF's ``CSRFProtect``, Flask-SeaSurf and similar extensions,
    whether these are set up before or after us.

    Such protection is for cookies, which a browser sends by itself, unlike keys, tickets and senders' secrets. Tickets
    of the application's own pages depend on a cookie, so `page_tickets` checks a request's origin.
    """
    ours = tuple(f"{blueprint.name}." for blueprint in blueprints)
    told = False

    def tell() -> None:
        nonlocal told
        if told:
            return
        views = [view for endpoint, view in app.view_functions.items() if endpoint.startswith(ours)]
        for protection in _protections(app):
            for view in views:
                protection.exempt(view)
        told = True  # an application accepts no more extensions after its first request

    # before all others: the extension's own hook may exist already, or be added later
    app.before_request_funcs.setdefault(None, []).insert(0, tell)


def _protections(app: Flask) -> Iterator[Any]:
    """The CSRF extensions that can exempt a view, among the application's extensions and the owners of its hooks.

    They are found by name, as other extensions also have an ``exempt``: a limiter's limits apply to us, too.
    """
    hooks = app.before_request_funcs.get(None, [])
    for found in [*app.extensions.values(), *(getattr(hook, "__self__", None) for hook in hooks)]:
        names = " ".join(f"{kind.__module__}.{kind.__qualname__}" for kind in type(found).__mro__).lower()
        if ("csrf" in names or "seasurf" in names) and callable(getattr(found, "exempt", None)):
            yield found
