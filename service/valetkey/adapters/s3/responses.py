"""How the store's responses are read: within their time, without interim ones, whatever metadata they carry."""

import re
from http.client import HTTPException
from socket import socket
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from valetkey.adapters.s3.drips import TimedSocket
from valetkey.final_response import FinalResponse

MAX_METADATA = 10_000
"""How many headers of metadata a response may have."""

_METADATA = re.compile(rb"x-amz-meta-(?!upload-id:)", re.IGNORECASE)
_FOLDED = (b" ", b"\t")  # a line that belongs to the one before it (RFC 9112, 5.2)


class _WithoutMetadata:
    """The head of a response, without an object's metadata but for our id, and all of its body."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._skipped = 0

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._stream.readline(limit)
        skips = False
        while (skips and line[:1] in _FOLDED) or _METADATA.match(line):
            skips = True
            self._skipped += 1
            if self._skipped > MAX_METADATA:
                raise HTTPException("there is no end of the metadata")
            line = self._stream.readline(limit)
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _TimedResponse(FinalResponse):
    """It comes in time."""

    def __init__(self, sock: socket, *args: Any, **options: Any) -> None:
        super().__init__(TimedSocket(sock), *args, **options)  # type: ignore[arg-type]


class _ShortResponse(_TimedResponse):
    """The same with any metadata: whoever has a grant for a PUT may attach as much as fits into 2 KB, each a header of
    its own, and `http.client` takes 100 headers."""

    def _read_status(self) -> tuple[str, int, str]:
        said = super()._read_status()
        self.fp: Any = _WithoutMetadata(self.fp)
        return said


def _pools(response: type[_TimedResponse]) -> dict[str, Any]:
    """The pools of a `urllib3.PoolManager` that has such responses, by scheme."""
    plain = type("Connection", (HTTPConnection,), {"response_class": response})
    tls = type("TlsConnection", (HTTPSConnection,), {"response_class": response})
    return {
        "http": type("Connections", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("TlsConnections", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
    }


POOLS = _pools(_ShortResponse)
"""For the service's own calls, which need no metadata but our id."""

POOLS_WITH_METADATA = _pools(_TimedResponse)
"""For whoever looks at what metadata there is."""


class _BotocoreConnection(AWSHTTPConnection):
    response_class = FinalResponse  # type: ignore[assignment]


class _BotocoreTlsConnection(AWSHTTPSConnection):
    response_class = FinalResponse  # type: ignore[assignment]


class _BotocoreConnections(AWSHTTPConnectionPool):
    ConnectionCls = _BotocoreConnection


class _BotocoreTlsConnections(AWSHTTPSConnectionPool):
    ConnectionCls = _BotocoreTlsConnection


def skip_interim_responses(client: Any) -> None:
    """Has a client of boto3's do the same as a `Pool`: else it takes a 102 for the success of what was asked."""
    classes = client._endpoint.http_session._pool_classes_by_scheme  # noqa: SLF001 - there is no public way
    classes.update(http=_BotocoreConnections, https=_BotocoreTlsConnections)
