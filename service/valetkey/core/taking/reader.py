"""A confirmed object as a file, read by ranges that are proven to belong to the confirmed bytes."""

import io
from typing import TYPE_CHECKING

from valetkey.core.errors import ObjectChanged, ObjectMissing, ObjectReplaced, StoreUnavailable
from valetkey.core.model.multipart import MIB
from valetkey.core.model.upload import StoredObject
from valetkey.core.ports.store import ObjectStore

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_RANGE = 8 * MIB
"""The largest range that is requested from the store, in bytes."""

BUFFER = MIB
"""How many bytes are read ahead, so that the small reads of parsers do not cost a request each."""


def open_object(store: ObjectStore, stored: StoredObject, buffer_size: int = BUFFER) -> io.BufferedReader:
    """A seekable file, open for reading, of ``stored``; ``buffer_size`` bytes are read ahead. Nothing is read yet.

    Its methods raise `ObjectReplaced` if the object was replaced or is gone, and `StoreUnavailable`, after which the
    same call may be repeated.
    """
    return io.BufferedReader(_Ranges(store, stored), buffer_size)


class _Ranges(io.RawIOBase):
    def __init__(self, store: ObjectStore, stored: StoredObject) -> None:
        self._store = store
        self._stored = stored
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._stored.size}.get(whence)
        if base is None or base + offset < 0:
            raise ValueError(f"There is no position {offset} relative to {whence}.")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        with memoryview(buffer).cast("B") as into:
            found = self._read(len(into))
            into[: len(found)] = found
            return len(found)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self._read(MAX_RANGE), b""))

    def _read(self, size: int) -> bytes:
        start, end = self._at, min(self._at + min(size, MAX_RANGE), self._stored.size)
        if start >= end:
            return b""
        try:
            found = self._store.read_range(self._stored, start, end)
        except ObjectChanged as error:
            raise ObjectReplaced("The object is no longer the one that was confirmed.") from error
        except ObjectMissing as error:
            raise ObjectReplaced("The confirmed object no longer exists.") from error
        if len(found) != end - start:  # a short read would look like the end of the file
            raise StoreUnavailable("The store returned other bytes than were requested.")
        self._at = end
        return found
