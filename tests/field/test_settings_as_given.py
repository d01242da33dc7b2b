"""H. Settings as machines and editors write them, unlike a person in a shell.

Reported: a secret that ends in a line end, as `kubectl create secret --from-file` and `echo ... | base64` make it
(kubernetes/kubernetes #23404 and #28086); the variable `<SERVICE>_PORT=tcp://...` that Kubernetes sets beside a Service
of the program's own name, whose own setting that is (ScreamingFace/screamingface #538, garethgeorge/backrest #885,
google/knative-gcp #2008); a TOML file behind a byte order mark (hukkin/tomli #304, Nayjest/lm-proxy #79). Looked for by
ourselves: times so long that no date is behind them.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from valetkey import ValetKey
from valetkey.adapters.s3 import find_credentials, make_session
from valetkey.cli import main
from valetkey.core.errors import ConfigurationError
from valetkey.core.model.profile import Profile
from valetkey.opening import open_stores
from valetkey.senders import EventSettings
from valetkey.settings import Settings, load_config, load_profiles, load_settings

READY = {
    "VALETKEY_BUCKET": "photos",
    "VALETKEY_SECRET_KEYS": "k" * 40,
    "AWS_ACCESS_KEY_ID": "AK",
    "AWS_SECRET_ACCESS_KEY": "SK",
}
TEXTS = {
    "bucket": "photos",
    "s3_region": "eu-west-1",
    "s3_endpoint_url": "https://s3.example",
    "host": "127.0.0.1",
    "auth": "keys",
    "database_url": "postgresql://me:short@db/uploads",
    "public_url": "https://uploads.example",
    "webhook_url": "https://hooks.example/",
    "s3_grant_secret_access_key": "secret",
    "cloudfront_key_pair_id": "K1",
    **dict.fromkeys(sorted({*EventSettings.model_fields} - {"events_sns_topic_arns"}), "a-secret-of-some-length"),
}
LINKS = {
    "VALETKEY_PORT": "tcp://10.96.0.12:80",
    "VALETKEY_PORT_80_TCP": "tcp://10.96.0.12:80",
    "VALETKEY_PORT_80_TCP_PORT": "80",
    "VALETKEY_SERVICE_HOST": "10.96.0.12",
    "VALETKEY_SERVICE_PORT": "80",
}
"""What a pod finds beside a Service called `valetkey`, as that of our manifests is."""


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test runs in a folder of its own, without settings of whoever runs it, and leaves none."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("VALETKEY_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("around", [("", "\n"), ("", "\r\n"), (" ", "\t")])
def test_a_line_end_of_a_file_is_no_part_of_a_value(
    name: str, around: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret with it would never be the one that others send, a bucket or a region never the one that there is."""
    before, after = around
    monkeypatch.setenv(f"VALETKEY_{name.upper()}", f"{before}{TEXTS[name]}{after}")
    assert getattr(load_settings(), name) == TEXTS[name]


def test_a_value_of_nothing_but_blanks_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALETKEY_HOST", "\n")
    monkeypatch.setenv("VALETKEY_EVENTS_CEPH_SECRET", " \n")
    found = load_settings()
    assert (found.host, found.events_ceph_secret) == ("127.0.0.1", None)


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_a_line_end_of_a_credential_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 keeps it: forms would be signed that the store refuses, one by one. The value is not shown."""
    for key, value in {**READY, "AWS_SESSION_TOKEN": "ST"}.items():
        monkeypatch.setenv(key, value)
    found = find_credentials(make_session())
    assert found is not None
    assert found.secret_key == "SK"
    monkeypatch.setenv(name, "a-secret\n")
    with pytest.raises(ConfigurationError, match=f"^{name} begins or ends with") as refused:
        find_credentials(make_session())
    assert "a-secret" not in refused.value.detail


@pytest.mark.parametrize("command", [["serve"], ["keys", "list"]])
def test_a_kubernetes_service_of_our_own_name(command: list[str]) -> None:
    """It is not the port to listen on: the ledger is looked at next."""
    done = CliRunner().invoke(main, command, env={**READY, **LINKS, "AWS_EC2_METADATA_DISABLED": "true"})
    assert "VALETKEY_PORT" not in done.output
    assert "valetkey migrate" in done.output
    assert Settings(port=LINKS["VALETKEY_PORT"]).port == 8000


MARK = b"\xef\xbb\xbf"


def test_a_toml_behind_a_mark(tmp_path: Path) -> None:
    """Windows' editors write it, and its lines end otherwise, too."""
    path = tmp_path / "valetkey.toml"
    path.write_bytes(MARK + b"[profiles.photos]\r\nmax_size = 5\r\n")
    assert load_profiles(path)["photos"].max_size == 5


TIMES = ["sweep_interval", "sweep_first_look", "sweep_grace", "sweep_retention", "sweep_clean_interval"]


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("value", [10**11, 10**14, 10**25])
def test_a_setting_beyond_all_dates(name: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No year is reached by then: each upload would be a 500, or the process end with a stack trace."""
    monkeypatch.setenv(f"VALETKEY_{name.upper()}", str(value))
    with pytest.raises(ConfigurationError, match=f"VALETKEY_{name.upper()}: .*less than"):
        load_settings()


@pytest.mark.parametrize("name", ["expires_in", "renewable_for", "claim_within", "keep_for", "lock_for"])
@pytest.mark.parametrize("value", [10**14, 10**25, -(10**25)])
def test_a_profile_beyond_all_dates(name: str, value: int, tmp_path: Path) -> None:
    path = tmp_path / "valetkey.toml"
    lock = 'lock_mode = "GOVERNANCE"\n' if name == "lock_for" else ""
    path.write_text(f"[profiles.photos]\n{lock}{name} = {value}\n")
    with pytest.raises(ConfigurationError, match=name):
        load_profiles(path)


def test_an_upload_that_would_be_renewable_beyond_all_dates() -> None:
    """Whoever makes the profile: its uploads could not be created."""
    with pytest.raises(ConfigurationError, match="renewable_for"):
        Profile("photos", renewable_for=timedelta(days=3_651))
    assert Profile("photos", renewable_for=timedelta(days=3_650)).renewable_for.days == 3_650


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("VALETKEY_S3_ENDPOINT", "VALETKEY_S3_ENDPOINT_URL"),
        ("VALETKEY_CORS_ORIGIN", "VALETKEY_CORS_ORIGINS"),
        ("VALETKEY_SECRET_KEY", "VALETKEY_SECRET_KEYS"),
        ("valetkey_webhook_secret", "VALETKEY_WEBHOOK_SECRETS"),
        ("VALETKEY_COLOUR", ""),
    ],
)
def test_a_name_that_is_no_setting_is_named(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The default held without a word: with an address of the store that was named a little wrong, AWS was asked."""
    others = {
        "VALETKEY_TOKEN": "t",
        "VALETKEY_ENDPOINT": "https://x.example",
        "VALETKEY_WEBHOOK_SERVICE_HOST": "10.0.0.1",
    }
    for key, value in {**READY, **LINKS, **others, name: "something"}.items():
        monkeypatch.setenv(key, value)
    ValetKey(Flask("photos"), session=make_session())
    [line] = [record.getMessage() for record in caplog.records if "not a setting" in record.getMessage()]
    assert line.startswith(f"{name.upper()} is not a setting")
    assert said in line


def test_names_in_the_file_are_looked_at_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".env").write_text("".join(f"{key}={value}\n" for key, value in READY.items()) + "VALETKEY_BUKET=x\n")
    ValetKey(Flask("photos"))
    assert "Do you mean VALETKEY_BUCKET?" in caplog.text


def set_all(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in {**READY, **more}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("bucket", "cure"),
    [
        ("arn:aws:s3:eu-central-1:123456789012:accesspoint/uploads-of-the-shop-front", "-s3alias"),
        ("acme:uploads", "leave the tenant out"),
    ],
)
def test_a_bucket_for_which_no_form_can_be_signed(
    bucket: str, cure: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An access point's ARN, and a tenant before the name (Ceph RGW): what to set is said, in the environment and in
    the file. "The store does not answer: ParamValidationError" before."""
    set_all(monkeypatch, VALETKEY_BUCKET=bucket)
    with pytest.raises(ConfigurationError, match=f"VALETKEY_BUCKET.*{cure}"):
        load_settings()
    config = tmp_path / "valetkey.toml"
    config.write_text(f'[stores.shop]\nbucket = "{bucket}"\n')
    with pytest.raises(ConfigurationError, match=cure):
        load_config(config)


def test_the_name_of_a_bucket_in_events(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It belongs to its store, from the environment and from the file."""
    config = tmp_path / "valetkey.toml"
    config.write_text('[stores.shop]\nbucket = "shop-abc-s3alias"\nevents_bucket = "shop"\n')
    set_all(monkeypatch, VALETKEY_EVENTS_BUCKET="photos-itself", VALETKEY_CONFIG=str(config))
    stores = {one.name: one for one in open_stores(load_settings())}
    for store, own in (("default", "photos-itself"), ("shop", "shop")):
        assert [stores[store].is_bucket(name) for name in (stores[store].store.bucket, own, "x")] == [True, True, False]
