"""Sessions of boto3, and whether they have credentials for the store."""

import boto3
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError

from valetkey.core.errors import ConfigurationError

NO_CREDENTIALS = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the store's credentials, or give this machine a role."
)


def make_session() -> boto3.Session:
    """A session from the environment. Raises `ConfigurationError` for errors that boto3 finds in it."""
    try:
        return boto3.Session()
    except BotoCoreError as error:
        raise ConfigurationError(f"The store's credentials: {error}.") from error


def find_credentials(session: boto3.Session) -> Credentials | None:
    """The session's credentials; None if it has none. Raises `ConfigurationError` if they are incomplete."""
    try:
        found: Credentials | None = session.get_credentials()
    except BotoCoreError as error:
        raise ConfigurationError(f"The store's credentials: {error}.") from error
    if found is not None and found.method == "env":
        _require_bare(found)
    return found


def _require_bare(found: Credentials) -> None:
    """Raises `ConfigurationError` for a line end or a space around a value, such as a secret's file may have. boto3
    keeps it, so grants would be signed, but S3 would refuse every upload with them."""
    texts = {
        "AWS_ACCESS_KEY_ID": found.access_key,
        "AWS_SECRET_ACCESS_KEY": found.secret_key,
        "AWS_SESSION_TOKEN": found.token,
    }
    if wrong := [name for name, text in texts.items() if text and text != text.strip()]:
        raise ConfigurationError(f"{wrong[0]} begins or ends with a space or a line end: remove it (printf '%s').")


def require_credentials(session: boto3.Session) -> Credentials:
    """The session's credentials. Raises `ConfigurationError` if it has none."""
    credentials = find_credentials(session)
    if credentials is None:
        raise ConfigurationError(NO_CREDENTIALS)
    return credentials
