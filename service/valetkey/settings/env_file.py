"""The file ``.env`` in the working directory, which the environment overrides."""

import os
from pathlib import Path

from dotenv import dotenv_values

from valetkey.core.errors import ConfigurationError

ENV_FILE = Path(".env")
"""The file's path, relative to the working directory. Environment variables take precedence over it."""

ENV_NAMES = ("VALETKEY_", "AWS_")
"""Prefixes of the variables that are read from it: valetkey's own, and boto3's. Others are ignored."""

_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""The variables from which boto3 gets credentials. If the environment has any of them, those in the file are
ignored."""


def read_env_file() -> None:
    """Copies variables from ``.env`` in the working directory that are not set into the environment, for boto3 and for
    child processes. Raises `ConfigurationError` if the file cannot be read."""
    try:
        values = dotenv_values(ENV_FILE, interpolate=False) if ENV_FILE.is_file() else {}
        ignored = _CREDENTIALS if any(os.environ.get(name) for name in _CREDENTIALS) else ()
        for name, value in values.items():
            if name.startswith(ENV_NAMES) and value and name not in ignored and not os.environ.get(name):
                os.environ[name] = value
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise ConfigurationError(f"{ENV_FILE.absolute()} cannot be read: {reason}.") from error
