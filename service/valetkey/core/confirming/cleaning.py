"""Clean-up after an upload has ended. It never affects a response: failures are left to the sweep."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from valetkey.core.confirming.matching import points_at
from valetkey.core.confirming.removals import Removals
from valetkey.core.errors import LedgerUnavailable, RulesUnknown, StoreUnavailable
from valetkey.core.granting.parts import MultipartUploads
from valetkey.core.model.erasure import KeptObject
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.rules import UNREADABLE
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.ports.ledger import Ledger
from valetkey.core.ports.store import ObjectStore

log = logging.getLogger("valetkey")


class Cleaner:
    """Removes objects that the ledger does not point at. Only `clear`, which the sweep uses, raises errors."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        ledger: Ledger,
        profiles: Profiles,
        multiparts: MultipartUploads,
        schedule: Schedule,
        clock: Callable[[], datetime],
        removals: Removals,
    ) -> None:
        self._store = store
        self._removals = removals
        self._ledger = ledger
        self._profiles = profiles
        self._multiparts = multiparts
        self._schedule = schedule
        self._clock = clock

    def after_end(self, upload: Upload) -> None:
        """Removes the objects that are not needed after the end of ``upload``, which the ledger has recorded."""
        with self.later(upload):
            if upload.state is UploadState.CONFIRMED:
                self._remove_soon(
                    upload, [upload.arrival_key, *self._quarantine(upload), *self._earlier_copies(upload)]
                )
                return
            self._tidy(upload)
            if upload.pins:
                self._remove(upload, [*self._quarantine(upload), *self._earlier_copies(upload)])

    def tidy(self, upload: Upload) -> None:
        """Removes bytes that arrived under the grant of an ended upload."""
        with self.later(upload):
            if upload.state is UploadState.CONFIRMED:
                self._remove_soon(upload, [upload.arrival_key])
            else:
                self._tidy(upload)

    @contextmanager
    def later(self, upload: Upload) -> Iterator[None]:
        """A context for clean-up: errors inside it are left to the sweep."""
        try:
            yield
        except (StoreUnavailable, RulesUnknown) as error:
            log.warning("what is left of upload %s will be removed later: %s", upload.id, error.detail)
            due_at = self._schedule.after_failure(upload, self._clock())
            with suppress(LedgerUnavailable):  # the sweep still finds it when it searches the bucket
                self._ledger.reschedule([(upload, min(due_at, upload.due_at or due_at))])

    def remove_waiting(self) -> None:
        """Removes the objects that ended uploads have queued for removal."""
        self._removals.flush()

    def clear(self, upload: Upload) -> None:
        """Removes everything that the ledger does not point at, including old pins and late copies.

        An interrupted signal may have left some. Call it only when no copy can be in progress. Raises
        `StoreUnavailable` and `RulesUnknown`.
        """
        self._tidy(upload)
        if upload.object is not None and upload.state is UploadState.DELETED:
            self._store.delete(upload.object.key)  # first, as it does not need the rules
        finals = [self._profiles.final_key(upload, pin) for pin in range(1, upload.pins + 1)]
        self._remove(upload, [*self._quarantine(upload), *finals])

    def remove_all(self, upload: Upload) -> list[KeptObject]:
        """Removes every object that an ended upload may have, including the confirmed one, and its parts.

        Returns those of which the store keeps something. Raises like `clear`.
        """
        if upload.multipart:
            self._multiparts.discard(upload)
        pins = range(1, upload.pins + 1)
        keys = [upload.staging_key, upload.arrival_key, *([upload.object.key] if upload.object else [])]
        keys += [self._profiles.final_key(upload, pin) for pin in pins]
        if upload.rules is None or upload.rules is UNREADABLE or upload.rules.wants_checks:
            keys += [upload.quarantine_key(pin) for pin in pins]
        kept = [(key, self._store.delete(key)) for key in dict.fromkeys(keys)]
        return [KeptObject(key, why) for key, why in kept if why is not None]

    def discard(self, upload: Upload, key: str) -> None:
        """Removes a copy that was made too late, unless the ledger points at it."""
        with self.later(upload):
            self._remove(upload, [key])

    def _tidy(self, upload: Upload) -> None:
        """Removes late bytes: forms and PUTs may still write, whereas part URLs are dead after the join."""
        if upload.multipart and upload.state is not UploadState.CONFIRMED:
            self._multiparts.discard(upload)
        self._remove(upload, [upload.arrival_key])

    def _quarantine(self, upload: Upload) -> list[str]:
        if not upload.pins or not self._profiles.rules_of(upload).wants_checks:
            return []
        return [upload.quarantine_key(pin) for pin in range(1, upload.pins + 1)]

    def _earlier_copies(self, upload: Upload) -> list[str]:
        """Keys of copies that other processes may have made: none if the only pin was confirmed."""
        if upload.pins == 1 and upload.state is UploadState.CONFIRMED:
            return []
        return [self._profiles.final_key(upload, pin) for pin in range(1, upload.pins + 1)]

    def _remove_soon(self, upload: Upload, keys: Iterable[str]) -> None:
        """Queues the removal if the store removes many objects at once: nothing depends on when it happens."""
        if self._store.capabilities.batch_delete:
            self._removals.add(key for key in keys if not points_at(upload, key))
        else:
            self._remove(upload, keys)

    def _remove(self, upload: Upload, keys: Iterable[str]) -> None:
        for key in dict.fromkeys(keys):
            if not points_at(upload, key):
                self._store.delete(key)
