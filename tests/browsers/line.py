"""What lies between a browser and S3: a line that may be slow or cut, and S3's own account of what came over it."""

import re
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.proxy import CountingProxy


class Line(CountingProxy):
    """Waits `delay` seconds after each piece (up to 256 KiB) of each connection."""

    delay = 0.0

    def _pass_on(self, selector: selectors.BaseSelector) -> bool:
        time.sleep(self.delay)
        return super()._pass_on(selector)

    def wait_for_rest(self, seconds: float = 60) -> None:
        """Returns when no byte has passed for a second; AssertionError when some still do after so long."""
        deadline, before = time.monotonic() + seconds, -1
        while before != (now := self.bytes):
            assert time.monotonic() < deadline, "bytes go on passing"
            before = now
            time.sleep(1)

    @contextmanager
    def cut(self) -> Iterator[None]:
        """No connection lives, and none is taken, until the block ends."""
        self.stop()
        try:
            yield
        finally:
            self.start()


@dataclass(frozen=True)
class Sent:
    """A request that S3 has answered."""

    method: str
    path: str
    part: int | None
    status: int


@dataclass(frozen=True)
class AccessLog:
    """RGW's log of requests: it gets a line when a request has ended."""

    file: Path

    @property
    def size(self) -> int:
        return self.file.stat().st_size

    def sent(self, bucket: str, since: int = 0) -> list[Sent]:
        """The POSTs, the PUTs and their preflights to `bucket`, from byte `since` of the log on."""
        return list(self._read(bucket, since))

    def _read(self, bucket: str, since: int) -> Iterator[Sent]:
        with self.file.open("rb") as log:
            log.seek(since)
            text = log.read().decode(errors="replace")
        for method, path, status in re.findall(r'beast: .*?"(POST|PUT|OPTIONS) (\S+) HTTP/1\.1" (\d+)', text):
            if path.startswith(f"/{bucket}") and path.partition("?")[2].rstrip("=") != "delete":  # the service's own
                part = re.search(r"[?&]partNumber=(\d+)", path)
                yield Sent(method, path.partition("?")[0], int(part[1]) if part else None, int(status))
