"""What a store's events, and a scanner's, lead to."""

import logging
from collections.abc import Iterable

from valetkey.core.confirmation import Confirmation
from valetkey.core.errors import StateConflict
from valetkey.core.events import ObjectEvent, ScanEvent, StoreEvent, Tally, newest
from valetkey.core.ports import Ledger
from valetkey.core.upload import Signal, Upload, UploadState, Verdict, find_upload_id

log = logging.getLogger("valetkey")


class Observer:
    """Hears of the objects of one bucket, and believes nothing of it: whatever is said, the object is looked at."""

    def __init__(self, *, bucket: str, ledger: Ledger, confirmation: Confirmation) -> None:
        self._bucket = bucket
        self._ledger = ledger
        self._confirmation = confirmation

    def observe(self, events: Iterable[StoreEvent], ignored: int = 0) -> Tally:
        """Looks at each new object once, hears each verdict, and counts what became of the events.

        ``ignored`` is how many records the sender has left out already. Raises `StoreUnavailable` and
        `LedgerUnavailable`.
        """
        given = list(events)
        states = [self._observe(event) for event in newest(one for one in given if isinstance(one, ObjectEvent))]
        states += [self._hear(event) for event in given if isinstance(event, ScanEvent)]
        confirmed, rejected = states.count(UploadState.CONFIRMED), states.count(UploadState.REJECTED)
        return Tally(confirmed, rejected, ignored + len(given) - confirmed - rejected)

    def _observe(self, event: ObjectEvent) -> UploadState | None:
        """The state that this event led to; None when it led nowhere."""
        upload = self._upload_of(event)
        if upload is None:
            return None
        if upload.ended:
            self._confirmation.tidy(upload)
            log.info("event ignored: upload %s is %s already", upload.id, upload.state)
            return None
        return self._confirmation.run(upload, Signal.EVENT).state

    def _hear(self, event: ScanEvent) -> UploadState | None:
        """The same for a scanner's event."""
        upload = self._upload_of(event)
        if upload is None:
            return None
        if event.clean is None:
            if not upload.ended:
                detail = "upload %s stays %s: the scanner gave no verdict (%s); an operator can POST one"
                log.warning(detail, upload.id, upload.state, event.detail)
            return None
        try:
            return self._confirmation.judge(upload, Verdict(event.etag, event.clean, event.detail)).state
        except StateConflict as error:
            log.info("verdict on upload %s ignored: %s", upload.id, error.detail)
            return None

    def _upload_of(self, event: StoreEvent) -> Upload | None:
        """The upload that an event of ours is about."""
        upload_id = find_upload_id(event.key)
        upload = self._ledger.get(upload_id) if upload_id and event.bucket == self._bucket else None
        if upload is None or (upload.bucket, upload.arrival_key) != (event.bucket, event.key):
            log.debug("event ignored: %s/%r is not ours", event.bucket, event.key)
            return None
        return upload
