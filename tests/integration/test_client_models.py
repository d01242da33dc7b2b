"""Models and methods of `valetkey.client` match the OpenAPI document, in both directions."""

import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import TypeAdapter

from valetkey.api.openapi import document
from valetkey.client import AsyncClient, Client
from valetkey.client.programs import models
from valetkey.client.remote import calls
from valetkey.client.remote.calls import Call

Json = dict[str, Any]

MODELS = {
    "Checksum": models.Checksum,
    "StoredObject": models.StoredObject,
    "Reason": models.Reason,
    "Claim": models.Claim,
    "Upload": models.Upload,
    "PostGrant": models.PostGrant,
    "PutGrant": models.PutGrant,
    "PartGrant": models.PartGrant,
    "MultipartGrant": models.MultipartGrant,
    "Granted": models.Granted,
    "Page": models.Page,
    "UploadList": models.UploadList,
    "Uploads": models.UploadsResponse,
    "Ticket": models.Ticket,
    "Download": models.Download,
    "Profile": models.Profile,
    "Profiles": models.Profiles,
    "KeptObject": models.KeptObject,
    "Erasure": models.Erasure,
    "DeclaredChecksum": models.DeclaredChecksum,
    "NamedPart": models.NamedPart,
    "CreateUpload": models.NewUpload,
}
"""The component of the document that each model is."""

BY_ARGUMENTS: dict[str, tuple[Callable[..., Any], set[str]]] = {
    "CreateTicket": (Client.ticket, set()),
    "ClaimUpload": (Client.claim, set()),
    "ReleaseUpload": (Client.release, set()),
    "ClaimUploads": (Client.claim_all, set()),
    "ReleaseUploads": (Client.release_all, set()),
    "Complete": (Client.complete, {"wait"}),
    "EraseOwner": (Client.erase, set()),
}
"""Those that are the arguments of a method, which has others of its own."""

NAMES = {"ids": "uploads"}
"""What is called otherwise in the document."""

ALSO = {"listUploads": {"id"}}
"""What a query has that another call of the operation asks for: `get_all` names uploads, and asks for nothing else."""

LATER = {"Upload": {"path"}}
"""What an answer has had only later: an older service, and a webhook that waited over an upgrade, say nothing of it."""

OTHERS = {"Batch", "Refused", "CreateBatch"} | {"Part", "Parts", "SignParts", "SignedParts"}
OTHERS |= {"Grant", "BatchResult", "State", "Signal"}  # names of what is in the others
OTHERS |= {"GiveVerdict", "Problem", "FieldError", "Health", "EventCounts", "Ready", "Doctor"}
"""Those that no program gets: batches and parts are for `upload` and `put`, the rest is for others."""

ID = "0197f7a0-0000-7000-8000-000000000000"
CALLS: dict[str, Call] = {
    "createUpload": calls.create({}),
    "createBatch": calls.create_many([]),
    "listUploads": calls.page({"state": "pending", "profile": "p", "limit": 1}, "c"),
    "getUpload": calls.get(ID),
    "removeUpload": calls.remove(ID),
    "renewGrant": calls.renew_grant(ID),
    "listParts": calls.list_parts(ID),
    "signParts": calls.sign_parts(ID, [1], {1: ""}),
    "completeUpload": calls.complete(ID, []),
    "claimUpload": calls.claim(ID, {}),
    "releaseUpload": calls.release(ID, "r"),
    "claimUploads": calls.claim_all([ID], {}),
    "releaseUploads": calls.release_all([ID], "r"),
    "listClaims": calls.claims({"prefix": "p", "older_than": 0, "limit": 1}, "c"),
    "downloadUpload": calls.download(ID, inline=True),
    "createTicket": calls.ticket({}),
    "listProfiles": calls.profiles(),
    "getProfile": calls.profile("{name}"),
    "beginErasure": calls.erase("ann"),
    "getErasure": calls.erasure(ID),
}
NOT_FOR_PROGRAMS = {"eraseOwner", "giveVerdict", "returnFromStore", "receiveEvents", "healthz", "readyz", "openapi"}

KEPT = {"type", "properties", "required", "enum", "const", "items", "additionalProperties", "format"}


def shape(schema: Json, components: Json, *, optional: bool = False) -> Any:
    """What values of a schema look like, without their bounds and their names; an optional one may as well be null."""
    if "$ref" in schema:
        return shape(components[schema["$ref"].rpartition("/")[2]], components)
    if "anyOf" in schema or "oneOf" in schema:
        given = [one for one in choices(schema, components) if not (optional and one == {"type": "null"})]
        shapes = [shape(one, components) for one in given]
        return shapes[0] if len(shapes) == 1 else sorted(shapes, key=json.dumps)
    found = {name: value for name, value in schema.items() if name in KEPT and value != "int64"}
    if isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = shape(found["additionalProperties"], components)
    else:
        found.pop("additionalProperties", None)
    if "items" in found:
        found["items"] = shape(found["items"], components)
    if "properties" in found:
        required = found["required"] = sorted(found.get("required", []))
        found["properties"] = {
            name: shape(value, components, optional=name not in required) for name, value in found["properties"].items()
        }
    return found


def choices(schema: Json, components: Json) -> Iterator[Json]:
    """Those of a union, and of the unions in it, by their names, too."""
    named = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if not {"anyOf", "oneOf"}.isdisjoint(named):
        schema = named
    if (inner := schema.get("anyOf") or schema.get("oneOf")) is None:
        yield schema
        return
    for one in inner:
        yield from choices(one, components)


@pytest.mark.parametrize("component", MODELS)
def test_a_model_is_what_the_document_says(component: str) -> None:
    """The same names, the same types, the same of them required; no more and no fewer. Only what came later may be
    missing here."""
    said: Json = document()["components"]["schemas"]
    for name, later in LATER.items():
        assert later <= set(said[name]["required"])
        said = said | {name: said[name] | {"required": sorted(set(said[name]["required"]) - later)}}
    ours = TypeAdapter(MODELS[component]).json_schema(ref_template="#/{model}")
    assert shape(ours, ours.get("$defs", {})) == shape(said[component], said)


@pytest.mark.parametrize("component", BY_ARGUMENTS)
def test_arguments_are_what_the_document_says(component: str) -> None:
    """What has to be given there has no default here. The owner has none in either: see `on_behalf_of`."""
    method, own = BY_ARGUMENTS[component]
    schema = document()["components"]["schemas"][component]
    ours = {NAMES.get(name, name): one for name, one in inspect.signature(method).parameters.items()}
    assert set(ours) - own - {"self", "upload_id"} == set(schema["properties"])
    needed = {name for name, one in ours.items() if one.default is one.empty} - {"self", "upload_id"}
    if component == "CreateTicket":
        assert ours["profile"].default == "default"
        needed |= {"profile"}
    assert needed - {"owner"} == set(schema.get("required", [])) - {"owner"}
    assert ("owner" in needed) == ("owner" in schema["properties"])


def test_every_component_is_one_or_the_other() -> None:
    """What is new in the document has to be looked at here."""
    assert set(document()["components"]["schemas"]) == set(MODELS) | set(BY_ARGUMENTS) | OTHERS


def test_every_operation_is_called_as_the_document_says() -> None:
    """Method, path and query; a body where there is one; the keys that the client waits for in each success."""
    said, operations = document(), {}
    for path, methods in said["paths"].items():
        for method, operation in methods.items():
            operations[operation["operationId"]] = (method.upper(), path, operation)
    assert set(operations) == set(CALLS) | NOT_FOR_PROGRAMS
    for name, call in CALLS.items():
        method, path, operation = operations[name]
        address, _, query = call.path.partition("?")
        assert (call.method, unquote(address)) == (method, path.replace("{id}", ID)), name
        known = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
        assert {pair.partition("=")[0] for pair in query.split("&") if pair} == known - ALSO.get(name, set()), name
        assert (call.body is not None) == ("requestBody" in operation), name
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json")
            if status.startswith("2") and content is not None:
                schema = said["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
                assert call.expected is not None, name
                assert call.expected <= set(schema["required"]), name


def public(kind: type) -> dict[str, Callable[..., Any]]:
    return {name: one for name, one in vars(kind).items() if callable(one) and not name.startswith("_")}


def test_both_clients_are_called_alike() -> None:
    """The same methods with the same arguments, and the same way to make one."""
    blocking, asynchronous = public(Client), public(AsyncClient)
    assert set(asynchronous) - {"aclose"} == set(blocking) - {"close"}
    for name in set(asynchronous) & set(blocking):
        assert inspect.signature(asynchronous[name]).parameters == inspect.signature(blocking[name]).parameters, name
    assert inspect.signature(Client).parameters == inspect.signature(AsyncClient).parameters


def test_a_newer_service_may_say_more() -> None:
    """Members that are not known are left out; a state that is not known is kept as it is."""
    upload: Json = dict.fromkeys(document()["components"]["schemas"]["Upload"]["required"])
    upload |= dict.fromkeys(["id", "profile", "owner", "filename", "content_type"], "a") | {"metadata": {}}
    upload |= {"created_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T00:00:00Z"}
    upload |= {"state": "mislaid", "confirmed_by": "pigeon", "colour": "green"}
    read = models.read(models.Upload, upload)
    assert (read.state, read.confirmed_by) == ("mislaid", "pigeon")
    assert not hasattr(read, "colour")
