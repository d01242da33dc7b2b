"""The use cases: one method each. Whoever mounts valetkey calls these, HTTP or not."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from valetkey.core.access import Allowance, Caller, ProfileTicket, Tickets, new_ticket_id
from valetkey.core.assembly import Assembly, plan_of, target_of
from valetkey.core.confirmation import Confirmation
from valetkey.core.content import Inspector
from valetkey.core.errors import (
    IdempotencyKeyReused,
    InvalidRequest,
    PartsMissing,
    StateConflict,
    TicketUsedUp,
    UnknownProfile,
    UploadNotFound,
    ValetKeyError,
)
from valetkey.core.events import ObjectEvent, ScanEvent, StoreEvent, Tally, newest
from valetkey.core.grants import Grant, GrantMaker, MultipartGrant, PartGrant
from valetkey.core.multipart import NamedPart, Part, Plan, choose_method
from valetkey.core.ports import Ledger, Notifier, ObjectStore, Once, Query
from valetkey.core.profile import Profile
from valetkey.core.schedule import SCHEDULE, Schedule
from valetkey.core.slots import StoreSlots
from valetkey.core.upload import (
    Checksum,
    Method,
    Multipart,
    Signal,
    Upload,
    UploadId,
    UploadState,
    Verdict,
    find_upload_id,
    new_upload_id,
)

log = logging.getLogger("valetkey")

DOWNLOAD_LIFE = 300
"""How long a download URL lives, in seconds: it is followed at once."""


RENEWAL_TRIES = 5
"""How often a renewal tries again when something else changes the upload meanwhile."""

FIRST_PARTS = 4
"""How many parts of a new upload are signed at once: what a client sends while it asks for more."""


class UploadRequest(NamedTuple):
    """What a client asks for. ``size`` is in bytes, None where its protocol has none; ``method`` None leaves it to us
    how the bytes travel. ``profile`` and ``owner`` (on whose behalf) are the caller's own where they are None:
    ``default`` and the account, or what the ticket says."""

    filename: str
    content_type: str
    size: int | None
    profile: str | None = None
    checksum: Checksum | None = None
    metadata: Mapping[str, str] = MappingProxyType({})
    redirect: bool = False
    owner: str | None = None
    method: Method | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """An upload with what its client needs. ``grant`` is None when the upload has left `pending`."""

    upload: Upload
    grant: Grant | None
    ticket: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """A profile ticket, and when it ends."""

    ticket: str
    expires_at: datetime


class UploadService:
    """Everything valetkey does, on the ports it is given.

    Every method raises `StoreUnavailable` or `LedgerUnavailable` when it needs the one or the other and it is away;
    what a method changed before that is durable and right. At most ``store_slots`` calls wait for the store at once.
    Only a process that answers no requests is given an ``inspector``, which reads the first bytes of objects.
    """

    def __init__(
        self,
        *,
        store: ObjectStore,
        ledger: Ledger,
        notifier: Notifier,
        profiles: Mapping[str, Profile],
        tickets: Tickets,
        public_url: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        store_slots: int = 48,
        schedule: Schedule = SCHEDULE,
        inspector: Inspector | None = None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._notifier = notifier
        self._profiles = profiles
        self._tickets = tickets
        self._clock = clock
        self._grants = GrantMaker(store, profiles, public_url)
        self._schedule = schedule
        self._assembly = Assembly(store=store, ledger=ledger, profiles=profiles, grants=self._grants)
        self._confirmation = Confirmation(
            store=store,
            ledger=ledger,
            notifier=notifier,
            profiles=profiles,
            assembly=self._assembly,
            clock=clock,
            slots=StoreSlots(store_slots),
            schedule=schedule,
            inspector=inspector,
        )

    @property
    def confirmation(self) -> Confirmation:
        """What takes uploads to their end, for the sweep."""
        return self._confirmation

    def create(self, caller: Caller, request: UploadRequest, idempotency_key: str | None = None) -> Granted:
        """A new upload with its grant; with a known ``idempotency_key`` the same upload with a fresh grant.

        Raises `InvalidRequest` (its subclass says what is wrong) and `Forbidden` (its subclass `TicketUsedUp`).
        """
        now = self._clock()
        upload = self._new(caller, request, now)
        if idempotency_key is None:
            self._add(caller, [upload])
            return self._granted(self._begun(upload), now)
        return self._create_once(caller, upload, request, idempotency_key, now)

    def create_batch(
        self, caller: Caller, requests: Sequence[UploadRequest | ValetKeyError]
    ) -> list[Granted | ValetKeyError]:
        """Many at once, durable in one commit; a request that breaks a rule yields its error and hinders no other.

        Grants for parts come without parts: they are begun at the store when the first parts are asked for.
        A request that could not be read comes in as its error, and goes out as such at its place. Raises `Forbidden`,
        and `TicketUsedUp` when the caller's ticket does not allow as many more as break no rule: none is created then.
        """
        caller.require_creator()
        now = self._clock()
        uploads = [self._new_or_error(caller, request, now) for request in requests]
        self._add(caller, [upload for upload in uploads if isinstance(upload, Upload)])
        return [self._granted(upload, now) if isinstance(upload, Upload) else upload for upload in uploads]

    def issue_ticket(
        self,
        caller: Caller,
        profile: str,
        *,
        owner: str | None = None,
        life: timedelta = timedelta(hours=1),
        max_uploads: int | None = None,
    ) -> IssuedTicket:
        """A ticket with which somebody without an API key creates uploads of ``profile`` for the caller's account.

        Raises `UnknownProfile`, and `Forbidden` for a ticket.
        """
        account = caller.require_account()
        expires_at = (self._clock() + life).replace(microsecond=0)
        ticket = ProfileTicket(
            id=new_ticket_id(),
            account=account,
            owner=account if owner is None else owner,
            profile=self._profile(profile).name,
            expires_at=expires_at,
            max_uploads=max_uploads,
        )
        return IssuedTicket(self._tickets.issue_for_profile(ticket), expires_at)

    def get(self, caller: Caller, upload_id: UploadId) -> Upload:
        """The upload as the ledger has it. Raises `UploadNotFound`."""
        return caller.require(self._ledger.get(upload_id))

    def page(
        self,
        caller: Caller,
        *,
        state: UploadState | None = None,
        profile: str | None = None,
        limit: int = 50,
        before: UploadId | None = None,
    ) -> tuple[list[Upload], UploadId | None]:
        """The caller's uploads, newest first, and the id to go on from (None: that was all). Raises `Forbidden`."""
        query = Query(caller.require_account(), limit + 1, state, profile, before)
        uploads = self._ledger.page(query)
        more = len(uploads) > limit
        return uploads[:limit], uploads[limit - 1].id if more else None

    def renew(self, caller: Caller, upload_id: UploadId) -> Granted:
        """A fresh grant for the same upload, as long as its bytes have not arrived.

        Raises `UploadNotFound`, and `StateConflict` when they have, or when it is too late to renew.
        """
        upload = self._begun(self._renewable(self.get(caller, upload_id), self._clock()))
        return self._renewed(upload, self._clock())

    def parts(self, caller: Caller, upload_id: UploadId) -> tuple[Plan, list[Part]]:
        """The plan, and the parts that the store has. Raises `UploadNotFound`; `StateConflict` for one in one piece."""
        upload = self.get(caller, upload_id)
        plan = plan_of(upload)
        with self._confirmation.at_store(upload):
            return plan, self._assembly.parts(upload)

    def sign_parts(self, caller: Caller, upload_id: UploadId, numbers: Sequence[int]) -> list[PartGrant]:
        """URLs for these parts. The upload's grant is renewed with them where half of its life is over.

        Raises `UploadNotFound`, `InvalidRequest` for a number that the plan has not, and `StateConflict` like `renew`.
        """
        upload, now = self.get(caller, upload_id), self._clock()
        last = plan_of(upload).part_count
        if wrong := [number for number in numbers if not 1 <= number <= last]:
            raise InvalidRequest(f"The parts are 1 to {last}; there is no part {wrong[0]}.", "/numbers")
        upload = self._renewable(upload, now)
        if target_of(upload).id is None:
            upload = self._begun(upload)
        return self._assembly.sign(self._prolonged(upload, now), numbers, now)

    def complete(self, caller: Caller, upload_id: UploadId, named: Sequence[NamedPart] | None = None) -> Upload:
        """The client says that it is done: the upload, `confirmed` or `rejected`, or still as it was.

        ``named`` are the parts that it sent, where it says so. Raises `UploadNotFound`, `StateConflict` when it was
        aborted, deleted or has expired without its bytes, and `PartsMissing` or `PartsMismatch`, after which it may
        send what is missing and complete it again.
        """
        upload = self._confirmation.complete(self.get(caller, upload_id), Signal.CLIENT, named)
        if upload.state in {UploadState.ABORTED, UploadState.DELETED, UploadState.EXPIRED}:
            raise StateConflict(f"The upload is {upload.state}.")
        if upload.multipart and upload.state is UploadState.PENDING:
            raise PartsMissing("The store has none of its parts: renew the grant and send them.")
        return upload

    def returned(self, upload_id: UploadId) -> tuple[Upload, str | None]:
        """A browser was sent back by S3: the upload, and the profile's return URL. Raises `UploadNotFound`.

        It needs no credential, as it only looks at what is there.
        """
        upload = self._ledger.get(upload_id)
        if upload is None:
            raise UploadNotFound
        profile = self._profiles.get(upload.profile)
        return self._confirmation.run(upload, Signal.REDIRECT), profile.return_url if profile else None

    def observe(self, events: Iterable[StoreEvent], ignored: int = 0) -> Tally:
        """The store says that objects were created, or a scanner what it found in them.

        Looks at each new object once, hears each verdict, and counts what became of the events. ``ignored`` is how
        many records the sender has left out already.
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
        after = self._confirmation.run(upload, Signal.EVENT)
        return after.state if after.state in {UploadState.CONFIRMED, UploadState.REJECTED} else None

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
            after = self._confirmation.judge(upload, Verdict(event.etag, event.clean, event.detail))
        except StateConflict as error:
            log.info("verdict on upload %s ignored: %s", upload.id, error.detail)
            return None
        return after.state if after.state in {UploadState.CONFIRMED, UploadState.REJECTED} else None

    def _upload_of(self, event: StoreEvent) -> Upload | None:
        """The upload that an event of ours is about."""
        upload_id = find_upload_id(event.key)
        upload = self._ledger.get(upload_id) if upload_id and event.bucket == self._store.bucket else None
        if upload is None or (upload.bucket, upload.arrival_key) != (event.bucket, event.key):
            log.debug("event ignored: %s/%r is not ours", event.bucket, event.key)
            return None
        return upload

    def judge(self, caller: Caller, upload_id: UploadId, verdict: Verdict) -> Upload:
        """A scanner's verdict on the bytes that it names by their ETag: the upload as far as it got by that.

        The same verdict again is no error. Raises `Forbidden`, `UploadNotFound`, and `StateConflict` where none is
        waited for or where it is on other bytes.
        """
        caller.require_judge()
        upload = self._ledger.get(upload_id)
        if upload is None:
            raise UploadNotFound
        return self._confirmation.judge(upload, verdict)

    def remove(self, caller: Caller, upload_id: UploadId) -> None:
        """Aborts a pending upload, deletes a confirmed one; once more is no error.

        Raises `UploadNotFound`, `Forbidden` for a ticket that would delete, and `StateConflict` in other states.
        """
        upload = self.get(caller, upload_id)
        if upload.state in {UploadState.PENDING, UploadState.ABORTED}:
            self._abort(upload)
        elif upload.state in {UploadState.CONFIRMED, UploadState.DELETED}:
            caller.require_account()
            self._delete(upload)
        else:
            raise StateConflict(f"An upload that is {upload.state} can be neither aborted nor deleted.")

    def _abort(self, upload: Upload) -> None:
        if upload.state is UploadState.PENDING:
            self._end(upload, upload.moved(UploadState.ABORTED))
        self._confirmation.tidy(upload)

    def _delete(self, upload: Upload) -> None:
        slots = self._confirmation.at_store(upload)
        if upload.state is UploadState.CONFIRMED:
            self._end(upload, upload.moved(UploadState.DELETED))
        if upload.object is None:
            return
        with slots:  # once more for a deleted one: the store may have been away the first time
            self._store.delete(upload.object.key, upload.object.version_id)
            if upload.object.version_id:  # below it may be another signal's copy of the same bytes
                self._store.delete(upload.object.key)

    def _end(self, before: Upload, after: Upload) -> None:
        after = after._replace(due_at=self._schedule.after_end(after, self._clock()))
        if not self._ledger.replace(before, after):
            raise StateConflict("The upload has just changed; look at it and try again.")
        self._notifier.ended(after)

    def download(self, caller: Caller, upload_id: UploadId) -> str:
        """A URL to the confirmed bytes that saves them under the client's file name.

        Raises `UploadNotFound`, and `StateConflict` when it is not confirmed.
        """
        upload = self.get(caller, upload_id)
        if upload.state is not UploadState.CONFIRMED or upload.object is None:
            raise StateConflict(f"The upload is {upload.state}: there is nothing to download.")
        with self._confirmation.at_store(upload):
            return self._store.presigned_get(upload.object, upload.filename, DOWNLOAD_LIFE)

    def object_url(self, key: str) -> str:
        """The address of the object under ``key`` on the public endpoint; it takes a credential to read it."""
        return self._store.post_url + quote(key)

    def check(self) -> None:
        """Raises `StoreUnavailable` or `LedgerUnavailable` when one of them cannot be used now."""
        self._ledger.check()
        self._store.check()

    def _profile(self, name: str) -> Profile:
        profile = self._profiles.get(name)
        if profile is None:
            raise UnknownProfile(f"There is no profile {name[:100]!r}.", "/profile")
        return profile

    def _new(self, caller: Caller, request: UploadRequest, now: datetime) -> Upload:
        name, owner = caller.terms(request.profile, request.owner)
        profile = self._profile(name)
        profile.check(request.content_type, request.size, request.metadata)
        method = choose_method(
            request.method,
            request.size,
            request.checksum,
            multipart_from=profile.multipart_from,
            can_post=self._store.can_post,
        )
        upload = Upload(
            id=new_upload_id(),
            profile=profile.name,
            account=caller.account,
            owner=owner,
            filename=request.filename,
            content_type=request.content_type,
            size=request.size,
            bucket=self._store.bucket,
            created_at=now,
            expires_at=now + profile.expires_in,
            renewable_until=now + profile.renewable_for,
            checksum=request.checksum,
            metadata=request.metadata,
            redirect=request.redirect,
            due_at=self._schedule.soon(now),
            ticket=caller.profile_ticket.id if caller.profile_ticket is not None else None,
            method=method,
        )
        if method is not Method.MULTIPART:
            return upload
        target = Multipart(profile.object_key(upload, 1), profile.plan(upload.size).part_size)
        return upload._replace(multipart=target)

    def _new_or_error(
        self, caller: Caller, request: UploadRequest | ValetKeyError, now: datetime
    ) -> Upload | ValetKeyError:
        if isinstance(request, ValetKeyError):
            return request
        try:
            return self._new(caller, request, now)
        except ValetKeyError as error:
            return error

    def _add(self, caller: Caller, uploads: Sequence[Upload]) -> None:
        allowance = caller.profile_ticket.allowance if caller.profile_ticket is not None else None
        if allowance is None:
            self._ledger.add(uploads)
        elif not self._ledger.add_within(uploads, allowance):
            raise _used_up(allowance)

    def _add_once(self, caller: Caller, upload: Upload, key: str, fingerprint: str) -> Once:
        ticket = caller.profile_ticket
        entry = Once(upload, key if ticket is None else ticket.own_key(key), fingerprint)
        allowance = None if ticket is None else ticket.allowance
        if allowance is None:
            return self._ledger.add_once([entry])[0]
        kept = self._ledger.add_once_within(entry, allowance)
        if kept is None:
            raise _used_up(allowance)
        return kept

    def _create_once(self, caller: Caller, upload: Upload, request: UploadRequest, key: str, now: datetime) -> Granted:
        asked = request._replace(profile=upload.profile, metadata=dict(request.metadata))._asdict()
        text = json.dumps(asked, sort_keys=True, default=asdict)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        kept = self._add_once(caller, upload, key, fingerprint)
        if kept.fingerprint != fingerprint:
            raise IdempotencyKeyReused("This Idempotency-Key was used with another body.")
        if kept.upload.id == upload.id:
            return self._granted(self._begun(upload), now)
        open_to_grants = kept.upload.state in {UploadState.PENDING, UploadState.EXPIRED}
        if not open_to_grants or now >= kept.upload.renewable_until:
            return Granted(kept.upload, None, self._tickets.issue(kept.upload), replayed=True)
        return replace(self._renewed(self._begun(kept.upload), now), replayed=True)

    def _begun(self, upload: Upload) -> Upload:
        """An upload in parts with a multipart upload at the store; any other as it is."""
        if upload.multipart is None:
            return upload
        with self._confirmation.at_store(upload):
            return self._assembly.begin(upload)

    def _granted(self, upload: Upload, now: datetime) -> Granted:
        return Granted(upload, self._grant(upload, now), self._tickets.issue(upload))

    def _grant(self, upload: Upload, now: datetime) -> Grant:
        profile = self._profile(upload.profile)
        if upload.method is Method.POST:
            return self._grants.post(upload, profile, now)
        if upload.method is Method.PUT:
            return self._grants.put(upload, profile, now)
        plan = plan_of(upload)
        numbers = range(1, min(plan.part_count, FIRST_PARTS) + 1) if target_of(upload).id and upload.size else ()
        return MultipartGrant(plan, self._assembly.sign(upload, numbers, now), upload.expires_at)

    def _renewable(self, upload: Upload, now: datetime) -> Upload:
        """``upload``, if its bytes may still be sent. Raises `StateConflict`."""
        if upload.state not in {UploadState.PENDING, UploadState.EXPIRED}:
            raise StateConflict(f"The upload is {upload.state}: it needs no grant.")
        if now >= upload.renewable_until:
            raise StateConflict("The upload is too old to be renewed; create a new one.")
        return upload

    def _renewed(self, upload: Upload, now: datetime) -> Granted:
        """A fresh grant, and the ledger knows until when its bytes may come."""
        upload = self._prolonged(upload, now, at_least=1.0)
        return self._granted(upload, now)

    def _prolonged(self, upload: Upload, now: datetime, at_least: float = 0.5) -> Upload:
        """``upload`` with so much of a grant's life ahead of it, in the ledger first. Raises `StateConflict`."""
        life = self._profile(upload.profile).expires_in
        for _ in range(RENEWAL_TRIES):
            self._renewable(upload, now)
            end, _ = self._grants.life(now, life)
            if end <= upload.expires_at or upload.expires_at - now >= life * at_least:
                return upload
            later = upload.changed(expires_at=end, due_at=self._schedule.soon(now))
            if self._ledger.replace(upload, later):
                return later
            upload = self._ledger.get(upload.id) or upload  # a signal was faster: look again
        raise StateConflict("The upload keeps changing; try again.")


def _used_up(allowance: Allowance) -> TicketUsedUp:
    return TicketUsedUp(f"The ticket allows {allowance.limit} uploads in all, and has not as many left.")
