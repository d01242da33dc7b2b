"""Hands out the files to send. Uploads of small files are created in batches: one call returns a hundred grants."""

import threading
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from valetkey.client.errors import ClientError
from valetkey.client.files.source import Source
from valetkey.client.interrupted.records import UploadRecords
from valetkey.client.remote.calls import Json
from valetkey.client.remote.service import Service
from valetkey.client.sending.file_queue import FileQueue
from valetkey.client.sending.options import UploadOptions

BATCH_SIZE = 100
"""The number of uploads that one call creates: the most that `POST /v1/uploads/batch` accepts."""

SMALL_FILE = 256 * 1024
"""Files up to this size in bytes are created in batches: the last of a hundred is sent before its grant expires."""


class Job(NamedTuple):
    """A file that is to be sent."""

    source: Source
    created: Json | ClientError | None = None
    """Its upload if that was created in a batch, or the error; None if the upload has to be created."""


class Jobs:
    """Hands out files in their order, to any number of threads.

    A call for many uploads has no Idempotency-Key, and a ticket may allow an exact number of uploads. Therefore, with
    ``together`` False each upload is created by a separate call.
    """

    def __init__(
        self, queue: FileQueue, options: UploadOptions, service: Service, records: UploadRecords, *, together: bool
    ) -> None:
        self._queue = queue
        self._options = options
        self._service = service
        self._records = records
        # to declare its checksum, a file is read before its upload is created, by the thread that sends it
        self._batch_size = BATCH_SIZE if together and not options.checksum else 1
        self._lock = threading.Lock()
        self._ready: deque[Job] = deque()
        self._cancelled = False

    def next(self) -> Job | None:
        """The next file; None when there are no more."""
        with self._lock:
            if not self._ready:
                self._ready.extend(self._create(self._queue.take(self._batch_size)))
            return self._ready.popleft() if self._ready and not self._cancelled else None

    def cancel(self) -> None:
        """Hands out no more files."""
        self._cancelled = True
        self._queue.cancel()

    def _create(self, sources: list[Source]) -> Iterable[Job]:
        small = [source for source in sources if self._is_small(source)]
        if len(small) < 2:
            return map(Job, sources)
        try:
            created = self._service.create_many([self._options.request(source) for source in small])
        except ClientError:  # it is about all of them: each call of its own tells what is wrong with its file
            return map(Job, sources)
        results = dict(zip(small, created, strict=True))
        return [Job(source, results.get(source)) for source in sources]

    def _is_small(self, source: Source) -> bool:
        """Whether the upload may be created in a batch; interrupted uploads are resumed, however small."""
        return (
            source.size <= SMALL_FILE
            and source.lasting
            and self._records.load(self._options.record_key(source)) is None
        )
