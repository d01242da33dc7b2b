"""A request of granian's as WSGI has it (PEP 3333), and a WSGI application's answer as granian has it."""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Answer = tuple[int, list[tuple[str, str]], bytes]

_FIXED: Mapping[str, Any] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_MAX_NAMES = 1_000
_servers: dict[str, tuple[str, str]] = {}


def environ_of(scope: Any) -> Environ:
    """All but the body.

    Names with an underscore are left out: they would pass for others. Values that are no ASCII, which granian leaves
    out, are there as an empty text: a header that is not understood is not a header that was not sent.
    """
    environ = dict(_FIXED)
    headers = scope.headers
    seen = 0
    for name, value in headers.items():
        key = _NAMES.get(name) or _remember(name)
        if key in environ:
            environ[key] += (";" if name == "cookie" else ",") + value
        else:
            environ[key] = value
            seen += 1
    if seen != len(headers):
        for name in headers.keys():  # noqa: SIM118 - it is no mapping
            environ.setdefault(_remember(name), "")
    environ.pop("", None)  # where names with an underscore went
    path, server = scope.path, scope.server
    environ["REQUEST_METHOD"] = scope.method
    environ["PATH_INFO"] = path if path.isascii() else path.encode().decode("latin-1")
    environ["QUERY_STRING"] = scope.query_string
    environ["SERVER_NAME"], environ["SERVER_PORT"] = _servers.get(server) or _split(server)
    environ["SERVER_PROTOCOL"] = "HTTP/" + scope.http_version
    environ["REMOTE_ADDR"] = scope.client.rpartition(":")[0].strip("[]")
    environ["wsgi.url_scheme"] = scope.scheme
    return environ


def _remember(name: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    key = "" if "_" in name else "HTTP_" + name.upper().replace("-", "_")
    if len(_NAMES) < _MAX_NAMES:  # a stranger may send any number of names
        _NAMES[name] = key
    return key


def _split(server: str) -> tuple[str, str]:
    host, _, port = server.rpartition(":")
    found = host.strip("[]"), port
    if len(_servers) < _MAX_NAMES:
        _servers[server] = found
    return found


def answer_of(application: Application, environ: Environ) -> Answer:
    """What ``application`` says to ``environ``: status, headers, and the whole body. Raises what it raises."""
    begun: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], None]:
        begun[:] = status, headers
        return _write

    said = application(environ, start_response)
    if type(said) is list:
        body = said[0] if len(said) == 1 else b"".join(said)
    else:
        try:
            body = b"".join(said)
        finally:
            if (close := getattr(said, "close", None)) is not None:
                close()
    status, headers = begun
    return int(status[:3]), headers, body


def _write(_: bytes) -> None:
    raise NotImplementedError("WSGI's write() is for applications of before 2003.")
