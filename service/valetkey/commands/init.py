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
"""A value that needs no quotes in a `.env`."""


@click.command()
@click.option("--bucket", default="", help="The bucket that uploads go to.")
@click.option("--s3-endpoint-url", metavar="URL", default="", help="The address of the store, if it is not AWS.")
@report_errors
def init(bucket: str, s3_endpoint_url: str) -> None:
    """Write a `.env` with new secrets and a `valetkey.toml` with profiles into this folder. Existing files are kept.

    The service reads both from its working directory.
    """
    from valetkey.settings import ENV_FILE, load_settings

    if not _PLAIN.fullmatch(bucket + s3_endpoint_url):
        raise ConfigurationError("A bucket and a store's address may contain letters, digits, and . - _ : / % only.")
    load_settings(bucket=bucket or None, s3_endpoint_url=s3_endpoint_url or None)
    _write(
        ENV_FILE,
        _settings(bucket, s3_endpoint_url),
        PRIVATE,
        "settings and new secrets; only you can read it, do not commit it",
    )
    _write(Path("valetkey.toml"), _template("profiles.toml"), READABLE, "profiles, which define what may be uploaded")
    unset = _unset(load_settings().missing())
    if unset:
        click.echo("\n  ".join([f"\nStill to be set in {ENV_FILE}:", *unset]))
    click.echo(f"\n{'Then' if unset else 'Now'} run `valetkey migrate`, and after that one of these:\n{STARTS}")


def _unset(missing: list[str]) -> list[str]:
    """The settings that the service needs to start. Whether this machine has an AWS role is not checked here."""
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
    """Creates the file ``path`` with ``text``, unless it exists. Raises `ConfigurationError` if it cannot be
    written."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        click.echo(f"Kept {path}, which already exists. Move it away to get a new one.")
    except OSError as error:
        raise ConfigurationError(f"{path.absolute()} cannot be written: {error.strerror}.") from error
    else:
        click.echo(f"Wrote {path}: {what}.")
