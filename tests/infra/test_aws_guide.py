"""The page on AWS: its commands for Terraform as they stand there, and its role beside that of the module. The page on
regions: what it has for Terraform."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.docs import shell as shells
from tests.docs.blocks import ROOT, Command, blocks_of, commands_of
from tests.docs.shell import running_shell
from tests.infra.terraforming import TERRAFORM, environment, provided_by
from tests.support import processes
from tests.support.stores import S3Server, running_moto

REGIONS = (ROOT / "service" / "docs" / "regions.md").read_text()
PAGE = (ROOT / "service" / "docs" / "aws.md").read_text()


@pytest.fixture
def moto() -> Iterator[S3Server]:
    with running_moto() as server:
        yield server


def commands() -> list[Command]:
    """Those of the first console that has to do with Terraform."""
    consoles = [block.text for block in blocks_of(PAGE) if block.language == "console"]
    return list(commands_of(next(text for text in consoles if "terraform" in text)))


def lay_out(home: Path, server: S3Server) -> None:
    """A clone, with a provider that asks ``server``, and a Terraform that asks nobody whether it may."""
    where = home / "infra" / "terraform"
    shutil.copytree(ROOT / "infra" / "terraform", where, ignore=shutil.ignore_patterns(".terraform*"))
    (where / "examples" / "minimal" / "provider.tf").write_text(provided_by(server))
    (home / "bin").mkdir()
    told = f'[ "$1" != apply ] || set -- "$@" -auto-approve\nexec "{sys.executable}" "{TERRAFORM}" "$@"'
    (home / "bin" / "terraform").write_text(f"#!/bin/sh\n{told}\n")
    (home / "bin" / "terraform").chmod(0o755)


def actions(policy: dict[str, Any]) -> set[str]:
    allowed = [statement["Action"] for statement in policy["Statement"]]
    return {action for one in allowed for action in ([one] if isinstance(one, str) else one)}


def rights_of_the_page() -> set[str]:
    """What its role may do."""
    written = re.search(r"^\$ cat >rights.json <<END\n(.*?)^END$", PAGE, re.DOTALL | re.MULTILINE)
    assert written is not None
    return actions(json.loads(written[1]))


@pytest.mark.timeout(600)
def test_its_commands_make_what_the_other_way_makes(
    moto: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket and a queue in the settings, and a worker that may do what the page's role may do."""
    monkeypatch.setattr(shells, "PATIENCE", 400)
    lay_out(tmp_path, moto)
    env = environment(tmp_path)
    with running_shell(tmp_path, env | {"PATH": f"{tmp_path / 'bin'}:{env['PATH']}"}) as shell:
        *_, settings = [shell.run(command.text) for command in commands()]
    assert '"VALETKEY_BUCKET" = "uploads-of-example"' in settings
    assert "VALETKEY_EVENTS_SQS_QUEUE_URL" in settings
    iam = moto.session.client("iam", endpoint_url=moto.endpoint_url)
    made = iam.get_role_policy(RoleName="valetkey-worker", PolicyName="worker")["PolicyDocument"]
    assert actions(dict(made)) == rights_of_the_page()


@pytest.mark.timeout(400)
def test_a_module_for_each_region_is_valid(tmp_path: Path) -> None:
    """As the page on regions has it, with the module beside it."""
    module = shutil.ignore_patterns(".terraform*")
    shutil.copytree(ROOT / "infra" / "terraform", tmp_path / "infra" / "terraform", ignore=module)
    [lines] = [block.text for block in blocks_of(REGIONS) if block.text.startswith('provider "aws"')]
    (tmp_path / "main.tf").write_text(lines)
    env = environment(tmp_path)
    for command in (["init", "-backend=false", "-no-color"], ["validate", "-no-color"]):
        done = processes.run([sys.executable, TERRAFORM, *command], env=env, cwd=tmp_path, timeout=300)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
