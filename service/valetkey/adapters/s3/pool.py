"""Connections to the store for our own signed calls, set up by the environment as botocore's are."""

import os
import socket
import ssl
from typing import Any

import boto3
import urllib3
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import ProxyConfiguration, get_cert_path, mask_proxy_url
from botocore.utils import get_environ_proxies
from urllib3 import exceptions

from valetkey.adapters.s3.responses import TIMED_POOLS
from valetkey.adapters.s3.wire import POOLS, StreamedResponse
from valetkey.core.signing.requests import SignedRequest

SIZE = 64
"""How many connections are kept."""

_ERRORS: tuple[tuple[type[Exception], Any], ...] = (
    (exceptions.SSLError, SSLError),
    (exceptions.NewConnectionError, EndpointConnectionError),
    (socket.gaierror, EndpointConnectionError),
    (exceptions.ConnectTimeoutError, ConnectTimeoutError),
    (exceptions.ReadTimeoutError, ReadTimeoutError),
    (exceptions.ProtocolError, ConnectionClosedError),
    (ssl.SSLError, SSLError),
    (TimeoutError, ReadTimeoutError),
    (OSError, ConnectionClosedError),
)
"""The errors of botocore for those of urllib3 and of sockets, in the order of botocore's checks."""


class _Connected:
    """Connections to ``origin``, a scheme and a host, with the proxy and the certificates that botocore would use.

    Threads may share it, processes may not. Failures are raised as botocore's errors.
    """

    _pools: dict[str, Any]

    def __init__(self, session: boto3.Session, origin: str) -> None:
        self._origin = origin
        proxies = ProxyConfiguration(get_environ_proxies(origin))
        self._proxy: str | None = proxies.proxy_url_for(origin)
        kept: dict[str, Any] = {"maxsize": SIZE, **_certificates(session)}
        self._manager = (
            urllib3.PoolManager(**kept)
            if self._proxy is None
            else urllib3.ProxyManager(self._proxy, proxy_headers=proxies.proxy_headers_for(self._proxy), **kept)
        )
        self._manager.pool_classes_by_scheme = self._pools
        # an HTTP proxy needs the whole URL; through a tunnel, as without a proxy, the path is enough
        self._prefix = origin if self._proxy is not None and origin.startswith("http:") else ""
        self._connections: Any = self._manager.connection_from_url(origin)

    def translated(self, error: Exception) -> BotoCoreError:
        """The botocore error for an error of urllib3."""
        if isinstance(error, exceptions.ProxyError):
            return ProxyConnectionError(proxy_url=mask_proxy_url(self._proxy or ""), error=error)
        for kind, made in _ERRORS:
            if isinstance(error, kind):
                known: BotoCoreError = made(endpoint_url=self._origin, error=error)
                return known
        return HTTPClientError(error=error)


class Pool(_Connected):
    """For frequent requests, which already have all their headers."""

    _pools = POOLS

    def send(self, method: str, request: SignedRequest, body: bytes, timeout: urllib3.Timeout) -> StreamedResponse:
        """Sends a request; returns the response once its head is read. The rest has a time limit (`timed_responses`).
        Raises botocore's errors."""
        try:
            answer: StreamedResponse = self._connections.exchange(
                method, self._prefix + request.target, request.headers, body, timeout
            )
        except (exceptions.HTTPError, OSError) as error:
            raise self.translated(error) from error
        return answer


class AnyPool(_Connected):
    """For any request, as `http.client` sends it."""

    _pools = TIMED_POOLS

    def send(
        self, method: str, request: SignedRequest, body: bytes, timeout: urllib3.Timeout
    ) -> urllib3.BaseHTTPResponse:
        """Like `Pool.send`."""
        try:
            answer: urllib3.BaseHTTPResponse = self._connections.urlopen(
                method,
                self._prefix + request.target,
                body or None,
                request.headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=timeout,
                preload_content=False,
                decode_content=False,
            )
        except (exceptions.HTTPError, OSError) as error:
            raise self.translated(error) from error
        return answer


def _certificates(session: boto3.Session) -> dict[str, str]:
    """The trusted CAs and our client certificate: from AWS_CA_BUNDLE and ``ca_bundle``, or REQUESTS_CA_BUNDLE, else
    those that come with Python's packages."""
    configured: Any = session._session.get_config_variable("ca_bundle")  # noqa: SLF001 - the only way that there is
    bundle: Any = configured or os.environ.get("REQUESTS_CA_BUNDLE") or True
    return {"cert_reqs": "CERT_REQUIRED", "ca_certs": str(get_cert_path(bundle))}
