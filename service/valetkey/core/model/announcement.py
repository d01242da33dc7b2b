"""Announcements of an upload's end to the application: the mapping from states to event types, and the outbox row."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from valetkey.core.model.erasure import Erasure
from valetkey.core.model.upload import ERASED, Upload, UploadId, UploadState, erased

EVENT_TYPES: Mapping[UploadState, str] = MappingProxyType(
    {
        UploadState.CONFIRMED: "upload.confirmed",
        UploadState.REJECTED: "upload.rejected",
        UploadState.EXPIRED: "upload.expired",
        UploadState.ABORTED: "upload.aborted",
        UploadState.DELETED: "upload.deleted",
    }
)
"""The states that are announced when they are entered. An upload enters each at most once: see `TRANSITIONS`."""

UNCLAIMED_TYPE = "upload.unclaimed"
"""The type announced, instead of `upload.deleted`, if the sweep removed an upload that was not claimed in time."""

TYPES = frozenset({*EVENT_TYPES.values(), UNCLAIMED_TYPE})
"""All types that are announced."""

HookTypes = Mapping[str, Collection[str]]
"""The event types that each hook is called for, by its name."""


def event_type(upload: Upload) -> str | None:
    """The event type for the upload's current state; None if that is not an end."""
    if upload.state is UploadState.DELETED and upload.reason is not None and upload.reason.code == "unclaimed":
        return UNCLAIMED_TYPE
    return EVENT_TYPES.get(upload.state)


OWNER_ERASED = "owner.erased"
"""The type announced when an erasure has finished."""


def announced_ids(upload_id: UploadId) -> list[str]:
    """The ids of all announcements that one upload may have."""
    return [f"{upload_id}-{state}" for state in EVENT_TYPES]


Render = Callable[[str, datetime, Upload], str]
"""Makes the body to send from the event's type, the moment of the end, and the upload as it was then."""

RenderErasure = Callable[[str, datetime, Erasure], str]
"""Makes the body of an erasure's announcement in the same way."""


class Status(StrEnum):
    """The delivery status of an announcement."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One end on its way to the application. ``id`` and ``body`` are the same at every attempt, unless the upload was
    erased in between. ``upload_id`` is None if it is not about a single upload.

    ``hook`` is the name of the application's function to call, which needs no body; None for a webhook. ``due_at`` is
    the next attempt (or the end of a claim's lease) while it waits, and its removal once it is delivered. ``attempts``
    counts finished attempts, ``version`` its changes, for compare-and-set; ``detail`` is the result of the last
    attempt.
    """

    id: str
    type: str
    upload_id: UploadId | None
    body: str
    created_at: datetime
    due_at: datetime
    status: Status = Status.WAITING
    attempts: int = 0
    version: int = 1
    detail: str | None = None
    hook: str | None = None

    def calling(self, hook: str) -> "Announcement":
        """The announcement of the same end for the hook of that name."""
        return replace(self, body="", hook=hook)

    def changed(self, **changes: Any) -> "Announcement":
        """This one with other values, one version on."""
        return replace(self, version=self.version + 1, **changes)


class Announcer:
    """Makes the announcement for a change of state. A ledger writes it in the transaction of that change: once for the
    webhook, and once for each hook of its type that the ledger or this process knows.

    Without ``render`` there is no webhook, and without ``render_erasure`` none for erasures. ``hooks`` returns the
    hooks of this process.
    """

    def __init__(
        self,
        render: Render | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        hooks: Callable[[], HookTypes] = dict,
        *,
        render_erasure: RenderErasure | None = None,
    ) -> None:
        self._render = render
        self._clock = clock
        self.hooks = hooks
        self._render_erasure = render_erasure

    @property
    def has_webhook(self) -> bool:
        """Whether announcements are sent as webhooks."""
        return self._render is not None

    def __call__(self, before: Upload, after: Upload) -> Announcement | None:
        """The announcement of ``after``; None if it is not a new end.

        Its id is derived from the upload and the state, so that an end has the same id whichever process wrote it. It
        contains no full stop: the signed text is ``id.timestamp.body`` (Standard Webhooks).
        """
        kind = event_type(after)
        if kind is None or after.state is before.state:
            return None
        now = self._clock()
        shown = erased(after) if after.reason == ERASED else after
        return Announcement(f"{after.id}-{after.state}", kind, after.id, self._body(kind, now, shown), now, now)

    def _body(self, kind: str, at: datetime, upload: Upload) -> str:
        return self._render(kind, at, upload) if self._render else ""

    def rewritten(self, announcement: Announcement, upload: Upload) -> Announcement:
        """``announcement`` of an upload that has been erased since, with a body that reveals nothing else about it."""
        shown = erased(upload)._replace(state=UploadState(announcement.id.rpartition("-")[2]))
        return replace(announcement, body=self._body(announcement.type, announcement.created_at, shown), detail=None)

    def erased(self, before: Erasure, after: Erasure) -> Announcement | None:
        """The announcement of a finished job; None if ``after`` does not finish it."""
        if self._render_erasure is None or after.finished_at is None or before.finished_at is not None:
            return None
        body = self._render_erasure(OWNER_ERASED, after.finished_at, after)
        return Announcement(f"{after.id}-erased", OWNER_ERASED, None, body, after.finished_at, after.finished_at)
