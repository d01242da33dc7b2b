"""What the application is told of an end: the one mapping from states to events, and the row that carries one."""

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
"""What is said, instead of `upload.deleted`, of one that the sweep removed as nobody claimed it in time."""

TYPES = frozenset({*EVENT_TYPES.values(), UNCLAIMED_TYPE})
"""All that is announced."""

HookTypes = Mapping[str, Collection[str]]
"""Hooks by their names, and the types of what each is called for."""


def event_type(upload: Upload) -> str | None:
    """What is announced of ``upload`` as it is; None where its state is no end."""
    if upload.state is UploadState.DELETED and upload.reason is not None and upload.reason.code == "unclaimed":
        return UNCLAIMED_TYPE
    return EVENT_TYPES.get(upload.state)


OWNER_ERASED = "owner.erased"
"""What is said of an erasure that is over."""


def announced_ids(upload_id: UploadId) -> list[str]:
    """The ids of all announcements that there may be of one upload."""
    return [f"{upload_id}-{state}" for state in EVENT_TYPES]


Render = Callable[[str, datetime, Upload], str]
"""Makes the body to send from the event's type, the moment of the end, and the upload as it was then."""

RenderErasure = Callable[[str, datetime, Erasure], str]
"""The same of an erasure."""


class Status(StrEnum):
    """How far an announcement has come."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One end on its way to the application. ``id`` and ``body`` are the same at every attempt, unless the upload was
    erased in between. ``upload_id`` is None where it is about no single upload.

    ``hook`` is the name of the application's function that is called for it, which needs no body; None for a webhook.
    ``due_at`` is when something has to be done with it: the next attempt while it waits (or the end of the lease of
    whoever claimed it), its removal once it is delivered. ``attempts`` counts those that were answered or failed;
    ``version`` counts its changes, for compare-and-set; ``detail`` says how the last attempt went.
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
        """The same end, for the hook of that name."""
        return replace(self, body="", hook=hook)

    def changed(self, **changes: Any) -> "Announcement":
        """This one with other values, one version on."""
        return replace(self, version=self.version + 1, **changes)


class Announcer:
    """Says which announcement belongs to a change of state. A ledger writes it in the transaction of that change: once
    for the webhook, and once for each hook that it, or this process, knows for its type.

    Without ``render`` there is no webhook, without ``render_erasure`` none for the ends of erasures. ``hooks`` gives
    those of this process.
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
        """Whether what it makes is sent as a webhook."""
        return self._render is not None

    def __call__(self, before: Upload, after: Upload) -> Announcement | None:
        """The announcement of ``after``; None when no end is entered.

        Its id follows from the upload and the state, so that an end has one id whoever wrote it. It has no full stop:
        the signed text is ``id.timestamp.body`` (Standard Webhooks).
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
        """``announcement`` of ``upload``, which was erased since, with a body that tells nothing else of it."""
        shown = erased(upload)._replace(state=UploadState(announcement.id.rpartition("-")[2]))
        return replace(announcement, body=self._body(announcement.type, announcement.created_at, shown), detail=None)

    def erased(self, before: Erasure, after: Erasure) -> Announcement | None:
        """The announcement of the end of a job; None where it is none."""
        if self._render_erasure is None or after.finished_at is None or before.finished_at is not None:
            return None
        body = self._render_erasure(OWNER_ERASED, after.finished_at, after)
        return Announcement(f"{after.id}-erased", OWNER_ERASED, None, body, after.finished_at, after.finished_at)
