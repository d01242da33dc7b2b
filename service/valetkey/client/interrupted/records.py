"""Records of started uploads, so that a later run can resume those that were interrupted: one small file each.

The files hold tickets, so nobody else may read them (0600 in a 0700 directory). A ticket lets its holder send, read
and abort this one upload. If no record can be written, uploads work, but cannot be resumed.
"""

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from valetkey.client.files.source import Source

KEPT_SECONDS = 8 * 86_400
"""How long a record is kept, in seconds. Grants can be renewed for less, by default for a day."""


@dataclass(frozen=True)
class StartedUpload:
    """An upload that was started, as it is recorded."""

    upload_id: str
    ticket: str
    """The ticket for this upload."""
    method: str
    """How its bytes are sent: POST, PUT or MULTIPART."""
    sample: str = ""
    """What `digest_sample` returned for the file; empty when it was not recorded."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the parts that were sent, by number, when the store's ETags say nothing about the bytes."""


class UploadRecords:
    """The records in ``folder``; None records nothing."""

    def __init__(self, folder: Path | None, on_problem: Callable[[str], None]) -> None:
        """``on_problem`` is called once when records cannot be written."""
        self._folder = folder
        self._on_problem = on_problem
        self._writable = folder is not None
        self._reported = threading.Lock()
        if folder is not None:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
                _delete_old(folder)
            except OSError as error:
                self._stop_recording(error)

    @property
    def enabled(self) -> bool:
        """Whether uploads are recorded."""
        return self._folder is not None and self._writable

    def load(self, key: str) -> StartedUpload | None:
        """The upload recorded under ``key``; None if there is none, or the file is invalid."""
        if self._folder is None:
            return None
        try:
            record: Any = json.loads((self._folder / f"{key}.json").read_bytes())
            started = StartedUpload(**record)
        except (OSError, ValueError, TypeError):
            return None
        values = [value for name, value in record.items() if name != "digests"]
        digests = started.digests.values() if isinstance(started.digests, dict) else [None]
        return started if all(isinstance(value, str) for value in (*values, *digests)) else None

    def save(self, key: str, started: StartedUpload) -> None:
        """Records an upload under ``key``, atomically."""
        if self._folder is None or not self._writable:
            return
        path = self._folder / f"{key}.json"
        draft = path.with_suffix(f".{os.getpid()}.{os.urandom(4).hex()}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(asdict(started), file)
            draft.replace(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            self._stop_recording(error)

    def delete(self, key: str) -> None:
        """Deletes the record under ``key``."""
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / f"{key}.json").unlink(missing_ok=True)

    def _stop_recording(self, error: OSError) -> None:
        """Only one of several threads reports the problem."""
        if self._reported.acquire(blocking=False):
            self._on_problem(f"{self._folder} cannot be written ({error.strerror}): this run cannot be resumed.")
        self._writable = False


def record_key(source: Source, endpoint: str, profile: str | None, metadata: dict[str, str], who: str = "") -> str:
    """The key of a record: the same for an unchanged file, sent with the same options by the same user (``who``; "":
    anybody)."""
    parts = [
        endpoint,
        profile,
        source.path,
        source.identity[:2],
        source.content_type,
        metadata,
        *([who] if who else []),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _delete_old(folder: Path) -> None:
    """Deletes old records."""
    oldest = time.time() - KEPT_SECONDS
    for path in folder.glob("[0-9a-f]*.*"):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
