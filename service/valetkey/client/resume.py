"""Uploads that are not finished, kept so that the next run goes on with them: one small file each.

The files hold tickets, so nobody else may read them (0600 in a 0700 directory). A ticket lets its holder send, read
and abort this one upload. Where nothing can be written, uploads work, and cannot be resumed.
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

from valetkey.client.sources import Source

KEPT_SECONDS = 8 * 86_400
"""How long a file is kept: grants are renewable for less, as a rule for a day."""


@dataclass(frozen=True)
class Begun:
    """An upload that was begun: its id, the ticket for it, how its bytes travel, and by what its file is known again.

    ``sample`` is what `sample_of` said of the file. ``digests`` are the SHA-256 of parts that were sent, by number,
    where the store's ETags say nothing of the bytes.
    """

    upload_id: str
    ticket: str
    method: str
    sample: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)


class Memory:
    """The files of unfinished uploads in ``folder``, or nothing at all where that is None."""

    def __init__(self, folder: Path | None, on_problem: Callable[[str], None]) -> None:
        """``on_problem`` is told, once, that nothing can be written."""
        self._folder = folder
        self._on_problem = on_problem
        self._keeps = folder is not None
        self._said = threading.Lock()
        if folder is not None:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
                _forget_old(folder)
            except OSError as error:
                self._give_up(error)

    def recall(self, key: str) -> Begun | None:
        """What was kept under ``key``. A file that is not ours, or only half written, is nothing."""
        if self._folder is None:
            return None
        try:
            kept: Any = json.loads((self._folder / f"{key}.json").read_bytes())
            begun = Begun(**kept)
        except (OSError, ValueError, TypeError):
            return None
        texts = [value for name, value in kept.items() if name != "digests"]
        told = begun.digests.values() if isinstance(begun.digests, dict) else [None]
        return begun if all(isinstance(value, str) for value in (*texts, *told)) else None

    @property
    def keeps(self) -> bool:
        """Whether anything is kept."""
        return self._folder is not None and self._keeps

    def keep(self, key: str, begun: Begun) -> None:
        """Keeps it, whole or not at all."""
        if self._folder is None or not self._keeps:
            return
        path = self._folder / f"{key}.json"
        draft = path.with_suffix(f".{os.getpid()}.{os.urandom(4).hex()}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(asdict(begun), file)
            draft.replace(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            self._give_up(error)

    def forget(self, key: str) -> None:
        """Removes what was kept under ``key``."""
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / f"{key}.json").unlink(missing_ok=True)

    def _give_up(self, error: OSError) -> None:
        """Of several threads, one says it."""
        if self._said.acquire(blocking=False):
            self._on_problem(f"{self._folder} cannot be written ({error.strerror}): this run cannot be resumed.")
        self._keeps = False


def key_of(source: Source, endpoint: str, profile: str | None, metadata: dict[str, str]) -> str:
    """The same for the same file, unchanged, sent in the same way."""
    said = [endpoint, profile, source.path, source.identity[:2], source.content_type, metadata]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def _forget_old(folder: Path) -> None:
    """Removes files of ours that nobody came back for."""
    oldest = time.time() - KEPT_SECONDS
    for path in folder.glob("[0-9a-f]*.*"):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
