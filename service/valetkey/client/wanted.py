"""How all files of a run are to be sent, and what the service is therefore asked for."""

from dataclasses import dataclass
from typing import Any

from valetkey.client.resume import key_of
from valetkey.client.sources import Source


@dataclass(frozen=True)
class Wanted:
    """How all files of a run are to be sent. ``wait`` is in seconds."""

    endpoint: str
    profile: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    paths: bool = True
    wait: float = 60.0

    def body(self, source: Source) -> dict[str, Any]:
        """What the service is asked for."""
        asked: dict[str, Any] = {
            "filename": source.filename,
            "content_type": source.content_type,
            "size": source.size,
            "metadata": self._metadata(source),
        }
        return asked | ({"profile": self.profile} if self.profile else {})

    def key(self, source: Source) -> str:
        """What it is remembered by."""
        return key_of(source, self.endpoint, self.profile, self._metadata(source))

    def _metadata(self, source: Source) -> dict[str, str]:
        path = {"path": source.relative} if self.paths and source.relative is not None else {}
        return path | dict(self.metadata)
