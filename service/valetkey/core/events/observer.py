"""Handles the events of stores and scanners."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from valetkey import waiting
from valetkey.core.confirming.confirmation import Confirmation
from valetkey.core.errors import (
    CopyUnproven,
    RecordUnknown,
    RulesUnknown,
    StateConflict,
    StoreUnavailable,
    StoreUnknown,
    Unavailable,
)
from valetkey.core.events.event import EventCounts, ObjectEvent, ScanEvent, StoreEvent
from valetkey.core.gate import SharedLimit
from valetkey.core.model.upload import (
    QUARANTINE_PREFIX,
    Signal,
    Upload,
    UploadState,
    Verdict,
    upload_id_of,
    upload_ids_in,
)
from valetkey.core.outages import Outages
from valetkey.core.ports.ledger import Ledger
from valetkey.core.stores import ByStore, Stores

log = logging.getLogger("valetkey")

MAX_IDS = 8
"""How many ids of one key are looked up: an owner, a profile or a name may be two each."""


_Look = list[ObjectEvent] | ScanEvent
"""The reason for one check: all events of one object in a delivery, or a verdict."""


SLOW = timedelta(seconds=5)
"""An event that takes longer than this delays the events of other stores."""


WAIT = 0.5
"""How long an event waits for others of its store, in seconds, before it is left to the sweep: most take less."""

_IGNORED = "event ignored: upload %s is %s already"


class StoreIsolation(NamedTuple):
    """Isolates the events of several stores in a worker: ``room`` limits how many of its threads each store may use."""

    outages: Outages
    room: SharedLimit


class Observer:
    """Handles events of all stores, and trusts none of them: the object itself is always checked.

    With ``isolation``, which a worker of several stores has, events of a store that is unavailable or slow are left to
    its sweep, so that they delay no event of another store.
    """

    def __init__(
        self,
        *,
        stores: Stores,
        ledger: Ledger,
        confirmations: ByStore[Confirmation],
        clock: Callable[[], datetime],
        isolation: StoreIsolation | None = None,
    ) -> None:
        self._stores = stores
        self._ledger = ledger
        self._confirmations = confirmations
        self._clock = clock
        self._isolation = isolation

    def observe(self, events: Iterable[StoreEvent], ignored: int = 0, sender: str | None = None) -> EventCounts:
        """Checks each new object once, records each verdict, and counts the results.

        ``ignored`` is the number of records that were already skipped. ``sender`` is the sender's name, which matters
        if a store accepts events of some senders only. Raises `StoreUnavailable`, `LedgerUnavailable`, `RecordUnknown`,
        and `RulesUnknown` for a verdict.
        """
        given = list(events)
        looks: list[_Look] = [
            *_by_object(given),
            *(one for one in given if isinstance(one, ScanEvent)),
        ]
        states = list(self._each(looks, sender))
        confirmed, rejected = states.count(UploadState.CONFIRMED), states.count(UploadState.REJECTED)
        return EventCounts(confirmed, rejected, ignored + len(given) - confirmed - rejected)

    def _each(self, looks: Iterable[_Look], sender: str | None) -> Iterator[UploadState | None]:
        """The resulting state for each event. A failed upload does not affect others in the delivery, and an
        unavailable store does not affect another store.

        Failures that a retry does not help are left to the sweep, except for those of a verdict, which nobody else
        says again. If a store refused a call, or only another process can handle an event, the sender has to retry.
        """
        refused: Unavailable | None = None
        silent: dict[str, StoreUnavailable] = {}
        for look in looks:
            try:
                upload = self._upload_of(_first(look), sender)
            except (StoreUnknown, RecordUnknown) as error:  # another process may be able to handle it
                refused = error
                continue
            if upload is None or upload.store in silent:
                yield None
                continue
            try:
                yield self._take(look, upload)
            except (RulesUnknown, CopyUnproven) as error:
                if isinstance(look, ScanEvent) and not self._has_heard(look, upload):
                    refused = error  # no check can recover a verdict
                    continue
                log.warning("an event had no effect: %s", error.detail)
                yield None
            except StoreUnavailable as error:
                if error.refused:
                    refused = error
                    continue
                silent[upload.store] = error
                if len(silent) == len(self._stores):
                    raise
        if (last := next(iter(silent.values()), refused)) is not None:
            raise last

    def _take(self, look: _Look, upload: Upload) -> UploadState | None:
        """The resulting state; None if there was no effect, or if it is left to the sweep."""
        if self._isolation is None:
            return self._follow(look, upload)
        outages, room = self._isolation
        if room.enter(upload.store, WAIT):
            try:
                if outages.may_try(upload.store):
                    return self._try(look, upload, outages)
            finally:
                room.leave(upload.store)
        if isinstance(look, ScanEvent):
            self._keep(look, upload)
        else:
            self._leave_to_sweep(upload)
        return None

    def _follow(self, look: _Look, upload: Upload) -> UploadState | None:
        if isinstance(look, list) and upload.ended and all(_is_known(event, upload) for event in look):
            log.info(_IGNORED, upload.id, upload.state)
            return None
        waiting.look()  # a thread that must not wait has to stop before any of the following has started
        return self._observe(upload) if isinstance(look, list) else self._hear(look, upload)

    def _try(self, look: _Look, upload: Upload, outages: Outages) -> UploadState | None:
        """`_follow`, isolated: a failure of this store delays no other store."""
        began = self._clock()
        try:
            state = self._follow(look, upload)
        except StoreUnavailable as error:
            answered = error.refused or isinstance(error, CopyUnproven)
            self._note(upload.store, outages, began, answered=answered)
            if isinstance(error, CopyUnproven):
                raise
            if isinstance(look, ScanEvent) and (error.refused or not self._has_heard(look, upload)):
                raise
            log.warning("an event of the store %r is left to the sweep: %s", upload.store, error.detail)
            self._leave_to_sweep(upload)
            return None
        except BaseException:
            outages.undecided(upload.store)
            raise
        self._note(upload.store, outages, began, answered=True)
        return state

    def _note(self, store: str, outages: Outages, began: datetime, *, answered: bool) -> None:
        """Records how a store answered; a slow store is also left alone for a while."""
        if answered and self._clock() - began < SLOW:
            outages.answered(store)
        else:
            outages.failed(store)

    def _leave_to_sweep(self, upload: Upload) -> None:
        """Makes the upload due now: the sweep checks it as soon as its store answers."""
        now = self._ledger.get(upload.id)
        if now is not None and not now.ended:
            self._ledger.reschedule([(now, self._clock())])

    def _has_heard(self, event: ScanEvent, upload: Upload) -> bool:
        """Whether the ledger has this verdict already, so that the event adds nothing."""
        now = self._ledger.get(upload.id)
        if now is None or now.ended:
            return True
        said = now.verdict_on_pinned  # an earlier clean verdict does not cover an infection that was found later
        return said is not None and said.etag == event.etag and (not said.clean or event.clean is True)

    def _observe(self, upload: Upload) -> UploadState | None:
        """The resulting state after events that say something new; None if they had no effect."""
        confirmation = self._confirmations.of(upload)
        if upload.ended:
            confirmation.tidy(upload)
            log.info(_IGNORED, upload.id, upload.state)
            return None
        try:
            return confirmation.run(upload, Signal.EVENT).state
        except StoreUnavailable as error:
            now = self._ledger.get(upload.id)
            if not error.refused or now is None or now.state is not UploadState.STORED:
                raise
            # the ledger has the upload, so the sweep continues with it; no sender or queue has to retry for ever
            log.warning("upload %s stays %s for now: %s", upload.id, now.state, error.detail)
            return None

    def _hear(self, event: ScanEvent, upload: Upload) -> UploadState | None:
        """The same for a scanner's event. Raises `StoreUnavailable` while the bytes are being copied to quarantine."""
        verdict = _verdict_of(event, upload)
        if verdict is None:
            return None
        try:
            return self._confirmations.of(upload).judge(upload, verdict).state
        except StateConflict as error:
            self._ignore(upload, error)
            return None

    def _keep(self, event: ScanEvent, upload: Upload) -> None:
        """Records the verdict while the store is unavailable; the sweep continues from there.

        Raises `StoreUnavailable` if the bytes that the verdict is about are not known yet.
        """
        verdict = _verdict_of(event, upload)
        if verdict is None:
            return
        if not upload.ended and not upload.in_quarantine:
            raise StoreUnavailable(f"The store of upload {upload.id} does not respond.", refused=True)
        try:
            self._confirmations.of(upload).keep_verdict(upload, verdict)
        except StateConflict as error:
            self._ignore(upload, error)

    def _ignore(self, upload: Upload, error: StateConflict) -> None:
        """Drops a verdict that is not needed. Raises `StoreUnavailable` if the bytes are not in quarantine yet."""
        now = self._ledger.get(upload.id) or upload
        if now.state is UploadState.STORED and not now.in_quarantine:
            raise StoreUnavailable(f"Upload {upload.id} is being copied to quarantine.", 2, refused=True) from error
        log.info("verdict on upload %s ignored: %s", upload.id, error.detail)

    def _see_probe(self, event: StoreEvent, sender: str | None) -> None:
        """Records the event of a probe: `valetkey doctor` writes objects to see whether their events arrive."""
        for name in self._stores.by_bucket(event.bucket, sender):
            probe = upload_id_of(event.key, self._stores[name].staging_prefix)
            if isinstance(event, ObjectEvent) and probe is not None:
                self._ledger.see_event(probe, (sender or "").partition("@")[0], self._clock())
                return

    def _upload_of(self, event: StoreEvent, sender: str | None) -> Upload | None:
        """The upload that an event of ours is about: its key has the id. That of a probe is recorded.

        The bucket decides for verdicts only. Of access points and tenants events have another name than ours, and a
        creation is no more than a reason to look at our own object.
        """
        stores = self._stores.by_sender(sender)
        for upload_id in upload_ids_in(event.key)[:MAX_IDS]:
            upload = self._ledger.get(upload_id)
            if upload is None or not _is_about(event, upload):
                continue
            if not self._is_here(upload):
                self._pass_on(event, upload)
            elif upload.store in stores and self._is_believed(event, upload):
                return upload
        log.debug("event ignored: %s/%r is not ours", event.bucket, event.key)
        self._see_probe(event, sender)
        return None

    def _is_believed(self, event: StoreEvent, upload: Upload) -> bool:
        """Whether an event is about this bucket. Another one may have a file with the same key and MD5, and a verdict
        on that one says nothing about ours."""
        if isinstance(event, ObjectEvent) or self._stores[upload.store].is_bucket(event.bucket):
            return True
        log.warning(
            "verdict on upload %s ignored: it is about the bucket %r, and the upload is in %r; if both names mean the "
            "same bucket, set VALETKEY_EVENTS_BUCKET (or events_bucket of the store) to the former",
            upload.id,
            event.bucket,
            upload.bucket,
        )
        return False

    def _is_here(self, upload: Upload) -> bool:
        return upload.store in self._stores and self._stores[upload.store].store.bucket == upload.bucket

    def _pass_on(self, event: StoreEvent, upload: Upload) -> None:
        """Passes an event of a store that is not configured here on to another process: its sweep checks the upload
        now.

        Raises `StoreUnknown` for a verdict: no check can recover it, and only that process can authenticate it.
        """
        if isinstance(event, ScanEvent) and not upload.ended:
            raise StoreUnknown(upload.id, upload.store)
        self._leave_to_sweep(upload)


def _first(look: _Look) -> StoreEvent:
    return look[0] if isinstance(look, list) else look


def _verdict_of(event: ScanEvent, upload: Upload) -> Verdict | None:
    """The verdict; None if the scanner gave none."""
    if event.clean is not None:
        return Verdict(event.etag, event.clean, event.detail, event.key)
    if not upload.ended:
        detail = "upload %s stays %s: the scanner gave no verdict (%s); an operator can POST one"
        log.warning(detail, upload.id, upload.state, event.detail)
    return None


def _is_about(event: StoreEvent, upload: Upload) -> bool:
    """Whether the event is about the object that arrived; our own copies need no check."""
    if isinstance(event, ScanEvent):
        below = upload.staging_prefix
        return event.key.startswith(below + QUARANTINE_PREFIX) and upload_id_of(event.key, below) == upload.id
    return event.key == upload.arrival_key


def _by_object(events: Iterable[StoreEvent]) -> Iterable[list[ObjectEvent]]:
    """The creations, grouped by object. Its key has the upload's id, so whatever they call the bucket is one object."""
    found: dict[str, list[ObjectEvent]] = {}
    for event in events:
        if isinstance(event, ObjectEvent):
            found.setdefault(event.key, []).append(event)
    return found.values()


def _is_known(event: ObjectEvent, upload: Upload) -> bool:
    """Whether the event is about the confirmed object itself, whose staging copy is already removed.

    Bytes sent again under the same grant have another ETag or a later time, and have to be removed. The clocks of store
    and service may differ; the sweep removes what is left when the grant has expired.
    """
    if upload.state is not UploadState.CONFIRMED or upload.object is None or upload.confirmed_at is None:
        return False
    if event.written_at is None or event.written_at >= upload.confirmed_at:
        return False
    return event.etag == upload.object.etag
