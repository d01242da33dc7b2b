"""Tickets for the application's own pages, by the login of the application: no part of the public API.

This is the only route of ours that cookies matter for. It changes nothing, and another origin can neither call it nor
read its answer: the browser has to say that a page of our own origin asks.
"""

from typing import Annotated

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field

from valetkey.api import problems
from valetkey.api.bodies import json_body, refuse_streams
from valetkey.api.json_reading import read
from valetkey.api.mounted import mounted
from valetkey.api.rendering import render
from valetkey.api.requests import Name
from valetkey.api.responses import ticket_body
from valetkey.core.access.callers import DEFAULT_PROFILE
from valetkey.core.errors import Forbidden

PATH = "/session/ticket"

blueprint = Blueprint("valetkey-session", __name__)
blueprint.before_request(refuse_streams)
problems.register(blueprint)


class AskTicket(BaseModel):
    """What a page asks for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    profile: Annotated[Name, Field(min_length=1, max_length=100)] = DEFAULT_PROFILE


@blueprint.post(PATH)
def create_page_ticket() -> Response:
    here = mounted()
    _require_own_page(here.address.origin if here.address.said else None)
    allowed = here.page_tickets
    owner = allowed.owner()
    wanted = read(AskTicket, json_body())
    allowed.require(wanted.profile)
    issued = here.service.issue_ticket(
        here.authenticator.application,
        wanted.profile,
        owner=owner,
        life=allowed.life,
        max_uploads=allowed.max_uploads,
    )
    headers = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}
    return render(ticket_body(issued), headers=headers)


def _require_own_page(public_origin: str | None) -> None:
    """Raises `Forbidden` unless the browser says that a page of our own origin asks.

    ``Sec-Fetch-Site`` comes from every current browser over https and from localhost, ``Origin`` with every POST of
    any; scripts can set neither.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    own = {f"{request.scheme}://{request.host}"}
    if public_origin is not None:
        own.add(public_origin.lower())
    if site is not None:
        if site != "same-origin":
            raise Forbidden("Only a page of this very origin gets a ticket here.")
    elif origin not in own:
        raise Forbidden(
            "Only a page of this very origin gets a ticket here. If this is one, the application does not know its own"
            " address: set VALETKEY_PUBLIC_URL to it."
        )
