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
    Listed,
    NamedPart,
    NewUpload,
    Page,
    Profile,
    Profiles,
    Several,
    State,
    Ticket,
    Upload,
    is_unknown,
    read,
)
from valetkey.client.programs.uploading import Content, SendOptions, Uploads, ignore_progress
from valetkey.client.remote import answers, calls
from valetkey.client.remote.calls import Call, Json
from valetkey.client.remote.retry import Retrier
from valetkey.client.remote.service import Service
from valetkey.client.transport.connections import Connections, Timeouts


class Client:
    """The service at ``url``, by an API key (or a ticket); without one where it asks for none, as `valetkey dev`.

    One is enough for a program: any thread may call any method, and connections are kept. A response may take
    ``timeout`` seconds, ``complete`` minutes. What fails for a reason that may pass is repeated for ``retry_for``
    seconds, at least twice: every call here is safe to repeat. While the service is unavailable, one call waits that
    long, and others fail at once.

    Every method raises `ClientError`: `Unreachable` where no attempt got an answer, `Refused` where the key is not
    valid or may not do this, `UploadNotFound` for what is no upload of this key (any text may be given for an id), and
    `Conflict` where the upload's state does not allow the call.

    Raises `ValueError` for an address or a key that cannot be one.
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
        """A ticket for a page: it creates uploads of ``profile`` on behalf of ``owner`` for ``ttl`` seconds (60 to
        604800), up to ``max_uploads`` in all. Raises `Refused` for None as the owner, which is nobody."""
        wanted = arguments.given(profile=profile, owner=arguments.on_behalf_of(owner), max_uploads=max_uploads, ttl=ttl)
        return read(Ticket, self._call(calls.ticket(wanted)))

    def create(self, *, idempotency_key: str | None = None, **wanted: Unpack[NewUpload]) -> Granted:
        """A new upload, for a client that sends the bytes itself: with a grant, and with a ticket for this one upload.

        The same ``idempotency_key`` (1 to 255 characters) gives the same upload, with a fresh grant. Raises `Rejected`
        where the profile does not take such a file.
        """
        return read(Granted, self._call(calls.create(arguments.given(**wanted), idempotency_key)))

    def grant(self, upload_id: str | UUID) -> Granted:
        """A fresh grant for the same upload. Raises `Conflict` when its bytes have arrived, or may come no more."""
        return read(Granted, self._call(calls.renew_grant(arguments.existing(upload_id))))

    def get(self, upload_id: str | UUID) -> Upload:
        """The upload, in whatever state it is."""
        return read(Upload, self._call(calls.get(arguments.existing(upload_id))))

    def get_all(self, ids: Iterable[str | UUID]) -> Mapping[str, Upload]:
        """Those of these uploads that are there, by their ids and in their order: the key's own; those created with the
        ticket, where it is one. Any number may be named; 100 are asked for in one call."""
        groups = arguments.groups_of_existing(ids)
        return {one.id: one for group in groups for one in read(Listed, self._call(calls.get_all(group))).uploads}

    def list(self, *, state: State | None = None, profile: str | None = None, page_size: int = 100) -> Iterator[Upload]:
        """The key's uploads, newest first; a page of ``page_size`` (1 to 200) is asked for when it is needed."""
        wanted, cursor = {"state": state, "profile": profile, "limit": page_size}, None
        while True:
            page = read(Page, self._call(calls.page(wanted, cursor)))
            yield from page.uploads
            if (cursor := page.next_cursor) is None:
                return

    def complete(self, upload_id: str | UUID, parts: Sequence[NamedPart] | None = None, *, wait: float = 0.0) -> Upload:
        """Says that the bytes are at S3: the upload, `confirmed` or `rejected` once the service has looked at them.

        It asks again for ``wait`` seconds while they are not there yet, or are being checked; after that the upload
        comes back as it is. ``parts`` names what an upload in parts consists of.
        """
        call = calls.complete(arguments.existing(upload_id), parts)
        deadline = time.monotonic() + wait
        while True:
            upload, after = self._service.completed(call)
            if after is None or time.monotonic() + after > deadline:
                return read(Upload, upload)
            self._retrier.sleep(after)

    def claim(self, upload_id: str | UUID, reference: str, *, owner: str, profile: str | None = None) -> Upload:
        """Takes a confirmed upload of ``owner`` for good, under ``reference`` (1 to 255 characters of your own:
        ``"post:17"``). The same again is no error.

        Raises `UploadNotFound` for another owner's, too, `Conflict` for one that is not confirmed, or claimed under
        another reference (`already_claimed`), and `Refused` for one of another profile (`wrong_profile`), where
        ``profile`` is given, and for None as the owner, which is nobody.
        """
        wanted = arguments.given(reference=reference, owner=arguments.on_behalf_of(owner), profile=profile)
        return read(Upload, self._call(calls.claim(arguments.existing(upload_id), wanted)))

    def claim_all(
        self, ids: Iterable[str | UUID], reference: str, *, owner: str, profile: str | None = None
    ) -> Sequence[Upload]:
        """Takes all of these uploads under ``reference``, in their order, or none: as `claim` does with each. The same
        again is no error.

        The error is that of the first that cannot be claimed; its ``problem`` names each, by its position among
        different ids. Where no answer came, they may be claimed: they are given back if the service can be reached, and
        the error is raised. So have a reference of its own for each attempt. No ``ids`` give no uploads; more than 1000
        are refused.
        """
        wanted = arguments.given(reference=reference, owner=arguments.on_behalf_of(owner), profile=profile)
        named = arguments.all_existing(ids)
        if not named:
            return ()
        try:
            return tuple(read(Several, self._call(calls.claim_all(named, wanted))).uploads)
        except ClientError as error:
            if answers.may_be_done(error):
                with suppress(ClientError):  # what was wrong with the other call matters more
                    self._call(calls.release_all(named, reference))
            raise

    def release(self, upload_id: str | UUID, reference: str) -> Upload:
        """Gives back what is claimed under ``reference``. The same again is no error. Raises `Conflict` for what is
        claimed under another one."""
        return read(Upload, self._call(calls.release(arguments.existing(upload_id), reference)))

    def release_all(self, ids: Iterable[str | UUID], reference: str) -> Sequence[Upload]:
        """Gives back all of these that are claimed under ``reference``, or none. The same again is no error. Raises
        `Conflict` where one is claimed under another reference; more than 1000 ``ids`` are refused."""
        named = arguments.all_existing(ids)
        return tuple(read(Several, self._call(calls.release_all(named, reference))).uploads) if named else ()

    def claims(self, *, prefix: str = "", older_than: timedelta = NO_TIME, page_size: int = 200) -> Iterator[Upload]:
        """What the key's account has claimed for ``older_than`` at least, under what begins with ``prefix``."""
        wanted, cursor = arguments.claimed(prefix, older_than, page_size), None
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
        """Gives back what is claimed for something that the application does not know: that a crash, or a rollback,
        kept from being committed after its claim.

        ``references`` are all that the application has that begin with ``prefix``; read them before the call. Claims
        that begin otherwise, or are not ``older_than``, stay: their transaction may be under way. With ``release``
        False nothing is changed. Returns the uploads as they were claimed. It reads every claim of the account.
        """
        known = frozenset(references)
        found = [one for one in self.claims(prefix=prefix, older_than=older_than) if is_unknown(one, known)]
        for upload in found if release else []:
            if upload.claim:
                with suppress(Conflict):  # somebody has just claimed it for something else
                    self.release(upload.id, upload.claim.reference)
        return tuple(found)

    def download_url(self, upload_id: str | UUID, *, inline: bool = False) -> str:
        """A URL to the confirmed bytes, for 5 minutes and without a credential; a browser saves it under its name.

        With ``inline`` it shows images, PDF, audio, video and plain text, and nothing that could run as a page. Raises
        `Conflict` when it is not confirmed.
        """
        return read(Download, self._call(calls.download(arguments.existing(upload_id), inline=inline))).url

    def delete(self, upload_id: str | UUID) -> None:
        """Deletes a confirmed upload with its object, claimed or not; aborts a pending one. Once more is no error."""
        self._call(calls.remove(arguments.existing(upload_id)))

    def abort(self, upload_id: str | UUID, ticket: str) -> None:
        """Aborts a pending upload by its own ticket (`Granted.ticket`), which deletes nothing: where it has been
        confirmed meanwhile, it stays, and `Refused` is raised. Once more is no error."""
        self._service.call(calls.remove(arguments.existing(upload_id)), arguments.credential(ticket))

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
        """Uploads a file by its path, or bytes, or an open file of bytes, straight to S3: the confirmed upload.

        A large one goes in parts, several at once; what was lost on the way is sent again, and a file that changes
        meanwhile is not confirmed. ``filename`` is needed for what has none; the type follows from it unless
        ``content_type`` says it. The service has ``wait`` seconds to confirm what was sent. ``on_progress`` is told how
        many bytes more are at S3 (fewer, when negative), in threads of its own.

        Raises `Rejected` where the service does not take the file, `Unconfirmed` where that takes too long,
        `FileError`, and `ValueError` for bytes without a name.
        """
        wanted = SendOptions(filename, content_type, profile, owner, metadata or {}, wait, on_progress)
        return read(Upload, self._uploads.send(content, wanted, threading.Event()))

    def profiles(self) -> Sequence[Profile]:
        """The profiles that the key may use (a ticket: its own), with what may be uploaded under each."""
        return tuple(read(Profiles, self._call(calls.profiles())).profiles)

    def profile(self, name: str) -> Profile:
        """What may be uploaded under a profile. Raises `Refused` (`profile_not_found`) for one that is not there."""
        return read(Profile, self._call(calls.profile(name)))

    def erase(self, owner: str) -> Erasure:
        """Has a worker erase all that the key's account has of ``owner`` now: objects, names, metadata. The same again
        is no error. `erasure` says how far it has come, and the webhook `owner.erased` that it is over.

        Raises `Refused` for a ticket, and for None as the owner.
        """
        return read(Erasure, self._call(calls.erase(arguments.on_behalf_of(owner))))

    def erasure(self, erasure_id: str | UUID) -> Erasure:
        """How far an erasure has come. Raises `Refused` (`erasure_not_found`) for what is none of this key."""
        return read(Erasure, self._call(calls.erasure(arguments.existing_erasure(erasure_id))))

    def close(self) -> None:
        """Closes the connections. Calls after that raise `ClientError`, and those under way end."""
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
