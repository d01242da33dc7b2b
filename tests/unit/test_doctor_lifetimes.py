"""What doctor reports about profiles whose grants would outlast the S3 credentials."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from valetkey.core.model.profile import Profile
from valetkey.core.signing.credentials import Credentials
from valetkey.doctor.findings import Level
from valetkey.doctor.store.lifetimes import grant_life

if TYPE_CHECKING:
    from valetkey.doctor.visit import Visit

HOUR = timedelta(hours=1)
PROFILES = {
    "default": Profile("default"),
    "mobile": Profile("mobile", expires_in=timedelta(days=7), renewable_for=timedelta(days=7)),
}


@pytest.mark.parametrize(
    ("token", "left", "level", "named"),
    [
        (None, None, Level.PASS, "permanent"),
        ("t", None, Level.WARN, "their end is unknown"),
        ("t", HOUR, Level.WARN, "mobile"),
        ("t", 24 * 8 * HOUR, Level.PASS, "minutes"),
        ("t", HOUR / 6, Level.WARN, "default, mobile"),
    ],
)
def test_it_names_what_cannot_live_as_long(token: str | None, left: timedelta | None, level: Level, named: str) -> None:
    """Permanent credentials, temporary ones of unknown end, and temporary ones that end before or after the grants."""
    ends = None if left is None else datetime.now(UTC) + left
    store = SimpleNamespace(credentials=lambda: Credentials("AK", "SK", token, ends))
    [found] = grant_life(cast("Visit", SimpleNamespace(store=store, profiles=PROFILES)))
    assert (found.check, found.level) == ("grant-life", level)
    assert named in found.seen
    assert ("default" in found.seen) == ("default" in named)
