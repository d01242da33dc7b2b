"""How the uploads of a run are created."""

from dataclasses import dataclass
from typing import Any

from valetkey.client.files.source import Source
from valetkey.client.interrupted.records import record_key


@dataclass(frozen=True)
class UploadOptions:
    """The options that all uploads of a run share."""

    endpoint: str
    """The URL of the service, without a trailing slash."""
    profile: str | None = None
    """The profile; None leaves it to the service: `default`, or the ticket's."""
    metadata: tuple[tuple[str, str], ...] = ()
    """Names and values that are stored with each upload."""
    paths: bool = True
    """Whether the path within a directory is sent."""
    wait: float = 60.0
    """How long the service may take to confirm what was sent, in seconds."""
    owner: str | None = None
    """The owner; None leaves it to the service: the credential's own."""
    who: str = ""
    """Distinguishes the records of different credentials; "" does not."""
    checksum: bool = False
    """Whether each file's CRC64NVME is declared: the file is read once before it is sent."""

    def request(self, source: Source, crc64nvme: str | None = None) -> dict[str, Any]:
        """The body of the request that creates the upload of ``source``, which has this CRC64NVME, in base64."""
        body: dict[str, Any] = {
            "filename": source.filename,
            "content_type": source.content_type,
            "size": source.size,
            "metadata": dict(self.metadata),
            **self._path(source),
        }
        checksum = {"algorithm": "crc64nvme", "value": crc64nvme} if crc64nvme else None
        given = {"profile": self.profile or None, "owner": self.owner, "checksum": checksum}
        return body | {name: value for name, value in given.items() if value is not None}

    def record_key(self, source: Source) -> str:
        """The key under which the upload of ``source`` is recorded."""
        # no metadata has an empty name: so an upload without a checksum is not resumed by a run that declares one
        kept = {"": "crc64nvme"} if self.checksum else {}
        metadata = self._path(source) | dict(self.metadata) | kept
        return record_key(source, self.endpoint, self.profile, metadata, self.who)

    def _path(self, source: Source) -> dict[str, str]:
        return {"path": source.relative} if self.paths and source.relative is not None else {}
