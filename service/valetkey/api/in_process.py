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

    They act for the account ``application``, of which the uploads are that were created with its tickets; those of API
    keys are not found. Every one raises `StoreUnavailable` or `LedgerUnavailable` where it needs the one or the other
    and it is unavailable. What a view lets through is answered as 401, 404, 409, 422 or 503: see `valetkey.api.pages`.
    """

    @abstractmethod
    def _mounted(self) -> Mounted:
        """What is mounted in the application at hand."""

    @property
    def service(self) -> UploadService:
        """The use cases themselves, for any caller. Raises `RuntimeError` where there is no application."""
        return self._mounted().service

    @property
    def _caller(self) -> Caller:
        return self._mounted().authenticator.application

    def ticket(
        self, profile: str = "default", *, owner: str, max_uploads: int | None = None, ttl: int = 3600
    ) -> IssuedTicket:
        """A ticket for a browser: it creates uploads of ``profile`` on behalf of ``owner`` for ``ttl`` seconds (60 to
        604800), up to ``max_uploads`` in all. As text (``str``) it is the ticket alone.

        Raises `UnknownProfile`, `Unauthenticated` where ``owner`` is None, and `InvalidRequest` for other values that
        it does not take.
        """
        _require_owner(owner)
        wanted = checked(ApplicationTicket, profile=profile, owner=owner, max_uploads=max_uploads, ttl=ttl)
        life = timedelta(seconds=wanted.ttl)
        return self.service.issue_ticket(
            self._caller, wanted.profile, owner=wanted.owner, life=life, max_uploads=wanted.max_uploads
        )

    def get(self, upload_id: str | UUID) -> Upload:
        """The upload, in whatever state it is. Raises `UploadNotFound`."""
        return record(self.service.get(self._caller, _parsed(upload_id)))

    def open(self, upload_id: str | UUID, *, buffer_size: int = BUFFER) -> io.BufferedReader:
        """A seekable binary file of the confirmed bytes: for jobs, images, archives. Close it, or use ``with``.

        It reads ranges from the store, ``buffer_size`` bytes ahead, and never more than 8 MiB at once. Raises
        `UploadNotFound`, and `StateConflict` when it is not confirmed. Reading raises `ObjectReplaced` when the object
        at the store is not the confirmed one any more: bytes of two objects are never mixed.
        """
        return self.service.open(self._caller, _parsed(upload_id), buffer_size)

    def download_url(self, upload_id: str | UUID, *, inline: bool = False) -> str:
        """A URL to the confirmed bytes, for 5 minutes and without a credential; a browser saves it under its name.

        With ``inline`` it shows images, PDF, audio, video and plain text, and nothing that could run as a page. Behind
        the profile's CDN the object itself says which. Raises `UploadNotFound`, and `StateConflict` when it is not
        confirmed.
        """
        return self.service.download(self._caller, _parsed(upload_id), inline=inline).url

    def delete(self, upload_id: str | UUID) -> None:
        """Deletes a confirmed upload with its object, claimed or not; aborts a pending one. Once more is no error.

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
        """The uploads whose ids the form field ``name`` of the current request has, in its order: all of them, or none.

        Each is confirmed, of ``owner``, of ``profile`` where one is given, and claimed by nobody. With a ``reference``
        they are claimed under it: see `claim`. An empty field gives an empty list.

        Raises `UploadNotFound` (for what is no id and for another owner's, too), `StateConflict` for one that is not
        confirmed, `WrongProfile`, `AlreadyClaimed`, `Unauthenticated` where ``owner`` is None, and `InvalidRequest`.
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
        """Takes the confirmed uploads of ``owner`` for good, under ``reference`` (1 to 255 characters of your own:
        ``"post:17"``): all of them, or none. The same again is no error.

        ``within`` is a transaction of yours in the database that the ledger is in, as an SQLAlchemy connection
        (``db.session.connection()``): the claim is committed with it, or rolled back. Raises like `take`, and
        `ConfigurationError` for one in another database.
        """
        _require_owner(owner)
        wanted = checked(ApplicationClaim, owner=owner, reference=reference, profile=profile)
        terms = Terms(wanted.owner, wanted.profile)
        claimed = self.service.claim(self._caller, _all_parsed(ids), terms, wanted.reference, within)
        return [record(one) for one in claimed]

    def release(self, ids: Ids, *, reference: str, within: object = None) -> list[Upload]:
        """Gives uploads back that are claimed under ``reference``: all of them, or none. The same again is no error.

        Where their profile has ``claim_within``, it counts from now on. Raises `UploadNotFound`, `AlreadyClaimed` for
        what is claimed under another reference, and `InvalidRequest`. ``within`` is as in `claim`.
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
        """Gives back what is claimed for something that the application does not know: that a crash, or a rollback,
        kept from being committed after its claim.

        ``references`` are all that the application has that begin with ``prefix``; read them before the call. Claims
        that begin otherwise, or are not ``older_than``, stay: their transaction may be under way. With ``release``
        False nothing is changed. Returns the uploads as they were claimed. It reads every claim of the application.
        """
        found = self.service.reconcile(
            self._caller, frozenset(references), prefix=prefix, older_than=older_than, release=release
        )
        return [record(one) for one in found]

    def erase(self, owner: str) -> Erasure:
        """Has `valetkey worker` erase all that is kept of ``owner`` now: objects, file names, metadata, claims. What is
        created later stays. The same again while it is running begins it anew, as of now, under the same id.

        Only uploads of the application are erased; those of API keys are theirs. Raises `InvalidRequest` for what is no
        owner: None, say.
        """
        return erasure_record(self.service.erase(self._caller, checked(EraseOwner, owner=owner).owner))

    def erasure(self, erasure_id: str | UUID) -> Erasure:
        """How far an erasure has come. Raises `ErasureNotFound`."""
        parsed = _id_in(erasure_id)  # its ids are UUIDv7, too
        if parsed is None:
            raise ErasureNotFound
        return erasure_record(self.service.erasure(self._caller, parsed))


def _require_owner(owner: str | None) -> None:
    """Raises `Unauthenticated` for what a login says of a visitor: ``current_user.get_id()`` is None then."""
    if owner is None:
        raise Unauthenticated("Nobody is logged in: the owner is None.")


def _id_in(given: object) -> UploadId | None:
    """A text, or a UUID, as a column of that type gives one; None for anything else: a field that a form does not have
    is None itself."""
    text = str(given) if isinstance(given, UUID) else given
    return parse_upload_id(text) if isinstance(text, str) else None


def _parsed(given: object) -> UploadId:
    """What is no id cannot be anybody's upload. Raises `UploadNotFound`."""
    upload_id = _id_in(given)
    if upload_id is None:
        raise UploadNotFound
    return upload_id


def _all_parsed(ids: Ids | None) -> list[UploadId]:
    return [_parsed(one) for one in ([ids] if ids is None or isinstance(ids, str | UUID) else ids)]
