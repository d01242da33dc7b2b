"""Projects of others that take our npm packages, as `make dist` packs them."""

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support import processes

HERE = Path(__file__).parent
DIST = HERE.parents[1] / "dist"
BUILT = "run `make packages`: there is nothing in dist/"


def packed(name: str) -> Path:
    [file] = DIST.glob(f"valetkey-{name}-*.tgz")
    return file


def project(name: str, where: Path) -> Path:
    """A copy of the project of this name, with what its lock file says and our packages installed and built."""
    folder = where / name
    shutil.copytree(HERE / name, folder)
    npm("ci", where=folder)
    npm("install", "--no-save", str(packed("client")), str(packed("element")), where=folder)
    npm("run", "build", where=folder)
    return folder


def npm(*arguments: str, where: Path) -> None:
    quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    env = os.environ | {"NEXT_TELEMETRY_DISABLED": "1", "CI": "true"}
    done = processes.run(["npm", *arguments, *quiet], cwd=where, env=env, timeout=400)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


class _Quiet(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/favicon.ico":  # browsers ask for it by themselves
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """These files at a URL."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def manifest(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "package.json").read_text())
    return found
