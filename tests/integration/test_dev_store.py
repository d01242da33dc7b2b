"""The embedded S3 of `valetkey dev`, as your own application uses it."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support import ledgers, processes
from tests.support.servers import START, ValetkeyServer, environment

APPLICATION = """
from flask import Flask
from valetkey import ValetKey
from valetkey.testing.contracts import post_over_http

app = Flask("own")
valetkey = ValetKey(app)
http = app.test_client()
with app.app_context():
    bearer = {"Authorization": f"Bearer {valetkey.ticket(owner='ann').ticket}"}
asked = {"filename": "a.txt", "content_type": "text/plain", "size": 5}
made = http.post("/v1/uploads", json=asked, headers=bearer).get_json()
assert post_over_http(made["grant"]["url"], made["grant"]["fields"].items(), b"hello") == 201
done = http.post(f"/v1/uploads/{made['upload']['id']}/complete", headers=bearer).get_json()
assert done["state"] == "confirmed", done
with app.app_context(), valetkey.open(made["upload"]["id"]) as file:
    print(file.read().decode())
"""


def test_an_application_of_ones_own_uses_it(valetkey_server: Callable[..., ValetkeyServer], tmp_path: Path) -> None:
    """By the lines that `valetkey dev` prints for a shell, and nothing else that has to do with a store."""
    server = valetkey_server(command="dev")
    lines = re.findall(r"^export (.+)$", server.log, re.MULTILINE)
    shown = dict(word.split("=", 1) for line in lines for word in line.split())
    env = environment(tmp_path, None) | shown
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    done = processes.run([sys.executable, "-c", APPLICATION], env=env, cwd=tmp_path, timeout=START)
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
