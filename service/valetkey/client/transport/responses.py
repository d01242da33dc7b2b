"""Reading whole responses: one that is cut off or unreadable counts as lost."""

import http.client
import zlib
from datetime import UTC, datetime
from email.message import Message
from typing import NamedTuple

from valetkey.reference.store_answers import seconds_until

MAX_RESPONSE = 64 * 1024 * 1024
"""The maximum size of a response in bytes: 10,000 parts with their URLs are smaller."""

DEFLATED = frozenset({"gzip", "x-gzip", "deflate"})
PLAIN = frozenset({"", "identity"})

ANY_HEADER = zlib.MAX_WBITS | 32
"""Has zlib detect whether the header is gzip's or zlib's."""


class HttpResponse(NamedTuple):
    """An HTTP response. The look-up of ``headers`` ignores case."""

    status: int
    headers: Message
    body: bytes

    @property
    def retry_after(self) -> float | None:
        """The value of Retry-After in seconds; None if there is none."""
        return seconds_until(self.headers.get("Retry-After", ""), datetime.now(UTC))


def read_response(response: http.client.HTTPResponse) -> HttpResponse:
    """Reads all of ``response``, and decodes its content coding.

    Raises `HTTPException` when it is shorter than it says, or in a coding that we cannot read, and `OSError`.
    """
    body = response.read(MAX_RESPONSE)
    if response.length and len(body) < MAX_RESPONSE:  # unlike read(), read(amount) raises nothing then
        raise http.client.IncompleteRead(body, response.length)
    return HttpResponse(response.status, response.headers, _decode(body, response.headers))


def _decode(body: bytes, headers: Message) -> bytes:
    """``body``, decoded. We request no coding, but some proxies respond with compressed cached content."""
    codings = ",".join(headers.get_all("Content-Encoding", [])).lower().split(",")
    for coding in reversed([coding.strip() for coding in codings] if body else []):
        if coding in DEFLATED:
            body = _inflate(body)
        elif coding not in PLAIN:
            raise http.client.HTTPException(f"the response is encoded as {coding[:40]}, which nobody asked for")
    return body


def _inflate(body: bytes) -> bytes:
    try:
        return _inflate_as(body, ANY_HEADER)
    except zlib.error:
        pass
    try:
        return _inflate_as(body, -zlib.MAX_WBITS)  # "deflate" without the header that it should have
    except zlib.error as error:
        raise http.client.HTTPException("the response is not compressed as it says") from error


def _inflate_as(body: bytes, window: int) -> bytes:
    """Raises `IncompleteRead` if the data is cut off, or would become longer than `MAX_RESPONSE`."""
    inflater = zlib.decompressobj(window)
    inflated = inflater.decompress(body, MAX_RESPONSE)
    if not inflater.eof:
        raise http.client.IncompleteRead(inflated)
    return inflated
