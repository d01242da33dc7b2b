"""Amazon SNS from the subscriber's side: its signing certificates, and the confirmation of subscriptions.

Rights it needs: none for certificates; ``sns:ConfirmSubscription`` on the topics, for a subscription made by hand.
"""

import ssl
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from threading import Lock
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from valetkey.adapters.boto3_answers import read_in_time
from valetkey.adapters.timed_responses import TimedResponse
from valetkey.core.errors import SenderRefused, Unavailable
from valetkey.forks import renew_in_child

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

MAX_CERTIFICATE = 16 * 1024
"""The maximum size of a certificate in bytes; SNS's have about 2,000."""

FETCH_TIME = 5.0
"""How long fetching a certificate may take, in seconds; SNS itself waits 15 for our response."""

CHUNK = 4096

_IN_TIME = Config(connect_timeout=FETCH_TIME, read_timeout=FETCH_TIME, retries={"total_max_attempts": 1})
"""One attempt: SNS itself waits 15 seconds for our response."""

PERMANENT = frozenset({"InvalidParameter", "InvalidParameterValue", "NotFound", "ResourceNotFound", "ValidationError"})
"""Error codes of ConfirmSubscription that a retry does not help: the token is invalid (it is valid for three days)."""


def certificate_fetcher(context: ssl.SSLContext | None = None) -> Callable[[str], bytes]:
    """Returns a function that fetches an https URL, through the environment's proxy if there is one.

    It follows no redirects, and reads no more than `MAX_CERTIFICATE` bytes within `FETCH_TIME` seconds. It raises
    `SenderRefused` if there is none or it is too large, and `Unavailable` if the server fails or is unavailable.
    """
    opener = OpenerDirector()  # not build_opener: that one follows redirects, and opens files
    opener.add_handler(ProxyHandler())
    opener.add_handler(_TimedHandler(context or ssl.create_default_context()))

    def fetch(url: str) -> bytes:
        try:
            return _read(opener, url, time.monotonic() + FETCH_TIME)
        except (URLError, OSError, HTTPException) as error:
            raise Unavailable("The signing certificate cannot be fetched now.") from error

    return fetch


class _TimedConnection(HTTPSConnection):
    response_class = TimedResponse


class _TimedHandler(HTTPSHandler):
    """HTTPS with a time limit for responses, however slowly a server sends its headers."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._tls = context

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_TimedConnection, req, context=self._tls)


def _read(opener: OpenerDirector, url: str, deadline: float) -> bytes:
    response = opener.open(url, timeout=FETCH_TIME)
    if response is None:
        raise SenderRefused("A certificate is fetched over https only.")
    found = b""
    with response:
        if response.status >= 500:
            raise Unavailable(f"The signing certificate cannot be fetched now: {response.status}.")
        if response.status != 200:
            raise SenderRefused(f"There is no signing certificate: {response.status}.")
        while chunk := response.read1(CHUNK):
            found += chunk
            if len(found) > MAX_CERTIFICATE:
                raise SenderRefused("The signing certificate is too large.")
            if time.monotonic() > deadline:
                raise Unavailable("The signing certificate takes too long.")
    return found


class SnsConfirmer:
    """Confirms subscriptions by SNS's API, in the topic's region. Made without a call; clients are kept."""

    def __init__(self, session: boto3.Session | None = None) -> None:
        self._session = session
        self._reset()
        renew_in_child(self, SnsConfirmer._reset)

    def _reset(self) -> None:
        self._clients: dict[str, SNSClient] = {}
        self._lock = Lock()

    def __call__(self, topic_arn: str, token: str) -> None:
        """Confirms it. Raises `SenderRefused` if the token is invalid, and `Unavailable` if trying again may help."""
        try:
            self._client(topic_arn.split(":")[3]).confirm_subscription(TopicArn=topic_arn, Token=token)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in PERMANENT:
                raise SenderRefused(f"SNS does not accept the subscription's token: {code}.") from error
            raise Unavailable(f"The subscription cannot be confirmed now: {code}.") from error
        except BotoCoreError as error:
            raise Unavailable(f"The subscription cannot be confirmed now: {type(error).__name__}.") from error

    def _client(self, region: str) -> "SNSClient":
        with self._lock:  # sessions are not thread-safe
            if region not in self._clients:
                self._session = self._session or boto3.Session()
                made = self._session.client("sns", region_name=region, config=_IN_TIME)
                read_in_time(made)
                self._clients[region] = made
            return self._clients[region]
