"""What a store's events, and a scanner's, lead to."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from valetkey.core.confirming.confirmation import Confirmation
from valetkey.core.errors import CopyUnproven, RulesUnknown, StateConflict, StoreUnavailable
from valetkey.core.events.event import EventCounts, ObjectEvent, ScanEvent, StoreEvent
from valetkey.core.model.upload import (
    QUARANTINE_PREFIX,
    Signal,
    Upload,
    UploadState,
    Verdict,
    upload_id_of,
    upload_ids_in,
)
from valetkey.core.ports.ledger import Ledger

log = logging.getLogger("valetkey")

MAX_IDS = 4
"""How many ids of one key are looked up: an owner or a name may be one, too."""


class Observer:
    """Hears of the objects of one bucket, and believes nothing of it: whatever is said, the object is looked at."""

    def __init__(
        self, *, bucket: str, ledger: Ledger, confirmation: Confirmation, clock: Callable[[], datetime]
    ) -> None:
        self._bucket = bucket
        self._clock = clock
        self._ledger = ledger
        self._confirmation = confirmation

    def observe(self, events: Iterable[StoreEvent], ignored: int = 0, *, sender: str = "") -> EventCounts:
        """Looks at each new object once, hears each verdict, and counts what became of the events.

        ``ignored`` is how many records the ``sender`` has left out already. Raises `StoreUnavailable` and
        `LedgerUnavailable`.
        """
        given = list(events)
        looks: list[Callable[[], UploadState | None]] = [
            *(partial(self._observe, events, sender) for events in _by_object(given)),
            *(partial(self._hear, one) for one in given if isinstance(one, ScanEvent)),
        ]
        states = list(self._each(looks))
        confirmed, rejected = states.count(UploadState.CONFIRMED), states.count(UploadState.REJECTED)
        return EventCounts(confirmed, rejected, ignored + len(given) - confirmed - rejected)

    @staticmethod
    def _each(looks: Iterable[Callable[[], UploadState | None]]) -> Iterator[UploadState | None]:
        """What each look led to: one upload that cannot go on hinders no other of its delivery.

        What waiting does not help is left to the sweep. Where the store refused, the sender is told to come again.
        """
        refused: StoreUnavailable | None = None
        for look in looks:
            try:
                yield look()
            except (RulesUnknown, CopyUnproven) as error:
                log.warning("an event led nowhere: %s", error.detail)
                yield None
            except StoreUnavailable as error:
                if not error.refused:
                    raise
                refused = error
        if refused is not None:
            raise refused

    def _observe(self, events: Sequence[ObjectEvent], sender: str) -> UploadState | None:
        """The state that these events of one object led to; None when they led nowhere."""
        upload = self._upload_of(events[0])
        if upload is None:
            self._see_probe(events[0], sender)
            return None
        if upload.ended:
            if not all(_is_known(event, upload) for event in events):
                self._confirmation.tidy(upload)
            log.info("event ignored: upload %s is %s already", upload.id, upload.state)
            return None
        try:
            return self._confirmation.run(upload, Signal.EVENT).state
        except StoreUnavailable as error:
            now = self._ledger.get(upload.id)
            if not error.refused or now is None or now.state is not UploadState.STORED:
                raise
            # the ledger has it: the sweep goes on with it, and no sender or queue has to wait for what may never be
            log.warning("upload %s stays %s for now: %s", upload.id, now.state, error.detail)
            return None

    def _hear(self, event: ScanEvent) -> UploadState | None:
        """The same for a scanner's event. Raises `StoreUnavailable` where the bytes are just being brought there."""
        upload = self._upload_of(event)
        if upload is None:
            return None
        if event.clean is None:
            if not upload.ended:
                detail = "upload %s stays %s: the scanner gave no verdict (%s); an operator can POST one"
                log.warning(detail, upload.id, upload.state, event.detail)
            return None
        try:
            verdict = Verdict(event.etag, event.clean, event.detail, event.key)
            return self._confirmation.judge(upload, verdict).state
        except StateConflict as error:
            now = self._ledger.get(upload.id) or upload
            if now.state is UploadState.STORED and not now.in_quarantine:
                detail = f"Upload {upload.id} is on its way into quarantine."
                raise StoreUnavailable(detail, 2, refused=True) from error
            log.info("verdict on upload %s ignored: %s", upload.id, error.detail)
            return None

    def _see_probe(self, event: ObjectEvent, sender: str) -> None:
        """Somebody (`valetkey doctor`) may have written this object to see whether its event arrives."""
        probe = upload_id_of(event.key)
        if event.bucket == self._bucket and probe is not None:
            self._ledger.see_event(probe, sender, self._clock())

    def _upload_of(self, event: StoreEvent) -> Upload | None:
        """The upload that an event of ours is about."""
        if event.bucket == self._bucket:
            for upload_id in upload_ids_in(event.key)[:MAX_IDS]:
                upload = self._ledger.get(upload_id)
                if upload is not None and upload.bucket == event.bucket and _is_about(event, upload):
                    return upload
        log.debug("event ignored: %s/%r is not ours", event.bucket, event.key)
        return None


def _is_about(event: StoreEvent, upload: Upload) -> bool:
    """Copies of ours are not: whoever makes them is at work on that upload."""
    if isinstance(event, ScanEvent):
        return event.key.startswith(QUARANTINE_PREFIX) and upload_id_of(event.key) == upload.id
    return event.key == upload.arrival_key


def _by_object(events: Iterable[StoreEvent]) -> Iterable[list[ObjectEvent]]:
    """The creations, by the object that they are about."""
    found: dict[tuple[str, str], list[ObjectEvent]] = {}
    for event in events:
        if isinstance(event, ObjectEvent):
            found.setdefault((event.bucket, event.key), []).append(event)
    return found.values()


def _is_known(event: ObjectEvent, upload: Upload) -> bool:
    """Whether it tells of the very object that was confirmed: its bytes went with the end of ``upload``.

    What is written again under the same grant has another ETag or is later, and has to be removed. The clocks of store
    and service may differ: what is left by that, the sweep finds when the grant is over.
    """
    if upload.state is not UploadState.CONFIRMED or upload.object is None or upload.confirmed_at is None:
        return False
    if event.written_at is None or event.written_at >= upload.confirmed_at:
        return False
    return event.etag == upload.object.etag
