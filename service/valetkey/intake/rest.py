"""The rest of a body that arrives after its request has been refused.

If a connection is closed while its client sends, the response may be lost (RFC 9112, section 9.6), and a proxy in
between takes that for a failure of the service: nginx responds with 502 in place of our 413. So the rest is read for a
while, and discarded.
"""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]  # they are there

from valetkey.intake.loop import BodyRefused

MAX_BYTES = 4 * 2**20
"""The maximum number of bytes of a rest that are read."""

MAX_BYTESS = 256
"""How many rests are read at once; others end with their responses."""

SECONDS = 5.0
"""How long a rest is read, in seconds."""

TICK = 0.5
"""The interval in which rests that take too long are found, in seconds."""


class Rests:
    """All rests that are being read."""

    def __init__(self) -> None:
        self._reading: dict[object, tuple[float, Any]] = {}
        """When each rest began, by the monotonic clock, and the future of its next piece."""

    def start(self, call_later: Callable[..., Any]) -> None:
        """Starts checking the time limits, by an event loop's ``call_later``."""

        def tick() -> None:
            self._end_late()
            call_later(TICK, tick)

        call_later(TICK, tick)

    async def discard(self, proto: Any) -> None:
        """Reads the rest of the body of a request that already has its response; reading from ``proto`` has begun."""
        if len(self._reading) >= MAX_BYTESS:
            return
        since, size = monotonic(), 0
        try:
            with suppress(BodyRefused, ProtocolClosed, ProtocolError):
                while size < MAX_BYTES and monotonic() - since < SECONDS:
                    future = proto.__anext__()
                    self._reading[proto] = since, future
                    piece = await future
                    if not piece:
                        break
                    size += len(piece)
        finally:  # an entry that stayed would count for `MAX_RESTS`
            self._reading.pop(proto, None)

    def _end_late(self) -> None:
        late = monotonic() - SECONDS
        for since, future in tuple(self._reading.values()):
            if since < late:
                future.cancel()
