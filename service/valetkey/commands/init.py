"""`valetkey init`."""

import os
import re
import secrets
from base64 import b64encode
from importlib.resources import files
from pathlib import Path
from string import Template

import click

from valetkey.commands.terminal import report_errors
from valetkey.core.errors import ConfigurationError

STARTS = """\
  valetkey in your Flask application:  your application, and `valetkey worker --app ...` beside it
  valetkey as a service of its own:    valetkey serve, and `valetkey worker` beside it"""

PRIVATE, READABLE = 0o600, 0o644

_PLAIN = re.compile(r"[\w.:/%\[\]-]*", re.ASCII)
"""What a line of a `.env` has without quotes."""


@click.command()
@click.option("--bucket", default="", help="The bucket that uploads go to.")
@click.option("--s3-endpoint-url", metavar="URL", default="", help="The store, where it is not AWS.")
@report_errors
def init(bucket: str, s3_endpoint_url: str) -> None:
    """Write a `.env` with fresh secrets, and a `valetkey.toml` with profiles, into this folder. What is there is kept.

    The service reads both where it is started.
    """
    from valetkey.settings import ENV_FILE, load_settings

    if not _PLAIN.fullmatch(bucket + s3_endpoint_url):
        raise ConfigurationError("A bucket, and the address of a store, have letters, digits, and . - _ : / % only.")
    load_settings(bucket=bucket or None, s3_endpoint_url=s3_endpoint_url or None)
    _write(
        ENV_FILE,
        _settings(bucket, s3_endpoint_url),
        PRIVATE,
        "settings and fresh secrets, for you alone and for no repository",
    )
    _write(Path("valetkey.toml"), _template("profiles.toml"), READABLE, "profiles, which say what may be uploaded")
    unset = _unset(load_settings().missing())
    if unset:
        click.echo("\n  ".join([f"\nStill to be filled in, in {ENV_FILE}:", *unset]))
    click.echo(f"\n{'Then' if unset else 'Now'} run `valetkey migrate`, and after that either of these:\n{STARTS}")


def _unset(missing: list[str]) -> list[str]:
    """What is to be set before the service can start; whether this machine has a role is for the start to find out."""
    if os.environ.get("AWS_ACCESS_KEY_ID") or os.environ.get("AWS_PROFILE"):
        return missing
    return [*missing, "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, unless this machine has a role."]


def _settings(bucket: str, endpoint: str) -> str:
    shown = f"VALETKEY_S3_ENDPOINT_URL={endpoint}" if endpoint else "# VALETKEY_S3_ENDPOINT_URL=http://127.0.0.1:7480"
    return Template(_template("dotenv")).substitute(
        bucket=bucket,
        endpoint=shown,
        secret_key=secrets.token_hex(32),
        webhook_secret=f"whsec_{b64encode(secrets.token_bytes(32)).decode()}",
        ceph_secret=secrets.token_urlsafe(32),
        minio_token=secrets.token_urlsafe(32),
        eventbridge_key=secrets.token_urlsafe(32),
    )


def _template(name: str) -> str:
    return (files("valetkey.commands") / "templates" / name).read_text(encoding="utf-8")


def _write(path: Path, text: str, mode: int, what: str) -> None:
    """Makes ``path`` with ``text`` in it, unless it is there. Raises `ConfigurationError` where it cannot be made."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        click.echo(f"Kept {path}, which is there already. Move it away to get a new one.")
    except OSError as error:
        raise ConfigurationError(f"{path.absolute()} cannot be written: {error.strerror}.") from error
    else:
        click.echo(f"Wrote {path}: {what}.")
