"""Requests as clients send them: nothing is added, followed, tried again or believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from secrets import token_hex
from typing import Any
from xml.etree.ElementTree import ParseError

from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session
from botocore.parsers import ResponseParserError
from botocore.utils import get_environ_proxies

from valetkey.reference.store_answers import NO_ERROR, ErrorBody, parse_error

TIMEOUT = (5, 10)
"""How long to wait for a connection, and for an answer, in seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``status`` is 0 where nothing did; ``error`` is what the body says of one."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    error: ErrorBody = NO_ERROR

    @property
    def taken(self) -> bool:
        """Whether it says that all is well: a 2xx without an error in its body."""
        return self.status in range(200, 300) and self.error is NO_ERROR

    @property
    def refused(self) -> bool:
        """Whether it says that this must not be, and not that somebody has trouble of this moment."""
        return self.status in range(400, 500) or self.status == HTTPStatus.NOT_IMPLEMENTED

    @property
    def said(self) -> str:
        """In short: ``403 AccessDenied``."""
        if not self.status:
            return self.error.message or "no answer"
        return f"{self.status} {self.error.code}".strip()


class Wire:
    """Connections as the store's own client makes them: with its proxies and its certificates (``ca_bundle``)."""

    def __init__(self, ca_bundle: str | None = None) -> None:
        self._ca_bundle = ca_bundle

    def send(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """What is answered to exactly this; a redirect is an answer."""
        make: Any = URLLib3Session
        session: Any = make(
            verify=self._ca_bundle or True, proxies=get_environ_proxies(url), timeout=TIMEOUT, max_pool_connections=1
        )
        sent: Any = HeadersDict({"Content-Length": str(len(body))} if body or method in {"PUT", "POST"} else {})
        sent.update(headers or {})
        try:
            answer = session.send(AWSPreparedRequest(method, url, sent, body, stream_output=False))
            content = answer.content or b""
        except BotoCoreError as error:
            return Answer(0, {}, error=ErrorBody("", f"{type(error).__name__}: {error}"))
        finally:
            session.close()
        return Answer(answer.status_code, answer.headers, content, _error_in(answer.status_code, content))

    def post_form(
        self, url: str, fields: Mapping[str, str], content: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """What is answered to a form with these ``fields``, and the file as its last one."""
        boundary = f"valetkey-{token_hex(8)}"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="doctor"\r\n'
        parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content)
        body = b"".join([*parts, f"\r\n--{boundary}--\r\n".encode()])
        sent = {"Content-Type": f"multipart/form-data; boundary={boundary}", **(headers or {})}
        return self.send("POST", url, sent, body)


def _error_in(status: int, content: bytes) -> ErrorBody:
    """What an answer says of an error; an object's own bytes are none."""
    if status in range(200, 300) and not content.lstrip().startswith((b"<", b"{")):
        return NO_ERROR
    return parse_error(content)


@dataclass(frozen=True, slots=True)
class Tried:
    """How a call of boto3 went: its ``answer``, or the store's ``status`` and ``code``; 0 where it did not answer."""

    answer: Any
    status: int
    code: str = ""
    message: str = ""
    headers: Mapping[str, str] | None = None

    @property
    def ok(self) -> bool:
        return self.answer is not None

    @property
    def denied(self) -> bool:
        """Whether a right is missing."""
        return self.status == HTTPStatus.FORBIDDEN or self.code in {"AccessDenied", "AllAccessDisabled"}

    @property
    def unsupported(self) -> bool:
        """Whether the store does not know how, and neither a right is missing nor the moment is bad."""
        passing = {HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
        refused = self.status in range(400, 500) and self.status not in passing
        return refused or self.status == HTTPStatus.NOT_IMPLEMENTED

    @property
    def absent(self) -> bool:
        """Whether it says that there is nothing of the kind."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def said(self) -> str:
        """In short: ``403 AccessDenied``."""
        if self.ok:
            return str(self.status)
        return " ".join(filter(None, [str(self.status or ""), self.code])) or self.message


def attempt(call: Any, **arguments: Any) -> Tried:
    """Makes a call of boto3's, and says how it went; an answer that boto3 cannot read, or follow, is none."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
        said = error.response.get("Error", {})
        code = str(said.get("Code", ""))
        status = int(metadata.get("HTTPStatusCode", 0))
        return Tried(
            None,
            status,
            "" if code == str(status) else code,
            str(said.get("Message", "")),
            metadata.get("HTTPHeaders", {}),
        )
    except (ParseError, ResponseParserError):
        return Tried(None, 0, "", "its answer cannot be read, so it is not S3")
    except RecursionError:  # botocore follows each redirect of a region
        return Tried(None, 0, "", "it redirects without an end")
    except BotoCoreError as error:
        return Tried(None, 0, "", f"{type(error).__name__}: {error}")
    metadata = answer.get("ResponseMetadata", {})
    return Tried(answer, int(metadata.get("HTTPStatusCode", 200)), headers=metadata.get("HTTPHeaders", {}))
