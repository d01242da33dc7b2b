"""`valetkey doctor` in this process: its report on a bucket, and look-ups in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.stores import Bucket

from valetkey.core.model.profile import Profile
from valetkey.doctor.checks import Group
from valetkey.doctor.examination import examine
from valetkey.doctor.findings import Finding, Report
from valetkey.doctor.groups import GROUPS
from valetkey.doctor.visit import Visit
from valetkey.settings import Settings

DEFAULT: Mapping[str, Profile] = {"default": Profile("default")}

SECRETS = ("0f4bb3a1cd9e47f6a3b5e02c71d8f964", "whsec_3q2+7wAhU0Vk1mXyZ9pLbTnGdRfCsJ8i")
"""A secret key and a secret for webhooks that doctor finds nothing wrong with."""


def visit(
    bucket: Bucket,
    folder: Path,
    profiles: Mapping[str, Profile] = DEFAULT,
    *,
    prefix: str = "",
    staging_prefix: str = "",
    **settings: Any,
) -> Visit:
    """An installation on ``bucket``, with its ledger in ``folder``."""
    given: dict[str, Any] = {
        "bucket": bucket.name,
        "s3_endpoint_url": bucket.server.endpoint_url,
        "s3_region": bucket.server.region,
        "database_url": f"sqlite:///{folder / 'valetkey.db'}",
        "secret_keys": ("k" * 32,),
        **settings,
    }
    return Visit(Settings(**given), profiles, bucket.server.session, prefix, staging_prefix)


def report(one: Visit, *names: str, checks: Sequence[str] = ()) -> Report:
    """The report of the groups with these ``names`` (none: all), from the checks named in ``checks`` only."""
    chosen = [group for group in GROUPS if not names or group.name in names]
    if checks:
        wanted = {"reach", *checks}
        chosen = [Group(group.name, [each for each in group.checks if each.name in wanted]) for group in chosen]
    return examine(one, chosen)


def line(found: Report, check: str) -> Finding:
    """The only finding of the check."""
    [one] = lines(found, check)
    return one


def lines(found: Report, check: str) -> list[Finding]:
    """All findings of the check."""
    return [one for one in found.findings if one.check == check]
