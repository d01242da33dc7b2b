"""Settings required to create an application in a test run; none of them is ever used."""

from base64 import b64encode
from collections.abc import Mapping
from types import MappingProxyType

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "VALETKEY_BUCKET": "only-for-tests",
        "VALETKEY_SECRET_KEYS": "only for tests where nothing is secret",
        "VALETKEY_WEBHOOK_SECRETS": "whsec_" + b64encode(b"only for tests, without secrets").decode(),
        "VALETKEY_DATABASE_URL": "sqlite:///only-for-tests.db",
        "AWS_ACCESS_KEY_ID": "only-for-tests",
        "AWS_SECRET_ACCESS_KEY": "only-for-tests",
    }
)
"""What ``ValetKey(app)`` requires before it is replaced: call ``os.environ.update(ENVIRONMENT)`` in ``conftest.py``."""
