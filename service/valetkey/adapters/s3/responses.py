"""How `http.client` reads responses of the store: within their time, and without the interim ones before them."""

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


class _TimedResponse(FinalResponse):
    """It comes in time."""

    def __init__(self, sock: socket, *args: Any, **options: Any) -> None:
        super().__init__(TimedSocket(sock), *args, **options)  # type: ignore[arg-type]


class _Connection(HTTPConnection):
    response_class = _TimedResponse


class _TlsConnection(HTTPSConnection):
    response_class = _TimedResponse


class _Connections(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsConnections(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


TIMED_POOLS: dict[str, Any] = {"http": _Connections, "https": _TlsConnections}
"""The pools of a `urllib3.PoolManager` that has such responses, by scheme."""


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
