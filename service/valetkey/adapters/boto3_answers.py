"""Makes boto3 clients read responses within a time limit, and without the interim responses before them.

Botocore has a time-out for each byte only, and mistakes a 102 for the success of the request.
"""

from typing import Any

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool

from valetkey.adapters.timed_responses import TimedResponse


def read_in_time(client: Any, seconds: float | None = None) -> None:
    """Limits the time of ``client`` for a whole response to ``seconds``; by default to twice its time-out for a byte,
    and more for a large response."""

    class Response(TimedResponse):
        whole = seconds

    class Connection(AWSHTTPConnection):
        response_class = Response  # type: ignore[assignment]

    class TlsConnection(AWSHTTPSConnection):
        response_class = Response  # type: ignore[assignment]

    class Connections(AWSHTTPConnectionPool):
        ConnectionCls = Connection

    class TlsConnections(AWSHTTPSConnectionPool):
        ConnectionCls = TlsConnection

    classes = client._endpoint.http_session._pool_classes_by_scheme  # noqa: SLF001 - there is no public way
    classes.update(http=Connections, https=TlsConnections)
