"""What the application's own pages get by the login of the application: tickets, and what a form shows that is shown
again. No part of the public API.

These are the only routes of ours that cookies matter for. They change nothing, and another origin can neither call them
nor read their answers: the browser has to say that a page of our own origin asks.
"""

from typing import Annotated, TypedDict

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field

from valetkey.api import problems
from valetkey.api.bodies import json_body, refuse_streams
from valetkey.api.json_reading import read
from valetkey.api.mounted import Mounted, mounted
from valetkey.api.rendering import render
from valetkey.api.requests import Name
from valetkey.api.responses import ticket_body
from valetkey.core.access.callers import DEFAULT_PROFILE
from valetkey.core.errors import Forbidden
from valetkey.core.model.upload import Upload, parse_upload_id
from valetkey.core.taking.claims import Terms

PATH = "/session/ticket"
UPLOADS = "/session/uploads"
MAX_SHOWN = 100
"""How many uploads a page asks for at once."""

_PRIVATE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}

blueprint = Blueprint("valetkey-session", __name__)
blueprint.before_request(refuse_streams)
problems.register(blueprint)


class AskTicket(BaseModel):
    """What a page asks for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    profile: Annotated[Name, Field(min_length=1, max_length=100)] = DEFAULT_PROFILE


class AskUploads(AskTicket):
    """Which uploads a field has that is shown again."""

    uploads: Annotated[list[str], Field(max_length=MAX_SHOWN)]


class ShownBody(TypedDict):
    """What a field shows of an upload: nothing that its user does not know, and no way to its bytes."""

    id: str
    state: str
    filename: str
    path: str | None
    content_type: str
    size: int | None


@blueprint.post(UPLOADS)
def show_uploads() -> Response:
    """Those that are confirmed, of who is logged in and of the field's profile. Others are left out, as what is no id
    at all: nobody learns here what there is of others."""
    here = mounted()
    owner = _logged_in(here)
    wanted = read(AskUploads, json_body())
    here.page_tickets.require(wanted.profile)
    ids = [one for one in map(parse_upload_id, wanted.uploads) if one is not None]
    found = here.service.own(here.authenticator.application, ids, Terms(owner, wanted.profile))
    return render({"uploads": [_shown(one) for one in found]}, headers=_PRIVATE)


def _shown(upload: Upload) -> ShownBody:
    return {
        "id": upload.id,
        "state": upload.state.value,
        "filename": upload.filename,
        "path": upload.path,
        "content_type": upload.content_type,
        "size": upload.size,
    }


@blueprint.post(PATH)
def create_page_ticket() -> Response:
    here = mounted()
    allowed = here.page_tickets
    owner = _logged_in(here)
    wanted = read(AskTicket, json_body())
    allowed.require(wanted.profile)
    issued = here.service.issue_ticket(
        here.authenticator.application,
        wanted.profile,
        owner=owner,
        life=allowed.life,
        max_uploads=allowed.max_uploads,
    )
    return render(ticket_body(issued), headers=_PRIVATE)


def _logged_in(here: Mounted) -> str:
    """Whose page asks. Raises `Forbidden` for a page of another origin, and `Unauthenticated`."""
    _require_own_page(here.address.origin if here.address.said else None)
    return here.page_tickets.owner()


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
            raise Forbidden("Only a page of this very origin is answered here.")
    elif origin not in own:
        raise Forbidden(
            "Only a page of this very origin is answered here. If this is one, the application does not know its own"
            " address: set VALETKEY_PUBLIC_URL to it."
        )
