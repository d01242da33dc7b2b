"""One page of the documentation, run from its top to its end in a directory of its own."""

import json
import os
import re
import secrets
import shutil
import tomllib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.docs.blocks import ROOT, Block, Unclear, agrees, commands_of, server_of
from tests.docs.shell import SERVES, Failed, Shell, running_shell
from tests.support.processes import WITHOUT_OTHERS
from tests.support.reaper import MARK
from tests.support.servers import VALETKEY, ValetkeyServer, environment, free_port, running_valetkey, running_worker
from tests.support.stores import RGW_SCRIPT, Bucket, Rgw, S3Server, fresh_bucket, running_moto

from valetkey.settings import load_profiles

_HERE = re.compile(r"(?P<before>\b(?:localhost|127\.0\.0\.1):|--port[ =])(?P<port>\d{4,5})\b")
APPLICATIONS = ("flask", "gunicorn", "uvicorn", "python manage.py", "valetkey dev --app")
"""How the commands begin that run the reader's own application."""

HOOKS_PORT = "5000"
"""Where the page's application hears webhooks, as the page names it."""

_SERVICE = re.compile(r"https://uploads\.example(?![.\w])")


@dataclass
class Page:
    """What the blocks of one page share."""

    shell: Shell
    server: ValetkeyServer | None
    blocks: Sequence[Block]
    ports: dict[str, int]
    html: str = "<!doctype html><title>A page</title>"
    has_templates: bool = False
    application: str | None = None
    """Where the reader's own application runs now."""

    def address(self, text: str) -> str:
        """``text`` with the addresses that it means here."""
        text = _HERE.sub(lambda found: f"{found['before']}{self._port(found['port'])}", text)
        return _SERVICE.sub(f"http://127.0.0.1:{self._port('8000')}", text)

    def _port(self, named: str) -> int:
        return self.ports.setdefault(named, free_port())

    def ticket(self) -> str:
        """What the reader's own server would give to the page that shows this."""
        if self.server is None:
            raise Unclear("a page with scripts needs a server: <!-- test: server=dev -->")
        asked = {"profile": "default"}
        key = self.server.env.get("VALETKEY_S3_ENDPOINT_URL") and self.server.create_key("pages")
        answer = httpx.post(f"{self.server.base_url}/v1/tickets", json=asked, headers=key.headers if key else {})
        return str(answer.raise_for_status().json()["ticket"])

    def write(self, name: str, text: str) -> Path:
        file = self.shell.here / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
        return file

    def console(self, block: Block) -> None:
        """Each command, and what it prints. Raises `Failed`."""
        commands = list(commands_of(self.address(block.text)))
        for number, command in enumerate(commands, 1):
            if SERVES.match(command.text) and "--help" not in command.text:
                port = self._listens_on(command.text)
                self.shell.start(command.text, port)
                if command.text.startswith(APPLICATIONS):
                    self.application = f"http://127.0.0.1:{port}/"
                continue
            status = int(block.options.get("exit", "0")) if number == len(commands) else 0
            printed = self.shell.run(command.text, status)
            if command.output and not agrees(command.output, printed):
                raise Failed(f"{command.text}\nThe page shows:\n{command.output}\nIt prints:\n{printed}")

    def _listens_on(self, command: str) -> int | None:
        if "worker" in command.split():
            return None
        found = re.search(r"(?:--port[ =]|127\.0\.0\.1:)(\d+)", command)
        return int(found[1]) if found else self._port("8000")

    def python(self, block: Block) -> None:
        """A program; or a file that is imported, where nothing later on the page does more with it."""
        if block.title is None:
            self.shell.run(f"python {self.write(f'block_{block.line}.py', self.address(block.text)).name}")
            return
        name, stem = block.title, Path(block.title).stem
        if Path(name).name.startswith("test_"):
            self.shell.run(f"python -m pytest -q -p no:cacheprovider {name}")
        elif not any(re.search(rf"\b{re.escape(stem)}\b", other.text) for other in self._others(block)):
            self.shell.run(f"python -c 'import {stem}'")

    def _others(self, block: Block) -> Iterator[Block]:
        return (other for other in self.blocks if other.line > block.line and other.language in {"console", "python"})

    def toml(self, block: Block) -> None:
        """Profiles, unless it is a file of another name. Raises ConfigurationError."""
        if block.title in {None, "valetkey.toml"}:
            load_profiles(self.write(block.title or f"block_{block.line}.toml", block.text))
        else:
            tomllib.loads(block.text)

    def json(self, block: Block) -> None:
        """Raises ValueError where it is none."""
        json.loads(re.sub(r",\s*\.\.\.(?=\s*[}\]])", "", block.text))

    def run(self, block: Block, in_browser: Callable[["Page", Block], None]) -> None:
        """Does with ``block`` what CONTRIBUTING.md says. Raises what says why it is not true."""
        if not block.tried or block.language == "text":
            return
        if block.title:
            self.write(block.title, self.address(block.text))
        if block.language == "html" and block.title:
            self.has_templates = True  # its application shows it
        elif block.language in {"html", "js", "ts", "tsx"}:
            in_browser(self, block)
        else:
            kinds = {"console": self.console, "python": self.python, "toml": self.toml, "json": self.json}
            kinds[block.language](block)
        if block.language == "console" and self.has_templates and self.application:
            in_browser(self, block)
            self.has_templates = False


@contextmanager
def running_page(text: str, blocks: Sequence[Block], directory: Path, rgw: Callable[[], Rgw]) -> Iterator[Page]:
    """The page with what it says that it needs: a directory, a shell, a server."""
    kind = server_of(text)
    home, beside = directory / "valetkey", directory / "service"  # a clone, as pages call it
    for folder in (home, beside):
        folder.mkdir()
    with ExitStack() as stack:
        bucket = None
        if kind == "rgw" or re.search(r"\$[ (]make -s( -C \S+)? s3\b", text):
            bucket = stack.enter_context(fresh_bucket(rgw()))
            bucket.allow_pages()
        ports = {HOOKS_PORT: free_port()}
        hooks = _hooks(ports[HOOKS_PORT]) if re.search(r"\bWEBHOOK_SECRET\b", text) else {}
        server = _start(stack, kind, beside, bucket, hooks) if kind in {"dev", "rgw"} else None
        ports["8000"] = int(server.base_url.rpartition(":")[2]) if server else free_port()
        _lay_out(home, bucket)
        env = _environment(home, server if kind == "rgw" else None) | {"VALETKEY_PORT": str(ports["8000"])}
        if kind == "aws":
            env |= _account(stack.enter_context(running_moto()), home)
        if server and "API_KEY" in text:
            env["API_KEY"] = server.create_key("docs").key
        if hooks:
            env["WEBHOOK_SECRET"] = hooks["VALETKEY_WEBHOOK_SECRETS"]
        yield Page(stack.enter_context(running_shell(home, env)), server, blocks, ports)


def _hooks(port: int) -> dict[str, str]:
    """What a service needs to tell the page's own application, once that runs."""
    return {
        "VALETKEY_WEBHOOK_URL": f"http://127.0.0.1:{port}/hooks/valetkey",
        "VALETKEY_WEBHOOK_SECRETS": f"whsec_{b64encode(secrets.token_bytes(32)).decode()}",
        "VALETKEY_WEBHOOK_ALLOW_PRIVATE": "true",
    }


def _account(moto: S3Server, home: Path) -> dict[str, str]:
    """What boto3 needs to take moto for AWS; and the AWS CLI, whose version 1 has a host of its own for SQS."""
    told = f'exec "{VALETKEY.with_name("aws")}" --endpoint-url {moto.endpoint_url} "$@"'
    (home / ".bin" / "aws").write_text(f"#!/bin/sh\n{told}\n")
    (home / ".bin" / "aws").chmod(0o755)
    return {
        "AWS_ENDPOINT_URL": moto.endpoint_url,
        "AWS_ACCESS_KEY_ID": moto.access_key,
        "AWS_SECRET_ACCESS_KEY": moto.secret_key,
    }


def _start(
    stack: ExitStack, kind: str, directory: Path, bucket: Bucket | None, hooks: Mapping[str, str]
) -> ValetkeyServer:
    """A service of the page's own, and the worker beside it."""
    if kind == "dev":
        return stack.enter_context(running_valetkey(directory, command="dev"))
    server = stack.enter_context(running_valetkey(directory, bucket, env={"VALETKEY_CORS_ORIGINS": "*", **hooks}))
    stack.enter_context(running_worker(server))
    return server


def _environment(home: Path, server: ValetkeyServer | None) -> dict[str, str]:
    """A reader's: nothing of the test run, and of valetkey what the page says that is exported."""
    env = dict(server.env) if server else environment(home, None)
    ours = {"VALETKEY_PUBLIC_URL"} if server else {name for name in env if name.startswith("VALETKEY_")}
    run = {name for name in env if name.startswith(("PYTEST_", "MAKE", "MFLAGS", "XDG_")) and name != MARK}
    path = f"{home / '.bin'}:{VALETKEY.parent}:{os.environ['PATH']}"
    theirs = {"PATH": path, "HOME": str(home), "PYTEST_ADDOPTS": " ".join(WITHOUT_OTHERS)}  # a reader has them not
    return {name: value for name, value in env.items() if name not in ours | run} | theirs


def _lay_out(home: Path, bucket: Bucket | None) -> None:
    """What a clone has that pages name: its virtual environment and `make`, whose S3 is that of the test run."""
    (home / ".venv").symlink_to(VALETKEY.parents[1])
    make = shutil.which("make")
    lines = ["#!/bin/sh", "set -e", 'if [ "$1 $2" = "-s -C" ]; then shift 3; set -- -s "$@"; fi']
    if bucket is not None:
        assert isinstance(bucket.server, Rgw)
        where = f"--dir '{bucket.server.directory}'"
        scripts = [
            f"'{VALETKEY.parent}/python' '{RGW_SCRIPT}' start {where}",
            f"'{VALETKEY.parent}/python' '{ROOT}/infra/ceph/bucket.py' {where} --bucket {bucket.name}",
        ]
        lines += ['if [ "$*" = "-s s3" ]; then', *scripts, "exit", "fi"]
    lines.append(f"exec {make} --dry-run -C '{ROOT}' \"$@\" >/dev/null")
    (home / ".bin").mkdir()
    (home / ".bin" / "make").write_text("\n".join(lines) + "\n")
    (home / ".bin" / "make").chmod(0o755)
