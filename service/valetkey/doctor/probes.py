"""The objects that checks write: known before they are written, and removed whatever happens."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from valetkey.adapters.s3 import S3Store
from valetkey.core.errors import ValetKeyError
from valetkey.core.model.upload import STAGING_PREFIX, MultipartUploadId, UploadId, new_upload_id, quarantine_key
from valetkey.doctor.findings import Finding, Skip, passed, warned

AT_ONCE = 8
"""How many objects are removed at once."""


class Probes:
    """What one run has written. Where even the removal is prevented (a killed process), the sweep of a worker finds
    what is under ``staging/`` and ``quarantine/``: the keys are those of uploads that nobody knows."""

    def __init__(self, staging_prefix: str = "") -> None:
        """``staging_prefix`` stands before ``staging/`` and ``quarantine/``."""
        self._staging_prefix = staging_prefix
        self._lock = Lock()
        self._keys: dict[str, None] = {}
        self._multiparts: list[tuple[str, MultipartUploadId]] = []
        self._is_over = False

    def staging(self) -> UploadId:
        """The id of an upload that nobody knows; whatever is under its staging key is removed."""
        probe = new_upload_id()
        self.add(f"{self._staging_prefix}{STAGING_PREFIX}{probe}")
        return probe

    def quarantine(self) -> str:
        """A key in quarantine."""
        return self.add(quarantine_key(new_upload_id(), 0, self._staging_prefix))

    def add(self, key: str) -> str:
        """``key``, which is going to be written. Raises `Skip` when the run is over: a check that hung comes late."""
        with self._lock:
            if self._is_over:
                raise Skip("The run is over.")
            self._keys[key] = None
        return key

    def begun(self, key: str, multipart_id: str) -> MultipartUploadId:
        """A multipart upload of ``key``, which is ended with the run."""
        started = MultipartUploadId(multipart_id)
        self.add(key)
        with self._lock:
            self._multiparts.append((key, started))
        return started

    @property
    def keys(self) -> Sequence[str]:
        """All that may have been written."""
        with self._lock:
            return [*self._keys]

    def close(self) -> None:
        """From now on nothing is added."""
        with self._lock:
            self._is_over = True

    def remove(self, store: S3Store) -> list[Finding]:
        """Removes all of it, and looks whether it is gone. Nothing is added any more."""
        self.close()
        with self._lock:
            keys, multiparts = [*self._keys], [*self._multiparts]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ended = [*pool.map(lambda one: _abort(store, *one), multiparts)]
            stays = [*pool.map(lambda key: _remove(store, key), keys)]
        left = [f"{key}: {why}" for key, why in zip(keys, stays, strict=True) if why]
        left += [f"parts of {key}: {why}" for (key, _), why in zip(multiparts, ended, strict=True) if why]
        if left:
            action = "Remove them by hand; a worker removes those under staging/ and quarantine/ within two days."
            return [warned("probes", f"{len(left)} probe objects may stay: {'; '.join(left[:3])}", action)]
        return [passed("probes", f"All {len(keys)} probe objects are removed.")]


def _remove(store: S3Store, key: str) -> str | None:
    """Removes an object with its versions; says why it stays."""
    try:
        why = store.delete(key)
        return why or (None if store.head(key) is None else "it is still there after its removal")
    except ValetKeyError as error:
        return error.detail


def _abort(store: S3Store, key: str, multipart_id: MultipartUploadId) -> str | None:
    try:
        store.abort_multipart(key, multipart_id)
    except ValetKeyError as error:
        return error.detail
    return None
