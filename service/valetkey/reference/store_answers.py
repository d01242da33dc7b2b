"""The meaning of a store's responses, from one table: `store_answers.json`, beside this module.

The service's S3 adapter and `valetkey put` use this module, the browser client a module that is generated from the same
list (``frontend/client/scripts/answers.mjs``). An error code says more than a status, and stores use different
statuses, so the code counts first. A response without a code, or with an unknown one, is judged by its status.
"""

import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from string import whitespace
from typing import Any, NamedTuple


class Meaning(StrEnum):
    """What to do about a response; the list explains each in a sentence."""

    TAKEN = "taken"
    AGAIN = "again"
    WAIT = "wait"
    GARBLED = "garbled"
    ODD = "odd"
    FRESH = "fresh"
    LOOK = "look"
    GONE = "gone"
    FILE = "file"
    REFUSED = "refused"
    PLACEMENT = "placement"
    UNSUPPORTED = "unsupported"
    MISSING = "missing"
    CHANGED = "changed"


class ErrorBody(NamedTuple):
    """The error in the body of a response."""

    code: str
    """The store's code, such as ``SlowDown``; empty if the body has none."""
    message: str
    """The store's message, or ours; empty if there is none."""


NO_ERROR = ErrorBody("", "")
"""The body reports no error."""

MAX_ERROR_BODY = 65_536
"""How many characters of a body are parsed, after the spaces that a store sends while it is busy."""

MARK = "\ufeff"
"""The byte order mark."""

_ERROR_TAG = re.compile(r"<(?:[\w.-]+:)?Error[\s/>]")
_HTML = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)


_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@cache
def load_answers() -> dict[str, Any]:
    """Reads the list."""
    answers: dict[str, Any] = json.loads(Path(__file__).with_name("store_answers.json").read_bytes())
    return answers


def meaning_of(operation: str, status: int, error: ErrorBody = NO_ERROR) -> Meaning:
    """What a response to ``operation`` (one of the list's) means, by its status and the ``error`` in its body.

    A 2xx with an error in its body is that error, and never a success.
    """
    answers = load_answers()
    if (known := answers["codes"].get(error.code)) is not None:
        return _meaning_for(operation, known["means"])
    if error.code.startswith("KMS."):
        return Meaning.PLACEMENT
    if 200 <= status < 300 and error is not NO_ERROR:
        return Meaning.ODD
    statuses = answers["statuses"]
    return _meaning_for(operation, statuses.get(str(status)) or statuses.get(f"{status // 100}xx", "refused"))


def is_listed(code: str) -> bool:
    """Whether the list has ``code``: then a store sent it, and not something in front of it."""
    return code in load_answers()["codes"]


def _meaning_for(operation: str, means: str | dict[str, str]) -> Meaning:
    return Meaning(means if isinstance(means, str) else means.get(operation) or means["*"])


def parse_error(body: bytes) -> ErrorBody:
    """Parses the error in ``body``: XML as S3 has it (any prefix, attributes, CDATA), or JSON; `NO_ERROR` otherwise.

    An HTML page, and an error without a code, get a message of ours.
    """
    text = _decode(body)
    if text[:1] == "{":
        return _parse_json(text)
    if _HTML.match(text):
        return ErrorBody("", "The body is an HTML page: something between us and the store responded.")
    if not _ERROR_TAG.search(text) and not _element(text, "Code"):
        return NO_ERROR
    code = _plain(_element(text, "Code"))
    return ErrorBody(code, _plain(_element(text, "Message")) or ("" if code else "The error has no code."))


def is_page(body: bytes) -> bool:
    """Whether ``body`` is not the store's: HTML or plain text. A store sends XML, some gateways JSON, or only
    spaces."""
    text = _decode(body)
    return bool(text) and (text[0] not in "<{" or _HTML.match(text) is not None)


def seconds_until(retry_after: str, now: datetime) -> float | None:
    """The delay in ``Retry-After``, in seconds; None if it is neither seconds nor a date (RFC 9110)."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    with suppress(TypeError, ValueError, OverflowError):
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    return None


def _decode(body: bytes) -> str:
    text = body.decode(_encoding_of(body), "replace")
    return text.lstrip(f"{MARK}{whitespace}")[:MAX_ERROR_BODY].rstrip()


def _encoding_of(body: bytes) -> str:
    """The encoding: UTF-16 XML has a byte order mark, or is recognized by its first character (XML 1.0, F.1)."""
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" not in body[:2]:
        return "utf-8"
    return "utf-16-be" if body[:1] == b"\0" else "utf-16-le"


def _element(text: str, name: str) -> str:
    from html import unescape  # `put` need not import it for a run without errors

    found = re.search(rf"<(?:[\w.-]+:)?{name}(?:\s[^>]*)?>\s*(?:<!\[CDATA\[)?([^<\]]*)", text)
    return unescape(found[1]).strip() if found else ""


def _parse_json(text: str) -> ErrorBody:
    """Parses ``{code, message}``, in any case, perhaps inside ``error``, as B2 and gateways send it."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return NO_ERROR
    for name in ("error", "Error"):
        if isinstance(parsed, dict) and isinstance(parsed.get(name), dict):
            parsed = parsed[name]
    if not isinstance(parsed, dict):
        return NO_ERROR
    lower = {str(name).lower(): value for name, value in parsed.items()}
    code = next((value for name in ("code", "error", "__type") if isinstance(value := lower.get(name), str)), "")
    message = lower.get("message")
    if not code and "message" not in lower and "error" not in lower:
        return NO_ERROR
    return ErrorBody(_plain(code), _plain(message) if isinstance(message, str) else "")


def _plain(text: str) -> str:
    """``text`` in one line, for logs, and for a ledger that cannot store NUL."""
    return _CONTROL.sub(" ", text).strip()
