"""The upload of one file: create it or resume it, send what is missing, and wait for the confirmation."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from valetkey.client.errors import (
    ClientError,
    Conflict,
    DifferentFile,
    FileError,
    MultipartUploadGone,
    Refused,
    Rejected,
    StoreRefused,
    Unconfirmed,
)
from valetkey.client.files.digests import digest_crc64nvme, digest_sample
from valetkey.client.files.source import Source
from valetkey.client.interrupted.comparison import FileComparison
from valetkey.client.interrupted.part_digests import PartDigests
from valetkey.client.interrupted.records import StartedUpload, UploadRecords
from valetkey.client.outcome import FileOutcome, FileReport
from valetkey.client.remote.answers import is_from_elsewhere
from valetkey.client.remote.calls import Json
from valetkey.client.remote.retry import Retrier
from valetkey.client.remote.service import Service
from valetkey.client.sending.jobs import Job
from valetkey.client.sending.options import UploadOptions
from valetkey.client.sending.parts import FileInParts, KnownParts, PartUploader
from valetkey.client.sending.progress import Progress
from valetkey.client.sending.resend import expires_soon
from valetkey.client.sending.whole import WholeUploader

MAX_ROUNDS = 4
"""How often missing bytes are sent again, if the store has lost parts or the whole multipart upload."""

LARGE_FILE = 8 * 1024 * 1024
"""A larger file is sent in parts, regardless of the profile: a single connection is slow over long distances."""

MAX_NAMED = 200_000
"""The longest list of parts that is sent, in bytes; the service accepts 256 KiB."""

PARTS_PROBLEMS = frozenset({"parts_missing", "parts_mismatch"})
"""Codes of problems after which the parts that differ are sent again."""

FINAL_STATES = frozenset({"confirmed", "rejected"})


@dataclass(frozen=True)
class FileUploader:
    """Uploads files; any number of threads may use it at once."""

    options: UploadOptions
    service: Service
    whole: WholeUploader
    """Sends files by a form or a PUT."""
    parts: PartUploader
    """Sends files in parts."""
    records: UploadRecords
    retrier: Retrier
    """For pauses and interruptions."""

    def send(self, source: Source, on_progress: Callable[[int], None]) -> Json:
        """Uploads one file, and returns the confirmed upload. Raises `ClientError`."""
        return _FileUpload(self, source, on_progress).run(None)

    def upload(self, job: Job, on_progress: Callable[[int], None]) -> FileReport:
        """Uploads one file. Errors are in the report."""
        one = _FileUpload(self, job.source, on_progress)
        try:
            upload = one.run(job.created)
        except ClientError as error:
            return one.report(error.outcome, error.code, error.detail)
        one.upload = upload
        return one.report(FileOutcome.CONFIRMED)


class _FileUpload:
    """The upload of one file."""

    def __init__(self, uploader: FileUploader, source: Source, on_progress: Callable[[int], None]) -> None:
        self._uploader = uploader
        self._service = uploader.service
        self._source = source
        self._progress = Progress(on_progress)
        self._key = uploader.options.record_key(source)
        self._resumed = False
        self._known = KnownParts()
        self._found = False  # whether the bytes were found at the store, so that this run does not have to send them
        self.upload: Json | None = None

    def report(self, outcome: FileOutcome, code: str | None = None, detail: str | None = None) -> FileReport:
        sent = self._progress.bytes_sent
        return FileReport(self._source.name, outcome, code, detail, self.upload, self._resumed, sent)

    def run(self, created: Json | ClientError | None) -> Json:
        """``created`` is as in `Job`."""
        if isinstance(created, ClientError):
            raise created
        is_recorded = created is None and self._source.lasting
        started = self._uploader.records.load(self._key) if is_recorded else None
        if started is not None:
            try:
                return self._resume(started)
            except Refused as error:  # it is too old, was deleted, or is another server's: nothing to resume
                if is_from_elsewhere(error) or isinstance(error, StoreRefused):
                    raise
                self._start_over()
            except DifferentFile:
                self._abort(started)  # a confirmed upload stays: a ticket deletes nothing
                self._start_over()
        return self._send_new((created and self._with_valid_grant(created)) or self._create())

    def _create(self) -> Json:
        self._require_unchanged()
        options = self._uploader.options
        crc64nvme = digest_crc64nvme(self._source, self._uploader.retrier.check) if options.checksum else None
        request = options.request(self._source, crc64nvme)
        if self._source.size > LARGE_FILE and crc64nvme is None:  # with one, the store decides what can prove it
            try:
                return self._service.create(request | {"method": "multipart"})
            except Refused as error:
                if error.code != "method_not_supported":
                    raise
        return self._service.create(request)

    def _with_valid_grant(self, created: Json) -> Json | None:
        """``created`` with a valid grant; None if it can no longer be renewed. Nothing was sent yet."""
        if not expires_soon(created["grant"]):
            return created
        with suppress(Refused):
            return created | {"grant": self._service.renew_grant(created["upload"]["id"], created["ticket"])}
        return None

    def _send_new(self, created: Json) -> Json:
        self.upload = created["upload"]
        started = StartedUpload(created["upload"]["id"], created["ticket"], created["grant"]["method"])
        if self._source.lasting and self._uploader.records.enabled:
            try:
                started = replace(started, sample=digest_sample(self._source, self._uploader.retrier.check))
            except FileError:
                self._abort(started)
                raise
            self._uploader.records.save(self._key, started)
        return self._finish(started, created["grant"], only_missing=False)

    def _resume(self, started: StartedUpload) -> Json:
        """Resumes an interrupted upload. Raises `DifferentFile` when it is not proven to be of this file."""
        self._resumed = True
        self.upload = self._service.get(started.upload_id, started.ticket)
        comparison = FileComparison(self._source, started, self._uploader.parts.pool, self._uploader.retrier.check)
        if comparison.is_different:
            raise DifferentFile
        if self.upload["state"] in FINAL_STATES or started.method != "MULTIPART":
            self.upload, _ = self._service.complete(started.upload_id, started.ticket)  # its bytes may have arrived
            if self.upload["state"] != "pending":
                self._require_same_file(comparison, started)
                self._progress.add_stored(self._source.size)
                return self._wait_until_confirmed(started)
        elif not comparison.is_same:
            stored = self._service.list_parts(started.upload_id, started.ticket)
            if not comparison.matches_parts(stored["parts"], stored["part_size"]):
                raise DifferentFile
            self._known.etags = {part["number"]: part["etag"] for part in stored["parts"]}
            self._known.shared = True  # a part that the interrupted run has sent may still arrive
        upload = self._finish(started, None, only_missing=True)
        if self._found:  # a request of the interrupted run arrived after all, before ours
            self._require_same_file(comparison, started)
        return upload

    def _require_same_file(self, comparison: FileComparison, started: StartedUpload) -> None:
        """Raises `DifferentFile` unless the bytes at the store are proven to be this file's."""
        if comparison.is_same:
            return
        etag = ((self.upload or {}).get("object") or {}).get("etag") or ""
        in_parts = started.method == "MULTIPART"
        part_size = self._service.list_parts(started.upload_id, started.ticket)["part_size"] if in_parts else None
        if not comparison.matches_object(etag, part_size):
            raise DifferentFile

    def _start_over(self) -> None:
        self._uploader.records.delete(self._key)
        self._progress.reset()
        self._resumed, self._found, self.upload = False, False, None
        self._known = KnownParts()

    def _finish(self, started: StartedUpload, grant: Json | None, *, only_missing: bool) -> Json:
        for _ in range(MAX_ROUNDS):
            try:
                self._send(started, grant, only_missing=only_missing)
                self._require_unchanged()
                return self._wait_until_confirmed(started)
            except FileError:
                self._abort(started)
                raise
            except MultipartUploadGone as error:
                last: Refused = Refused("store_404", str(error))
            except Conflict as error:
                if error.code not in PARTS_PROBLEMS:
                    raise
                last = error
            grant, only_missing = None, True
            self._progress.reset()
        raise last

    def _send(self, started: StartedUpload, grant: Json | None, *, only_missing: bool) -> None:
        if grant is None:
            try:
                grant = self._service.renew_grant(started.upload_id, started.ticket)
            except Conflict:
                state = self._service.get(started.upload_id, started.ticket)["state"]
                if state in {"pending", "stored", *FINAL_STATES}:
                    self._found = True
                    return  # the bytes have arrived: the upload only has to be completed
                raise
        if grant["method"] == "MULTIPART":
            uploader = self._uploader
            digests = PartDigests(uploader.records, self._key, started, self._source, uploader.retrier.check)
            file = FileInParts(self._source, started, self._progress, digests, self._known)
            uploader.parts.send(file, grant, only_missing=only_missing)
        else:
            self._found |= self._uploader.whole.send(self._source, started, grant, self._progress)

    def _require_unchanged(self) -> None:
        self._source.open().close()

    def _abort(self, started: StartedUpload) -> None:
        self._uploader.records.delete(self._key)
        with suppress(ClientError):
            self._service.abort(started.upload_id, started.ticket)

    def _named_parts(self, started: StartedUpload) -> list[Json] | None:
        """The parts to list at the completion. If they are too many for one call, they are compared with the store's
        list here.

        Raises `Conflict` if that differs.
        """
        named = self._known.named()
        if named is None or len(json.dumps(named)) <= MAX_NAMED:
            return named
        stored = self._service.list_parts(started.upload_id, started.ticket)["parts"]
        if all(self._known.accepts(part["number"], part["etag"]) for part in stored):
            return None
        raise Conflict("parts_mismatch", "The store has other parts than those that were sent.")

    def _wait_until_confirmed(self, started: StartedUpload) -> Json:
        wait = self._uploader.options.wait
        deadline = time.monotonic() + wait
        parts = self._named_parts(started)
        while True:
            upload, after = self._service.complete(started.upload_id, started.ticket, parts)
            self.upload = upload
            if upload["state"] == "rejected":
                self._uploader.records.delete(self._key)
                reason = upload["reason"] or {}
                raise Rejected(reason.get("code", "rejected"), reason.get("detail", "The service rejected it."))
            if after is None:
                return upload
            if time.monotonic() + after > deadline:
                detail = f"Everything was sent, but after {wait:g} s the upload is still {upload['state']}."
                raise Unconfirmed("unconfirmed", detail)
            self._uploader.retrier.sleep(after)
