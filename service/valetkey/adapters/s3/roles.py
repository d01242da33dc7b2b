"""Sources of a store's credentials: boto3's own chain, one of its profiles, or a role assumed with either.

Rights it needs: ``sts:AssumeRole`` on the role, whose trust policy may require the external id.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from valetkey.adapters.boto3_answers import read_in_time
from valetkey.adapters.s3.sessions import make_session, require_credentials
from valetkey.core.errors import ConfigurationError

log = logging.getLogger("valetkey")

SESSION_NAME = "valetkey"
"""The session name of the role in AWS's logs."""

STS_TIMEOUT = 5
"""How long STS may take to respond, in seconds: requests that need new credentials wait for it."""

LEFT_ALONE = 5.0
"""How long STS is not asked again after a failure, in seconds: otherwise each waiting request would wait that long."""


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """Where credentials come from: boto3's ``profile``, else a given session, else boto3's chain. ``role_arn`` is
    assumed with these, with ``external_id`` if its owner requires one."""

    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = field(default=None, repr=False)
    sts_endpoint_url: str | None = None
    region: str = "us-east-1"

    def session(self, given: boto3.Session | None = None) -> boto3.Session:
        """A session with these credentials; makes no request yet. Raises `ConfigurationError`."""
        base = self._base(given)
        return base if self.role_arn is None else self._assuming(base, self.role_arn)

    def _base(self, given: boto3.Session | None) -> boto3.Session:
        if self.profile is None:
            return given or make_session()
        try:
            return boto3.Session(profile_name=self.profile)
        except BotoCoreError as error:
            raise ConfigurationError(f"The store's credentials: {error}.") from error

    def _assuming(self, base: boto3.Session, role_arn: str) -> boto3.Session:
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._client_of(base),
            source_credentials=require_credentials(base),
            role_arn=role_arn,
            extra_args={"RoleSessionName": SESSION_NAME}
            | ({} if self.external_id is None else {"ExternalId": self.external_id}),
        )
        own: Any = get_session()
        # botocore renews them before they end; it has no public way to give a session credentials of this kind
        own._credentials = DeferredRefreshableCredentials(  # noqa: SLF001
            refresh_using=_Fetched(fetcher.fetch_credentials, role_arn), method="assume-role"
        )
        return boto3.Session(botocore_session=own, region_name=self.region)

    def _client_of(self, base: boto3.Session) -> Callable[..., Any]:
        def create(_: str, **keys: Any) -> Any:
            made = base.client(
                "sts",
                region_name=self.region,
                endpoint_url=self.sts_endpoint_url,
                config=Config(connect_timeout=STS_TIMEOUT, read_timeout=STS_TIMEOUT, retries={"total_max_attempts": 1}),
                **keys,
            )
            read_in_time(made)
            return made

        return create


def static_keys(profile: str) -> tuple[str, str]:
    """The access key and secret of a profile. Raises `ConfigurationError` if it has none, or temporary ones: they would
    expire, and the credentials for grants are not renewed."""
    found = require_credentials(CredentialSource(profile).session()).get_frozen_credentials()
    if found.token is not None:
        raise ConfigurationError(f"The profile {profile!r} has temporary credentials: grants need permanent ones.")
    return str(found.access_key), str(found.secret_key)


class CannotAssumeRole(BotoCoreError):
    """STS returns no credentials now; its response is in the log."""

    fmt = "The role {role_arn} cannot be assumed now."


class _Fetched:
    """Fetches credentials, and raises every failure as `CannotAssumeRole`: a 404 of STS is not a missing object."""

    def __init__(self, fetch: Callable[[], Any], role_arn: str) -> None:
        self._fetch = fetch
        self._role_arn = role_arn
        self._again_at = float("-inf")

    def __call__(self) -> Any:
        if monotonic() < self._again_at:  # a wall clock that is set back would keep the store away for as long
            raise CannotAssumeRole(role_arn=self._role_arn)
        try:
            return self._fetch()
        except (BotoCoreError, ClientError) as error:
            self._again_at = monotonic() + LEFT_ALONE
            log.warning("the role %s cannot be assumed: %s", self._role_arn, error)
            raise CannotAssumeRole(role_arn=self._role_arn) from error
