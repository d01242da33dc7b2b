"""Whose turn it is. Small files are asked for together: a hundred grants then cost one call, and not a hundred."""

import threading
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from valetkey.client.api import Api, Json
from valetkey.client.errors import PutError
from valetkey.client.line import Line
from valetkey.client.resume import Memory
from valetkey.client.sources import Source
from valetkey.client.wanted import Wanted

TOGETHER = 100
"""Uploads in a call: as many as `POST /v1/uploads/batch` takes."""

SMALL = 256 * 1024
"""Files up to this, in bytes, are asked for together: the last of a hundred is sent while its grant lives."""


class Turn(NamedTuple):
    """A file, and what the service said to it where it was asked for with others: an upload, or why there is none."""

    source: Source
    created: Json | PutError | None = None


class Turns:
    """Hands out files in their order, to any number of threads.

    A call for many cannot be repeated by an Idempotency-Key, and a ticket may be good for an exact number of uploads,
    so with ``together`` False each file asks for itself.
    """

    def __init__(self, line: Line, wanted: Wanted, api: Api, memory: Memory, *, together: bool) -> None:
        self._line = line
        self._wanted = wanted
        self._api = api
        self._memory = memory
        self._most = TOGETHER if together else 1
        self._lock = threading.Lock()
        self._ready: deque[Turn] = deque()
        self._given_up = False

    def next(self) -> Turn | None:
        """The next file; None when all have had their turn."""
        with self._lock:
            if not self._ready:
                self._ready.extend(self._asked_for(self._line.take(self._most)))
            return self._ready.popleft() if self._ready and not self._given_up else None

    def give_up(self) -> None:
        """Nobody has a turn any more."""
        self._given_up = True
        self._line.give_up()

    def _asked_for(self, sources: list[Source]) -> Iterable[Turn]:
        small = [source for source in sources if self._is_small(source)]
        if len(small) < 2:
            return map(Turn, sources)
        try:
            created = self._api.create_many([self._wanted.body(source) for source in small])
        except PutError:  # for all of them: each asks for itself, and hears what is wrong with it
            return map(Turn, sources)
        said = dict(zip(small, created, strict=True))
        return [Turn(source, said.get(source)) for source in sources]

    def _is_small(self, source: Source) -> bool:
        """An upload of an earlier run is gone on with."""
        return source.size <= SMALL and source.lasting and self._memory.recall(self._wanted.key(source)) is None
