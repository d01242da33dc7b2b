"""The OpenAPI 3.1 document: a table of operations, with schemas generated from pydantic models and typed dicts.

It is written for client generators, too; `make clients` generates, compiles and uses some clients. Therefore each union
and each enumeration that is used twice has a name, each operation has a tag, numbers of bytes have 64 bits, and ids are
strings without ``format: uuid``: Swift would send a UUID in upper case.
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
    "StatusBody": "Health",  # "Status" would collide with the enumeration that generators make of its property
}
"""The names of components that differ from the type's name without ``Body``."""

_TAGS = {
    "uploads": "Create uploads, follow them, complete and delete them",
    "parts": "The parts of multipart uploads",
    "claims": "The uploads that your application uses",
    "tickets": "Credentials for uploads without an API key",
    "profiles": "The rules for what may be uploaded",
    "owners": "Erasing the data of an owner",
    "events": "Events from stores, verdicts from scanners",
    "operations": "Health checks and this document",
}


@dataclass(frozen=True)
class ResponseDoc:
    """One response of an operation; ``model`` is the type of its JSON body."""

    text: str
    model: Any = None
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One operation. ``errors`` are the statuses of its responses that are problem documents; ``public`` operations
    need no credential."""

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
_ID = {"name": "id", "in": "path", "required": True, "description": "A UUIDv7 in lower case.", "schema": _UUID}
_PROFILE = {
    "name": "name",
    "in": "path",
    "required": True,
    "description": "The name of the profile.",
    "schema": {"type": "string", "minLength": 1},
}
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes the request safe to repeat: the same key and body return the same upload, with a new grant.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an earlier response; the status is 304 if the upload has not changed since.",
    "schema": _TEXT,
}
_SENDER = {
    "name": "sender",
    "in": "path",
    "required": True,
    "description": "The kind of store or service that sends the events.",
    "schema": {"type": "string", "enum": list(NAMES)},
}
_SECRET = {
    "name": "secret",
    "in": "query",
    "description": "For `ceph` only: the secret, unless it is the topic's OpaqueData.",
    "schema": _TEXT,
}
_VERBOSE = {
    "name": "verbose",
    "in": "query",
    "description": "If present, with any value, the response includes the last run of `valetkey doctor`.",
    "schema": _TEXT,
}
_OWNER = {
    "name": "owner",
    "in": "path",
    "required": True,
    "description": "The owner, percent-encoded. No segment between slashes may be empty, `.` or `..`.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "pattern": r"^(?!([^/]*/)*\.{0,2}(?![^/]))[^\x00\ufffd]*$",
    },
}
_RETRY = {"Retry-After": "The seconds to wait before the next request."}


class _Untitled(GenerateJsonSchema):
    """Omits titles, which only repeat the names, and which some generators use as names of types."""

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
        said = {"description": text} if (text := schema.pop("description", None)) else {}
        choices = [choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"]
        found.append(_renamed({"name": name, "in": "query", **said, "schema": choices[0]}))
    return tuple(found)


_ERASING = ResponseDoc(
    "A worker erases it in the background.",
    responses.ErasureBody,
    headers={"Location": "The URL of the erasure."} | _RETRY,
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "post",
        "/v1/uploads",
        "uploads",
        "createUpload",
        "Create an upload; the response contains the grant for sending the file",
        {
            201: ResponseDoc(
                "The upload was created.", responses.GrantedBody, headers={"Location": "The URL of the upload."}
            )
        },
        (400, 401, 403, 408, 413, 415, 422, 503),
        body=requests.CreateUpload,
        parameters=(_IDEMPOTENCY,),
    ),
    Operation(
        "post",
        "/v1/uploads/batch",
        "uploads",
        "createBatch",
        "Create up to 100 uploads in one call",
        {
            200: ResponseDoc(
                "For each upload its grant, or the error for which it was refused, even if all were refused. If no"
                " store can be used at the moment, the status is 503 instead.",
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
        "List your uploads, newest first, or get up to 100 uploads by id (also with a ticket)",
        {200: ResponseDoc("One page of uploads, or those with the requested ids.", responses.ListBody)},
        (401, 403, 413, 415, 422, 503),
        parameters=_query_parameters(requests.ListQuery),
    ),
    Operation(
        "get",
        "/v1/uploads/{id}",
        "uploads",
        "getUpload",
        "Get an upload",
        {
            200: ResponseDoc("The upload.", responses.UploadBody, headers={"ETag": "For `If-None-Match`."}),
            304: ResponseDoc("The upload has not changed."),
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
        {204: ResponseDoc("The upload was aborted or deleted.")},
        (401, 403, 404, 409, 413, 415, 503),
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/grant",
        "uploads",
        "renewGrant",
        "Get a new grant for an upload",
        {200: ResponseDoc("The upload with a new grant.", responses.GrantedBody)},
        (401, 403, 404, 409, 413, 415, 422, 503),
        parameters=(_ID,),
    ),
    Operation(
        "get",
        "/v1/uploads/{id}/parts",
        "parts",
        "listParts",
        "List the parts of a multipart upload that the store has received",
        {200: ResponseDoc("The parts, and the size and number of all parts.", grants.PartsBody)},
        (401, 404, 409, 413, 415, 503),
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/parts",
        "parts",
        "signParts",
        "Get URLs for sending parts of a multipart upload",
        {200: ResponseDoc("A presigned PUT for each part.", grants.SignedPartsBody)},
        (400, 401, 404, 408, 409, 413, 415, 422, 503),
        body=grants.SignParts,
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/complete",
        "uploads",
        "completeUpload",
        "Complete an upload after sending its bytes; the service verifies the object at the store",
        {
            200: ResponseDoc("The upload is confirmed or rejected.", responses.UploadBody),
            202: ResponseDoc(
                "The object has not arrived yet, or is still being checked.", responses.UploadBody, headers=_RETRY
            ),
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
        "Report a scanner's verdict on an object; needs an API key with the scope `verdict`",
        {200: ResponseDoc("The upload after the verdict.", responses.UploadBody)},
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=requests.GiveVerdict,
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/claim",
        "claims",
        "claimUpload",
        "Claim a confirmed upload for your application, under a reference of your choice; idempotent",
        {200: ResponseDoc("The upload is claimed.", responses.UploadBody)},
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=requests.ClaimUpload,
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/uploads/{id}/release",
        "claims",
        "releaseUpload",
        "Release an upload that is claimed under this reference; idempotent",
        {200: ResponseDoc("The upload is not claimed.", responses.UploadBody)},
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=requests.ReleaseUpload,
        parameters=(_ID,),
    ),
    Operation(
        "get",
        "/v1/claims",
        "claims",
        "listClaims",
        "List claimed uploads; a page may have fewer uploads than `limit`, or none, and still not be the last",
        {200: ResponseDoc("One page of uploads.", responses.PageBody)},
        (401, 403, 413, 415, 422, 503),
        parameters=_query_parameters(requests.ClaimsQuery),
    ),
    Operation(
        "post",
        "/v1/claims",
        "claims",
        "claimUploads",
        "Claim up to 1000 confirmed uploads, all of them or none; idempotent",
        {200: ResponseDoc("All uploads are claimed.", responses.UploadsBody)},
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=requests.ClaimUploads,
    ),
    Operation(
        "post",
        "/v1/claims/release",
        "claims",
        "releaseUploads",
        "Release up to 1000 uploads that are claimed under one reference, all of them or none; idempotent",
        {200: ResponseDoc("None of the uploads is claimed.", responses.UploadsBody)},
        (400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
        body=requests.ReleaseUploads,
    ),
    Operation(
        "get",
        "/v1/uploads/{id}/download",
        "uploads",
        "downloadUpload",
        "Download a confirmed object from a short-lived URL",
        {
            200: ResponseDoc("The URL, if `Accept` prefers application/json.", responses.DownloadBody),
            303: ResponseDoc(
                "A redirect to the object.", headers={"Location": "A presigned URL, or one of the profile's CDN."}
            ),
        },
        (401, 403, 404, 409, 413, 415, 422, 503),
        parameters=(_ID, *_query_parameters(requests.DownloadQuery)),
    ),
    Operation(
        "get",
        "/v1/uploads/{id}/return",
        "uploads",
        "returnFromStore",
        "The target of S3's redirect after a form upload (`success_action_redirect`); needs no credential",
        {
            200: ResponseDoc("A page that shows the state.", {"type": "string"}, "text/html; charset=utf-8"),
            303: ResponseDoc(
                "A redirect to the profile's `return_url`.",
                headers={"Location": "The `return_url`, with `id` and `state` in its query."},
            ),
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
        "Create a ticket with which a browser can upload without your API key",
        {201: ResponseDoc("The ticket was created.", responses.TicketBody)},
        (400, 401, 403, 408, 413, 415, 422, 503),
        body=requests.CreateTicket,
    ),
    Operation(
        "get",
        "/v1/profiles",
        "profiles",
        "listProfiles",
        "List the profiles that the credential may use, with the rules of each",
        {200: ResponseDoc("The profiles.", responses.ProfilesBody)},
        (401, 403, 413, 415, 503),
    ),
    Operation(
        "get",
        "/v1/profiles/{name}",
        "profiles",
        "getProfile",
        "Get the rules of a profile, to check a file before requesting an upload",
        {200: ResponseDoc("The rules of the profile.", responses.ProfileBody)},
        (401, 403, 404, 413, 415, 503),
        parameters=(_PROFILE,),
    ),
    Operation(
        "post",
        "/v1/erasures",
        "owners",
        "beginErasure",
        "Erase everything that your account has of an owner: objects, names and metadata; needs an API key",
        {202: _ERASING},
        (400, 401, 403, 408, 413, 415, 422, 503),
        body=requests.EraseOwner,
    ),
    Operation(
        "delete",
        "/v1/owners/{owner}",
        "owners",
        "eraseOwner",
        "Erase everything of an owner; use `POST /v1/erasures` if proxies could change the path",
        {202: _ERASING},
        (401, 403, 404, 413, 415, 422, 503),
        parameters=(_OWNER,),
    ),
    Operation(
        "get",
        "/v1/erasures/{id}",
        "owners",
        "getErasure",
        "Get the progress of an erasure",
        {200: ResponseDoc("The erasure.", responses.ErasureBody)},
        (401, 403, 404, 413, 415, 503),
        parameters=(_ID,),
    ),
    Operation(
        "post",
        "/v1/events/{sender}",
        "events",
        "receiveEvents",
        "Receive events from a store; each kind of sender has its own authentication, and is 404 until configured",
        {200: ResponseDoc("The number of events by outcome.", responses.EventCountsBody)},
        (400, 403, 404, 408, 413, 415, 503),
        parameters=(_SENDER, _SECRET),
        public=True,
    ),
    Operation(
        "get",
        "/healthz",
        "operations",
        "healthz",
        "Liveness: the process is running",
        {200: ResponseDoc("The process is running.", responses.StatusBody)},
        (413, 415),
        public=True,
    ),
    Operation(
        "get",
        "/readyz",
        "operations",
        "readyz",
        "Readiness: the ledger and the store are available",
        {200: ResponseDoc("The service is ready.", responses.ReadyBody)},
        (413, 415, 503),
        parameters=(_VERBOSE,),
        public=True,
    ),
    Operation(
        "get",
        "/openapi.json",
        "operations",
        "openapi",
        "Get this document",
        {200: ResponseDoc("An OpenAPI 3.1 document.", {"type": "object"})},
        (413, 415),
        public=True,
    ),
)


def document() -> dict[str, Any]:
    """The whole document without ``servers``. It depends on the code only."""
    return _DOCUMENT


@lru_cache(maxsize=4)
def rendered(url: str) -> bytes:
    """The document as JSON, with the service's ``url``. Cached: its 70 KB can be requested by anybody, again and
    again."""
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
            "summary": "Direct-to-S3 uploads: presigned grants, and verification of what arrived",
            "description": codes.SUMMARY,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a ticket."}
            },
        },
        "security": [{"bearer": []}],
    }


def _schemas() -> tuple[dict[int, dict[str, Any]], dict[str, Any]]:
    """The schema of each model in use, by the model's ``id()``, and the components that the schemas share."""
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
    components["BatchResult"] = {"oneOf": components["BatchResult"]["anyOf"]}  # exactly one of them
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
    400: "The request is malformed.",
    401: "The credential is missing or invalid.",
    403: "The credential does not allow this.",
    404: "It does not exist, or is not yours.",
    408: "The body did not arrive in time.",
    409: "The state of the upload does not allow this.",
    413: "The body is too large: files go straight to S3.",
    415: "The body is not JSON: files go straight to S3.",
    422: "The request is invalid; `code` and `errors` say why.",
    503: "The service, the store or the ledger is unavailable. Nothing was lost: try again.",
}

_DOCUMENT = _made()
"""Made when the module is imported, so that concurrent requests do not each make their own."""
