"""Outgoing webhooks over HTTP(S), as specified by Standard Webhooks.

It connects to the address that it has checked, so that a name cannot resolve to another one a moment later; TLS still
verifies the name. No redirect is followed and no proxy is used.

Rights it needs: outgoing connections to the receiver.
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from threading import Timer
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from valetkey.core.model.announcement import Announcement
from valetkey.core.ports.announcing import DeliveryOutcome, DeliveryReceipt
from valetkey.final_response import FinalResponse

TIMEOUT = 15.0
"""How long a delivery may take after name resolution, in seconds, however slowly the response arrives."""

MAX_ANSWER = 4096
"""How much of a response's body is read, in bytes; none of it is used."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SPECIAL = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("fec0::/10"))
"""Not public either, though not every version of `ipaddress` knows it (RFC 6890, RFC 3879)."""

_Address = tuple[socket.AddressFamily, tuple[Any, ...]]


class AddressRefused(Exception):
    """The receiver's name leads to an address that is not public."""


class HttpWebhook:
    """`Receiver` at ``url``. Each of ``secrets`` (``whsec_...``) gives a signature, so that they can be rotated.

    Private, loopback, link-local and other addresses that are not public are refused unless ``allow_private``.
    """

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        *,
        allow_private: bool = False,
        timeout: float = TIMEOUT,
        resolve: Callable[..., Sequence[tuple[Any, ...]]] = socket.getaddrinfo,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._authority = parts.netloc
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._signers = [Webhook(secret) for secret in secrets]
        self._allow_private = allow_private
        self._timeout = timeout
        self._resolve = resolve

    def deliver(self, announcement: Announcement, at: datetime) -> DeliveryReceipt:
        try:
            status, headers = self._post(announcement.body.encode(), self.headers(announcement, at))
        except AddressRefused as error:
            return DeliveryReceipt(DeliveryOutcome.FAILED, str(error))
        except (OSError, HTTPException, ValueError) as error:
            return DeliveryReceipt(DeliveryOutcome.FAILED, _printable(f"{type(error).__name__}: {error}"[:300]))
        return judge(status, headers.get("Retry-After"), at)

    def headers(self, announcement: Announcement, at: datetime) -> dict[str, str]:
        """The request's headers, with a signature of ``at`` by each secret."""
        at = at.astimezone(UTC)  # the library takes the digits for UTC, whatever the zone
        signatures = [signer.sign(announcement.id, at, announcement.body) for signer in self._signers]
        return {
            "Host": self._authority,
            "Content-Type": "application/json",
            "User-Agent": "valetkey",
            "Connection": "close",
            "webhook-id": announcement.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, Message]:
        addresses = self._addresses()
        deadline = monotonic() + self._timeout
        with _connect(addresses, deadline) as plain, plain.dup() as watched:
            # a socket's time-out starts again with each byte; this one does not
            timer = Timer(deadline - monotonic(), _cut, [watched])
            timer.daemon = True
            timer.start()
            try:
                with self._tls.wrap_socket(plain, server_hostname=self._host) if self._tls else plain as connected:
                    return self._exchange(connected, body, headers, deadline)
            finally:
                timer.cancel()
                timer.join()

    def _exchange(
        self, connected: socket.socket, body: bytes, headers: dict[str, str], deadline: float
    ) -> tuple[int, Message]:
        connection = HTTPConnection(self._host, self._port)
        connection.response_class = FinalResponse
        connection.sock = connected
        connection.request("POST", self._path, body, headers)
        with connection.getresponse() as response:
            if monotonic() >= deadline:  # headers that were cut look like headers that have ended
                raise TimeoutError("The response took too long.")
            # some receivers take an early close for a failure; the status has arrived, and is enough
            with suppress(OSError, HTTPException, ValueError):
                response.read(MAX_ANSWER)
            return response.status, response.headers

    def _addresses(self) -> list[_Address]:
        """The receiver's current addresses. Raises `AddressRefused` if one of them is not allowed, and OSError."""
        found = self._resolve(self._host, self._port, type=socket.SOCK_STREAM)
        for *_, address in found:
            if not (self._allow_private or is_public(address[0])):
                where = f"{self._host} is at {address[0]}, which is not public"
                raise AddressRefused(f"{where}: VALETKEY_WEBHOOK_ALLOW_PRIVATE=true allows it.")
        return [(family, address) for family, _, _, _, address in found]


def is_public(text: str) -> bool:
    """Whether the IP address in ``text`` is one of the public internet, also where IPv6 wraps an IPv4 address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            return is_public(str(inner))
    odd = address.is_multicast or address.is_reserved or any(address in network for network in _SPECIAL)
    return address.is_global and not odd


def judge(status: int, retry_after: str | None, at: datetime) -> DeliveryReceipt:
    """The outcome by the response: 2xx delivered, 410 gone, anything else (also 3xx) failed."""
    detail = f"HTTP {status}"
    if 200 <= status < 300:
        return DeliveryReceipt(DeliveryOutcome.DELIVERED, detail)
    if status == 410:
        return DeliveryReceipt(DeliveryOutcome.GONE, detail)
    return DeliveryReceipt(DeliveryOutcome.FAILED, detail, _seconds(retry_after, at))


def _seconds(retry_after: str | None, at: datetime) -> float | None:
    """A Retry-After (RFC 9110, section 10.2.3) in seconds from ``at``: a number or a date; None for anything else."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - at).total_seconds())


def _connect(addresses: Sequence[_Address], deadline: float) -> socket.socket:
    """A connection to the first of ``addresses`` that responds; each has its share of the time, as IPv6 may not work.
    Raises OSError."""
    error: OSError = OSError("The name has no address.")
    for left, (family, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            plain.settimeout(max(0.001, (deadline - monotonic()) / (left if left == 1 else left + 1)))
            plain.connect(address)
            plain.settimeout(max(0.001, deadline - monotonic()))
        except OSError as failed:
            plain.close()
            error = failed
        else:
            return plain
    raise error


def _printable(text: str) -> str:
    """``text`` made safe for a log, a terminal and a database, as the receiver may have influenced it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _cut(connected: socket.socket) -> None:
    """Shuts the connection down, which ends reads in other threads."""
    with suppress(OSError):  # it may be closed already
        connected.shutdown(socket.SHUT_RDWR)
