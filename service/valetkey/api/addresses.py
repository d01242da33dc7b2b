"""The service's own URLs, whatever proxies stand in front of it: all are made from one base."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flask import current_app, has_app_context, has_request_context, request

from valetkey.core.errors import ConfigurationError

_SAFE = "/%:@!$&'()*+,;=~"
"""The allowed characters of a path besides letters and digits; `%`, as it may be encoded already."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API is: ``origin`` and ``path`` as browsers see them, and ``prefix``, its path in the application;
    ``shown`` is the latter as it appears in URLs.

    ``said`` is True if the first two were set, and False if they were guessed from host and port.
    """

    origin: str
    path: str
    prefix: str
    shown: str
    said: bool

    @classmethod
    def of(cls, public_url: str, url_prefix: str | None, *, said: bool) -> "Address":
        """The API below ``url_prefix`` of an application at ``public_url``, which may or may not end in the prefix.

        Raises `ConfigurationError` for a prefix that is not valid in a URL.
        """
        prefix = "/" + (url_prefix or "").strip("/")
        prefix = "" if prefix == "/" else prefix
        _require_plain(prefix)
        shown, parts = _rooted(prefix), urlsplit(public_url)
        path = parts.path.rstrip("/")
        if not path.endswith(shown):
            path += shown
        return cls(f"{parts.scheme}://{parts.netloc}", path, prefix, shown, said)

    def root(self, script_name: str) -> str:
        """The path before the API's own paths. If the server says that it is below ``script_name`` and the base does
        not, the server is right."""
        if not script_name:
            return self.path
        here = _rooted(script_name) + self.shown
        return self.path if self.path.endswith(here) else here

    @property
    def base(self) -> str:
        """The base URL of the API for the current caller, without a trailing slash.

        It is the one that was set; else the request's, which ``ProxyFix`` corrects behind a proxy; else, outside of
        requests, the application's ``SERVER_NAME``, or the guess.
        """
        if not has_request_context():
            return f"{self.origin if self.said else self._origin_by_configuration()}{self.path}"
        origin = self.origin if self.said else f"{request.scheme}://{request.host}"
        return origin + self.root(request.environ.get("SCRIPT_NAME", ""))

    def _origin_by_configuration(self) -> str:
        name = current_app.config["SERVER_NAME"] if has_app_context() else None
        return f"{current_app.config['PREFERRED_URL_SCHEME']}://{name}" if name else self.origin


_ODD = re.compile(r"[<>?#\\\x00-\x1f\x7f]")
"""Characters that cannot be in a path, or begin a variable of Flask: a prefix is the same for all requests."""


def _require_plain(prefix: str) -> None:
    """Raises `ConfigurationError`."""
    if _ODD.search(prefix) or not {"", ".", ".."}.isdisjoint(prefix.split("/")[1:]):
        raise ConfigurationError(f"url_prefix={prefix!r} is not a path that URLs can begin with, such as '/files'.")


def _rooted(path: str) -> str:
    """``path`` in a form that is safe in a URL: it may be from a proxy's header, and `//host` would be another host."""
    path = path.strip("/\\")
    return "/" + quote(path, safe=_SAFE) if path else ""
