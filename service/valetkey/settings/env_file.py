"""The file ``.env`` in the working directory, which the environment overrides."""

import os
from pathlib import Path

from dotenv import dotenv_values

from valetkey.core.errors import ConfigurationError

ENV_FILE = Path(".env")
"""In the working directory: what it says counts where the environment says nothing."""

ENV_NAMES = ("VALETKEY_", "AWS_")
"""How the variables begin that are taken from it: ours, and those of boto3. Others are somebody else's."""

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
"""Each of them leads boto3 to credentials: where the environment has one, none of the file comes between."""


def read_env_file() -> None:
    """Takes what ``.env`` in the working directory says into the environment, where that says nothing: processes that
    we start, and boto3, see it there. Raises `ConfigurationError` where it cannot be read."""
    try:
        said = dotenv_values(ENV_FILE, interpolate=False) if ENV_FILE.is_file() else {}
        settled = _CREDENTIALS if any(os.environ.get(name) for name in _CREDENTIALS) else ()
        for name, value in said.items():
            if name.startswith(ENV_NAMES) and value and name not in settled and not os.environ.get(name):
                os.environ[name] = value
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no plain text"
        raise ConfigurationError(f"{ENV_FILE.absolute()} cannot be read: {reason}.") from error
