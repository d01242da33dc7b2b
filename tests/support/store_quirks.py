"""Quirks of stores, as vendors document them or users report them, for the proxy of `tests.support.store_proxy`.

Unless a docstring says "measured", we have not measured them on the vendor's own store.
"""

import re
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import unquote
from xml.sax.saxutils import unescape

from tests.support.store_proxy import Answer, Quirk, Request, refusal
from tests.support.stores import S3Server


class CopiesGetAnotherETag(Quirk):
    """AWS with SSE-KMS or SSE-C, MinIO with a KMS: the ETag of a copy is not its source's, and differs for each copy.

    The ETag of a multipart object does not follow from its parts, either. HEAD, GET and lists return it, and conditions
    are evaluated on it. Objects that were written by PUT or POST keep their ETags; with ``puts`` only those by POST do.
    """

    def __init__(self, *, puts: bool = False) -> None:
        self._changing = {"COPY", "COMPLETE"} | ({"PUT"} if puts else set())
        self._lock = threading.Lock()
        self._shown: dict[tuple[str, str], dict[str, str]] = {}  # by path and version: the real ETag, and what is shown

    def before(self, request: Request) -> Answer | None:
        for name, path, version in self._conditions(request):
            asked = request.header(name)
            if asked and (real := self._real(path, version, asked.strip('"'))):
                request.set_header(name, f'"{real}"')
            elif asked and asked.strip('"') in self._known(path, version):
                request.set_header(name, '"ffffffffffffffffffffffffffffffff"')  # the real one is nobody's here
        return None

    def after(self, request: Request, answer: Answer) -> None:
        path, version = unquote(request.path), answer.header("x-amz-version-id") or ""
        if answer.ok and request.operation in self._changing:
            self._another(path, version, answer)
        elif answer.ok and request.operation == "PUT":
            with self._lock:
                self._shown.pop((path, version), None)
        elif request.operation in {"LIST", "LIST_VERSIONS"} and answer.ok:
            answer.body = self._listing(request, answer.body.decode()).encode()
        elif request.method in {"GET", "HEAD"} and request.key and (etag := answer.header("ETag")):
            shown = self._shown_for(path, version, etag.strip('"')) or etag.strip('"')
            answer.set_header("ETag", f'"{shown}"')

    def _another(self, path: str, version: str, answer: Answer) -> None:
        """Gives the object that was just written another ETag, in the response too."""
        etag = answer.header("ETag")
        found = etag.strip('"') if etag else _tag(answer.body.decode(), "ETag").strip('"')
        if b"<Error>" in answer.body:
            return
        shown = _like(found, secrets.token_hex(16))
        with self._lock:
            self._shown[path, version] = {found: shown}
        if etag:
            answer.set_header("ETag", f'"{shown}"')
        elif found:
            answer.body = answer.body.replace(found.encode(), shown.encode())

    def _conditions(self, request: Request) -> list[tuple[str, str, str]]:
        """The headers with conditions on ETags, and the object that each is about."""
        own, version = unquote(request.path), request.parameters.get("versionId", "")
        source, _, source_version = (request.header("x-amz-copy-source") or "").partition("?versionId=")
        source = "/" + unquote(source).removeprefix("/")
        of_source = [
            ("x-amz-copy-source-if-match", source, source_version),
            ("x-amz-copy-if-match", source, source_version),
        ]
        return [("If-Match", own, version), ("If-None-Match", own, version), *of_source]

    def _known(self, path: str, version: str) -> dict[str, str]:
        """RGW 16 does not return the version that a copy created: it is the one that is requested next."""
        with self._lock:
            if (path, version) not in self._shown and (path, "") in self._shown:
                self._shown[path, version] = self._shown.pop((path, ""))
            return self._shown.get((path, version), {})

    def _shown_for(self, path: str, version: str, real: str) -> str | None:
        known = self._known(path, version)
        if real and "" in known:  # RGW 16 does not say what it has joined
            known[real] = _like(real, known.pop(""))
        return known.get(real)

    def _real(self, path: str, version: str, asked: str) -> str | None:
        known = self._known(path, version)
        return next((real for real, shown in known.items() if shown == asked), None)

    def _listing(self, request: Request, text: str) -> str:
        def shown(found: re.Match[str]) -> str:
            entry = found.group()
            version = _tag(entry, "VersionId")
            key = unquote(_tag(entry, "Key"))  # botocore asks for listings with encoded keys
            etag = _tag(entry, "ETag").strip('"')
            other = self._shown_for(f"/{request.bucket}/{key}", version, etag)
            return entry.replace(etag, other) if other else entry

        return re.sub(r"<(Contents|Version)>.*?</\1>", shown, text, flags=re.DOTALL)


class NoChecksums(Quirk):
    """MinIO with a KMS, older RGW: checksums are not stored, and HEAD returns none."""

    def after(self, request: Request, answer: Answer) -> None:
        for name in [name for name, _ in answer.headers if name.lower().startswith("x-amz-checksum-")]:
            answer.set_header(name, None)


class GoHeaderCase(Quirk):
    """Caddy, Traefik, rclone and other servers in Go: header names such as `X-Amz-Meta-Upload-Id`, and `Etag`."""

    def after(self, request: Request, answer: Answer) -> None:
        answer.headers[:] = [
            ("-".join(word.capitalize() for word in name.split("-")), value) for name, value in answer.headers
        ]


class WeakETags(Quirk):
    """Proxies that may compress (Caddy, nginx, Cloudflare) change ETags to weak ones."""

    def after(self, request: Request, answer: Answer) -> None:
        if request.method in {"GET", "HEAD"} and request.key and (etag := answer.header("ETag")):
            answer.set_header("ETag", f"W/{etag}")


class LowerHeaderCase(Quirk):
    """Proxies that use HTTP/2 to the store: header names in lower case."""

    def after(self, request: Request, answer: Answer) -> None:
        answer.headers[:] = [(name.lower(), value) for name, value in answer.headers]


class Drops(Quirk):
    """Responses to some methods lack a header: `Drops("Content-Length")`, `Drops("ETag")` (JuiceFS by default)."""

    def __init__(self, header: str, *, methods: frozenset[str] = frozenset({"HEAD"})) -> None:
        self.header = header
        self.methods = methods

    def after(self, request: Request, answer: Answer) -> None:
        if request.method in self.methods and request.key:
            answer.set_header(self.header, None)


class Says(Quirk):
    """Replaces a header, or the body if ``header`` is None, by `change(value)` in responses to some operations."""

    def __init__(self, operations: set[str], change: Callable[[str], str], header: str | None = "ETag") -> None:
        self.operations = operations
        self.change = change
        self.header = header

    def after(self, request: Request, answer: Answer) -> None:
        if request.operation not in self.operations or not answer.ok:
            return
        if self.header is None:
            answer.body = self.change(answer.body.decode()).encode()
        elif (value := answer.header(self.header)) is not None:
            answer.set_header(self.header, self.change(value))


class Fails(Quirk):
    """Responds to some operations (names of `OPERATIONS`) with an error, without passing them to the store.

    ``times`` limits the number of errors, ``key_prefix`` the keys. With ``late`` the store carries out the operation,
    and only the response is an error, as if the real one was lost.
    """

    def __init__(
        self,
        operations: str | set[str],
        status: int,
        code: str,
        message: str = "As this store does.",
        *,
        times: int | None = None,
        key_prefix: str = "",
        late: bool = False,
    ) -> None:
        self.operations = {operations} if isinstance(operations, str) else operations
        self.error = (status, code, message)
        self.left = times
        self.key_prefix = key_prefix
        self.late = late
        self._lock = threading.Lock()

    def before(self, request: Request) -> Answer | None:
        return None if self.late or not self._hits(request) else refusal(*self.error)

    def after(self, request: Request, answer: Answer) -> None:
        if self.late and answer.ok and self._hits(request):
            error = refusal(*self.error)
            answer.status, answer.headers[:], answer.body = error.status, error.headers, error.body

    def _hits(self, request: Request) -> bool:
        if request.operation not in self.operations or not request.key.startswith(self.key_prefix):
            return False
        with self._lock:
            if self.left is None:
                return True
            self.left -= 1
            return self.left >= 0


def no_list_parts() -> Fails:
    """A store without ListParts."""
    return Fails(
        "LIST_PARTS",
        501,
        "NotImplemented",
        "A header or query you provided requests a function that is not implemented.",
    )


def no_list_multiparts() -> Fails:
    """A store without ListMultipartUploads."""
    return Fails("LIST_MULTIPARTS", 501, "NotImplemented")


class Refuses(Quirk):
    """Refuses writes with a header, or a form field of that name, unless its value is in ``unless``."""

    def __init__(self, header: str, status: int, code: str, *, unless: frozenset[str] = frozenset()) -> None:
        self.header = header
        self.error = (status, code)
        self.unless = unless

    def before(self, request: Request) -> Answer | None:
        value = request.header(self.header)
        if request.method not in {"PUT", "POST"} or value is None or value in self.unless:
            return None
        return refusal(*self.error)


def refuses_storage_class() -> Refuses:
    """MinIO and most stores other than AWS: 400 InvalidStorageClass for unknown storage classes."""
    return Refuses("x-amz-storage-class", 400, "InvalidStorageClass", unless=frozenset({"STANDARD"}))


def refuses_encryption() -> Refuses:
    """MinIO without a KMS: 501 NotImplemented for any SSE."""
    return Refuses("x-amz-server-side-encryption", 501, "NotImplemented")


def refuses_if_none_match() -> Refuses:
    """Swift: 501 for If-None-Match on a PUT."""
    return Refuses("if-none-match", 501, "NotImplemented")


class WantsChecksums(Quirk):
    """A bucket with Object Lock's default retention on AWS (reported): a PUT or part needs Content-MD5 or a checksum.

    The store behind it checks a Content-MD5; x-amz-checksum-* is accepted unchecked.
    """

    def before(self, request: Request) -> Answer | None:
        names = {name.lower() for name, _ in request.headers} | request.parameters.keys()
        given = "content-md5" in names or any(name.startswith("x-amz-checksum-") for name in names)
        if request.operation not in {"PUT", "PART"} or given:
            return None
        what = (
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"
        )
        return refusal(400, "InvalidRequest", what)


class Slow(Quirk):
    """Some operations take effect at once, but the response comes ``seconds`` later; this can be changed at any
    time."""

    def __init__(self, seconds: float, operations: frozenset[str] = frozenset({"COPY"})) -> None:
        self.seconds = seconds
        self.operations = operations

    def after(self, request: Request, answer: Answer) -> None:
        if request.operation in self.operations:
            answer.body = answer.body  # done at the store before the wait begins
            time.sleep(self.seconds)


class IgnoresPrefix(Quirk):
    """Lists the whole bucket, whatever the prefix."""

    def before(self, request: Request) -> Answer | None:
        if request.operation in {"LIST", "LIST_VERSIONS", "LIST_MULTIPARTS"}:
            kept = [pair for pair in request.query.split("&") if not pair.startswith("prefix=")]
            request.query, request.resign = "&".join(kept), True
        return None


class IgnoresCopyConditions(Quirk):
    """Moto, and others: copies ignore the condition on the source's ETag."""

    def before(self, request: Request) -> Answer | None:
        for name in ("x-amz-copy-source-if-match", "x-amz-copy-if-match"):
            if request.header(name) is not None:
                request.set_header(name, None)
        return None


class ComparesBeforeItCopies(Quirk):
    """The JuiceFS gateway (1.4.2, measured): it checks the condition of a copy first, and reads the bytes afterwards.

    ``meanwhile`` is called between the two; without it, there is a delay.
    """

    def __init__(self, server: S3Server, meanwhile: Callable[[Request], object] = lambda _: time.sleep(0.02)) -> None:
        self._server = server
        self._meanwhile = meanwhile

    def before(self, request: Request) -> Answer | None:
        wanted = request.header("x-amz-copy-source-if-match")
        if request.operation != "COPY" or wanted is None:
            return None
        bucket, _, key = unquote(request.header("x-amz-copy-source") or "").partition("/")
        if self._server.client().head_object(Bucket=bucket, Key=key)["ETag"] != wanted:
            return refusal(412, "PreconditionFailed")
        self._meanwhile(request)
        return IgnoresCopyConditions().before(request)


class RefusesConditionsOnJoined(Quirk):
    """Swift (2.30, measured): a conditional copy of a multipart object is always a 412."""

    def before(self, request: Request) -> Answer | None:
        etag = request.header("x-amz-copy-source-if-match") or ""
        return refusal(412, "PreconditionFailed") if request.operation == "COPY" and "-" in etag else None


class When(Quirk):
    """Another quirk, as long as a condition holds: `When(lambda: broken.is_set(), no_list_parts())`."""

    def __init__(self, condition: Callable[[], bool], quirk: Quirk) -> None:
        self.condition = condition
        self.quirk = quirk

    def before(self, request: Request) -> Answer | None:
        return self.quirk.before(request) if self.condition() else None

    def after(self, request: Request, answer: Answer) -> None:
        if self.condition():
            self.quirk.after(request, answer)


def _like(real: str, other: str) -> str:
    """``other`` with the suffix for the number of parts, if ``real`` has one."""
    return other + "".join(real.partition("-")[1:])


def _tag(text: str, name: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return unescape(found[1], {"&quot;": '"', "&#34;": '"'}) if found else ""


class DateIsOff(Quirk):
    """A store whose clock differs from ours by ``off``."""

    def __init__(self, off: timedelta) -> None:
        self.off = off

    def after(self, request: Request, answer: Answer) -> None:
        answer.set_header("Date", format_datetime(datetime.now(UTC) + self.off, usegmt=True))


class SaysErrorWith200(Quirk):
    """Some operations do nothing, and respond with 200 and an error in the body, as S3 documents for copies."""

    def __init__(self, operations: set[str]) -> None:
        self.operations = operations

    def before(self, request: Request) -> Answer | None:
        if request.operation not in self.operations:
            return None
        answer = refusal(200, "InternalError", "We encountered an internal error. Please try again.")
        answer.set_header("ETag", '"00000000000000000000000000000000"')
        return answer


class LiesOfRefusals(Quirk):
    """Responds with an error although the object was stored."""

    def __init__(self, operations: set[str]) -> None:
        self.operations = operations

    def after(self, request: Request, answer: Answer) -> None:
        if request.operation in self.operations and answer.ok:
            error = refusal(403, "AccessDenied")
            answer.status, answer.headers[:], answer.body = error.status, error.headers, error.body


class WrongRegion(Quirk):
    """Requests that were signed for a region other than ``region`` are refused with the right region: in the message,
    as by AWS and MinIO, or only in an ``element`` of the body, as by Garage, which boto3 follows, too."""

    def __init__(self, region: str, *, element: bool = False) -> None:
        self.region = region
        self.element = element

    def before(self, request: Request) -> Answer | None:
        signed = (request.header("Authorization") or "") + unquote(request.query)
        if f"/{self.region}/" in signed or "aws4_request" not in signed:
            return None
        if self.element:
            answer = refusal(400, "AuthorizationHeaderMalformed", "Authorization header malformed, unexpected scope.")
            answer.body = answer.body.replace(b"</Error>", b"<Region>%b</Region></Error>" % self.region.encode())
            return answer
        message = f"The authorization header is malformed; the region is wrong; expecting '{self.region}'"
        return refusal(400, "AuthorizationHeaderMalformed", message)


class RefusesUrls(Quirk):
    """Refuses presigned URLs, as if a proxy rewrote the query."""

    def before(self, request: Request) -> Answer | None:
        return refusal(403, "SignatureDoesNotMatch") if "X-Amz-Signature" in request.query else None


class TakesUnsigned(Quirk):
    """A proxy that signs all requests with its own key: conditions of grants are not enforced."""

    def before(self, request: Request) -> Answer | None:
        if request.method in {"PUT", "GET", "DELETE", "HEAD"} and request.key:
            request.resign = True
        return None
