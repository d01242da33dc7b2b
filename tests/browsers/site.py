"""The origin of pages that use the client and the element: `page.html`, `element.html` and the built bundles."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

FRONTEND = Path(__file__).parents[2] / "frontend"
DIST = FRONTEND / "client" / "dist"
HERE = Path(__file__).parent
ELEMENT = FRONTEND / "element" / "dist"


class _Files(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, builds: Mapping[str, Path], *args: Any) -> None:
        self._builds = builds
        super().__init__(*args)

    def do_GET(self) -> None:
        folder, _, name = self.path.partition("?")[0].rpartition("/")
        places = (HERE, self._builds.get(folder, DIST), ELEMENT)
        file = next((place / name for place in places if (place / name).is_file()), HERE / "page.html")
        known = name in {"", file.name}
        kind = "text/html; charset=utf-8" if file.suffix == ".html" else "text/javascript"
        body = file.read_bytes() if known else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def client_site(builds: Mapping[str, Path] | None = None) -> Iterator[int]:
    """Serve the page on the port that it gives; RuntimeError when the client was not built.

    The page in a folder of ``builds``, as `/older/`, has the client that was built there instead.
    """
    if not (DIST / "index.js").exists():
        raise RuntimeError("The client for browsers is not built: make frontend")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, builds or {})) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()
