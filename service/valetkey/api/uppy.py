"""Uppy's Companion protocol, so that an unchanged Uppy uploads here: ``companionEndpoint: ".../uppy/<ticket>"``.

Companion accepts any key with any upload id. Here the ``uploadId`` that Uppy gets is ours, so key, profile and owner
follow from it and from the caller; a key in the request has to be the upload's own. Uppy declares no sizes: the
profile's range is in the policy of a form, and the parts of a multipart upload are summed before they are joined. It
does not report that a file in one request has arrived: the store's event or the sweep confirms it.

Source: ``@uppy/aws-s3`` 5.1.0 and 6.3.1, and Companion's ``controllers/s3.js``.
"""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from flask import Blueprint, Response, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from valetkey.api import problems
from valetkey.api.bodies import raw_body, refuse_streams
from valetkey.api.json_reading import read
from valetkey.api.mounted import mounted, record_hooks
from valetkey.api.rendering import render
from valetkey.api.requests import Text, few_enough
from valetkey.core.access.callers import Caller
from valetkey.core.errors import InvalidRequest, UploadNotFound
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grants import MultipartGrant, PostGrant
from valetkey.core.model.etags import plain_etag
from valetkey.core.model.multipart import NamedPart
from valetkey.core.model.upload import Method, Upload, UploadState, parse_upload_id
from valetkey.core.service import UploadService
from valetkey.reference.file_types import type_of
from valetkey.reference.media_types import with_quotes

MAX_BATCH = 1_000
"""How many parts are signed in one call."""

V5_ACCEPTS = "application/json"
"""The ``Accept`` of Uppy up to 5; 6 leaves the header to the browser."""

_METADATA = re.compile(r"metadata\[(.*)\]", re.DOTALL)
"""A name may have brackets of its own: ``metadata[tags[]]``."""

_JOINED = re.compile(r"-([0-9]{1,5})\Z")
_UPPYS_OWN = {"name", "type", "relativePath"}
"""Metadata that Uppy adds to every file; it sends name and type separately."""

_NO_PATH = {"", "null", "undefined"}
"""Uppy's `relativePath` as text for a file that is not in a folder."""


def _few_enough(metadata: Any) -> Any:
    """``metadata``, unchanged; Uppy's own is not counted. Raises `MetadataNotAllowed`."""
    few_enough({name for name in metadata if name not in _UPPYS_OWN} if isinstance(metadata, dict) else ())
    return metadata


blueprint = Blueprint("valetkey-uppy", __name__)
blueprint.before_request(refuse_streams)
blueprint.before_request(record_hooks)
problems.register(blueprint)


class NewFile(BaseModel):
    """A file as Uppy declares it. Its path is part of the metadata."""

    filename: Text | None = Field(None, max_length=8192)
    type: str | None = Field(None, max_length=255)
    metadata: Annotated[
        dict[Text, Text | bool | int | float | list[Any] | dict[str, Any] | None] | None, BeforeValidator(_few_enough)
    ] = None

    def wanted(self, method: Method | None) -> UploadRequest:
        """The upload to create. The application's own metadata is kept, as text; what Uppy adds is left out."""
        own = {name: value for name, value in (self.metadata or {}).items() if name not in _UPPYS_OWN}
        return UploadRequest(
            filename=self.filename or "file",
            content_type=with_quotes(self.type or "") or type_of(self.filename or ""),
            size=None,
            metadata={name: _as_text(value) for name, value in own.items() if value is not None},
            method=method,
            path=self._path(),
        )

    def _path(self) -> str | None:
        """Its path in the folder that was dropped, without Uppy's leading slash."""
        said = (self.metadata or {}).get("relativePath")
        return said.removeprefix("/") if isinstance(said, str) and said not in _NO_PATH else None


class SentPart(BaseModel):
    """A part that was sent; the ETag may have quotes."""

    PartNumber: int
    ETag: str = Field(max_length=255)


class Sent(BaseModel):
    """All parts of a file."""

    model_config = ConfigDict(extra="ignore")

    parts: list[SentPart] = Field(min_length=1, max_length=10_000)


@blueprint.after_request
def add_uppys_fields(response: Response) -> Response:
    """Adds ``message``, which Uppy shows, and ``error``, which it checks, to problem documents. Grants are not
    cached."""
    response.headers["Cache-Control"] = "no-store"
    if response.mimetype == problems.MEDIA_TYPE:
        document = orjson.loads(response.get_data())
        response.set_data(orjson.dumps(document | {"message": document["detail"], "error": document["code"]}))
    return response


@blueprint.get("/s3/params", defaults={"ticket": None})
@blueprint.get("/<ticket>/s3/params")
def params(ticket: str | None) -> Response:
    """A form; for version 5 a PUT, as it expects an ETag header, which Ceph RGW's response to a form does not have."""
    caller, args = _caller(ticket), request.args
    named = {match[1]: text for name, text in args.items() if (match := _METADATA.fullmatch(name))}
    new = problems.validated(
        NewFile.model_validate, {"filename": args.get("filename"), "type": args.get("type"), "metadata": named}
    )
    as_put = request.headers.get("Accept") == V5_ACCEPTS
    granted = _service().create(caller, new.wanted(Method.PUT if as_put else None))
    grant, upload = granted.grant, granted.upload
    if grant is None or isinstance(grant, MultipartGrant):
        raise InvalidRequest("The file is sent in parts.")
    common = {"url": grant.url, "expires": _seconds(grant.expires_at)}
    if isinstance(grant, PostGrant):
        return render({"method": "POST", "fields": dict(grant.fields), **common})
    return render({"method": "PUT", "fields": {"key": upload.arrival_key}, "headers": dict(grant.headers), **common})


@blueprint.post("/s3/multipart", defaults={"ticket": None})
@blueprint.post("/<ticket>/s3/multipart")
def begin(ticket: str | None) -> Response:
    caller = _caller(ticket)
    wanted = read(NewFile, raw_body()).wanted(Method.MULTIPART)
    upload = _service().create(caller, wanted).upload
    return render({"key": upload.arrival_key, "uploadId": upload.id, "bucket": upload.bucket})


@blueprint.get("/s3/multipart/<upload_id>", defaults={"ticket": None})
@blueprint.get("/<ticket>/s3/multipart/<upload_id>")
def list_parts(ticket: str | None, upload_id: str) -> Response:
    """The parts that S3 has. For a file that is already joined: as many parts as its ETag says, so that Uppy completes
    it again if the response to its completion was lost, and does not send it again."""
    caller, upload = _mine(ticket, upload_id)
    if upload.object is not None and (joined := _JOINED.search(upload.object.etag)):
        etag, size = f'"{upload.object.etag}"', upload.object.size
        return render([{"PartNumber": n, "ETag": etag, "Size": size} for n in range(1, int(joined[1]) + 1)])
    _, parts = _service().parts(caller, upload.id)
    return render([{"PartNumber": part.number, "ETag": f'"{part.etag}"', "Size": part.size} for part in parts])


@blueprint.get("/s3/multipart/<upload_id>/<number>", defaults={"ticket": None})
@blueprint.get("/<ticket>/s3/multipart/<upload_id>/<number>")
def sign_part(ticket: str | None, upload_id: str, number: str) -> Response:
    caller, upload = _mine(ticket, upload_id)
    [part] = _service().sign_parts(caller, upload.id, _numbers([number]))
    return render({"url": part.url, "expires": _seconds(part.expires_at)})


@blueprint.get("/s3/multipart/<upload_id>/batch", defaults={"ticket": None})
@blueprint.get("/<ticket>/s3/multipart/<upload_id>/batch")
def sign_batch(ticket: str | None, upload_id: str) -> Response:
    caller, upload = _mine(ticket, upload_id)
    numbers = _numbers(request.args.get("partNumbers", "").split(","))
    parts = _service().sign_parts(caller, upload.id, numbers)
    return render({"presignedUrls": {str(part.number): part.url for part in parts}})


@blueprint.post("/s3/multipart/<upload_id>/complete", defaults={"ticket": None})
@blueprint.post("/<ticket>/s3/multipart/<upload_id>/complete")
def complete(ticket: str | None, upload_id: str) -> Response:
    caller, upload = _mine(ticket, upload_id)
    sent = read(Sent, raw_body())
    named = [NamedPart(part.PartNumber, plain_etag(part.ETag)) for part in sent.parts]
    done = _service().complete(caller, upload.id, named)
    if done.state is UploadState.REJECTED and done.reason is not None:
        raise InvalidRequest(f"The upload was rejected: {done.reason.detail}")
    return render({"location": _service().where(done), "key": done.arrival_key, "bucket": done.bucket})


@blueprint.delete("/s3/multipart/<upload_id>", defaults={"ticket": None})
@blueprint.delete("/<ticket>/s3/multipart/<upload_id>")
def abort(ticket: str | None, upload_id: str) -> Response:
    caller, upload = _mine(ticket, upload_id)
    _service().abort(caller, upload.id)
    return render({})


def _service() -> UploadService:
    return mounted().service


def _caller(ticket: str | None) -> Caller:
    """The caller, by the ticket in the path, or by the header that Uppy or the application sends."""
    authenticator = mounted().authenticator
    token = ticket or request.headers.get("Uppy-Auth-Token")
    return authenticator.holder(token) if token else authenticator.caller(request.headers.get("Authorization"))


def _mine(ticket: str | None, text: str) -> tuple[Caller, Upload]:
    """The caller and its multipart upload. Raises `UploadNotFound` if the upload or the key is not the caller's."""
    caller, upload_id = _caller(ticket), parse_upload_id(text)
    if upload_id is None:
        raise UploadNotFound
    upload = _service().get(caller, upload_id)
    if upload.multipart is None or request.args.get("key") != upload.arrival_key:
        raise UploadNotFound
    return caller, upload


def _numbers(texts: list[str]) -> list[int]:
    """Part numbers from a URL. Raises `InvalidRequest`."""
    if not all(text.isascii() and text.isdecimal() and len(text) <= 5 for text in texts):
        raise InvalidRequest("A part number is 1 to 10000; partNumbers is a list such as 1,2,3.")
    if len(texts) > MAX_BATCH:
        raise InvalidRequest(f"At most {MAX_BATCH} parts are signed in one call.")
    return [int(text) for text in texts]


def _as_text(value: Any) -> str:
    """Metadata as JavaScript shows it: a string unchanged, anything else as its JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _seconds(end: datetime) -> int:
    """How long a URL is still valid: version 5 gives up a part that is not sent by then, and signs it again."""
    return max(1, int((end - datetime.now(UTC)).total_seconds()))
