"""Uppy's Companion protocol, so that Uppy uploads here unchanged: ``companionEndpoint: ".../uppy/<ticket>"``.

Companion takes any key with any upload id. Here the ``uploadId`` that Uppy is given is ours, so key, profile and owner
follow from it and from who calls; a key beside it has to be the upload's own. Uppy says no sizes: the profile's range
is in the policy of a form, and the parts of a multipart upload are summed before they are joined.

Source: ``@uppy/aws-s3`` 5.1 and 6.0 and Companion's ``controllers/s3.js``.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from valetkey.api import problems
from valetkey.api.answers import render
from valetkey.api.bodies import raw_body, refuse_streams
from valetkey.api.routes import EXTENSION, Mounted
from valetkey.core.access import Caller
from valetkey.core.errors import InvalidRequest, UploadNotFound
from valetkey.core.grants import MultipartGrant, PostGrant
from valetkey.core.multipart import NamedPart
from valetkey.core.service import UploadRequest, UploadService
from valetkey.core.upload import Method, Upload, UploadState, parse_upload_id

UNKNOWN_TYPE = "application/octet-stream"

MAX_BATCH = 1_000
"""How many parts are signed in one call."""

_METADATA = re.compile(r"metadata\[([^\]]*)\]")
_UPPYS_OWN = {"name", "type", "relativePath"}
"""Metadata that Uppy adds to every file; name and type it sends beside it, and the path is often the text "null"."""

blueprint = Blueprint("valetkey-uppy", __name__)
blueprint.before_request(refuse_streams)
problems.register(blueprint)


class NewFile(BaseModel):
    """What Uppy says of a file that it will send in parts."""

    filename: str = Field("file", max_length=8192)
    type: str | None = Field(None, max_length=255)
    metadata: dict[str, Any] | None = None


class SentPart(BaseModel):
    """A part that was sent; the ETag has quotes or has none."""

    PartNumber: int
    ETag: str = Field(max_length=255)


class Sent(BaseModel):
    """All parts of a file."""

    model_config = ConfigDict(extra="ignore")

    parts: list[SentPart] = Field(min_length=1, max_length=10_000)


@blueprint.after_request
def say_it_uppys_way(response: Response) -> Response:
    """Uppy shows ``message``, and looks for ``error``: a problem document gets both."""
    if response.mimetype == problems.MEDIA_TYPE:
        document = orjson.loads(response.get_data())
        response.set_data(orjson.dumps(document | {"message": document["detail"], "error": document["code"]}))
    return response


@blueprint.get("/s3/params", defaults={"ticket": None})
@blueprint.get("/<ticket>/s3/params")
def params(ticket: str | None) -> Response:
    granted = _service().create(
        _caller(ticket),
        UploadRequest(
            filename=request.args.get("filename") or "file",
            content_type=request.args.get("type") or UNKNOWN_TYPE,
            size=None,
            metadata=_metadata({match[1]: text for name, text in request.args.items() if (match := _named(name))}),
        ),
    )
    grant, upload = granted.grant, granted.upload
    if grant is None or isinstance(grant, MultipartGrant):
        raise InvalidRequest("The file is sent in parts.")
    common = {"url": grant.url, "expires": _seconds(upload)}
    if isinstance(grant, PostGrant):
        return render({"method": "POST", "fields": dict(grant.fields), **common})
    return render({"method": "PUT", "fields": {"key": upload.arrival_key}, "headers": dict(grant.headers), **common})


@blueprint.post("/s3/multipart", defaults={"ticket": None})
@blueprint.post("/<ticket>/s3/multipart")
def begin(ticket: str | None) -> Response:
    caller = _caller(ticket)
    try:
        new = NewFile.model_validate_json(raw_body())
    except ValidationError as error:
        raise problems.unreadable(error) from error
    wanted = UploadRequest(
        filename=new.filename,
        content_type=new.type or UNKNOWN_TYPE,
        size=None,
        metadata=_metadata(new.metadata or {}),
        method=Method.MULTIPART,
    )
    upload = _service().create(caller, wanted).upload
    return render({"key": upload.arrival_key, "uploadId": upload.id, "bucket": upload.bucket})


@blueprint.get("/s3/multipart/<upload_id>", defaults={"ticket": None})
@blueprint.get("/<ticket>/s3/multipart/<upload_id>")
def list_parts(ticket: str | None, upload_id: str) -> Response:
    caller, upload = _mine(ticket, upload_id)
    _, parts = _service().parts(caller, upload.id)
    return render([{"PartNumber": part.number, "ETag": f'"{part.etag}"', "Size": part.size} for part in parts])


@blueprint.get("/s3/multipart/<upload_id>/<int:number>", defaults={"ticket": None})
@blueprint.get("/<ticket>/s3/multipart/<upload_id>/<int:number>")
def sign_part(ticket: str | None, upload_id: str, number: int) -> Response:
    caller, upload = _mine(ticket, upload_id)
    [part] = _service().sign_parts(caller, upload.id, [number])
    return render({"url": part.url, "expires": _seconds(upload)})


@blueprint.get("/s3/multipart/<upload_id>/batch", defaults={"ticket": None})
@blueprint.get("/<ticket>/s3/multipart/<upload_id>/batch")
def sign_batch(ticket: str | None, upload_id: str) -> Response:
    caller, upload = _mine(ticket, upload_id)
    numbers = request.args.get("partNumbers", "").split(",")
    if not all(number.isascii() and number.isdecimal() and len(number) <= 5 for number in numbers):
        raise InvalidRequest("partNumbers is a list such as 1,2,3.")
    if len(numbers) > MAX_BATCH:
        raise InvalidRequest(f"At most {MAX_BATCH} parts are signed in one call.")
    parts = _service().sign_parts(caller, upload.id, [int(number) for number in numbers])
    return render({"presignedUrls": {str(part.number): part.url for part in parts}})


@blueprint.post("/s3/multipart/<upload_id>/complete", defaults={"ticket": None})
@blueprint.post("/<ticket>/s3/multipart/<upload_id>/complete")
def complete(ticket: str | None, upload_id: str) -> Response:
    caller, upload = _mine(ticket, upload_id)
    try:
        sent = Sent.model_validate_json(raw_body())
    except ValidationError as error:
        raise problems.unreadable(error) from error
    named = [NamedPart(part.PartNumber, part.ETag.strip('"')) for part in sent.parts]
    done = _service().complete(caller, upload.id, named)
    if done.state is UploadState.REJECTED and done.reason is not None:
        raise InvalidRequest(f"The upload was rejected: {done.reason.detail}")
    location = _service().object_url(done.arrival_key)
    return render({"location": location, "key": done.arrival_key, "bucket": done.bucket})


@blueprint.delete("/s3/multipart/<upload_id>", defaults={"ticket": None})
@blueprint.delete("/<ticket>/s3/multipart/<upload_id>")
def abort(ticket: str | None, upload_id: str) -> Response:
    caller, upload = _mine(ticket, upload_id)
    _service().remove(caller, upload.id)
    return render({})


def _mounted() -> Mounted:
    mounted: Mounted = current_app.extensions[EXTENSION]
    return mounted


def _service() -> UploadService:
    return _mounted().service


def _caller(ticket: str | None) -> Caller:
    """By the ticket in the path, or by the header that Uppy or the application sends."""
    authenticator = _mounted().authenticator
    token = ticket or request.headers.get("Uppy-Auth-Token")
    return authenticator.holder(token) if token else authenticator.caller(request.headers.get("Authorization"))


def _mine(ticket: str | None, text: str) -> tuple[Caller, Upload]:
    """The caller and its upload. Raises `UploadNotFound` when it is another's, or when the key is not the upload's."""
    caller, upload_id = _caller(ticket), parse_upload_id(text)
    if upload_id is None:
        raise UploadNotFound
    upload = _service().get(caller, upload_id)
    if request.args.get("key") != upload.arrival_key:
        raise UploadNotFound
    return caller, upload


def _named(name: str) -> re.Match[str] | None:
    return _METADATA.fullmatch(name)


def _metadata(given: Mapping[str, Any]) -> dict[str, str]:
    """The application's own metadata as text; what Uppy adds to every file is left out."""
    return {name: str(value) for name, value in given.items() if name not in _UPPYS_OWN and value is not None}


def _seconds(upload: Upload) -> int:
    """For how long a grant of this upload lives: what Uppy wants to know of a URL."""
    return int((upload.expires_at - upload.created_at).total_seconds())
