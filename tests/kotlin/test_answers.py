"""The Kotlin client interprets a store's responses as `service/valetkey/reference` does."""

import base64
import gzip
import json
from collections.abc import Sequence

from tests.kotlin.driver import java
from tests.support import processes

from valetkey.reference.store_answers import load_answers, meaning_of, parse_error

WRITES = ("post", "put", "part")

BODIES = [
    b"",
    b"   \n\n<?xml version='1.0'?>\n<Error><Code>SlowDown</Code><Message>Less &amp; later &#x2026;</Message></Error>",
    b"<ns:Error xmlns:ns='x'><ns:Code a='b'> <![CDATA[NoSuchUpload]]></ns:Code></ns:Error>",
    "<Error><Code>AccessDenied</Code></Error>".encode("utf-16"),
    "<Error><Code>AccessDenied</Code></Error>".encode("utf-16-le"),
    "<Error><Code>AccessDenied</Code></Error>".encode("utf-16-be"),
    "\ufeff<Error><Code>AccessDenied</Code></Error>".encode(),
    b"<Error><Message>of no code\x00 at all</Message></Error>",
    b"<Code>EntityTooLarge</Code>",
    b"<!-- a proxy --><!DOCTYPE html><html><body>Error</body></html>",
    b"<html lang=en>",
    b"<CompleteMultipartUploadResult/>",
    b'{"code": "bad_auth_token", "message": "over", "status": 401}',
    b'{"error": {"Code": "SlowDown", "Message": "later\\nmore"}}',
    b'{"Error": "unauthorized"}',
    b'{"__type": "TooManyRequestsException"}',
    b'{"message": "no code"}',
    b'{"hello": 1}',
    b'{"code": 7}',
    b"{ this is no JSON",
    b"[1]",
    gzip.compress(b"<Error><Code>SlowDown</Code></Error>"),
    b" " * 70_000 + b"<Error><Code>SlowDown</Code></Error>",
]


def said(cases: Sequence[tuple[str, int, bytes]]) -> list[dict[str, str]]:
    """What the Kotlin client makes of each."""
    lines = [json.dumps([operation, str(status), base64.b64encode(body).decode()]) for operation, status, body in cases]
    given = "\n".join(lines).encode()
    done = processes.run(java("valetkey.driver.MainKt", "answers"), given=given, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def expected(operation: str, status: int, body: bytes) -> dict[str, str]:
    error = parse_error(body)
    return {"means": meaning_of(operation, status, error).value, "code": error.code, "message": error.message}


def test_each_code_status_and_body() -> None:
    """All codes of the list, with their own status and with another; all statuses; and bodies of every shape."""
    codes = [(code, known["status"]) for code, known in load_answers()["codes"].items()]
    codes += [("KMS.OfTomorrowException", 400), ("NobodyKnowsIt", 400), ("NobodyKnowsIt", 503)]
    assert len(codes) > 200
    written = [(code, status) for code, own in codes for status in {own, 200, 400, 500}]
    cases = [
        (operation, status, f"<Error><Code>{code}</Code><Message>so</Message></Error>".encode())
        for operation in WRITES
        for code, status in written
    ]
    cases += [(operation, status, b"") for operation in WRITES for status in range(100, 600)]
    cases += [(operation, status, body) for operation in WRITES for status in (200, 400, 503) for body in BODIES]
    found = said(cases)
    wrong = [(case, one) for case, one in zip(cases, found, strict=True) if one != expected(*case)]
    assert wrong == []
