"""The start of `valetkey serve`: it loads nothing unnecessary, and builds everything once per process."""

import os
import sys
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import boto3
import pytest
from tests.support import ledgers, processes
from tests.support.servers import environment

from valetkey import waiting
from valetkey.adapters.s3.client import Clients, S3Settings

CONFIGURATION = {
    "VALETKEY_BUCKET": "photos",
    "VALETKEY_S3_ENDPOINT_URL": "http://127.0.0.1:9",  # nothing listens there, so nobody is waited for
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
}

START = """
import sys
from valetkey.serve import create_intake, create_served_app

create_intake(create_served_app())
print(*sorted(sys.modules))
"""

NOT_NEEDED = {
    "alembic": "the ledger has the schema of this version",
    "cryptography": "neither SNS nor CloudFront is configured",
    "moto": "it is not `valetkey dev`",
    "psycopg": "the ledger is in SQLite",
    "rich": "nothing is printed",
    "standardwebhooks": "the worker sends webhooks",
    "valetkey.adapters.sqs": "the worker reads the queue",
    "valetkey.adapters.webhooks": "the worker sends webhooks",
    "valetkey.api.openapi": "nobody has asked for the document",
    "valetkey.doctor": "it is a command of its own",
    "valetkey.worker": "it is a process of its own",
}

PROCESSES = """
import multiprocessing, os
from valetkey import serve
from valetkey.app import installed_in

built = []
create = serve.create_served_app
serve.create_served_app = lambda: built.append(os.getpid()) or create()

class Granian(serve.Granian):
    def serve(self, spawner, target_loader, **_):
        fork = multiprocessing.get_context("fork")
        for _ in range(2):
            child = fork.Process(target=lambda: print("forked", type(target_loader()).__name__, len(built), flush=True))
            child.start()
            child.join()
        first = target_loader()
        self._call_hooks(self.hooks_reload)
        print("after a SIGHUP", target_loader() is first, flush=True)

serve.Granian = Granian
serve.run_production("127.0.0.1", 0)
"""


def _prints(program: str, directory: Path) -> list[str]:
    env = environment(directory, None) | CONFIGURATION
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    done = processes.run([sys.executable, "-c", program], timeout=120, env=env, cwd=directory)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_serve_starts_without_what_it_does_not_need(tmp_path: Path) -> None:
    """Each of these modules, and what it brings along, took a part of the start of every process."""
    loaded = set(_prints(START, tmp_path)[-1].split())
    assert loaded & NOT_NEEDED.keys() == set()
    assert {"valetkey.api.routes", "valetkey.adapters.sql.ledger"} <= loaded


def test_forked_processes_go_on_with_what_the_first_one_has_built(tmp_path: Path) -> None:
    """After a SIGHUP, which replaces them, the configuration is read again."""
    said = _prints(PROCESSES, tmp_path)
    assert said == ["forked Intake 1", "forked Intake 1", "after a SIGHUP False"]


def test_a_forked_process_makes_its_own_connections_and_no_client_that_it_does_not_use() -> None:
    """A client of boto3 takes 10 to 100 ms to make. Where the bucket is need not be found out again."""
    clients = Clients(S3Settings("photos", endpoint_url="http://127.0.0.1:9"), boto3.Session("key", "secret"))
    caller, credentials, address = clients.caller(), clients.credentials(), clients.public_url()
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            own = clients.caller() is not caller, clients.credentials().access_key == credentials.access_key
            made = "plain" in clients._made or "copier" in clients._made
            os.write(writing, repr((*own, clients.public_url() == address, made)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    assert os.read(reading, 100) == b"(True, True, True, False)"
    os.close(reading)
    os.waitpid(child, 0)


def test_stores_of_one_session_take_turns() -> None:
    """boto3's sessions are not thread-safe, and several stores may have the same one."""

    class Watched(boto3.Session):
        now = most = 0

        def client(self, *args: Any, **options: Any) -> Any:
            self.now += 1
            self.most = max(self.most, self.now)
            sleep(0.02)
            try:
                return super().client(*args, **options)
            finally:
                self.now -= 1

    session = Watched("key", "secret")
    stores = [Clients(S3Settings(name, endpoint_url="http://127.0.0.1:9"), session) for name in ("photos", "videos")]
    making = [Thread(target=make) for one in stores for make in (one.plain, one.copier, one.public)]
    for thread in making:
        thread.start()
    for thread in making:
        thread.join(60)
    assert session.most == 1


def test_no_thread_of_the_intake_waits_for_the_first_credentials() -> None:
    """Those of a process of their own, or of the network, are fetched anew in each forked process."""
    clients = Clients(S3Settings("photos", endpoint_url="http://127.0.0.1:9"), boto3.Session("key", "secret"))
    waiting.without(clients.credentials)
    clients._forget()
    with pytest.raises(waiting.WouldWait):
        waiting.without(clients.credentials)
    assert clients.credentials() is waiting.without(clients.credentials)
