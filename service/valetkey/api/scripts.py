"""The output of `{{ valetkey.scripts() }}` in a page: the import map and the element's module."""

from collections.abc import Mapping

from flask import current_app, has_request_context
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from valetkey.api.assets import ELEMENT, NOT_BUILT, Manifest, import_map, manifest
from valetkey.api.mounted import mounted, root
from valetkey.api.page_tickets import PATH as TICKETS
from valetkey.api.page_tickets import UPLOADS


def scripts(nonce: str | None, *, with_import_map: bool) -> Markup:
    """The HTML of `ValetKey.scripts`. If nothing is built, a comment says so, and the browser reports the missing
    script with the service's explanation."""
    here = mounted()
    if not here.authenticator.is_open:
        here.page_tickets.warn_if_none()
    nonce = nonce or _nonce_of_application()
    base = root() if has_request_context() else here.address.path
    place = f"{base}/assets"
    built = manifest()
    if built is None:
        lines = [Markup("<!-- {} -->").format(NOT_BUILT), _script(f"{place}/valetkey-element.js", nonce=nonce)]
        return Markup("\n").join(lines)
    element = built.modules[ELEMENT]
    session = {"tickets": f"{base}{TICKETS}", "uploads": f"{base}{UPLOADS}"} if here.page_tickets.loader else {}
    lines = [_import_map(built, place, nonce)] if with_import_map else []  # browsers require it before all modules
    lines += [_preload(f"{place}/{name}", built.files[name], nonce) for name in built.preload]
    lines.append(_script(f"{place}/{element}", built.files[element], session, nonce))
    return Markup("\n").join(lines)


def _nonce_of_application() -> str | None:
    """The nonce that templates get by ``csp_nonce()``, as with Flask-Talisman."""
    found = current_app.jinja_env.globals.get("csp_nonce") if has_request_context() else None
    return (str(found()) or None) if callable(found) else None


def _import_map(built: Manifest, place: str, nonce: str | None) -> Markup:
    text = htmlsafe_json_dumps(import_map(built, place), separators=(",", ":"))
    return Markup('<script type="importmap"{}>{}</script>').format(_attribute("nonce", nonce), text)


def _preload(url: str, digest: str, nonce: str | None) -> Markup:
    secret = _attribute("nonce", nonce)
    return Markup('<link rel="modulepreload" href="{}" integrity="{}"{}>').format(url, digest, secret)


def _script(
    url: str, digest: str | None = None, session: Mapping[str, str] | None = None, nonce: str | None = None
) -> Markup:
    asked = {f"data-valetkey-{name}": path for name, path in (session or {}).items()}
    given = {"integrity": digest, **asked, "nonce": nonce}
    attributes = Markup("").join(_attribute(name, value) for name, value in given.items())
    return Markup('<script type="module" src="{}"{}></script>').format(url, attributes)


def _attribute(name: str, value: str | None) -> Markup:
    return Markup("") if value is None else Markup(' {}="{}"').format(name, value)
