"""Options and output that `valetkey webhooks` and `valetkey hooks` share."""

from typing import Any

import click

from valetkey.core.model.announcement import Announcement, Status

state_option = click.option(
    "--state", type=click.Choice(["dead", "waiting", "delivered", "all"]), default="dead", show_default=True
)
limit_option = click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)

CELLS = ("id", "created (UTC)", "state", "attempts", "what went wrong")
"""The header of a table of announcements."""


def status_of(state: str) -> Status | None:
    """The status that ``--state`` selects; None: all."""
    return None if state == "all" else Status(state)


def announcement_cells(one: Announcement) -> tuple[str, ...]:
    """The table row of an announcement."""
    return one.id, f"{one.created_at:%Y-%m-%d %H:%M}", one.status.value, str(one.attempts), one.detail or ""


def announcement_row(one: Announcement) -> dict[str, Any]:
    """An announcement for ``--json``, without its body, which contains file names."""
    names = ("id", "type", "upload_id", "created_at", "due_at", "attempts", "detail")
    return {"state": one.status.value} | {name: getattr(one, name) for name in names}
