"""`Client`: the blocking client."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self, Unpack
from uuid import UUID

from valetkey.client.errors import ClientError, Conflict
from valetkey.client.programs import arguments
from valetkey.client.programs.arguments import NO_TIME
from valetkey.client.programs.models import (
    Download,
    Erasure,
    Granted,
    NamedPart,
    NewUpload,
    Page,
    Profile,
    Profiles,
    State,
    Ticket,
    Upload,
    UploadList,
    UploadsResponse,
    has_unknown_claim,
    read,
)
from valetkey.client.programs.uploading import Content, SendOptions, Uploads, ignore_progress
from valetkey.client.remote import answers, calls
from valetkey.client.remote.calls import Call, Json
from valetkey.client.remote.retry import Retrier
from valetkey.client.remote.service import Service
from valetkey.client.transport.connections import Connections, Timeouts


class Client:
    """A client for the service at ``url``. ``key`` is an API key or a ticket; `valetkey dev` needs none.

    One instance is enough for a program: it is thread-safe, and keeps its connections open. A response may take up to
    ``timeout`` seconds, that of ``complete`` minutes. Transient failures are retried for ``retry_for`` seconds, but at
    least twice; all calls are safe to repeat. If the service stays unavailable, only one call waits that long, and
    others fail at once.

    Every method raises `ClientError`: `Unreachable` if no attempt got a response, `Refused` if the key is invalid or
    does not allow the call, `UploadNotFound` if the key has no such upload (also for an invalid id), and `Conflict` if
    the state of the upload does not allow the call.

    Raises `ValueError` for an invalid URL or key.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 10.0, retry_for: float = 10.0) -> None:
        self._endpoint = arguments.endpoint(url)
        self._closed = threading.Event()
        self._connections = Connections(Timeouts(connect=timeout, stall=timeout))
        self._retrier = Retrier(retry_for, self._closed)
        token = arguments.credential(key)
        self._service = Service(self._endpoint, token, self._connections, self._retrier)
        self._uploads = Uploads(self._endpoint, token, retry_for)

    def ticket(
        self, profile: str = "default", *, owner: str, max_uploads: int | None = None, ttl: int = 3600
    ) -> Ticket:
        """Creates a ticket for a page, with which it can create uploads of ``profile`` for ``owner``, for ``ttl``
        seconds (60 to 604800), and up to ``max_uploads`` in all. Raises `Refused` if ``owner`` is None."""
        wanted = arguments.without_none(
            profile=profile, owner=arguments.required_owner(owner), max_uploads=max_uploads, ttl=ttl
        )
        return read(Ticket, self._call(calls.ticket(wanted)))

    def create(self, *, idempotency_key: str | None = None, **wanted: Unpack[NewUpload]) -> Granted:
        """Creates an upload for a client that sends the bytes itself; the result has its grant and its ticket.

        The same ``idempotency_key`` (1 to 255 characters) returns the same upload, with a new grant. Raises `Rejected`
        if the profile does not accept the file.
        """
        return read(Granted, self._call(calls.create(arguments.without_none(**wanted), idempotency_key)))

    def grant(self, upload_id: str | UUID) -> Granted:
        """Gets a new grant for an upload. Raises `Conflict` if its bytes have arrived, or it can no longer be
        renewed."""
        return read(Granted, self._call(calls.renew_grant(arguments.upload_id_of(upload_id))))

    def get(self, upload_id: str | UUID) -> Upload:
        """Gets an upload, in any state."""
        return read(Upload, self._call(calls.get(arguments.upload_id_of(upload_id))))

    def get_all(self, ids: Iterable[str | UUID]) -> Mapping[str, Upload]:
        """Gets the uploads among ``ids`` that exist, by id and in order: those of the key's account, or those created
        with the ticket. ``ids`` may have any length; each request gets up to 100."""
        groups = arguments.batches_of_ids(ids)
        return {one.id: one for group in groups for one in read(UploadList, self._call(calls.get_all(group))).uploads}

    def list(self, *, state: State | None = None, profile: str | None = None, page_size: int = 100) -> Iterator[Upload]:
        """Iterates over the uploads of the key's account, newest first. Requests pages of ``page_size`` (1 to 200) on
        demand."""
        wanted, cursor = {"state": state, "profile": profile, "limit": page_size}, None
        while True:
            page = read(Page, self._call(calls.page(wanted, cursor)))
            yield from page.uploads
            if (cursor := page.next_cursor) is None:
                return

    def complete(self, upload_id: str | UUID, parts: Sequence[NamedPart] | None = None, *, wait: float = 0.0) -> Upload:
        """Completes an upload after its bytes were sent, and returns it: `confirmed` or `rejected`, when it was
        verified.

        While the bytes have not arrived or are being checked, it polls for up to ``wait`` seconds; after that it
        returns the upload in its current state. ``parts`` lists the parts of a multipart upload.
        """
        call = calls.complete(arguments.upload_id_of(upload_id), parts)
        deadline = time.monotonic() + wait
        while True:
            upload, after = self._service.completed(call)
            if after is None or time.monotonic() + after > deadline:
                return read(Upload, upload)
            self._retrier.sleep(after)

    def claim(self, upload_id: str | UUID, reference: str, *, owner: str, profile: str | None = None) -> Upload:
        """Claims a confirmed upload of ``owner`` under ``reference`` (1 to 255 characters of your choice, such as
        ``"post:17"``). Idempotent.

        Raises `UploadNotFound`, also for the upload of another owner, `Conflict` if it is not confirmed or is claimed
        under another reference (`already_claimed`), and `Refused` if it does not have the given ``profile``
        (`wrong_profile`) or if ``owner`` is None.
        """
        wanted = arguments.without_none(reference=reference, owner=arguments.required_owner(owner), profile=profile)
        return read(Upload, self._call(calls.claim(arguments.upload_id_of(upload_id), wanted)))

    def claim_all(
        self, ids: Iterable[str | UUID], reference: str, *, owner: str, profile: str | None = None
    ) -> Sequence[Upload]:
        """Claims all of these uploads under ``reference``, or none of them; see `claim`. Idempotent. Returns them in
        order.

        The error is that of the first upload that cannot be claimed; its ``problem`` lists all of them, by their
        positions among the distinct ids. If no response arrives, the uploads may be claimed: they are released if the
        service can be reached, and the error is raised. Therefore use a new reference for each attempt. Empty ``ids``
        return no uploads; more than 1000 are refused.
        """
        wanted = arguments.without_none(reference=reference, owner=arguments.required_owner(owner), profile=profile)
        named = arguments.upload_ids_of(ids)
        if not named:
            return ()
        try:
            return tuple(read(UploadsResponse, self._call(calls.claim_all(named, wanted))).uploads)
        except ClientError as error:
            if answers.may_have_taken_effect(error):
                with suppress(ClientError):  # the first error matters more
                    self._call(calls.release_all(named, reference))
            raise

    def release(self, upload_id: str | UUID, reference: str) -> Upload:
        """Releases an upload that is claimed under ``reference``. Idempotent. Raises `Conflict` if it is claimed under
        another reference."""
        return read(Upload, self._call(calls.release(arguments.upload_id_of(upload_id), reference)))

    def release_all(self, ids: Iterable[str | UUID], reference: str) -> Sequence[Upload]:
        """Releases all of these uploads, which are claimed under ``reference``, or none of them. Idempotent. Raises
        `Conflict` if one is claimed under another reference; more than 1000 ``ids`` are refused."""
        named = arguments.upload_ids_of(ids)
        return tuple(read(UploadsResponse, self._call(calls.release_all(named, reference))).uploads) if named else ()

    def claims(self, *, prefix: str = "", older_than: timedelta = NO_TIME, page_size: int = 200) -> Iterator[Upload]:
        """Iterates over the claimed uploads of the key's account whose reference begins with ``prefix`` and whose claim
        is at least ``older_than`` old."""
        wanted, cursor = arguments.claims_query(prefix, older_than, page_size), None
        while True:
            page = read(Page, self._call(calls.claims(wanted, cursor)))
            yield from page.uploads
            if (cursor := page.next_cursor) is None:
                return

    def reconcile(
        self,
        references: Collection[str],
        *,
        prefix: str = "",
        older_than: timedelta = timedelta(hours=1),
        release: bool = True,
    ) -> Sequence[Upload]:
        """Releases uploads whose reference the application does not know, because a crash or a rollback followed the
        claim.

        ``references`` are all references in the application that begin with ``prefix``; read them before the call.
        Claims with another prefix, or younger than ``older_than``, stay: their transaction may be in progress. With
        ``release`` False nothing is changed. Returns the uploads as they were claimed. It reads every claim of the
        account.
        """
        known = frozenset(references)
        found = [one for one in self.claims(prefix=prefix, older_than=older_than) if has_unknown_claim(one, known)]
        for upload in found if release else []:
            if upload.claim:
                with suppress(Conflict):  # somebody has just claimed it for something else
                    self.release(upload.id, upload.claim.reference)
        return tuple(found)

    def download_url(self, upload_id: str | UUID, *, inline: bool = False) -> str:
        """A URL to the confirmed bytes that needs no credential for 5 minutes; a browser saves the file under its name.

        With ``inline`` it shows images, PDF, audio, video and plain text, but nothing that could run as a page. Raises
        `Conflict` if the upload is not confirmed.
        """
        return read(Download, self._call(calls.download(arguments.upload_id_of(upload_id), inline=inline))).url

    def delete(self, upload_id: str | UUID) -> None:
        """Deletes a confirmed upload with its object, claimed or not; aborts a pending one. Idempotent."""
        self._call(calls.remove(arguments.upload_id_of(upload_id)))

    def abort(self, upload_id: str | UUID, ticket: str) -> None:
        """Aborts a pending upload with its own ticket (`Granted.ticket`), which cannot delete anything: if the upload
        was confirmed in the meantime, it stays, and `Refused` is raised. Idempotent."""
        self._service.call(calls.remove(arguments.upload_id_of(upload_id)), arguments.credential(ticket))

    def upload(
        self,
        content: Content,
        *,
        filename: str | None = None,
        content_type: str | None = None,
        profile: str | None = None,
        owner: str | None = None,
        metadata: Mapping[str, str] | None = None,
        wait: float = 60.0,
        on_progress: Callable[[int], None] = ignore_progress,
    ) -> Upload:
        """Uploads a file (its path, its bytes, or a binary file object) straight to S3, and returns the confirmed
        upload.

        Large files are sent in parts, several at a time. Failed requests are repeated; a file that changes during the
        upload is not confirmed. ``filename`` is required for bytes and file objects. The content type is derived from
        the name, unless ``content_type`` is given. The service has ``wait`` seconds to confirm what was sent.
        ``on_progress`` is called in other threads, with the number of bytes that were sent since the last call; it is
        negative if bytes have to be sent again.

        Raises `Rejected` if the service does not accept the file, `Unconfirmed` if it was not confirmed in time,
        `FileError`, and `ValueError` for bytes without a name.
        """
        wanted = SendOptions(filename, content_type, profile, owner, metadata or {}, wait, on_progress)
        return read(Upload, self._uploads.send(content, wanted, threading.Event()))

    def profiles(self) -> Sequence[Profile]:
        """The profiles that the key may use (for a ticket: its own), with the rules of each."""
        return tuple(read(Profiles, self._call(calls.profiles())).profiles)

    def profile(self, name: str) -> Profile:
        """The rules of a profile. Raises `Refused` (`profile_not_found`) if it does not exist."""
        return read(Profile, self._call(calls.profile(name)))

    def erase(self, owner: str) -> Erasure:
        """Has a worker erase everything that the key's account has of ``owner`` now: objects, names, metadata.
        Idempotent. `erasure` returns the progress, and the webhook `owner.erased` announces the end.

        Raises `Refused` for a ticket, and if ``owner`` is None.
        """
        return read(Erasure, self._call(calls.erase(arguments.required_owner(owner))))

    def erasure(self, erasure_id: str | UUID) -> Erasure:
        """The progress of an erasure. Raises `Refused` (`erasure_not_found`) if the key's account has no such
        erasure."""
        return read(Erasure, self._call(calls.erasure(arguments.erasure_id_of(erasure_id))))

    def close(self) -> None:
        """Closes the connections. Later calls raise `ClientError`, and calls in progress are interrupted."""
        self._closed.set()
        self._connections.close()
        self._uploads.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._endpoint!r})"

    def _call(self, call: Call) -> Json:
        return self._service.call(call)[1]
