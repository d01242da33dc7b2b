"""The one place that wires the objects that send files."""

import threading
from concurrent.futures import Executor
from typing import NamedTuple

from valetkey.client.interrupted.records import UploadRecords
from valetkey.client.remote.retry import Retrier
from valetkey.client.remote.service import Service
from valetkey.client.remote.store import Store
from valetkey.client.sending.concurrency import ConcurrencyLimit
from valetkey.client.sending.file_upload import FileUploader
from valetkey.client.sending.options import UploadOptions
from valetkey.client.sending.parts import PartUploader
from valetkey.client.sending.whole import WholeUploader
from valetkey.client.transport.connections import Connections


class SharedResources(NamedTuple):
    """The credential, limits and connections that all uploads of a run share."""

    token: str | None
    """An API key or a profile ticket; None sends no credential."""
    concurrency: int
    """The most bodies that are sent at the same time."""
    retry_for: float
    """How long a failing call is retried, in seconds."""
    connections: Connections


def file_uploader(
    options: UploadOptions, resources: SharedResources, records: UploadRecords, pool: Executor, stop: threading.Event
) -> FileUploader:
    """What sends files. ``pool`` sends parts and computes digests; ``stop`` interrupts everything once it is set."""
    concurrency = ConcurrencyLimit(resources.concurrency)
    retrier = Retrier(resources.retry_for, stop)  # for the store: it may be unavailable while the service is not
    service = Service(options.endpoint, resources.token, resources.connections, Retrier(resources.retry_for, stop))
    store = Store(resources.connections, retrier.check)
    whole = WholeUploader(service, store, retrier, concurrency)
    parts = PartUploader(service, store, retrier, pool, concurrency)
    return FileUploader(options, service, whole, parts, records, retrier)
