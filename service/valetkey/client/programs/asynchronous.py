"""`AsyncClient`: the client for asyncio programs."""

import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from email.message import Message
from functools import partial
from types import TracebackType
from typing import Self, Unpack
from urllib.parse import urlsplit
from uuid import UUID

from valetkey.client.errors import ClientError, Conflict, Interrupted, Transient
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
from valetkey.client.remote.retry import Attempts, Patience
from valetkey.client.transport.connections import DEFAULT_TIMEOUTS
from valetkey.client.transport.diagnosis import certificate_problem
from valetkey.client.transport.responses import HttpResponse

try:
    import anyio
    import anyio.to_thread
    import httpx
except ImportError as error:
    raise ImportError("AsyncClient needs HTTPX: pip install 'valetkey[async]'") from error

UPLOADS_AT_ONCE = 8
"""The most files that are sent at the same time. Each has its own thread, besides those for its parts."""


class AsyncClient:
    """`Client` for asyncio: the same methods, arguments and errors. An instance belongs to one event loop.

    Calls to the service use HTTPX. Files are read and sent in threads; cancelling the coroutine stops an upload. Needs
    the extra ``async`` (`pip install 'valetkey[async]'`).
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 10.0, retry_for: float = 10.0) -> None:
        self._endpoint = arguments.endpoint(url)
        self._token = arguments.credential(key)
        self._timeout = timeout
        self._patience = Patience(retry_for)
        self._http = httpx.AsyncClient(timeout=timeout)
        self._uploads = Uploads(self._endpoint, self._token, retry_for)
        self._threads: anyio.CapacityLimiter | None = None

    async def ticket(
        self, profile: str = "default", *, owner: str, max_uploads: int | None = None, ttl: int = 3600
    ) -> Ticket:
        """As `Client.ticket`."""
        wanted = arguments.without_none(
            profile=profile, owner=arguments.required_owner(owner), max_uploads=max_uploads, ttl=ttl
        )
        return read(Ticket, await self._call(calls.ticket(wanted)))

    async def create(self, *, idempotency_key: str | None = None, **wanted: Unpack[NewUpload]) -> Granted:
        """As `Client.create`."""
        return read(Granted, await self._call(calls.create(arguments.without_none(**wanted), idempotency_key)))

    async def grant(self, upload_id: str | UUID) -> Granted:
        """As `Client.grant`."""
        return read(Granted, await self._call(calls.renew_grant(arguments.upload_id_of(upload_id))))

    async def get(self, upload_id: str | UUID) -> Upload:
        """As `Client.get`."""
        return read(Upload, await self._call(calls.get(arguments.upload_id_of(upload_id))))

    async def get_all(self, ids: Iterable[str | UUID]) -> Mapping[str, Upload]:
        """As `Client.get_all`."""
        found: dict[str, Upload] = {}
        for group in arguments.batches_of_ids(ids):
            found |= {one.id: one for one in read(UploadList, await self._call(calls.get_all(group))).uploads}
        return found

    async def list(
        self, *, state: State | None = None, profile: str | None = None, page_size: int = 100
    ) -> AsyncIterator[Upload]:
        """As `Client.list`: ``async for upload in client.list()``."""
        wanted, cursor = {"state": state, "profile": profile, "limit": page_size}, None
        while True:
            page = read(Page, await self._call(calls.page(wanted, cursor)))
            for upload in page.uploads:
                yield upload
            if (cursor := page.next_cursor) is None:
                return

    async def complete(
        self, upload_id: str | UUID, parts: Sequence[NamedPart] | None = None, *, wait: float = 0.0
    ) -> Upload:
        """As `Client.complete`."""
        call = calls.complete(arguments.upload_id_of(upload_id), parts)
        deadline = time.monotonic() + wait
        while True:
            response, upload = await self._exchange(call, self._token)
            after = answers.poll_delay(response)
            if after is None or time.monotonic() + after > deadline:
                return read(Upload, upload)
            await anyio.sleep(after)

    async def claim(self, upload_id: str | UUID, reference: str, *, owner: str, profile: str | None = None) -> Upload:
        """As `Client.claim`."""
        wanted = arguments.without_none(reference=reference, owner=arguments.required_owner(owner), profile=profile)
        return read(Upload, await self._call(calls.claim(arguments.upload_id_of(upload_id), wanted)))

    async def claim_all(
        self, ids: Iterable[str | UUID], reference: str, *, owner: str, profile: str | None = None
    ) -> Sequence[Upload]:
        """As `Client.claim_all`."""
        wanted = arguments.without_none(reference=reference, owner=arguments.required_owner(owner), profile=profile)
        named = arguments.upload_ids_of(ids)
        if not named:
            return ()
        try:
            return tuple(read(UploadsResponse, await self._call(calls.claim_all(named, wanted))).uploads)
        except ClientError as error:
            if answers.may_have_taken_effect(error):
                with suppress(ClientError):  # the first error matters more
                    await self._call(calls.release_all(named, reference))
            raise

    async def release(self, upload_id: str | UUID, reference: str) -> Upload:
        """As `Client.release`."""
        return read(Upload, await self._call(calls.release(arguments.upload_id_of(upload_id), reference)))

    async def release_all(self, ids: Iterable[str | UUID], reference: str) -> Sequence[Upload]:
        """As `Client.release_all`."""
        named = arguments.upload_ids_of(ids)
        return (
            tuple(read(UploadsResponse, await self._call(calls.release_all(named, reference))).uploads) if named else ()
        )

    async def claims(
        self, *, prefix: str = "", older_than: timedelta = NO_TIME, page_size: int = 200
    ) -> AsyncIterator[Upload]:
        """As `Client.claims`."""
        wanted, cursor = arguments.claims_query(prefix, older_than, page_size), None
        while True:
            page = read(Page, await self._call(calls.claims(wanted, cursor)))
            for upload in page.uploads:
                yield upload
            if (cursor := page.next_cursor) is None:
                return

    async def reconcile(
        self,
        references: Collection[str],
        *,
        prefix: str = "",
        older_than: timedelta = timedelta(hours=1),
        release: bool = True,
    ) -> Sequence[Upload]:
        """As `Client.reconcile`."""
        known = frozenset(references)
        found = [
            one async for one in self.claims(prefix=prefix, older_than=older_than) if has_unknown_claim(one, known)
        ]
        for upload in found if release else []:
            if upload.claim:
                with suppress(Conflict):  # somebody has just claimed it for something else
                    await self.release(upload.id, upload.claim.reference)
        return tuple(found)

    async def download_url(self, upload_id: str | UUID, *, inline: bool = False) -> str:
        """As `Client.download_url`."""
        return read(Download, await self._call(calls.download(arguments.upload_id_of(upload_id), inline=inline))).url

    async def delete(self, upload_id: str | UUID) -> None:
        """As `Client.delete`."""
        await self._call(calls.remove(arguments.upload_id_of(upload_id)))

    async def abort(self, upload_id: str | UUID, ticket: str) -> None:
        """As `Client.abort`."""
        await self._exchange(
            calls.remove(arguments.upload_id_of(upload_id)), arguments.credential(ticket) or self._token
        )

    async def upload(
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
        """As `Client.upload`. ``on_progress`` is called in other threads."""
        wanted = SendOptions(filename, content_type, profile, owner, metadata or {}, wait, on_progress)
        self._threads = self._threads or anyio.CapacityLimiter(UPLOADS_AT_ONCE)
        stop = threading.Event()
        send = partial(self._uploads.send, content, wanted, stop)
        try:
            sent = await anyio.to_thread.run_sync(send, abandon_on_cancel=True, limiter=self._threads)
        finally:
            stop.set()
        return read(Upload, sent)

    async def profiles(self) -> Sequence[Profile]:
        """As `Client.profiles`."""
        return tuple(read(Profiles, await self._call(calls.profiles())).profiles)

    async def profile(self, name: str) -> Profile:
        """As `Client.profile`."""
        return read(Profile, await self._call(calls.profile(name)))

    async def erase(self, owner: str) -> Erasure:
        """As `Client.erase`."""
        return read(Erasure, await self._call(calls.erase(arguments.required_owner(owner))))

    async def erasure(self, erasure_id: str | UUID) -> Erasure:
        """As `Client.erasure`."""
        return read(Erasure, await self._call(calls.erasure(arguments.erasure_id_of(erasure_id))))

    async def aclose(self) -> None:
        """Closes the connections. Later calls raise `ClientError`, and uploads in progress are interrupted."""
        await self._http.aclose()
        self._uploads.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._endpoint!r})"

    async def _call(self, call: Call) -> Json:
        return (await self._exchange(call, self._token))[1]

    async def _exchange(self, call: Call, token: str | None) -> tuple[HttpResponse, Json]:
        attempts = Attempts(self._patience)
        while True:
            if self._http.is_closed:
                raise Interrupted
            try:
                response = await self._send(call, token)
                body = answers.read(response, call, self._endpoint)
            except Transient as problem:
                await anyio.sleep(attempts.failed(problem))
            else:
                attempts.succeeded()
                return response, body

    async def _send(self, call: Call, token: str | None) -> HttpResponse:
        """Makes one attempt; the time limit includes the whole response. Raises `Transient`, and `Unreachable` if the
        certificate is not trusted."""
        seconds = DEFAULT_TIMEOUTS.answer if call.slow else self._timeout
        timeout = httpx.Timeout(seconds, connect=self._timeout)
        url, headers = self._endpoint + call.path, call.headers_for(token)
        try:
            with anyio.fail_after(seconds):
                answer = await self._http.request(
                    call.method, url, headers=headers, content=call.payload, timeout=timeout
                )
        except TimeoutError as error:
            raise Transient(f"{self._endpoint} took more than {seconds:g} s to respond.") from error
        except httpx.HTTPError as error:
            if (untrusted := certificate_problem(urlsplit(url).netloc, error)) is not None:
                raise untrusted from error
            detail = str(error) or type(error).__name__
            raise Transient(f"{self._endpoint} cannot be reached: {detail}.") from error
        received = Message()
        for name, value in answer.headers.multi_items():
            received[name] = value
        return HttpResponse(answer.status_code, received, answer.content)
