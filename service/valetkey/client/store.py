"""What is sent to the store by a grant, and what its answers mean."""

import os
from collections.abc import Callable, Mapping

from valetkey.client.errors import Doubtful, Gone, Refused, Stale, Transient
from valetkey.client.sources import Source
from valetkey.client.wire import Answer, Body, Wire
from valetkey.store_answers import Meaning, Said, meaning_of, said_by

BUSY_SECONDS = 1.0
"""How long a store that has too much to do is left alone, where it does not say itself."""

PRECONDITION_FAILED = 412


class Store:
    """The S3 of one run. Each method makes one attempt, and says the ETag of what is there then, or "".

    Raises `Transient` and `Doubtful`, `Stale`, `Gone`, and `Refused` for what will not be different the next time.
    """

    def __init__(self, wire: Wire, check: Callable[[], None]) -> None:
        self._wire = wire
        self._check = check

    def post(self, grant: Mapping[str, object], source: Source, on_sent: Callable[[int], None]) -> str:
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
        return self._send("post", str(grant["url"]), headers, body)

    def put(self, grant: Mapping[str, object], source: Source, on_sent: Callable[[int], None]) -> str:
        """The whole file as the body."""
        return self._put("put", grant, self._body(source, 0, source.size, on_sent))

    def part(
        self, signed: Mapping[str, object], source: Source, offset: int, size: int, on_sent: Callable[[int], None]
    ) -> str:
        """``size`` bytes from ``offset`` as one part."""
        return self._put("part", signed, self._body(source, offset, size, on_sent))

    def _put(self, operation: str, signed: Mapping[str, object], body: Body) -> str:
        headers = signed["headers"]
        assert isinstance(headers, dict)  # noqa: S101 - the wire says so
        return self._send(operation, str(signed["url"]), headers, body)

    def _body(self, source: Source, offset: int, size: int, on_sent: Callable[[int], None]) -> Body:
        return Body(source, offset, size, on_sent, self._check)

    def _send(self, operation: str, url: str, headers: Mapping[str, str], body: Body) -> str:
        taken = False
        try:
            answer = self._wire.request("POST" if operation == "post" else "PUT", url, headers, body)
            said = said_by(answer.body)
            meaning = meaning_of(operation, answer.status, said)
            taken = meaning is Meaning.TAKEN
        finally:
            if not taken:
                body.rewind()
        if not taken:
            raise _failure(answer, said, meaning)
        return (answer.headers.get("ETag") or "").strip('"')


def _field(boundary: str, name: str, value: str) -> str:
    quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{quoted}"\r\n\r\n{value}\r\n'


def _failure(answer: Answer, said: Said, meaning: Meaning) -> Exception:
    text = f"The store answers {answer.status} {said.code}. {said.message}".rstrip()
    if elsewhere := answer.headers.get("Location") if 300 <= answer.status < 400 else None:
        text += f" It redirects to {elsewhere}."
    refused = Refused(f"store_{answer.status}", text)
    ends: dict[Meaning, Callable[[], Exception]] = {
        Meaning.AGAIN: lambda: Transient(text, answer.retry_after),
        Meaning.WAIT: lambda: Transient(text, answer.retry_after or BUSY_SECONDS),
        Meaning.GARBLED: lambda: Transient(text, answer.retry_after, refused),
        Meaning.ODD: lambda: Transient(text, answer.retry_after, refused),
        Meaning.LOOK: lambda: Doubtful(text, answer.retry_after, answered=answer.status == PRECONDITION_FAILED),
        Meaning.FRESH: lambda: Stale(text, answer.status),
        Meaning.GONE: lambda: Gone(text),
    }
    return ends.get(meaning, lambda: refused)()
