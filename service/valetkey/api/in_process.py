"""The methods of `valetkey.ValetKey` for an application's own code, which work without HTTP.

The application acts for one account: its tickets create uploads for it, and its calls find these and no others.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from datetime import timedelta
from uuid import UUID

from flask import request

from valetkey.api.mounted import Mounted
from valetkey.api.records import Erasure, Upload, erasure_record, record
from valetkey.api.requests import ApplicationClaim, ApplicationTicket, EraseOwner, ReleaseUpload, checked
from valetkey.core.access.callers import Caller
from valetkey.core.errors import ErasureNotFound, Unauthenticated, UploadNotFound
from valetkey.core.model.upload import UploadId, parse_upload_id
from valetkey.core.service import IssuedTicket, UploadService
from valetkey.core.taking.claims import Terms
from valetkey.core.taking.reader import BUFFER

Ids = str | UUID | Iterable[str | UUID]
"""One, or several: as text, or as a column of the type UUID gives them."""


class InProcess(ABC):
    """The calls of an application that valetkey is mounted in.

    They act for the account ``application``, to which uploads belong that were created with its tickets; uploads of API
    keys are not found. Each raises `StoreUnavailable` or `LedgerUnavailable` if it needs the store or the ledger and
    that is unavailable. An error that a view does not catch becomes a 401, 404, 409, 422 or 503: see
    `valetkey.api.pages`.
    """

    @abstractmethod
    def _mounted(self) -> Mounted:
        """The valetkey of the current application."""

    @property
    def service(self) -> UploadService:
        """The use cases themselves, for any caller. Raises `RuntimeError` without an application."""
        return self._mounted().service

    @property
    def _caller(self) -> Caller:
        return self._mounted().authenticator.application

    def ticket(
        self, profile: str = "default", *, owner: str, max_uploads: int | None = None, ttl: int = 3600
    ) -> IssuedTicket:
        """A ticket for a browser: it creates uploads of ``profile`` on behalf of ``owner`` for ``ttl`` seconds (60 to
        604800), up to ``max_uploads`` in all. ``str`` of it is the ticket's text.

        Raises `UnknownProfile`, `Unauthenticated` if ``owner`` is None, and `InvalidRequest` for other invalid values.
        """
        _require_owner(owner)
        wanted = checked(ApplicationTicket, profile=profile, owner=owner, max_uploads=max_uploads, ttl=ttl)
        life = timedelta(seconds=wanted.ttl)
        return self.service.issue_ticket(
            self._caller, wanted.profile, owner=wanted.owner, life=life, max_uploads=wanted.max_uploads
        )

    def get(self, upload_id: str | UUID) -> Upload:
        """The upload, in any state. Raises `UploadNotFound`."""
        return record(self.service.get(self._caller, _parsed(upload_id)))

    def open(self, upload_id: str | UUID, *, buffer_size: int = BUFFER) -> io.BufferedReader:
        """A seekable binary file of the confirmed bytes: for jobs, images, archives. Close it, or use ``with``.

        It reads ranges from the store, ``buffer_size`` bytes ahead, and never more than 8 MiB at once. Raises
        `UploadNotFound`, and `StateConflict` if it is not confirmed. Reading raises `ObjectReplaced` if the object at
        the store is no longer the confirmed one: bytes of two objects are never mixed.
        """
        return self.service.open(self._caller, _parsed(upload_id), buffer_size)

    def download_url(self, upload_id: str | UUID, *, inline: bool = False) -> str:
        """A URL to the confirmed bytes that needs no credential for 5 minutes; a browser saves the file under its name.

        With ``inline`` it shows images, PDF, audio, video and plain text, but nothing that could run as a page. Behind
        the profile's CDN the object's own Content-Disposition decides. Raises `UploadNotFound`, and `StateConflict` if
        it is not confirmed.
        """
        return self.service.download(self._caller, _parsed(upload_id), inline=inline).url

    def delete(self, upload_id: str | UUID) -> None:
        """Deletes a confirmed upload with its object, claimed or not; aborts a pending one. Idempotent.

        Raises `UploadNotFound`, and `StateConflict` in other states.
        """
        self.service.remove(self._caller, _parsed(upload_id))

    def take(
        self,
        name: str,
        *,
        owner: str,
        reference: str | None = None,
        profile: str | None = None,
        within: object = None,
    ) -> list[Upload]:
        """The uploads whose ids are in the form field ``name`` of the current request, in order: all of them, or none.

        Each is confirmed, belongs to ``owner`` and to ``profile`` if one is given, and is unclaimed. With a
        ``reference`` they are claimed under it: see `claim`. An empty field gives an empty list.

        Raises `UploadNotFound` (also for an invalid id and for another owner's upload), `StateConflict` for one that is
        not confirmed, `WrongProfile`, `AlreadyClaimed`, `Unauthenticated` if ``owner`` is None, and `InvalidRequest`.
        """
        _require_owner(owner)
        ids = [text for text in request.form.getlist(name) if text]
        if reference is not None:
            return self.claim(ids, owner=owner, reference=reference, profile=profile, within=within)
        wanted = checked(ApplicationClaim, owner=owner, reference="-", profile=profile)
        terms = Terms(wanted.owner, wanted.profile)
        return [record(one) for one in self.service.look(self._caller, _all_parsed(ids), terms)]

    def claim(
        self,
        ids: Ids,
        *,
        owner: str,
        reference: str,
        profile: str | None = None,
        within: object = None,
    ) -> list[Upload]:
        """Claims the confirmed uploads of ``owner`` for good, under ``reference`` (1 to 255 characters of your own:
        ``"post:17"``): all of them, or none. Idempotent.

        ``within`` is a transaction of yours in the ledger's database, as an SQLAlchemy connection
        (``db.session.connection()``): the claim is committed or rolled back with it. Raises like `take`, and
        `ConfigurationError` for a transaction in another database.
        """
        _require_owner(owner)
        wanted = checked(ApplicationClaim, owner=owner, reference=reference, profile=profile)
        terms = Terms(wanted.owner, wanted.profile)
        claimed = self.service.claim(self._caller, _all_parsed(ids), terms, wanted.reference, within)
        return [record(one) for one in claimed]

    def release(self, ids: Ids, *, reference: str, within: object = None) -> list[Upload]:
        """Releases uploads that are claimed under ``reference``: all of them, or none. Idempotent.

        If their profile has ``claim_within``, it counts from now on. Raises `UploadNotFound`, `AlreadyClaimed` for
        uploads claimed under another reference, and `InvalidRequest`. ``within`` is as in `claim`.
        """
        wanted = checked(ReleaseUpload, reference=reference)
        released = self.service.release(self._caller, _all_parsed(ids), wanted.reference, within)
        return [record(one) for one in released]

    def reconcile(
        self,
        references: Collection[str],
        *,
        prefix: str = "",
        older_than: timedelta = timedelta(hours=1),
        release: bool = True,
    ) -> list[Upload]:
        """Releases uploads whose reference the application does not know, because a crash or a rollback followed the
        claim.

        ``references`` are all references in the application that begin with ``prefix``; read them before the call.
        Claims with another prefix, or younger than ``older_than``, stay: their transaction may be in progress. With
        ``release`` False nothing is changed. Returns the uploads as they were claimed. It reads every claim of the
        application.
        """
        found = self.service.reconcile(
            self._caller, frozenset(references), prefix=prefix, older_than=older_than, release=release
        )
        return [record(one) for one in found]

    def erase(self, owner: str) -> Erasure:
        """Starts a job with which `valetkey worker` erases everything kept of ``owner`` now: objects, file names,
        metadata, claims. Uploads created later stay. Calling it again while the job runs restarts it, as of now, under
        the same id.

        Only uploads of the application are erased, not those of API keys. Raises `InvalidRequest` for an invalid owner,
        such as None.
        """
        return erasure_record(self.service.erase(self._caller, checked(EraseOwner, owner=owner).owner))

    def erasure(self, erasure_id: str | UUID) -> Erasure:
        """The progress of an erasure. Raises `ErasureNotFound`."""
        parsed = _id_in(erasure_id)  # its ids are UUIDv7, too
        if parsed is None:
            raise ErasureNotFound
        return erasure_record(self.service.erasure(self._caller, parsed))


def _require_owner(owner: str | None) -> None:
    """Raises `Unauthenticated` for None, which ``current_user.get_id()`` returns for anonymous visitors."""
    if owner is None:
        raise Unauthenticated("Nobody is logged in: the owner is None.")


def _id_in(given: object) -> UploadId | None:
    """A text, or a UUID, as a column of that type gives one; None for anything else: a field that a form does not have
    is None itself."""
    text = str(given) if isinstance(given, UUID) else given
    return parse_upload_id(text) if isinstance(text, str) else None


def _parsed(given: object) -> UploadId:
    """The id. Raises `UploadNotFound` for an invalid one, which no upload can have."""
    upload_id = _id_in(given)
    if upload_id is None:
        raise UploadNotFound
    return upload_id


def _all_parsed(ids: Ids | None) -> list[UploadId]:
    return [_parsed(one) for one in ([ids] if ids is None or isinstance(ids, str | UUID) else ids)]
