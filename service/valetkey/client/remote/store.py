"""Sending bytes to the store with a grant, and the meaning of the store's responses."""

import os
from collections.abc import Callable, Mapping

from valetkey.client.errors import (
    DeliveryUnknown,
    MultipartUploadGone,
    SignatureRejected,
    StoreBusy,
    StoreRefused,
    Transient,
)
from valetkey.client.files.source import Source
from valetkey.client.transport.body import FileBody
from valetkey.client.transport.connections import Connections
from valetkey.client.transport.responses import HttpResponse
from valetkey.reference.store_answers import ErrorBody, Meaning, meaning_of, parse_error

BUSY_SECONDS = 1.0
"""The delay for an overloaded store that sends no Retry-After, in seconds."""

PRECONDITION_FAILED = 412


class Store:
    """The store. Each method makes one attempt, and returns the ETag, or "" if the store sends none.

    Raises `Transient` and `DeliveryUnknown`, `SignatureRejected`, `MultipartUploadGone`, and `StoreRefused` for
    permanent failures.
    """

    def __init__(self, connections: Connections, check: Callable[[], None]) -> None:
        self._connections = connections
        self._check = check

    def post_form(self, grant: Mapping[str, object], source: Source, on_sent: Callable[[int], None]) -> str:
        """Sends the whole file as the last field of the grant's form."""
        fields = grant["fields"]
        assert isinstance(fields, dict)  # noqa: S101 - the API says so
        boundary = os.urandom(16).hex()
        head = "".join(_form_field(boundary, name, value) for name, value in fields.items())
        opening = f'name="{grant["file_field"]}"; filename="file"\r\nContent-Type: application/octet-stream'
        head += f"--{boundary}\r\nContent-Disposition: form-data; {opening}\r\n\r\n"
        body = self._body(source, 0, source.size, on_sent)
        body.head, body.tail = head.encode(), f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._send("post", str(grant["url"]), headers, body)

    def put_object(self, grant: Mapping[str, object], source: Source, on_sent: Callable[[int], None]) -> str:
        """Sends the whole file as the body."""
        return self._put("put", grant, self._body(source, 0, source.size, on_sent))

    def put_part(
        self, signed: Mapping[str, object], source: Source, offset: int, size: int, on_sent: Callable[[int], None]
    ) -> str:
        """Sends ``size`` bytes from ``offset`` as one part."""
        return self._put("part", signed, self._body(source, offset, size, on_sent))

    def _put(self, operation: str, signed: Mapping[str, object], body: FileBody) -> str:
        headers = signed["headers"]
        assert isinstance(headers, dict)  # noqa: S101 - the API says so
        return self._send(operation, str(signed["url"]), headers, body)

    def _body(self, source: Source, offset: int, size: int, on_sent: Callable[[int], None]) -> FileBody:
        return FileBody(source, offset, size, on_sent, self._check)

    def _send(self, operation: str, url: str, headers: Mapping[str, str], body: FileBody) -> str:
        taken = False
        try:
            response = self._connections.request("POST" if operation == "post" else "PUT", url, headers, body)
            error = parse_error(response.body)
            meaning = meaning_of(operation, response.status, error)
            taken = meaning is Meaning.TAKEN and body.completed
        finally:
            if not taken:
                body.rewind()
        if not taken:
            raise _exception(response, error, meaning)
        return (response.headers.get("ETag") or "").strip('"')


def _form_field(boundary: str, name: str, value: str) -> str:
    quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{quoted}"\r\n\r\n{value}\r\n'


def _exception(response: HttpResponse, error: ErrorBody, meaning: Meaning) -> Exception:
    if meaning is Meaning.TAKEN:
        detail = f"The store responded with {response.status} before it had read everything."
        return DeliveryUnknown(detail, check_now=True)
    detail = f"The store responded with {response.status} {error.code}. {error.message}".rstrip()
    if elsewhere := response.headers.get("Location") if 300 <= response.status < 400 else None:
        detail += f" It redirects to {elsewhere}."
    after = response.retry_after
    refused = StoreRefused(f"store_{response.status}", detail)
    errors: dict[Meaning, Callable[[], Exception]] = {
        Meaning.AGAIN: lambda: Transient(detail, after),
        Meaning.WAIT: lambda: StoreBusy(detail, after or BUSY_SECONDS),
        Meaning.GARBLED: lambda: Transient(detail, after, refused),
        Meaning.ODD: lambda: Transient(detail, after, refused),
        Meaning.LOOK: lambda: DeliveryUnknown(detail, after, check_now=response.status == PRECONDITION_FAILED),
        Meaning.FRESH: lambda: SignatureRejected(detail, response.status),
        Meaning.GONE: lambda: MultipartUploadGone(detail),
    }
    return errors.get(meaning, lambda: refused)()
