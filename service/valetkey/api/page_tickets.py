"""The routes for the application's own pages, which use its login: tickets, and the uploads of a form that is shown
again. They are not part of the public API.

These are our only routes that depend on cookies. They change nothing, and another origin can neither call them nor read
their responses: the browser has to confirm that the request is from a page of our own origin.
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
"""The maximum number of uploads that a page requests at once."""

_PRIVATE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}

blueprint = Blueprint("valetkey-session", __name__)
blueprint.before_request(refuse_streams)
problems.register(blueprint)


class AskTicket(BaseModel):
    """A page's request for a ticket."""

    model_config = ConfigDict(extra="forbid", strict=True)

    profile: Annotated[Name, Field(min_length=1, max_length=100)] = DEFAULT_PROFILE


class AskUploads(AskTicket):
    """The uploads of a field that is shown again."""

    uploads: Annotated[list[str], Field(max_length=MAX_SHOWN)]


class ShownBody(TypedDict):
    """An upload as a field shows it: nothing that its user does not know, and no access to its bytes."""

    id: str
    state: str
    filename: str
    path: str | None
    content_type: str
    size: int | None


@blueprint.post(UPLOADS)
def show_uploads() -> Response:
    """The confirmed uploads among these that belong to the logged-in owner and the field's profile. Others and
    malformed ids are left out, so nothing is revealed about uploads of other owners."""
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
    """The owner who is logged in on the page. Raises `Forbidden` for a page of another origin, and
    `Unauthenticated`."""
    _require_own_page(here.address.origin if here.address.said else None)
    return here.page_tickets.owner()


def _require_own_page(public_origin: str | None) -> None:
    """Raises `Forbidden` unless the browser confirms that the request is from a page of our own origin.

    All current browsers send ``Sec-Fetch-Site`` over https and from localhost, and ``Origin`` with every POST; scripts
    can set neither.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    own = {f"{request.scheme}://{request.host}"}
    if public_origin is not None:
        own.add(public_origin.lower())
    if site is not None:
        if site != "same-origin":
            raise Forbidden("Only pages of this origin may call this.")
    elif origin not in own:
        raise Forbidden(
            "Only pages of this origin may call this. If this is one, the application does not know its own"
            " URL: set VALETKEY_PUBLIC_URL to it."
        )
