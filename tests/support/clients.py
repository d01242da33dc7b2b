"""A plain HTTP client for presigned POST forms: it sends exactly what it is told, and streams the file."""

import http.client
import io
import secrets
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

CHUNK = 256 * 1024


@dataclass(frozen=True)
class Response:
    """An HTTP response; names of `headers` are case-insensitive."""

    status: int
    headers: Message
    body: bytes

    @property
    def error_code(self) -> str | None:
        """The `<Code>` of an S3 error document (such as `AccessDenied`); None if the body is something else."""
        try:
            return ET.fromstring(self.body).findtext("Code")
        except ET.ParseError:
            return None


def post_form(
    url: str,
    fields: Mapping[str, str] | Iterable[tuple[str, str]],
    content: bytes | Path,
    *,
    filename: str = "file",
    file_field: str = "file",
    file_type: str = "application/octet-stream",
    timeout: float = 60,
) -> Response:
    """Sends `fields` in their order, followed by the file as the last part of a multipart/form-data body.

    A `Path` is streamed in chunks of 256 KiB. Redirects are not followed. If the server responds and closes the
    connection before it has read everything, its response is returned. Raises `OSError` if there is none.
    """
    boundary = secrets.token_hex(16)
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    parts = [_part(boundary, f'name="{_quoted(name)}"', value) for name, value in pairs]
    disposition = f'name="{_quoted(file_field)}"; filename="{_quoted(filename)}"\r\nContent-Type: {file_type}'
    head = ("".join(parts) + _part(boundary, disposition, "").removesuffix("\r\n")).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + size + len(tail)),
    }
    with content.open("rb") if isinstance(content, Path) else io.BytesIO(content) as file:
        return _send(url, headers, (head, file, tail), timeout)


def put(url: str, headers: Mapping[str, str], content: bytes, *, timeout: float = 60) -> Response:
    """Sends `content` by PUT with `headers` and its actual length. Raises `OSError` if there is no response."""
    own = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    own["Content-Length"] = str(len(content))
    return _send(url, own, (b"", io.BytesIO(content), b""), timeout, method="PUT")


def _quoted(name: str) -> str:
    """A name as browsers escape it in a Content-Disposition (WHATWG HTML, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _part(boundary: str, disposition: str, value: str) -> str:
    return f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n"


def _send(
    url: str, headers: Mapping[str, str], body: tuple[bytes, BinaryIO, bytes], timeout: float, method: str = "POST"
) -> Response:
    parts = urlsplit(url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.netloc, timeout=timeout)
    try:
        connection.putrequest(method, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        _write(connection, body)
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())
    finally:
        connection.close()


def _write(connection: http.client.HTTPConnection, body: tuple[bytes, BinaryIO, bytes]) -> None:
    head, file, tail = body
    try:
        connection.send(head)
        while chunk := file.read(CHUNK):
            connection.send(chunk)
        connection.send(tail)
    except (BrokenPipeError, ConnectionResetError):
        return  # refused early: the answer may already be there to read
