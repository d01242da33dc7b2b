"""The use cases, one method each, for HTTP views and for applications that mount valetkey."""

import io
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from valetkey.core.access.callers import Caller, ProfileTicket
from valetkey.core.access.tickets import Tickets, new_ticket_id
from valetkey.core.confirming.confirmation import Confirmation
from valetkey.core.confirming.ending import Endings
from valetkey.core.errors import (
    ErasureNotFound,
    InvalidRequest,
    MethodNotSupported,
    PartsMissing,
    ProfileNotFound,
    StateConflict,
    StoreUnavailable,
    UnknownProfile,
    UploadNotFound,
    ValetKeyError,
)
from valetkey.core.events.event import EventCounts, StoreEvent
from valetkey.core.events.observer import Observer
from valetkey.core.gate import StoreGate
from valetkey.core.granting.admission import Admission, UploadRequest
from valetkey.core.granting.grantor import Granted, Grantor, require_renewable
from valetkey.core.granting.grants import PartGrant
from valetkey.core.granting.parts import NO_CHECKSUMS, MultipartUploads, plan_of, target_of
from valetkey.core.model.erasure import Erasure, new_erasure
from valetkey.core.model.multipart import NamedPart, Part, Plan
from valetkey.core.model.profile import Profile
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.showing import is_safe_to_show
from valetkey.core.model.upload import Signal, StoredObject, Upload, UploadId, UploadState, Verdict
from valetkey.core.ports.delivery import AddressSigner
from valetkey.core.ports.ledger import Ledger, Query, Written
from valetkey.core.stores import ByStore, Stores
from valetkey.core.taking.claims import Claims, Terms
from valetkey.core.taking.reader import BUFFER, open_object

log = logging.getLogger("valetkey")

DOWNLOAD_LIFE = 300
"""The lifetime of a download URL, in seconds: clients follow it at once."""


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """A profile ticket, and when it ends."""

    ticket: str
    expires_at: datetime

    def __str__(self) -> str:
        return self.ticket


@dataclass(frozen=True, slots=True)
class Download:
    """The URL of an object, and when it expires."""

    url: str
    expires_at: datetime


class UploadPage(NamedTuple):
    """One page of uploads. ``unreadable`` are the ids of those on it that only a newer version of valetkey can read;
    ``last`` is the id to continue from, None at the end."""

    uploads: list[Upload]
    unreadable: list[UploadId]
    last: UploadId | None


class UploadService:
    """Everything that valetkey does, on the parts that `Assembly` has wired.

    Every method raises `StoreUnavailable` or `LedgerUnavailable` if it needs the store or the ledger and that is
    unavailable; changes made before the error are durable and consistent.
    """

    def __init__(
        self,
        *,
        stores: Stores,
        ledger: Ledger,
        profiles: Profiles,
        tickets: Tickets,
        admission: Admission,
        grantor: Grantor,
        multiparts: ByStore[MultipartUploads],
        confirmations: ByStore[Confirmation],
        endings: Endings,
        observer: Observer,
        claims: Claims,
        gates: ByStore[StoreGate],
        address_signer: AddressSigner | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._stores = stores
        self._ledger = ledger
        self._profiles = profiles
        self._tickets = tickets
        self._admission = admission
        self._grantor = grantor
        self._multiparts = multiparts
        self._confirmations = confirmations
        self._endings = endings
        self._observer = observer
        self._claims = claims
        self._gates = gates
        self._address_signer = address_signer
        self._clock = clock

    def declare(self) -> None:
        """Declares this process's profiles and stores at its start; warns if other processes of the ledger declared
        them differently, and names missing stores that uploads wait for."""
        self._admission.declare(self._clock())

    def create(
        self,
        caller: Caller,
        request: UploadRequest,
        idempotency_key: str | None = None,
        unwritten: list[Written] | None = None,
    ) -> Granted:
        """A new upload with its grant; with a known ``idempotency_key`` the same upload with a new grant.

        With ``unwritten`` the method may return before the upload is durable, and adds there what to wait for. The
        upload must not be shown to anybody before that; no thread is blocked meanwhile.

        Raises `InvalidRequest` (its subclass says what is wrong) and `Forbidden` (its subclass `TicketUsedUp`).
        """
        now = self._clock()
        upload = self._admission.new(caller, request, now)
        if idempotency_key is None and upload.multipart is None:
            granted = self._grantor.grant(upload, now)  # first: an upload that cannot be signed is not recorded
            self._admission.keep(caller, [upload], unwritten)
            return granted
        if idempotency_key is None:  # parts are started at the store only after the upload is durable
            self._admission.keep(caller, [upload])
        elif (kept := self._admission.keep_once(caller, upload, request, idempotency_key)).id != upload.id:
            return self._grantor.grant_again(kept, now, request.signed_parts)
        return self._grantor.grant(self._begun(caller, request, upload, now), now, request.signed_parts)

    def _begun(self, caller: Caller, request: UploadRequest, upload: Upload, now: datetime) -> Upload:
        """``upload`` with its parts begun; in one request instead, if the store has just shown that it cannot list
        parts and the client leaves the choice to us."""
        try:
            return self._grantor.begin_parts(upload)
        except MethodNotSupported:
            if request.method is not None:
                raise
            chosen = self._admission.new(caller, request, now)
            if chosen.multipart is not None:
                raise
            after = upload.changed(method=chosen.method, multipart=None)
            if not self._ledger.replace(upload, after):
                raise
            return after

    def create_batch(
        self,
        caller: Caller,
        requests: Sequence[UploadRequest | ValetKeyError],
        unwritten: list[Written] | None = None,
    ) -> list[Granted | ValetKeyError]:
        """Creates many uploads, durable in one commit; a request that breaks a rule yields its error and fails no
        other.

        Multipart grants come without signed parts: they are started at the store when the first parts are requested.
        A request that could not be read is passed in as its error and returned in its place. So is an upload whose
        store can give no grant now, unless no store can: then that error is raised. ``unwritten`` as in `create`.
        Raises `Forbidden`, and `TicketUsedUp` if the caller's ticket does not allow all of the valid uploads: then none
        is created.
        """
        caller.require_creator()
        now = self._clock()
        uploads = [self._new_or_error(caller, request, now) for request in requests]
        granted = [self._granted_or_error(upload, now) for upload in uploads]
        refused = [one for one in granted if isinstance(one, StoreUnavailable)]
        if refused and len(refused) == len(granted):
            raise refused[0]
        self._admission.keep(caller, [one.upload for one in granted if isinstance(one, Granted)], unwritten)
        return granted

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
            profile=self._profiles.named(profile).name,
            expires_at=expires_at,
            max_uploads=max_uploads,
        )
        return IssuedTicket(self._tickets.sign_profile_ticket(ticket), expires_at)

    def profile(self, caller: Caller, name: str) -> Profile:
        """The profile, for callers that may create uploads of it. Raises `ProfileNotFound`, and `Forbidden` for a
        ticket of another profile and for callers that may create none."""
        allowed, _ = caller.terms(name, None)
        try:
            return self._profiles.named(allowed)
        except UnknownProfile as error:
            raise ProfileNotFound(error.detail) from error

    def profiles(self, caller: Caller) -> list[Profile]:
        """The profiles that the caller may create uploads of: with a ticket, its own. Raises `Forbidden`."""
        caller.require_creator()
        ticket = caller.profile_ticket
        return [profile for profile in self._profiles.all() if ticket is None or profile.name == ticket.profile]

    def get(self, caller: Caller, upload_id: UploadId) -> Upload:
        """The upload as the ledger has it. Raises `UploadNotFound`."""
        return caller.require(self._ledger.get(upload_id))

    def get_all(self, caller: Caller, ids: Sequence[UploadId]) -> list[Upload]:
        """The uploads, of up to 1,000 ids, that the caller may see, each once and in this order. Others are left out,
        so that nobody learns whether another caller's upload exists. Raises `Forbidden` for a scanner's key."""
        caller.require_uploads()
        wanted = dict.fromkeys(ids)
        known = self._ledger.get_all(wanted.keys())
        return [known[one] for one in wanted if one in known and caller.may_touch(known[one])]

    def page(
        self,
        caller: Caller,
        *,
        state: UploadState | None = None,
        profile: str | None = None,
        limit: int = 50,
        before: UploadId | None = None,
    ) -> UploadPage:
        """The caller's uploads, newest first. Raises `Forbidden`."""
        query = Query(caller.require_account(), limit + 1, state, profile, before)
        unreadable: list[UploadId] = []
        uploads = self._ledger.page(query, unreadable)
        ids = sorted([*(upload.id for upload in uploads), *unreadable], reverse=True)
        if len(ids) <= limit:
            return UploadPage(uploads, unreadable, None)
        last = ids[limit - 1]
        return UploadPage([one for one in uploads if one.id >= last], [one for one in unreadable if one >= last], last)

    def renew(self, caller: Caller, upload_id: UploadId) -> Granted:
        """A new grant for the same upload, as long as its bytes have not arrived.

        Raises `UploadNotFound`, and `StateConflict` if they have, or if it is too late to renew.
        """
        upload = self._grantor.begin_parts(require_renewable(self.get(caller, upload_id), self._clock()))
        now = self._clock()
        return self._grantor.renew(upload, now)

    def parts(self, caller: Caller, upload_id: UploadId) -> tuple[Plan, list[Part]]:
        """The plan and the parts at the store. Raises `UploadNotFound`, and `StateConflict` for a single-part
        upload."""
        upload = self.get(caller, upload_id)
        plan = plan_of(upload)
        with self._gates.of(upload).open_for(upload):
            return plan, self._multiparts.of(upload).parts(upload)

    def sign_parts(
        self,
        caller: Caller,
        upload_id: UploadId,
        numbers: Sequence[int],
        checksums: Mapping[int, str] = NO_CHECKSUMS,
    ) -> list[PartGrant]:
        """URLs for these parts. The upload's grant is renewed as well if half of its lifetime has passed.

        ``checksums`` maps part numbers to SHA-256 in base64; they are signed, so S3 accepts no other bytes. Raises
        `UploadNotFound`, `InvalidRequest` for a number outside the plan, and `StateConflict` like `renew`.
        """
        upload, now = self.get(caller, upload_id), self._clock()
        last = plan_of(upload).part_count
        if wrong := [number for number in numbers if not 1 <= number <= last]:
            raise InvalidRequest(f"The parts are 1 to {last}; there is no part {wrong[0]}.", "/numbers")
        if others := checksums.keys() - set(numbers):
            raise InvalidRequest(
                f"Part {min(others)} has a checksum, but its number is not in `numbers`.", "/checksums"
            )
        require_renewable(upload, now)
        if target_of(upload).id is None:
            upload = self._grantor.begin_parts(upload)
        return self._grantor.sign_parts(upload, numbers, now, checksums)

    def complete(self, caller: Caller, upload_id: UploadId, named: Sequence[NamedPart] | None = None) -> Upload:
        """Completes an upload on the client's word: returns it `confirmed`, `rejected`, or still as it was.

        ``named`` are the parts that the client says it sent, if any. Raises `UploadNotFound`, `StateConflict` if it was
        aborted, deleted or has expired without its bytes, and `PartsMissing` or `PartsMismatch`, after which the client
        may send what is missing and complete it again.
        """
        upload = self.get(caller, upload_id)
        upload = self._confirmations.of(upload).complete(upload, Signal.CLIENT, named)
        if upload.state in {UploadState.ABORTED, UploadState.DELETED, UploadState.EXPIRED}:
            raise StateConflict(f"The upload is {upload.state}.")
        if upload.multipart and upload.state is UploadState.PENDING:
            raise PartsMissing("The store has none of its parts: renew the grant and send them.")
        return upload

    def returned(self, upload_id: UploadId, *, anybody: bool = False) -> tuple[Upload, str | None]:
        """Handles a browser that S3 redirected back: returns the upload and the profile's return URL. Raises
        `UploadNotFound`.

        With ``anybody`` the browser has shown no credential: only what has arrived is checked, and only uploads whose
        grant has a redirect are shown.
        """
        upload = self._ledger.get(upload_id)
        if upload is None or (anybody and not upload.redirect):
            raise UploadNotFound
        return self._confirmations.of(upload).run(upload, Signal.REDIRECT), self._profiles.return_url(upload)

    def observe(self, events: Iterable[StoreEvent], ignored: int = 0, sender: str | None = None) -> EventCounts:
        """Handles events of a store that created objects, and verdicts of a scanner.

        Checks each new object once, records each verdict, and counts the results. ``ignored`` is the number of records
        that were already skipped, and ``sender`` the sender's name.
        """
        return self._observer.observe(events, ignored, sender)

    def judge(self, caller: Caller, upload_id: UploadId, verdict: Verdict) -> Upload:
        """Records a scanner's verdict on the bytes with its ETag; returns the upload after that.

        Repeating a verdict is not an error. Raises `Forbidden`, `UploadNotFound`, and `StateConflict` if the upload
        waits for none, or if the verdict is about other bytes.
        """
        caller.require_judge()
        upload = self._ledger.get(upload_id)
        if upload is None:
            raise UploadNotFound
        return self._confirmations.of(upload).judge(upload, verdict)

    def remove(self, caller: Caller, upload_id: UploadId) -> None:
        """Aborts a pending upload, deletes a confirmed one; idempotent.

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

    def abort(self, caller: Caller, upload_id: UploadId) -> None:
        """Aborts a pending upload; idempotent. It never deletes a confirmed one, even if it races a confirmation.

        Raises `UploadNotFound`, and `StateConflict` in other states.
        """
        upload = self.get(caller, upload_id)
        if upload.state not in {UploadState.PENDING, UploadState.ABORTED}:
            raise StateConflict(f"An upload that is {upload.state} cannot be aborted.")
        self._abort(upload)

    def _abort(self, upload: Upload) -> None:
        if upload.state is UploadState.PENDING:
            self._end(upload, upload.moved(UploadState.ABORTED))
        try:
            self._confirmations.of(upload).tidy(upload)
        except StoreUnavailable as error:  # the sweep removes it once the store is available again
            log.warning("what is left of upload %s will be removed later: %s", upload.id, error.detail)

    def _delete(self, upload: Upload) -> None:
        at_store = self._gates.of(upload).open_for(upload)
        if upload.state is UploadState.CONFIRMED:
            self._end(upload, upload.moved(UploadState.DELETED))
        if upload.object is None:
            return
        with at_store:  # repeated for a deleted upload: the store may have been unavailable the first time
            self._stores.of(upload).store.delete(upload.object.key)

    def _end(self, before: Upload, after: Upload) -> None:
        if self._endings.write(before, after) is None:
            raise StateConflict("The upload has just changed; check it and try again.")

    def download(self, caller: Caller, upload_id: UploadId, *, inline: bool = False, head: bool = False) -> Download:
        """A URL to the confirmed bytes that saves them under the client's file name.

        With ``inline`` a browser shows them if their type cannot run as a page; other types are still saved. Behind the
        profile's CDN the object's own ``content_disposition`` decides. With ``head`` the URL allows only a HEAD
        request. Raises `UploadNotFound`, and `StateConflict` if it is not confirmed.
        """
        upload = self.get(caller, upload_id)
        stored = _confirmed_object(upload)
        if (delivered := self._delivered(upload, stored)) is not None:
            return delivered
        shown = inline and is_safe_to_show(stored.content_type)
        store = self._stores.of(upload).store
        with self._gates.of(upload).open_for(upload):
            url = store.presigned_get(stored, upload.filename, DOWNLOAD_LIFE, inline=shown, head=head)
            ends = [self._clock() + timedelta(seconds=DOWNLOAD_LIFE), store.credentials().expires_at]
        return Download(url, min(end for end in ends if end is not None))

    def _delivered(self, upload: Upload, stored: StoredObject) -> Download | None:
        """The URL at the profile's CDN; None if it has none, or if the object is in another store than the profile's.
        Delivery is not one of the rules recorded with an upload: the current profile also applies to earlier
        uploads."""
        profile = self._profiles.now(upload)
        if profile is None or upload.store != self._stores.name_of(profile):
            return None
        url = profile.delivery_url(stored.key)
        if url is None:
            return None
        ends = self._clock() + timedelta(seconds=DOWNLOAD_LIFE)
        if profile.download_signing is None:
            return Download(url, ends)
        if self._address_signer is None:  # such a profile is refused at the start; never return an unsigned URL
            raise StateConflict(f"Nothing here signs the URLs of profile {profile.name!r}.")
        return Download(self._address_signer.sign(url, ends), ends)

    def open(self, caller: Caller, upload_id: UploadId, buffer_size: int = BUFFER) -> io.BufferedReader:
        """A seekable file of the confirmed bytes (see `open_object`), for jobs; requests should not read objects.

        Raises `UploadNotFound`, `Forbidden` for a ticket, and `StateConflict` if it is not confirmed.
        """
        caller.require_account()
        upload = self.get(caller, upload_id)
        stored = _confirmed_object(upload)
        self._gates.of(upload).open_for(upload)
        return open_object(self._stores.of(upload).store, stored, buffer_size)

    def look(self, caller: Caller, ids: Sequence[UploadId], terms: Terms, reference: str | None = None) -> list[Upload]:
        """The uploads, if all of them could be claimed under ``reference`` now. Raises like `Claims.look`."""
        return self._claims.look(caller, ids, terms, reference)

    def own(self, caller: Caller, ids: Sequence[UploadId], terms: Terms) -> list[Upload]:
        """The uploads among these that are confirmed and meet ``terms``; reveals nothing about others. Raises like
        `Claims.own`."""
        return self._claims.own(caller, ids, terms)

    def claim(
        self, caller: Caller, ids: Sequence[UploadId], terms: Terms, reference: str, within: object = None
    ) -> list[Upload]:
        """Claims all of these confirmed uploads under ``reference``, or none; idempotent. ``within`` is a transaction
        as in `Ledger.joined`.

        Raises `UploadNotFound`, `Forbidden`, `WrongProfile`, `StateConflict` and `AlreadyClaimed`.
        """
        return self._claims.claim(caller, ids, terms, reference, within)

    def release(self, caller: Caller, ids: Sequence[UploadId], reference: str, within: object = None) -> list[Upload]:
        """Releases the uploads claimed under ``reference``, all or none; idempotent. ``within`` as in `claim`.

        Raises `UploadNotFound`, `Forbidden` and `AlreadyClaimed`.
        """
        return self._claims.release(caller, ids, reference, within)

    def reconcile(
        self, caller: Caller, known: Collection[str], *, prefix: str, older_than: timedelta, release: bool
    ) -> list[Upload]:
        """The confirmed uploads that have been claimed for longer than ``older_than`` under references that begin with
        ``prefix`` and are not in ``known``; releases them unless ``release`` is false. Raises `Forbidden`."""
        before = self._clock() - older_than
        found = list(self._claims.others(caller, known, prefix=prefix, claimed_before=before))
        for upload in found if release else []:
            if upload.claim is not None:
                with suppress(StateConflict):  # it has just been claimed under another reference
                    self._claims.release(caller, [upload.id], upload.claim.reference)
        return found

    def claimed(
        self, caller: Caller, *, prefix: str, older_than: timedelta, limit: int, before: UploadId | None
    ) -> tuple[list[Upload], UploadId | None]:
        """One page of claimed uploads, as in `Claims.page`. Raises `Forbidden`."""
        return self._claims.page(caller, limit, before, prefix=prefix, claimed_before=self._clock() - older_than)

    def erase(self, caller: Caller, owner: str) -> Erasure:
        """Starts a job that erases everything the caller's account has of ``owner`` now. Calling it again while the job
        runs restarts it, as of now, under the same id. Raises `Forbidden` for a ticket."""
        return self._ledger.begin_erasure(new_erasure(caller.require_account(), owner, self._clock()))

    def erasure(self, caller: Caller, erasure_id: str) -> Erasure:
        """The progress of an erasure. Raises `ErasureNotFound`, and `Forbidden` for a ticket."""
        account = caller.require_account()
        job = self._ledger.get_erasure(erasure_id)
        if job is None or job.account != account:
            raise ErasureNotFound
        return job

    def where(self, upload: Upload) -> str:
        """The URL of the confirmed object on the public endpoint, or the one it will have unless its bytes are sent
        again. Reading it needs a credential."""
        confirmed = upload.object if upload.state is UploadState.CONFIRMED else None
        key = confirmed.key if confirmed else self._profiles.final_key(upload, max(1, upload.pins))
        return self._stores.of(upload).store.post_url + quote(key)

    def check(self) -> None:
        """Raises `LedgerUnavailable`, or `StoreUnavailable` if every store is unavailable."""
        self._ledger.check()
        self._stores.check()

    def _new_or_error(
        self, caller: Caller, request: UploadRequest | ValetKeyError, now: datetime
    ) -> Upload | ValetKeyError:
        if isinstance(request, ValetKeyError):
            return request
        try:
            return self._admission.new(caller, request, now)
        except ValetKeyError as error:
            return error.with_traceback(None)  # its frames hold the list that it is added to: a reference cycle

    def _granted_or_error(self, upload: Upload | ValetKeyError, now: datetime) -> Granted | ValetKeyError:
        """The upload with its grant, or the error: a store without credentials fails no upload of another store."""
        if isinstance(upload, ValetKeyError):
            return upload
        try:
            return self._grantor.grant(upload, now)
        except StoreUnavailable as error:
            return error.with_traceback(None)


def _confirmed_object(upload: Upload) -> StoredObject:
    """The upload's object. Raises `StateConflict` if it is not confirmed."""
    if upload.state is not UploadState.CONFIRMED or upload.object is None:
        raise StateConflict(f"The upload is {upload.state}: there is nothing to download.")
    return upload.object
