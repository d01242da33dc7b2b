"""Uploads of single files by programs, with the same code as `valetkey put`."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from io import BytesIO
from os import PathLike, fsdecode
from typing import BinaryIO

from valetkey.client.errors import Interrupted
from valetkey.client.files.find import FileOptions, Spooled, inspect_file, spool
from valetkey.client.files.source import Source
from valetkey.client.interrupted.records import UploadRecords
from valetkey.client.remote.calls import Json
from valetkey.client.sending.assembly import SharedResources, file_uploader
from valetkey.client.sending.concurrency import default_most
from valetkey.client.sending.options import UploadOptions
from valetkey.client.transport.connections import Connections


def ignore_progress(_: int) -> None:
    """The default: reports no progress."""


Content = str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""The path of a file, its bytes, or a binary file object."""


@dataclass(frozen=True)
class SendOptions:
    """The options of one upload."""

    filename: str | None
    content_type: str | None
    profile: str | None
    owner: str | None
    metadata: Mapping[str, str]
    wait: float
    on_progress: Callable[[int], None]


class Uploads:
    """Uploads files to the service at ``endpoint``, over connections that stay open. Thread-safe."""

    def __init__(self, endpoint: str, key: str | None, retry_for: float) -> None:
        self._endpoint = endpoint
        self._resources = SharedResources(key, default_most(), retry_for, Connections())
        self._lock = threading.Lock()
        self._under_way: set[threading.Event] = set()
        self._closed = False

    def send(self, content: Content, wanted: SendOptions, stop: threading.Event) -> Json:
        """Uploads ``content``, and returns the confirmed upload. ``stop`` interrupts it. Raises `ClientError`."""
        with self._lock:
            if self._closed:
                raise Interrupted
            self._under_way.add(stop)
        try:
            return self._send(content, wanted, stop)
        finally:
            with self._lock:
                self._under_way.discard(stop)

    def _send(self, content: Content, wanted: SendOptions, stop: threading.Event) -> Json:
        pairs = tuple(wanted.metadata.items())
        options = UploadOptions(self._endpoint, wanted.profile, pairs, wait=wanted.wait, owner=wanted.owner)
        with ExitStack() as stack:
            source = _source(content, wanted, stack, stop)
            pool = stack.enter_context(ThreadPoolExecutor(self._resources.concurrency, "part"))
            uploader = file_uploader(options, self._resources, UploadRecords(None, lambda _: None), pool, stop)
            try:
                return uploader.send(source, wanted.on_progress)
            finally:
                stop.set()  # the pool waits for its threads; after an interruption, parts may still be in progress

    def close(self) -> None:
        """Interrupts uploads in progress, and closes the connections."""
        with self._lock:
            self._closed = True
            for stop in self._under_way:
                stop.set()
        self._resources.connections.close()


def _source(content: Content, wanted: SendOptions, stack: ExitStack, stop: threading.Event) -> Source:
    """``content`` as a file. Raises `ValueError` for bytes without a name, and `FileError`."""
    options = FileOptions(wanted.content_type)
    if isinstance(content, str | PathLike):
        source = inspect_file(fsdecode(content), options)
        name = wanted.filename
        return source if name is None else replace(source, filename=name, content_type=options.type_for(name))
    if wanted.filename is None:
        raise ValueError("filename is required for bytes and file objects")

    def check(_: int) -> None:
        if stop.is_set():
            raise Interrupted

    name = wanted.filename
    spooled = Spooled(name, name, name, options.type_for(name))
    stream = BytesIO(content) if isinstance(content, bytes | bytearray | memoryview) else content
    return spool(stream, spooled, stack, check)
