"""How `http.client` reads responses of the store where urllib3 asks: within their time, and without interim ones."""

from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from valetkey.adapters.timed_responses import TimedResponse


class _Connection(HTTPConnection):
    response_class = TimedResponse


class _TlsConnection(HTTPSConnection):
    response_class = TimedResponse


class _Connections(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsConnections(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


TIMED_POOLS: dict[str, Any] = {"http": _Connections, "https": _TlsConnections}
"""The pools of a `urllib3.PoolManager` that has such responses, by scheme."""
