"""The command line as a process: its output and its refusals."""

import json
import os
import socket
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from valetkey.adapters.sql import migrations
from valetkey.cli import main

READY = {
    "VALETKEY_BUCKET": "uploads",
    "VALETKEY_SECRET_KEYS": "k" * 40,
    "AWS_ACCESS_KEY_ID": "AK",
    "AWS_SECRET_ACCESS_KEY": "SK",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test runs in a folder of its own, without settings of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(("VALETKEY_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)


def run(*args: str, **env: str) -> Result:
    return CliRunner().invoke(main, list(args), env=env)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"VALETKEY_SECRET_KEYS": ""}, "VALETKEY_SECRET_KEYS"),
        ({"VALETKEY_SECRET_KEYS": "short"}, "at least 32 characters"),
        ({"VALETKEY_BUCKET": ""}, "VALETKEY_BUCKET"),
        ({"VALETKEY_AUTH": "open"}, "VALETKEY_AUTH=keys"),
        ({"VALETKEY_AUTH": "none"}, "VALETKEY_AUTH"),
        ({"VALETKEY_PORT": "eighty"}, "VALETKEY_PORT"),
        ({"VALETKEY_PUBLIC_URL": "uploads.example"}, "VALETKEY_PUBLIC_URL"),
        ({"VALETKEY_EVENTS_CEPH_SECRET": "short"}, "VALETKEY_EVENTS_CEPH_SECRET"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "AWS_ACCESS_KEY_ID"),
        ({"VALETKEY_DATABASE_URL": "mysql://x/y"}, "postgresql://"),
        ({"VALETKEY_DATABASE_URL": "postgresql://me:short@127.0.0.1:1/x"}, "Connection refused"),
        ({"VALETKEY_DATABASE_URL": "sqlite:///nowhere/x.db"}, "does not exist"),
        ({"VALETKEY_CONFIG": "nowhere.toml"}, "nowhere.toml"),
        ({"VALETKEY_WEBHOOK_URL": "https://hooks.example/"}, "VALETKEY_WEBHOOK_SECRETS"),
        ({"VALETKEY_WEBHOOK_URL": "ftp://hooks.example/"}, "VALETKEY_WEBHOOK_URL"),
        ({"VALETKEY_WEBHOOK_URL": "https://me:short@hooks.example/"}, "VALETKEY_WEBHOOK_URL"),
        ({"VALETKEY_WEBHOOK_URL": "https://hooks.example:99999/"}, "VALETKEY_WEBHOOK_URL"),
        ({"VALETKEY_WEBHOOK_SECRETS": "whsec_short"}, "VALETKEY_WEBHOOK_SECRETS"),
        ({"VALETKEY_WEBHOOK_SECRETS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}, "VALETKEY_WEBHOOK_SECRETS"),
        ({"VALETKEY_WEBHOOK_DELAYS": "5,soon"}, "VALETKEY_WEBHOOK_DELAYS"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "missing: AWS_SECRET_ACCESS_KEY"),
        ({"AWS_PROFILE": "nobody"}, "nobody"),
        ({"VALETKEY_DATABASE_URL": "sqlite:////proc/x.db"}, "The ledger's file cannot be created. "),
        ({}, "valetkey migrate"),
    ],
)
def test_serve_refuses_and_says_what_to_set(change: dict[str, str], said: str) -> None:
    """Whatever is missing or open, `serve` exits 1 before it listens, names the setting, and shows no secret."""
    result = run("serve", **{**READY, **change})
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output
    assert "short" not in result.output


def test_keys_are_made_listed_and_revoked(tmp_path: Path) -> None:
    """The key is printed once; the database holds a hash of it; a revoked one is listed as such."""
    assert run("migrate").exit_code == 0
    assert run("keys", "list").output.endswith("0 in all.\n")
    made = json.loads(run("keys", "create", "backend", "--json").output)
    assert made["key"].startswith("vk_")
    secret = made["key"].split("_", 2)[2]  # which may have a "_" of its own
    assert secret.encode() not in (tmp_path / "valetkey.db").read_bytes()
    assert "backend" in run("keys", "list").output
    assert run("keys", "revoke", made["id"]).exit_code == 0
    [listed] = json.loads(run("keys", "list", "--json").output)["keys"]
    assert (listed["id"], listed["revoked_at"] is None) == (made["id"], False)
    assert run("keys", "revoke", "000000000000").exit_code == 1


def test_a_key_stands_alone_on_standard_output() -> None:
    """`KEY=$(valetkey keys create backend)` works: whatever else is said goes to standard error."""
    run("migrate")
    made = run("keys", "create", "backend")
    key, end, rest = made.stdout.partition("\n")
    assert (key[:3], len(key), end, rest) == ("vk_", 59, "\n", "")
    assert f"Its id is {key.split('_')[1]}." in made.stderr


def test_a_key_needs_a_ledger() -> None:
    """Before `valetkey migrate`, it says what the worker says, and prints no key; what else is wrong is said, too."""
    early = run("keys", "create", "backend")
    assert (early.exit_code, early.stdout) == (1, "")
    assert early.stderr == "Error: The ledger has no tables yet: run `valetkey migrate`.\n"
    away = run("keys", "create", VALETKEY_DATABASE_URL="postgresql://me:short@127.0.0.1:1/x")
    assert (away.exit_code, away.stdout) == (1, "")
    assert "Connection refused" in away.stderr


def test_all_that_is_missing_is_said_at_once() -> None:
    """Settings, credentials, and the ledger, a sentence each; then what writes the settings, and what needs none."""
    result = run("serve", VALETKEY_AUTH="open", VALETKEY_WEBHOOK_URL="https://hooks.example/")
    assert [line.split()[:2] for line in result.output.splitlines()] == [
        ["Error:", "The"],
        ["Set", "VALETKEY_BUCKET:"],
        ["Set", "VALETKEY_SECRET_KEYS:"],
        ["Set", "VALETKEY_WEBHOOK_SECRETS:"],
        ["Set", "VALETKEY_AUTH=keys:"],
        ["Set", "AWS_ACCESS_KEY_ID"],
        ["The", "ledger"],
        ["`valetkey", "init`"],
        ["To", "try"],
    ]


def test_a_port_in_use_names_the_option_for_another() -> None:
    """`serve` says so once all else is fine, and `dev` before it starts its S3."""
    run("migrate")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for result in (run("serve", "--port", port, **READY), run("dev", "--port", port)):
            assert result.exit_code == 1
            assert f"Something already listens on 127.0.0.1:{port}." in result.output
            assert f"--port {int(port) + 1}." in result.output
            assert "Starting" not in result.output


def test_a_ledger_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """Neither `serve` nor `migrate` touches it, and both say which version they know."""
    run("migrate")
    with sqlite3.connect(tmp_path / "valetkey.db") as ledger:
        ledger.execute("update valetkey_version set version_num = '9999'")
    for result in (run("serve", **READY), run("migrate")):
        assert result.exit_code == 1
        assert "The ledger's schema 9999 is that of a newer valetkey; this one ends at 0" in result.output
        assert "Traceback" not in result.output
    with sqlite3.connect(tmp_path / "valetkey.db") as ledger:
        ledger.execute("update valetkey_version set version_num = '0001'")
    assert "older valetkey: run `valetkey migrate`" in run("serve", **READY).output


def test_keys_without_a_ledger_say_so() -> None:
    """Before `migrate` there is no table: the error is a sentence."""
    result = run("keys", "create", "backend")
    assert result.exit_code == 1
    assert "ledger" in result.output
    assert "Traceback" not in result.output


def test_migrate_twice_is_once(tmp_path: Path) -> None:
    """Migrating again changes nothing: the schema is the newest one."""
    newest = max(path.name[:4] for path in Path(migrations.__path__[0], "versions").glob("[0-9]*.py"))
    assert [run("migrate").exit_code, run("migrate").exit_code] == [0, 0]
    [(version,)] = sqlite3.connect(tmp_path / "valetkey.db").execute("select version_num from valetkey_version")
    assert version == newest


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[profiles.a]\nmax_size = 'big'", "profiles.a.max_size"),
        ("[profiles.a]\nsize = 1", "profiles.a.size"),
        ("[profiles.a]\nkey = 'x/{filename}'", "{id}"),
        ("[profiles.a]\nkey = 'staging/{id}'", "staging"),
        ("[profiles.a]\ncontent_types = ['png']", "image/*"),
        ("[profiles.a]\nexpires_in = 0", "expires_in"),
        ("[profiles.a]\nreturn_url = 'javascript:alert(1)'", "return_url"),
        ("[profiles.a\n", "TOML"),
        ("[other]\na = 1", "other"),
    ],
)
def test_a_wrong_profile_is_refused_at_the_start(tmp_path: Path, toml: str, said: str) -> None:
    """A profile that cannot be meant stops `serve`, with the place and the reason."""
    (tmp_path / "valetkey.toml").write_text(toml)
    run("migrate")
    result = run("serve", **READY)
    assert result.exit_code == 1
    assert said in result.output


def test_a_scanners_key_is_made_and_told_from_others() -> None:
    """By its scope, in both forms of the list; another scope is refused."""
    run("migrate")
    made = json.loads(run("keys", "create", "scanner", "--scope", "verdict", "--json").output)
    assert made["scope"] == "verdict"
    run("keys", "create", "backend")
    listed = json.loads(run("keys", "list", "--json").output)["keys"]
    assert {(key["name"], key["scope"]) for key in listed} == {("scanner", "verdict"), ("backend", "uploads")}
    lines = [line.split() for line in run("keys", "list").output.splitlines()]
    assert {tuple(line[1:3]) for line in lines[1:-1]} == {("scanner", "verdict"), ("backend", "uploads")}
    assert run("keys", "create", "other", "--scope", "everything").exit_code == 2


@pytest.mark.parametrize(
    "given",
    [
        ["keys", "create", "\udcff"],
        ["keys", "revoke", "\udcff"],
        ["uploads", "show", "\udcff"],
        ["uploads", "list", "--profile", "a\udcff"],
        ["owners", "erase", "\udcff"],
        ["hooks", "forget", "\udcff"],
        ["hooks", "replay", "\udcff"],
    ],
)
def test_bytes_that_are_no_text_are_refused(given: list[str], tmp_path: Path) -> None:
    """As a terminal of Latin-1 sends a name: it is in no ledger, and a sentence says so instead of a stack trace."""
    env = {"VALETKEY_DATABASE_URL": f"sqlite:///{tmp_path / 'v.db'}"}
    assert CliRunner().invoke(main, ["migrate"], env=env).exit_code == 0
    done = CliRunner().invoke(main, given, env=env)
    assert (done.exit_code, "is not UTF-8" in done.output) == (2, True), (done.output, done.exception)
