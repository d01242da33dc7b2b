"""What is sent to the store by a grant, and what its answers mean."""

import os
import re
from collections.abc import Callable, Mapping

from valetkey.client.errors import Gone, Refused, Stale, Transient
from valetkey.client.sources import Source
from valetkey.client.wire import Answer, Body, Wire

TRY_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})
"""409 is OperationAborted and ConditionalRequestConflict: S3 asks for another attempt."""

TRY_AGAIN_CODES = frozenset({"RequestTimeout", "BadDigest", "IncompleteBody"})


class Store:
    """The S3 of one run. Each method makes one attempt.

    Raises `Transient`, `Stale`, `Gone`, and `Refused` for what will not be different the next time.
    """

    def __init__(self, wire: Wire, check: Callable[[], None]) -> None:
        self._wire = wire
        self._check = check

    def post(self, grant: Mapping[str, object], source: Source, on_sent: Callable[[int], None]) -> None:
        """The whole file, as the last field of the grant's form."""
        fields = grant["fields"]
        assert isinstance(fields, dict)  # noqa: S101 - the wire says so
        boundary = os.urandom(16).hex()
        head = "".join(_field(boundary, name, value) for name, value in fields.items())
        opening = f'name="{grant["file_field"]}"; filename="file"\r\nContent-Type: application/octet-stream'
        head += f"--{boundary}\r\nContent-Disposition: form-data; {opening}\r\n\r\n"
        body = self._body(source, 0, source.size, on_sent)
        body.head, body.tail = head.encode(), f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        self._send("POST", str(grant["url"]), headers, body)

    def put(self, grant: Mapping[str, object], source: Source, on_sent: Callable[[int], None]) -> None:
        """The whole file as the body. 412 says that it is there already."""
        self._put(grant, self._body(source, 0, source.size, on_sent))

    def part(
        self, signed: Mapping[str, object], source: Source, offset: int, size: int, on_sent: Callable[[int], None]
    ) -> None:
        """``size`` bytes from ``offset`` as one part."""
        self._put(signed, self._body(source, offset, size, on_sent))

    def _put(self, signed: Mapping[str, object], body: Body) -> None:
        headers = signed["headers"]
        assert isinstance(headers, dict)  # noqa: S101 - the wire says so
        self._send("PUT", str(signed["url"]), headers, body)

    def _body(self, source: Source, offset: int, size: int, on_sent: Callable[[int], None]) -> Body:
        return Body(source, offset, size, on_sent, self._check)

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: Body) -> None:
        taken = False
        try:
            answer = self._wire.request(method, url, headers, body)
            taken = _is_taken(answer)
        finally:
            if not taken:
                body.rewind()
        if not taken:
            raise _failure(answer)


def _field(boundary: str, name: str, value: str) -> str:
    quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{quoted}"\r\n\r\n{value}\r\n'


def _is_taken(answer: Answer) -> bool:
    """Whether the bytes are there: not where the answer's body takes back what its status says, as S3 may do."""
    return answer.status == 412 or (answer.status < 300 and b"<Error>" not in answer.body)


def _failure(answer: Answer) -> Exception:
    text = answer.body[:10_000].decode("utf-8", "replace")
    code, message = _element(text, "Code"), _element(text, "Message")
    said = f"The store answers {answer.status} {code}. {message}".rstrip()
    if answer.status < 300 or answer.status in TRY_AGAIN or code in TRY_AGAIN_CODES:
        return Transient(said, answer.retry_after)
    if answer.status == 403:
        return Stale(said)
    if answer.status == 404:
        return Gone(said)
    return Refused(f"store_{answer.status}", said)


def _element(text: str, name: str) -> str:
    from html import unescape  # only where something went wrong: a run that goes well need not load it

    found = re.search(f"<{name}>([^<]*)</{name}>", text)
    return unescape(found[1]) if found else ""
