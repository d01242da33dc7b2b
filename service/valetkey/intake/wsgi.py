"""Between granian and WSGI (PEP 3333): the environ of a request, and the response of an application."""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
WsgiResponse = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers and body, as granian takes them."""

_FIXED: Mapping[str, Any] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
_KEYS = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_MAX_CACHED = 1_000
_servers: dict[str, tuple[str, str]] = {}


class TwoHosts(Exception):
    """A request has more than one ``Host``: a proxy in front of us may have used another one (RFC 9112, section
    3.2)."""


def build_environ(scope: Any) -> Environ:
    """The environ of a request, without its body. Raises `TwoHosts`.

    Headers whose names have an underscore are left out, as they could be taken for others. Values that are not ASCII,
    which granian leaves out, become empty strings: a header that is not understood differs from one that is missing.
    """
    environ = dict(_FIXED)
    headers = scope.headers
    seen = 0
    for name, value in headers.items():
        key = _KEYS.get(name) or _environ_key(name)
        if key in environ:
            if name == "host":
                raise TwoHosts
            environ[key] += (";" if name == "cookie" else ",") + value
        else:
            environ[key] = value
            seen += 1
    if seen != len(headers):
        for name in headers.keys():  # noqa: SIM118 - it is not a mapping
            environ.setdefault(_environ_key(name), "")
    environ.pop("", None)  # the key for names with an underscore
    path, query, server = scope.path, scope.query_string, scope.server
    environ["REQUEST_METHOD"] = scope.method
    environ["PATH_INFO"] = path if path.isascii() else path.encode().decode("latin-1")
    environ["QUERY_STRING"] = query if query.isascii() else query.encode().decode("latin-1")
    environ["SERVER_NAME"], environ["SERVER_PORT"] = _servers.get(server) or _split_server(server)
    environ["SERVER_PROTOCOL"] = "HTTP/" + scope.http_version
    environ["REMOTE_ADDR"] = scope.client.rpartition(":")[0].strip("[]")
    environ["wsgi.url_scheme"] = scope.scheme
    return environ


def _environ_key(name: str) -> str:
    if name in _KEYS:
        return _KEYS[name]
    key = "" if "_" in name else "HTTP_" + name.upper().replace("-", "_")
    if len(_KEYS) < _MAX_CACHED:  # a client may send any number of names
        _KEYS[name] = key
    return key


def _split_server(server: str) -> tuple[str, str]:
    host, _, port = server.rpartition(":")
    found = host.strip("[]"), port
    if len(_servers) < _MAX_CACHED:
        _servers[server] = found
    return found


def call_application(application: Application, environ: Environ) -> WsgiResponse:
    """Calls ``application`` and returns its whole response. Raises what it raises."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], None]:
        started[:] = status, headers
        return _write

    chunks = application(environ, start_response)
    if type(chunks) is list:
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    else:
        try:
            body = b"".join(chunks)
        finally:
            if (close := getattr(chunks, "close", None)) is not None:
                close()
    status, headers = started
    return int(status[:3]), headers, body


def _write(_: bytes) -> None:
    raise NotImplementedError("WSGI's write() is for applications from before PEP 3333.")
