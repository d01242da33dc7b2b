"""No protection against forged forms (CSRF) for calls that carry no cookie: who calls proves it in a header."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Flask


def exempt(app: Flask, blueprints: Sequence[Blueprint]) -> None:
    """Takes ``blueprints`` out of Flask-WTF's ``CSRFProtect``, whether it is set up before us or after us.

    A browser sends cookies by itself, which such a protection is for; keys, tickets and senders' secrets it does not.
    The tickets of the application's own pages go by a cookie: `page_tickets` looks where a request comes from.
    """
    told: list[Any] = []

    def tell() -> None:
        protection = app.extensions.get("csrf")
        if protection is not None and protection not in told and hasattr(protection, "exempt"):
            told.append(protection)
            for blueprint in blueprints:
                protection.exempt(blueprint)

    # before all others: its own hook may be there already, or come later
    app.before_request_funcs.setdefault(None, []).insert(0, tell)
