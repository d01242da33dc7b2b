"""The OpenAPI 3.1 document: a table of operations, with schemas generated from pydantic models and typed dicts.

Clients are generated from it: `make clients` compiles and uses some. So each union and each enumeration that is used
twice has a name, each operation a tag, numbers of bytes have 64 bits, and an id is a text: Swift would send a UUID in
capital letters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import orjson
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from valetkey.api import codes, grants, requests, responses
from valetkey.api.problems import MEDIA_TYPE, Problem
from valetkey.senders import NAMES

JSON = "application/json"
_SCHEMAS = "#/components/schemas/"
_REF = _SCHEMAS + "{model}"
_NAMES = {
    "ChecksumIn": "DeclaredChecksum",
    "NamedPartIn": "NamedPart",
    "ObjectBody": "StoredObject",
    "ListBody": "UploadList",
    "StatusBody": "Health",  # not the name of its one property, which is an enumeration
}
"""What components are called that are not simply without ``Body``: nobody outside knows what a body is here."""

_TAGS = {
    "uploads": "Ask for uploads, follow them, end them",
    "parts": "Large files, part by part",
    "claims": "What your application has taken for good",
    "tickets": "Uploads without your API key",
    "profiles": "What may be uploaded",
    "owners": "Erase a person",
    "events": "What stores and scanners say",
    "operations": "The service itself",
}


@dataclass(frozen=True)
class ResponseDoc:
    """One answer of an operation; ``model`` is what its JSON is."""

    text: str
    model: Any = None
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One operation. ``errors`` are the statuses that come with a problem document."""

    method: str
    path: str
    tag: str
    name: str
    summary: str
    responses: Mapping[int, ResponseDoc]
    errors: tuple[int, ...] = ()
    body: Any = None
    body_required: bool = True
    parameters: tuple[dict[str, Any], ...] = ()
    public: bool = False


_TEXT = {"type": "string"}
_UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
_ID = {"name": "id", "in": "path", "required": True, "schema": _UUID}
_PROFILE = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "the same key and body give the same upload, with a fresh grant",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_IF_NONE_MATCH = {"name": "If-None-Match", "in": "header", "schema": _TEXT}
_SENDER = {"name": "sender", "in": "path", "required": True, "schema": {"type": "string", "enum": list(NAMES)}}
_SECRET = {"name": "secret", "in": "query", "description": "ceph: or as the topic's OpaqueData", "schema": _TEXT}
_VERBOSE = {"name": "verbose", "in": "query", "description": "whatever its value", "schema": _TEXT}
_OWNER = {
    "name": "owner",
    "in": "path",
    "required": True,
    "description": "percent-encoded; no piece of it between slashes is empty, `.` or `..`",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "pattern": r"^(?!([^/]*/)*\.{0,2}(?![^/]))[^\x00\ufffd]*$",
    },
}
_RETRY = {"Retry-After": "seconds to wait before asking again"}


class _Untitled(GenerateJsonSchema):
    """Without titles, which only say the name once more; generators would take some for names of types."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's own
        return False


def _public(name: str) -> str:
    return _NAMES.get(name, name.removesuffix("Body"))


def _renamed(schema: Any) -> Any:
    """``schema`` with the public names in its references."""
    if isinstance(schema, dict):
        return {key: _renamed(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_renamed(value) for value in schema]
    if isinstance(schema, str) and schema.startswith(_SCHEMAS):
        return _SCHEMAS + _public(schema.removeprefix(_SCHEMAS))
    return schema


def _query_parameters(model: type[BaseModel]) -> tuple[dict[str, Any], ...]:
    properties = model.model_json_schema(ref_template=_REF, schema_generator=_Untitled)["properties"]
    found = []
    for name, schema in properties.items():
        choices = [choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"]
        found.append(_renamed({"name": name, "in": "query", "schema": choices[0]}))
    return tuple(found)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "post",
        "/v1/uploads",
        "uploads",
        "createUpload",
        "Ask for an upload: the answer holds the grant to send the file with",
        {201: ResponseDoc("created", responses.GrantedBody, headers={"Location": "the upload"})},
        (400, 401, 403, 408, 413, 415, 422, 503),
        body=requests.CreateUpload,
        parameters=(_IDEMPOTENCY,),
    ),
    Operation(
        "post",
        "/v1/uploads/batch",
        "uploads",
        "createBatch",
        "Ask for up to 100 uploads in one durable commit",
        {
            200: ResponseDoc(
                "each upload, or why it was refused: also where all are; 503 where no store gives a grant now",
                responses.BatchBody,
            )
        },
        (400, 401, 403, 408, 413, 415, 422, 503),
        body=requests.CreateBatch,
    ),
    Operation(
        "get",
        "/v1/uploads",
        "uploads",
        "listUploads",
        "List your uploads, newest first; or look at up to 100 by their ids, also with a ticket",
        {200: ResponseDoc("one page, or those that were named", responses.ListBody)},
        (401, 403, 413, 415, 422, 503),
        parameters=_query_parameters(requests.ListQuery),
    ),
    Operation(
        "get",
        "/v1/uploads/{id}",
        "uploads",
        "getUpload",
        "Look at an upload",
        {
            200: ResponseDoc("the upload", responses.UploadBody, headers={"ETag": "for If-None-Match"}),
            304: ResponseDoc("it has not changed"),
        },
        (401, 403, 404, 413, 415, 503),
        parameters=(_ID, _IF_NONE_MATCH),
    ),
    Operation(
        "delete",
        "/v1/uploads/{id}",
        "uploads",
        "removeUpload",
        "Abort a pending upload, or delete a confirmed one",
        {204: ResponseDoc("aborted or deleted")},
        (401, 403, 404, 409, 413, 415, 503),
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/grant",
        "uploads",
        "renewGrant",
        "Get a fresh grant for the same upload",
        {200: ResponseDoc("the upload with a fresh grant", responses.GrantedBody)},
        (401, 403, 404, 409, 413, 415, 422, 503),
        parameters=(_ID,),
    ),
    Operation(
        "get",
        "/v1/uploads/{id}/parts",
        "parts",
        "listParts",
        "List the parts that the store has, of an upload in parts",
        {200: ResponseDoc("the parts and the plan", grants.PartsBody)},
        (401, 404, 409, 413, 415, 503),
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/parts",
        "parts",
        "signParts",
        "Get URLs for parts, just before they are sent",
        {200: ResponseDoc("a presigned PUT for each", grants.SignedPartsBody)},
        (400, 401, 404, 408, 409, 413, 415, 422, 503),
        body=grants.SignParts,
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/complete",
        "uploads",
        "completeUpload",
        "Say that the bytes are sent: the service looks at the object before it believes it",
        {
            200: ResponseDoc("confirmed or rejected", responses.UploadBody),
            202: ResponseDoc("not there yet, or still being checked", responses.UploadBody, headers=_RETRY),
        },
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=grants.Complete,
        body_required=False,
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/verdict",
        "events",
        "giveVerdict",
        "Say what a scanner found in the bytes with this ETag; for an API key of the scope verdict",
        {200: ResponseDoc("the upload, as far as it got by that", responses.UploadBody)},
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=requests.GiveVerdict,
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/claim",
        "claims",
        "claimUpload",
        "Take a confirmed upload for good, under a reference of yours; the same again is no error",
        {200: ResponseDoc("claimed", responses.UploadBody)},
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=requests.ClaimUpload,
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/release",
        "claims",
        "releaseUpload",
        "Give back an upload that is claimed under this reference; the same again is no error",
        {200: ResponseDoc("claimed by nobody", responses.UploadBody)},
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=requests.ReleaseUpload,
        parameters=(_ID,),
    ),
    Operation(
        "get",
        "/v1/claims",
        "claims",
        "listClaims",
        "List what is claimed; a page may have fewer uploads than `limit`, or none, where there are more pages",
        {200: ResponseDoc("one page", responses.PageBody)},
        (401, 403, 413, 415, 422, 503),
        parameters=_query_parameters(requests.ClaimsQuery),
    ),
    Operation(
        "post",
        "/v1/claims",
        "claims",
        "claimUploads",
        "Take up to 1000 confirmed uploads for good, all of them or none; the same again is no error",
        {200: ResponseDoc("all are claimed", responses.UploadsBody)},
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=requests.ClaimUploads,
    ),
    Operation(
        "post",
        "/v1/claims/release",
        "claims",
        "releaseUploads",
        "Give back up to 1000 uploads of one reference, all of them or none; the same again is no error",
        {200: ResponseDoc("all are claimed by nobody", responses.UploadsBody)},
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=requests.ReleaseUploads,
    ),
    Operation(
        "get",
        "/v1/uploads/{id}/download",
        "uploads",
        "downloadUpload",
        "Be sent to a short-lived URL of the confirmed bytes, or be told it where JSON is accepted",
        {
            200: ResponseDoc("the URL, where `Accept` prefers application/json", responses.DownloadBody),
            303: ResponseDoc("to the object", headers={"Location": "a presigned URL, or the profile's CDN"}),
        },
        (401, 403, 404, 409, 413, 415, 422, 503),
        parameters=(_ID, *_query_parameters(requests.DownloadQuery)),
    ),
    Operation(
        "get",
        "/v1/uploads/{id}/return",
        "uploads",
        "returnFromStore",
        "Where S3 sends the browser after a form with success_action_redirect; needs no credential",
        {
            200: ResponseDoc("a page that shows the state", {"type": "string"}, "text/html; charset=utf-8"),
            303: ResponseDoc("to the profile's return_url", headers={"Location": "return_url with id and state"}),
        },
        (404, 413, 415, 503),
        parameters=(_ID,),
        public=True,
    ),
    Operation(
        "post",
        "/v1/tickets",
        "tickets",
        "createTicket",
        "Let a browser create uploads of one profile without your API key",
        {201: ResponseDoc("created", responses.TicketBody)},
        (400, 401, 403, 408, 413, 415, 422, 503),
        body=requests.CreateTicket,
    ),
    Operation(
        "get",
        "/v1/profiles",
        "profiles",
        "listProfiles",
        "List the profiles that you may use, with what may be uploaded under each; with a ticket, its own",
        {200: ResponseDoc("the profiles", responses.ProfilesBody)},
        (401, 403, 413, 415, 503),
    ),
    Operation(
        "get",
        "/v1/profiles/{name}",
        "profiles",
        "getProfile",
        "See what may be uploaded under a profile, to compare a file with it before it is asked for",
        {200: ResponseDoc("its rules", responses.ProfileBody)},
        (401, 403, 404, 413, 415, 503),
        parameters=(_PROFILE,),
    ),
    Operation(
        "post",
        "/v1/erasures",
        "owners",
        "beginErasure",
        "Erase all that your account has of an owner now: objects, names, metadata; needs an API key",
        {202: ResponseDoc("a worker erases it", responses.ErasureBody, headers={"Location": "the erasure"} | _RETRY)},
        (400, 401, 403, 408, 413, 415, 422, 503),
        body=requests.EraseOwner,
    ),
    Operation(
        "delete",
        "/v1/owners/{owner}",
        "owners",
        "eraseOwner",
        "The same, for owners whom no proxy takes for another path",
        {202: ResponseDoc("a worker erases it", responses.ErasureBody, headers={"Location": "the erasure"} | _RETRY)},
        (401, 403, 404, 413, 415, 422, 503),
        parameters=(_OWNER,),
    ),
    Operation(
        "get",
        "/v1/erasures/{id}",
        "owners",
        "getErasure",
        "Look how far an erasure has come",
        {200: ResponseDoc("the erasure", responses.ErasureBody)},
        (401, 403, 404, 413, 415, 503),
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/events/{sender}",
        "events",
        "receiveEvents",
        "Take the store's events; the sender proves itself in its own way, and is unknown until its secret is set",
        {200: ResponseDoc("what became of them", responses.TallyBody)},
        (400, 403, 404, 408, 413, 415, 503),
        parameters=(_SENDER, _SECRET),
        public=True,
    ),
    Operation(
        "get",
        "/healthz",
        "operations",
        "healthz",
        "Alive",
        {200: ResponseDoc("yes", responses.StatusBody)},
        (413, 415),
        public=True,
    ),
    Operation(
        "get",
        "/readyz",
        "operations",
        "readyz",
        "Ready: the ledger and the store answer; with `verbose` what `valetkey doctor` found last, too",
        {200: ResponseDoc("yes", responses.ReadyBody)},
        (413, 415, 503),
        parameters=(_VERBOSE,),
        public=True,
    ),
    Operation(
        "get",
        "/openapi.json",
        "operations",
        "openapi",
        "This document",
        {200: ResponseDoc("OpenAPI 3.1", {"type": "object"})},
        (413, 415),
        public=True,
    ),
)


def document() -> dict[str, Any]:
    """The whole document, which depends on nothing but the code."""
    return _DOCUMENT


@lru_cache(maxsize=4)
def rendered(url: str) -> bytes:
    """The document as JSON, for who knows the service as ``url``: anybody may ask for its 70 KB, again and again."""
    return orjson.dumps(document() | {"servers": [{"url": url}]})


def _made() -> dict[str, Any]:
    references, components = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _render(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "valetkey",
            "version": version("valetkey"),
            "summary": "Direct-to-S3 uploads: grants, and proof that the bytes arrived",
            "description": codes.SUMMARY,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "an API key or a ticket"}
            },
        },
        "security": [{"bearer": []}],
    }


def _schemas() -> tuple[dict[int, dict[str, Any]], dict[str, Any]]:
    """A schema for each model in use (by its identity), and the components that they share."""
    models = {id(model): model for model in _models() if not isinstance(model, dict)}
    inputs = [(key, "validation", TypeAdapter(model)) for key, model in models.items()]
    found, definitions = TypeAdapter.json_schemas(
        inputs,  # type: ignore[arg-type]
        ref_template=_REF,
        schema_generator=_Untitled,
    )
    components = {_public(name): _renamed(schema) for name, schema in definitions["$defs"].items()}
    for schema in components.values():
        schema.pop("title", None)
    components["BatchResult"] = {"oneOf": components["BatchResult"]["anyOf"]}  # never both
    components["Problem"]["properties"]["code"]["description"] = codes.errors_table()
    components["Reason"]["properties"]["code"]["description"] = codes.reasons_table()
    return {key: _renamed(schema) for (key, _), schema in found.items()}, components


def _models() -> list[Any]:
    said = [answer.model for operation in OPERATIONS for answer in operation.responses.values()]
    return [model for model in [*said, *(operation.body for operation in OPERATIONS), Problem] if model is not None]


def _render(operation: Operation, references: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    problem = {"content": {MEDIA_TYPE: {"schema": references[id(Problem)]}}}
    responses = {str(status): _answer(answer, references) for status, answer in operation.responses.items()}
    for status in operation.errors:
        headers = {"headers": _headers(_RETRY)} if status == 503 else {}
        responses[str(status)] = {"description": _ERRORS[status], **headers, **problem}
    rendered: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": responses,
    }
    if operation.parameters:
        rendered["parameters"] = list(operation.parameters)
    if operation.body is not None:
        rendered["requestBody"] = {
            "required": operation.body_required,
            "content": {JSON: {"schema": references[id(operation.body)]}},
        }
    if operation.public:
        rendered["security"] = []
    return rendered


def _answer(answer: ResponseDoc, references: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    rendered: dict[str, Any] = {"description": answer.text}
    if answer.model is not None:
        schema = answer.model if isinstance(answer.model, dict) else references[id(answer.model)]
        rendered["content"] = {answer.media: {"schema": schema}}
    if answer.headers:
        rendered["headers"] = _headers(answer.headers)
    return rendered


def _headers(headers: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"description": text, "schema": _TEXT} for name, text in headers.items()}


_ERRORS = {
    400: "the body cannot be read",
    401: "no credential, or one that is not valid",
    403: "not allowed with this credential",
    404: "not there, or not yours",
    408: "the body was not there in time",
    409: "the upload's state does not allow it",
    413: "the body is too large: files go straight to S3",
    415: "not JSON: files go straight to S3",
    422: "the request breaks a rule; `code` and `errors` say which",
    503: "the store or the ledger is unavailable; nothing was lost, try again",
}

_DOCUMENT = _made()
"""Made while this module is loaded: all threads that ask for it at once wait for one of them."""
