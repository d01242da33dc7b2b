"""`valetkey init`, and the `.env` that it writes: the first minutes in an empty folder."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from valetkey.cli import main
from valetkey.core.model.profile import Profile
from valetkey.settings import load_config, load_profiles, load_settings

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and an environment of its own: what is taken into it from a `.env` goes with the test."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("VALETKEY_", "AWS_"))}
    monkeypatch.setattr(os, "environ", ours | {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)})
    monkeypatch.chdir(tmp_path)


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def fill(**values: str) -> None:
    """Edits the `.env` as its reader would."""
    file = Path(".env")
    text = file.read_text()
    for name, value in values.items():
        text, count = re.subn(rf"^(# )?{name}=.*$", f"{name}={value}", text, count=1, flags=re.MULTILINE)
        assert count == 1, name
    file.write_text(text)


def test_what_init_writes_starts_once_it_is_filled_in() -> None:
    """It says what is left, all at once, as `serve` does; filled in, nothing is missing."""
    said = run("init").output
    assert "Wrote .env" in said
    assert "Wrote valetkey.toml" in said
    assert "Set VALETKEY_BUCKET" in said
    assert "Set AWS_ACCESS_KEY_ID" in said
    assert (
        said.index("Then run `valetkey migrate`") < said.index("`valetkey worker --app") < said.index("valetkey serve")
    )
    refused = run("serve")
    assert refused.exit_code == 1
    assert [line.strip().partition(":")[0] for line in refused.output.splitlines()[1:]] == [
        "Set VALETKEY_BUCKET",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the store's credentials, or give this machine a role.",
        "The ledger has no tables yet",
    ]
    fill(VALETKEY_BUCKET="uploads", **CREDENTIALS)
    assert "Now run `valetkey migrate`" in run("init").output
    assert run("migrate").exit_code == 0
    settings = load_settings()
    assert (settings.bucket, settings.missing()) == ("uploads", [])
    assert {name: os.environ[name] for name in CREDENTIALS} == CREDENTIALS


def test_the_options_are_filled_in() -> None:
    """Bucket and store; with credentials in the environment nothing is left to do."""
    os.environ.update(CREDENTIALS)
    said = run("init", "--bucket", "uploads", "--s3-endpoint-url", "http://127.0.0.1:7480").output
    assert "Still to be set" not in said
    settings = load_settings()
    assert (settings.bucket, settings.s3_endpoint_url) == ("uploads", "http://127.0.0.1:7480")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--bucket", "a b", "letters, digits"),
        ("--bucket", "uploads\nVALETKEY_AUTH=open", "letters, digits"),
        ("--bucket", "u", "VALETKEY_BUCKET"),
        ("--s3-endpoint-url", "uploads.example", "VALETKEY_S3_ENDPOINT_URL"),
    ],
)
def test_options_that_cannot_be_right_write_nothing(option: str, value: str, said: str) -> None:
    """A sentence, and an empty folder still."""
    result = run("init", option, value)
    assert result.exit_code == 1
    assert said in result.output
    assert list(Path().iterdir()) == []


def test_secrets_are_fresh_and_for_their_owner_alone() -> None:
    """Another folder gets others; each is good enough for the service, whatever the umask."""
    before = os.umask(0)
    try:
        run("init")
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600
    assert stat.S_IMODE(Path("valetkey.toml").stat().st_mode) == 0o644
    first = Path(".env").read_text()
    Path(".env").unlink()
    run("init")
    secret = re.compile(
        r"^(?:# )?(VALETKEY_(?:SECRET_KEYS|WEBHOOK_SECRETS|EVENTS_\w+_(?:SECRET|TOKEN|KEY)))=(\S+)$", re.MULTILINE
    )
    found = [dict(secret.findall(text)) for text in (first, Path(".env").read_text())]
    assert len(found[0]) == 5
    values = [value for one in found for value in one.values()]
    assert len(set(values)) == len(values) == 10
    fill(VALETKEY_WEBHOOK_URL="https://app.example/hooks", **{name: found[1][name] for name in found[1]})
    assert load_settings(bucket="uploads").missing() == []


def test_what_is_there_is_kept() -> None:
    """Neither file is written over, nor what a link leads to; it says so, and exits well."""
    Path("elsewhere").write_text("VALETKEY_BUCKET=mine\n")
    Path(".env").symlink_to("elsewhere")
    Path("valetkey.toml").write_text("[profiles.mine]\n")
    result = run("init", "--bucket", "another")
    assert result.exit_code == 0
    assert "Kept .env, which already exists." in result.output
    assert "Kept valetkey.toml, which already exists." in result.output
    assert "Set VALETKEY_SECRET_KEYS" in result.output
    assert Path("elsewhere").read_text() == "VALETKEY_BUCKET=mine\n"
    assert Path("valetkey.toml").read_text() == "[profiles.mine]\n"


def test_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence with the file's whole name."""
    monkeypatch.chdir("/proc")
    result = run("init")
    assert result.exit_code == 1
    assert re.search(r"/proc/\.env cannot be written: .+\.", result.output)
    assert "Traceback" not in result.output


def test_the_profiles_are_the_defaults_until_they_are_changed() -> None:
    """As written, and with every line of `default` and of the example switched on."""
    run("init")
    assert load_profiles(None) == {"default": Profile("default")}
    text = Path("valetkey.toml").read_text()
    switched_on = re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    Path("valetkey.toml").write_text(switched_on)
    profiles = load_profiles(None)
    assert profiles["default"] == Profile("default")
    assert (profiles["photos"].content_types, profiles["photos"].store) == (("image/*",), "archive")
    assert load_config(None).stores["archive"].bucket == "archive"


def test_the_environment_goes_before_the_file() -> None:
    """What is set there stays; what is empty there counts as not set; what is not ours is left alone."""
    Path(".env").write_text(
        'VALETKEY_BUCKET=from-file\nexport VALETKEY_S3_REGION="eu-west-1"\nVALETKEY_HOST=${HOME}\nPATH=/nowhere\n'
        "AWS_PROFILE=from-file\nVALETKEY_PUBLIC_URL=http://file.example  # with a comment\n"
    )
    path = os.environ["PATH"]
    os.environ.update(VALETKEY_BUCKET="from-environment", VALETKEY_S3_REGION="", AWS_PROFILE="mine")
    settings = load_settings()
    assert (settings.bucket, settings.s3_region) == ("from-environment", "eu-west-1")
    assert (settings.host, settings.public_url) == ("${HOME}", "http://file.example")
    assert (os.environ["PATH"], os.environ["AWS_PROFILE"]) == (path, "mine")
    assert load_settings(bucket="from-argument").bucket == "from-argument"


def test_credentials_of_the_environment_are_not_mixed_with_those_of_the_file() -> None:
    """A profile, or a key, that is set there leads boto3 past all of the file's; without one they come together."""
    Path(".env").write_text("AWS_ACCESS_KEY_ID=file\nAWS_SECRET_ACCESS_KEY=file\nAWS_SESSION_TOKEN=file\n")
    os.environ["AWS_PROFILE"] = "mine"
    load_settings()
    assert "AWS_ACCESS_KEY_ID" not in os.environ
    del os.environ["AWS_PROFILE"]
    load_settings()
    assert {os.environ[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")} == {"file"}


@pytest.mark.parametrize("content", [b"VALETKEY_BUCKET=\xff\xfe\n", b"VALETKEY_BUCKET=a\x00b\n"])
def test_a_file_that_cannot_be_read(content: bytes) -> None:
    """A sentence, and no stack trace."""
    Path(".env").write_bytes(content)
    done = valetkey("migrate")
    assert done.returncode == 1
    assert re.fullmatch(r"Error: \S+/\.env cannot be read: it is not a text file\.\n", done.stderr)


def valetkey(*args: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "valetkey.cli", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=os.environ)


def test_the_client_does_not_read_the_file() -> None:
    """`valetkey put` in somebody else's folder sends no credential to an address that is written there."""
    Path(".env").write_text("VALETKEY_ENDPOINT=http://127.0.0.1:9\n")
    Path("cat.txt").write_text("hello")
    done = valetkey("put", "cat.txt", "--retry-for", "0", "--no-resume")
    assert ":9" not in done.stdout + done.stderr
    assert ":8000" in done.stdout + done.stderr
