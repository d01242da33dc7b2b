"""What a client is given with an upload: its grant and its ticket, at first and again."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from valetkey.core.access.tickets import Tickets
from valetkey.core.errors import StateConflict
from valetkey.core.granting.grants import Grant, GrantMaker, MultipartGrant
from valetkey.core.granting.parts import Assembly, plan_of, target_of
from valetkey.core.model.profile import Profile, rules_of
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import Method, Upload, UploadState
from valetkey.core.ports.ledger import Ledger

RENEWAL_TRIES = 5
"""How often a renewal tries again when something else changes the upload meanwhile."""

FIRST_PARTS = 4
"""How many parts of a new upload are signed at once: what a client sends while it asks for more."""


@dataclass(frozen=True, slots=True)
class Granted:
    """An upload with what its client needs. ``grant`` is None when the upload has left `pending`."""

    upload: Upload
    grant: Grant | None
    ticket: str
    replayed: bool = False


class Issuer:
    """Gives grants for uploads that the ledger has.

    ``at_store`` is entered while a call waits for the store. Methods raise `StoreUnavailable` and `LedgerUnavailable`.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        profiles: Mapping[str, Profile],
        tickets: Tickets,
        grants: GrantMaker,
        assembly: Assembly,
        schedule: Schedule,
        at_store: Callable[[Upload], AbstractContextManager[Any]],
    ) -> None:
        self._ledger = ledger
        self._profiles = profiles
        self._tickets = tickets
        self._grants = grants
        self._assembly = assembly
        self._schedule = schedule
        self._at_store = at_store

    def begun(self, upload: Upload) -> Upload:
        """An upload in parts with a multipart upload at the store; any other as it is."""
        if upload.multipart is None:
            return upload
        with self._at_store(upload):
            return self._assembly.begin(upload)

    def granted(self, upload: Upload, now: datetime) -> Granted:
        """``upload`` with a grant that is good from ``now``."""
        return Granted(upload, self._grant(upload, now), self._ticket(upload))

    def replayed(self, upload: Upload, now: datetime) -> Granted:
        """An upload that was asked for before, with a fresh grant as long as its bytes may still be sent."""
        if upload.state not in _OPEN_TO_GRANTS or now >= upload.renewable_until:
            return Granted(upload, None, self._ticket(upload), replayed=True)
        again = self.prolonged(self.begun(upload), now, at_least=1.0)
        return Granted(again, self._grant(again, now), self._ticket(again), replayed=True)

    def prolonged(self, upload: Upload, now: datetime, at_least: float) -> Upload:
        """``upload`` with ``at_least`` so much of a grant's life ahead of it, in the ledger first.

        Raises `StateConflict`.
        """
        life = rules_of(upload, self._profiles).expires_in
        for _ in range(RENEWAL_TRIES):
            require_renewable(upload, now)
            end, _ = self._grants.life(now, life)
            if end <= upload.expires_at or upload.expires_at - now >= life * at_least:
                return upload
            later = upload.changed(expires_at=end, due_at=self._schedule.soon(now))
            if self._ledger.replace(upload, later):
                return later
            upload = self._ledger.get(upload.id) or upload  # a signal was faster: look again
        raise StateConflict("The upload keeps changing; try again.")

    def _ticket(self, upload: Upload) -> str:
        rules = upload.rules
        return self._tickets.issue(upload, timedelta(0) if rules is None else rules.expires_in)

    def _grant(self, upload: Upload, now: datetime) -> Grant:
        if upload.method is Method.POST:
            return self._grants.post(upload, rules_of(upload, self._profiles), now)
        if upload.method is Method.PUT:
            return self._grants.put(upload, rules_of(upload, self._profiles), now)
        plan = plan_of(upload)
        if self._assembly.wants_checksums:
            return MultipartGrant(plan, [], upload.expires_at, part_checksum="sha256")
        numbers = range(1, min(plan.part_count, FIRST_PARTS) + 1) if target_of(upload).id and upload.size else ()
        return MultipartGrant(plan, self._assembly.sign(upload, numbers, now), upload.expires_at)


_OPEN_TO_GRANTS = frozenset({UploadState.PENDING, UploadState.EXPIRED})


def require_renewable(upload: Upload, now: datetime) -> Upload:
    """``upload``, if its bytes may still be sent. Raises `StateConflict`."""
    if upload.state not in _OPEN_TO_GRANTS:
        raise StateConflict(f"The upload is {upload.state}: it needs no grant.")
    if now >= upload.renewable_until:
        raise StateConflict("The upload is too old to be renewed; create a new one.")
    return upload
