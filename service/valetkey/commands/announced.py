"""Selecting and showing announcements on the command line, for webhooks and hooks alike."""

from typing import Any

import click

from valetkey.core.model.announcement import Announcement, Status

state_option = click.option(
    "--state", type=click.Choice(["dead", "waiting", "delivered", "all"]), default="dead", show_default=True
)
limit_option = click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)

CELLS = ("id", "created (UTC)", "state", "attempts", "what went wrong")
"""The head of a table of announcements."""


def status_of(state: str) -> Status | None:
    """What ``--state`` means."""
    return None if state == "all" else Status(state)


def announcement_cells(one: Announcement) -> tuple[str, ...]:
    """One row of that table."""
    return one.id, f"{one.created_at:%Y-%m-%d %H:%M}", one.status.value, str(one.attempts), one.detail or ""


def announcement_row(one: Announcement) -> dict[str, Any]:
    """The same for programs; no body, which holds file names."""
    names = ("id", "type", "upload_id", "created_at", "due_at", "attempts", "detail")
    return {"state": one.status.value} | {name: getattr(one, name) for name in names}
