"""Checks of the bucket's CORS rules: a real preflight and a real request for each origin with upload pages."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from valetkey.doctor.checks import Check, Group
from valetkey.doctor.findings import Finding, Skip, failed, passed, warned
from valetkey.doctor.store.grants import ProbeGrants
from valetkey.doctor.store.puts import working
from valetkey.doctor.store.writing import CONTENT
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import WireResponse

ANY = "https://any-page.example"
"""Stands for all pages if VALETKEY_CORS_ORIGINS is ``*``."""

UNSET = (
    "If browsers upload, set VALETKEY_PUBLIC_URL to the address of the application that valetkey is mounted in, or "
    "VALETKEY_CORS_ORIGINS to the origins of pages elsewhere."
)
RULE = "Give the bucket a CORS rule for it: POST and PUT, all headers, ETag and Location exposed (--fix does it)."


def origins(visit: Visit) -> Sequence[str]:
    """The origins of pages that upload: those that may call the API, and our own, where pages may be served."""
    said = visit.settings.cors_origins
    found = [ANY] if said == ("*",) else [*said]
    if visit.settings.public_url:
        parts = urlsplit(visit.settings.public_url)
        found.append(f"{parts.scheme}://{parts.netloc}".lower())
    return [*dict.fromkeys(found)]


def cors(visit: Visit) -> Iterator[Finding]:
    """Each origin: a form, and a PUT with all headers that a grant has."""
    _ = visit.store
    wanted = origins(visit)
    if not wanted:
        raise Skip("No page with uploads is known: VALETKEY_CORS_ORIGINS and VALETKEY_PUBLIC_URL are not set.", UNSET)
    own = wanted[-1] if visit.settings.public_url and wanted[-1] not in visit.settings.cors_origins else None
    for origin in wanted:
        name = "*" if origin == ANY else origin
        trouble = [*_form(visit, origin), *_put(visit, origin)]
        if not trouble:
            yield passed("cors", f"Pages of {name} can upload: preflight, form, PUT, and its ETag.")
        else:  # our own origin need not have pages
            say = warned if origin == own else failed
            yield say("cors", f"Pages of {name} cannot upload: {'; '.join(trouble)}.", RULE)


def _form(visit: Visit, origin: str) -> Iterator[str]:
    """What is wrong with a form from ``origin``. It needs no preflight, but clients that show progress send one."""
    if visit.learned.get("post") is False:
        return
    granting = ProbeGrants(visit)
    grant = granting.post(granting.upload())
    preflight = visit.wire.send("OPTIONS", grant.url, _asking(origin, "POST", []))
    if (said := _refusal(preflight, origin, "POST", [])) is not None:
        yield f"preflight of a form {said}"
    answer = visit.wire.post_form(grant.url, grant.fields, CONTENT, {"Origin": origin})
    if answer.taken and not _allows(answer, origin):
        yield "the response to a form is hidden"


def _put(visit: Visit, origin: str) -> Iterator[str]:
    """What is wrong with a PUT from ``origin``."""
    try:
        granting, _ = working(visit)
    except Skip:
        return
    grant = granting.put(granting.upload())
    headers = {name: value for name, value in grant.headers.items() if name.lower() != "content-length"}
    preflight = visit.wire.send("OPTIONS", grant.url, _asking(origin, "PUT", [*headers]))
    if (said := _refusal(preflight, origin, "PUT", [*headers])) is not None:
        yield f"preflight of a PUT {said}"
    answer = visit.wire.send("PUT", grant.url, {**headers, "Origin": origin}, CONTENT)
    if not answer.taken:
        return
    if not _allows(answer, origin):
        yield "the response to a PUT is hidden"
    elif not {"etag", "*"} & _listed(answer, "access-control-expose-headers"):
        yield "the ETag of a PUT is not exposed"


def _asking(origin: str, method: str, headers: Sequence[str]) -> Mapping[str, str]:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = ",".join(sorted(name.lower() for name in headers))
    return asked


def _refusal(answer: WireResponse, origin: str, method: str, headers: Sequence[str]) -> str | None:
    """Why a browser would stop after this preflight; None if it would continue (Fetch, CORS-preflight fetch)."""
    if answer.status not in range(200, 300):
        return f"is answered {answer.said}"
    if not _allows(answer, origin):
        return "does not name the origin"
    methods = _listed(answer, "access-control-allow-methods")
    if method.lower() not in methods | {"post"} and "*" not in methods:
        return f"does not allow {method}"
    allowed = _listed(answer, "access-control-allow-headers")
    missing = [name for name in headers if name.lower() not in allowed]
    if missing and "*" not in allowed:
        return f"does not allow {', '.join(missing)}"
    return None


def _allows(answer: WireResponse, origin: str) -> bool:
    return _header(answer, "access-control-allow-origin") in {origin, "*"}


def _listed(answer: WireResponse, name: str) -> set[str]:
    return {one.strip().lower() for one in _header(answer, name).split(",") if one.strip()}


def _header(answer: WireResponse, name: str) -> str:
    return ",".join(value for known, value in answer.headers.items() if known.lower() == name)


GROUP = Group("cors", (Check("cors", cors, 120),))
