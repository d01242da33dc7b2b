"""The blueprint: each view parses, calls one method of the service, and renders."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from valetkey.api import policies, problems
from valetkey.api.bodies import json_body, refuse_streams
from valetkey.api.grants import part_grants, parts_body, read_sign_parts
from valetkey.api.mounted import mounted, record_hooks, server_url
from valetkey.api.negotiation import prefers_page
from valetkey.api.own_pages import own_page
from valetkey.api.plain import ROUTES, PlainRoute
from valetkey.api.rendering import NOT_KEPT, RETRY_AFTER, PlainResponse, render
from valetkey.api.requests import (
    owner_in_path,
    read_claim,
    read_claims,
    read_claims_query,
    read_download,
    read_erase,
    read_query,
    read_release,
    read_releases,
    read_ticket,
    read_verdict,
    upload_in_path,
)
from valetkey.api.responses import (
    DownloadBody,
    ListBody,
    PageBody,
    ProfilesBody,
    UploadsBody,
    erasure_body,
    granted_body,
    profile_body,
    ready_body,
    ticket_body,
    upload_body,
)
from valetkey.core.access.callers import Caller
from valetkey.core.errors import ErasureNotFound, UploadNotFound, ValetKeyError
from valetkey.core.model.erasure import Erasure
from valetkey.core.model.upload import Upload, UploadId, parse_upload_id
from valetkey.core.service import UploadService
from valetkey.core.taking.claims import Terms

blueprint = Blueprint("valetkey-api", __name__, static_folder=None)
blueprint.before_request(refuse_streams)
blueprint.before_request(record_hooks)
problems.register(blueprint)


def _service() -> UploadService:
    return mounted().service


def _caller() -> Caller:
    return mounted().authenticator.caller(request.environ.get("HTTP_AUTHORIZATION"))


def _one(upload: Upload) -> Response:
    return render(upload_body(upload))


def _view(route: PlainRoute) -> Callable[..., Response]:
    def view(name: str = "") -> Response:
        return route.call(mounted(), request.environ, route.body, name).response()

    view.__name__ = view.__qualname__ = route.name  # extensions tell views apart by their names
    return view


for _route in ROUTES:
    blueprint.add_url_rule(_route.rule, _route.name, _view(_route), methods=["POST"])


@blueprint.get("/v1/uploads")
def list_uploads() -> Response:
    caller = _caller()
    query = read_query(request.args.to_dict(), request.args.getlist("id"))
    if named := query.named():
        return _named(caller, named)
    found = _service().page(
        caller, state=query.wanted_state(), profile=query.profile, limit=query.limit, before=query.before()
    )
    page: ListBody = {"uploads": [upload_body(upload) for upload in found.uploads], "next_cursor": found.last}
    if found.unreadable:
        page["unreadable"] = [*found.unreadable]
    return render(page)


def _named(caller: Caller, texts: Sequence[str]) -> Response:
    ids = [known for known in map(parse_upload_id, texts) if known is not None]
    found = _service().get_all(caller, ids)
    missing = set(texts) - {upload.id for upload in found}
    body: ListBody = {
        "uploads": [upload_body(upload) for upload in found],
        "next_cursor": None,
        "not_found": [text for text in texts if text in missing],
    }
    return render(body, headers={"Cache-Control": "private, no-store"})


@blueprint.get("/v1/uploads/<text>")
def get_upload(text: str) -> BaseResponse:
    upload = _service().get(_caller(), upload_in_path(text))
    response = _one(upload)
    response.set_etag(str(upload.version))
    response.headers["Cache-Control"] = "private, no-cache"
    # If-Match is for changes; Werkzeug takes "*" for no match, and its 412 is neither documented nor a problem document
    environ = {name: value for name, value in request.environ.items() if name != "HTTP_IF_MATCH"}
    return response.make_conditional(environ)


@blueprint.delete("/v1/uploads/<text>")
def remove_upload(text: str) -> Response:
    _service().remove(_caller(), upload_in_path(text))
    return Response(status=204)


@blueprint.post("/v1/uploads/<text>/grant")
def renew_grant(text: str) -> Response:
    return render(granted_body(_service().renew(_caller(), upload_in_path(text))))


@blueprint.get("/v1/uploads/<text>/parts")
def list_parts(text: str) -> Response:
    plan, parts = _service().parts(_caller(), upload_in_path(text))
    return render(parts_body(plan, parts))


@blueprint.post("/v1/uploads/<text>/parts")
def sign_parts(text: str) -> Response:
    caller = _caller()
    numbers, checksums = read_sign_parts(json_body())
    parts = _service().sign_parts(caller, upload_in_path(text), numbers, checksums)
    return render({"parts": part_grants(parts)})


@blueprint.post("/v1/uploads/<text>/verdict")
def give_verdict(text: str) -> Response:
    caller = _caller()
    verdict = read_verdict(json_body())
    return _one(_service().judge(caller, upload_in_path(text), verdict))


@blueprint.post("/v1/uploads/<text>/claim")
def claim_upload(text: str) -> Response:
    caller = _caller()
    wanted = read_claim(json_body())
    terms = Terms(wanted.owner, wanted.profile)
    [upload] = _service().claim(caller, [upload_in_path(text)], terms, wanted.reference)
    return _one(upload)


@blueprint.post("/v1/uploads/<text>/release")
def release_upload(text: str) -> Response:
    caller = _caller()
    wanted = read_release(json_body())
    [upload] = _service().release(caller, [upload_in_path(text)], wanted.reference)
    return _one(upload)


@blueprint.post("/v1/claims")
def claim_uploads() -> Response:
    caller = _caller()
    wanted = read_claims(json_body())
    terms = Terms(wanted.owner, wanted.profile)
    with _pointing_at_uploads():
        return _several(_service().claim(caller, _ids(wanted.uploads), terms, wanted.reference))


@blueprint.post("/v1/claims/release")
def release_uploads() -> Response:
    caller = _caller()
    wanted = read_releases(json_body())
    with _pointing_at_uploads():
        return _several(_service().release(caller, _ids(wanted.uploads), wanted.reference))


@blueprint.get("/v1/claims")
def list_claims() -> Response:
    caller = _caller()
    query = read_claims_query(request.args.to_dict())
    uploads, last = _service().claimed(
        caller,
        prefix=query.prefix,
        older_than=timedelta(seconds=query.older_than),
        limit=query.limit,
        before=query.before(),
    )
    page: PageBody = {"uploads": [upload_body(upload) for upload in uploads], "next_cursor": last}
    return render(page)


def _ids(texts: Sequence[str]) -> list[UploadId]:
    """The upload ids in a body. Raises `UploadNotFound` if any is not an id."""
    parsed = [parse_upload_id(text) for text in texts]
    found = [one for one in parsed if one is not None]
    if len(found) < len(parsed):
        error = UploadNotFound()
        error.each = [(position, error) for position, one in enumerate(parsed) if one is None]
        raise error
    return found


@contextmanager
def _pointing_at_uploads() -> Iterator[None]:
    """Makes errors raised in the block refer to the items of ``uploads`` in the body."""
    try:
        yield
    except ValetKeyError as error:
        error.each_at = "/uploads"
        raise


def _several(uploads: Sequence[Upload]) -> Response:
    body: UploadsBody = {"uploads": [upload_body(upload) for upload in uploads]}
    return render(body)


@blueprint.get("/v1/uploads/<text>/download")
def download_upload(text: str) -> BaseResponse:
    """Scripts in pages request JSON: if they followed a redirect to another origin, the browser would send
    ``Origin: null``.

    For HEAD, which document viewers and download managers send first, the URL is signed for HEAD.
    """
    caller, inline = _caller(), read_download(request.args.to_dict())
    download = _service().download(caller, upload_in_path(text), inline=inline, head=request.method == "HEAD")
    body: DownloadBody = {"url": download.url, "expires_at": download.expires_at}
    response = redirect(download.url, 303) if prefers_page(otherwise=True) else render(body)
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


@blueprint.get("/v1/uploads/<text>/return")
def return_from_store(text: str) -> BaseResponse:
    """The response shows the current state of the upload, so it must not be cached."""
    upload, return_url = _service().returned(upload_in_path(text), anybody=True)
    if return_url is not None:
        response = redirect(_with_query(return_url, id=upload.id, state=upload.state.value), 303)
    else:
        response = Response(own_page("returned").render(upload=upload))
        policies.give(response, policies.PLAIN)
    response.headers["Cache-Control"] = "no-store"
    return response


def _with_query(url: str, **added: str) -> str:
    """``url`` with parameters added to its query. The existing query and the fragment are kept."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, urlencode(added)]))))


@blueprint.post("/v1/tickets")
def create_ticket() -> Response:
    caller = _caller()
    wanted = read_ticket(json_body())
    issued = _service().issue_ticket(
        caller,
        wanted.profile,
        owner=wanted.owner,
        life=timedelta(seconds=wanted.ttl),
        max_uploads=wanted.max_uploads,
    )
    return render(ticket_body(issued), 201)


@blueprint.get("/v1/profiles")
def list_profiles() -> Response:
    body: ProfilesBody = {"profiles": [profile_body(profile) for profile in _service().profiles(_caller())]}
    return render(body)


@blueprint.get("/v1/profiles/<name>")
def get_profile(name: str) -> Response:
    return render(profile_body(_service().profile(_caller(), name)))


@blueprint.delete("/v1/owners/<path:owner>", merge_slashes=False)
def erase_owner(owner: str) -> Response:
    return _render_erasure(_service().erase(_caller(), owner_in_path(owner)))


@blueprint.post("/v1/erasures")
def begin_erasure() -> Response:
    caller = _caller()
    return _render_erasure(_service().erase(caller, read_erase(json_body()).owner))


def _render_erasure(job: Erasure) -> Response:
    root = mounted().address.root(request.environ.get("SCRIPT_NAME", ""))
    headers = {"Location": f"{root}/v1/erasures/{job.id}", "Retry-After": str(RETRY_AFTER)}
    return render(erasure_body(job), 202, headers)


@blueprint.get("/v1/erasures/<text>")
def get_erasure(text: str) -> Response:
    caller = _caller()
    if (erasure_id := parse_upload_id(text)) is None:  # erasure ids are UUIDv7, too
        raise ErasureNotFound
    return render(erasure_body(_service().erasure(caller, erasure_id)))


@blueprint.get("/healthz")
def healthz() -> Response:
    return render({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    mounted().readiness.check()
    if "verbose" not in request.args:
        return render({"status": "ok"})
    return render(ready_body(mounted().last_examined()))


@blueprint.get("/openapi.json")
def openapi_document() -> Response:
    from valetkey.api.openapi import rendered  # imported on demand: building the document takes time

    return PlainResponse(200, {"Cache-Control": NOT_KEPT}, rendered(server_url())).response()
