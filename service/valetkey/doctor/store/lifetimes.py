"""Checks of grants' lifetimes, which never exceed those of the credentials that sign them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from valetkey.doctor.findings import Finding, passed, warned
from valetkey.doctor.visit import Visit


def grant_life(visit: Visit) -> Iterator[Finding]:
    """Whether the credentials last as long as the grants of the profiles."""
    credentials = visit.store.credentials()
    if credentials.token is None:
        yield passed("grant-life", "The S3 credentials are permanent: grants live for as long as the profiles say.")
        return
    if credentials.expires_at is None:
        seen = "The S3 credentials are temporary, and their end is unknown: grants end with them, whatever they say."
        action = "Use permanent ones, or those of a role (role_arn, an instance's), which are renewed in time."
        yield warned("grant-life", seen, action)
        return
    left = credentials.expires_at - datetime.now(UTC)
    longer = sorted(one.name for one in visit.profiles.values() if one.expires_in > left)
    seen = f"The S3 credentials end in {_minutes(left)}, and are renewed before that."
    if longer:
        action = "Grants contain their real end. For longer ones, use credentials that last longer, or permanent ones."
        names = ", ".join(longer)
        yield warned(
            "grant-life", f"{seen} Grants of these profiles cannot last as long as they should: {names}.", action
        )
    else:
        yield passed("grant-life", f"{seen} No profile's grants have to last longer.")


def _minutes(left: timedelta) -> str:
    return f"{max(0, left // timedelta(minutes=1))} minutes"
