"""A real gunicorn with an application that mounts valetkey."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.support import ledgers
from tests.support.servers import START, free_port

GUNICORN = Path(sys.executable).with_name("gunicorn")


@contextmanager
def running_gunicorn(directory: Path, env: Mapping[str, str], source: str, *options: str) -> Iterator[httpx.Client]:
    """Runs ``app`` of the module ``source`` in gunicorn's gthread workers; yields a client with an API key when it
    responds."""
    (directory / "served.py").write_text(source)
    port = free_port()
    command = [str(GUNICORN), "--no-control-socket", "-k", "gthread", "--graceful-timeout", "3"]
    command += ["--keep-alive", "75"]  # it would close a connection that a slow client just uses again
    command += ["-b", f"127.0.0.1:{port}", *options, "served:app"]
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *command],
        env=env,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    _, key = ledgers.create_key(env["VALETKEY_DATABASE_URL"], "default")
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=60
        ) as client:
            _wait(client, process)
            yield client
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(40)  # its workers finish what they have in hand
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            client.get("/healthz")
        except httpx.TransportError:
            assert process.poll() is None, "gunicorn has ended"
            assert time.monotonic() < deadline, "gunicorn does not answer"
            time.sleep(0.05)
        else:
            return
