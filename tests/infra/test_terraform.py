"""The module of infra/terraform: its form, its own tests, and an upload confirmed by an event of what it made."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.e2e.api import Api, wait_for
from tests.support import processes
from tests.support.servers import running_valetkey, running_worker
from tests.support.stores import Bucket, S3Server, running_moto

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "infra" / "terraform"
ADAPTERS = ROOT / "service" / "valetkey" / "adapters"
EXAMPLES = ("minimal", "complete")
ACTION = re.compile(r"\b(?:s3|sqs):[A-Z]\w+")

ON_MOTO = """
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "moto"
  secret_key                  = "moto-secret"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  endpoints {
    cloudwatch = "ENDPOINT"
    iam        = "ENDPOINT"
    s3         = "ENDPOINT"
    sqs        = "ENDPOINT"
    sts        = "ENDPOINT"
  }
}
module "example" {
  source = "../module/examples/minimal"
  bucket = "uploads-of-tests"
}
output "settings" {
  value = module.example.settings
}
"""

Terraform = Callable[..., str]


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Runs it in a folder, with the provider from a mirror on this machine where there is one."""
    assert shutil.which("terraform"), "terraform 1.9 or newer has to be in the PATH"
    directory = tmp_path_factory.mktemp("terraform")
    found = processes.run([sys.executable, "-m", "pip", "config", "get", "global.find-links"], timeout=60).stdout
    mirror = Path(found.strip() or ".").parent / "tf-plugins"
    (directory / "rc").write_text(f'provider_installation {{ filesystem_mirror {{\npath = "{mirror}"\n}} }}\n')
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    env |= {"TF_IN_AUTOMATION": "1", "TF_CLI_CONFIG_FILE": str(directory / "rc") if mirror.is_dir() else os.devnull}

    def run(*command: str, where: Path) -> str:
        done = processes.run(["terraform", *command], env=env, cwd=where, timeout=400)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    return run


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module in a folder that Terraform may write to."""
    copy = tmp_path_factory.mktemp("copied") / "module"
    shutil.copytree(MODULE, copy, ignore=shutil.ignore_patterns(".terraform*"))
    return copy


def test_it_has_terraforms_own_form(terraform: Terraform) -> None:
    """As `terraform fmt` writes it."""
    assert terraform("fmt", "-check", "-recursive", where=MODULE) == ""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_valid(terraform: Terraform, copied: Path, example: str) -> None:
    """With the module as it is, and a real provider's schemas."""
    where = copied / "examples" / example
    terraform("init", "-backend=false", "-no-color", where=where)
    assert json.loads(terraform("validate", "-json", where=where))["diagnostics"] == []


@pytest.mark.timeout(400)
def test_its_own_tests_pass(terraform: Terraform, copied: Path) -> None:
    """What is planned by default, with versions and a key, and what is refused."""
    terraform("init", "-backend=false", "-no-color", where=copied)
    assert "0 failed" in terraform("test", "-no-color", where=copied)


def test_the_roles_have_the_rights_that_the_adapters_name() -> None:
    """None is missing, and none is there that no adapter needs."""
    said = (ADAPTERS / "s3" / "__init__.py").read_text() + (ADAPTERS / "sqs.py").read_text()
    assert set(ACTION.findall((MODULE / "access.tf").read_text())) == set(ACTION.findall(said))


def test_each_right_names_its_call() -> None:
    """On the line of each action stands what it is for."""
    for line in (MODULE / "access.tf").read_text().splitlines():
        if re.search(r'"(s3|sqs|kms):[A-Z]\w+"', line):
            assert re.search(r", +# \w+", line), line


def test_the_readme_has_every_input_and_output() -> None:
    """With the description that the module itself has."""
    readme = (MODULE / "README.md").read_text()
    for file in ("variables.tf", "outputs.tf"):
        found = re.findall(
            r'^(?:variable|output) "(\w+)" {\n  description = "(.*)"$', (MODULE / file).read_text(), re.MULTILINE
        )
        assert found
        for name, description in found:
            assert f"| `{name}` | {description} |" in readme, name


@pytest.fixture
def moto() -> Iterator[S3Server]:
    with running_moto() as server:
        yield server


@pytest.mark.timeout(600)
def test_an_upload_is_confirmed_by_its_event(
    terraform: Terraform, copied: Path, moto: S3Server, tmp_path: Path
) -> None:
    """On the bucket and the queue of the smallest example: nobody calls `complete`, S3 and the worker do the rest.
    Without TLS, nothing may be done there."""
    root = copied.with_name("root")
    root.mkdir()
    (root / "main.tf").write_text(ON_MOTO.replace("ENDPOINT", moto.endpoint_url))
    terraform("init", "-no-color", where=root)
    terraform("apply", "-auto-approve", "-no-color", where=root)
    settings = json.loads(terraform("output", "-json", "settings", where=root))
    bucket = Bucket(settings["VALETKEY_BUCKET"], moto.client(), moto)
    with pytest.raises(ClientError, match="403"):
        bucket.client.put_object(Bucket=bucket.name, Key="staging/without-tls", Body=b"")
    bucket.client.delete_bucket_policy(Bucket=bucket.name)  # moto speaks no TLS, without which the policy denies all
    late = {"VALETKEY_SWEEP_FIRST_LOOK": "3600"}  # the sweep would find it, too
    with running_valetkey(tmp_path, bucket, env=settings | late) as server, running_worker(server):
        api = Api(server.base_url, server.create_key("tests").key)
        created = api.create(size=5)
        assert created.post(b"hello").status == 201
        assert wait_for(lambda: api.upload(created.id)["state"] == "confirmed")
        assert api.upload(created.id)["confirmed_by"] == "event"
    [cors] = bucket.client.get_bucket_cors(Bucket=bucket.name)["CORSRules"]
    assert cors["ExposeHeaders"] == ["ETag", "Location"]
    rules = bucket.client.get_bucket_lifecycle_configuration(Bucket=bucket.name)["Rules"]
    assert {rule["Filter"].get("Prefix") for rule in rules} >= {"staging/", "quarantine/"}
