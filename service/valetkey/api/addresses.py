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
    """Where the API is: ``origin`` and ``path`` as browsers see them, and ``prefix``, where it is in the application;
    ``shown`` is the latter as it stands in addresses.

    ``said`` tells whether somebody set the first two, or they were guessed from host and port.
    """

    origin: str
    path: str
    prefix: str
    shown: str
    said: bool

    @classmethod
    def of(cls, public_url: str, url_prefix: str | None, *, said: bool) -> "Address":
        """The API below ``url_prefix`` of an application at ``public_url``, which may end in the prefix or may not.

        Raises `ConfigurationError` for a prefix that no address can have.
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
        """The path that the API's own paths follow. Where the server says that it is below ``script_name`` and the
        base does not, the server is believed."""
        if not script_name:
            return self.path
        here = _rooted(script_name) + self.shown
        return self.path if self.path.endswith(here) else here

    @property
    def base(self) -> str:
        """Where the API is, for who calls now, without a slash at its end.

        What was set; else what the request says, which ``ProxyFix`` corrects behind a proxy; else, outside of
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
"""What is no part of a path, or begins a variable of Flask's: a prefix is the same for all, as addresses have it."""


def _require_plain(prefix: str) -> None:
    """Raises `ConfigurationError`."""
    if _ODD.search(prefix) or not {"", ".", ".."}.isdisjoint(prefix.split("/")[1:]):
        raise ConfigurationError(f"url_prefix={prefix!r} is no path that addresses can begin with, as '/files' is.")


def _rooted(path: str) -> str:
    """``path`` as it may stand in an address: a proxy's header may have said it, and `//host` is somebody else's."""
    path = path.strip("/\\")
    return "/" + quote(path, safe=_SAFE) if path else ""
