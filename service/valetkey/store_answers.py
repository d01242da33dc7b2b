"""What an answer of a store means, from one list: `store_answers.json`, beside this module.

The service's S3 adapter and `valetkey put` decide by this module, the browser client by a module that is generated from
the same list (``frontend/client/scripts/answers.mjs``). A code says more than a status, and stores differ in theirs, so
the code goes first; an answer whose code is not in the list, or that has none, is judged by its status.
"""

import json
import re
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class Meaning(StrEnum):
    """What to do about an answer; the list says it in a sentence for each."""

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


class Said(NamedTuple):
    """The code and the message of an error document; empty where there is none."""

    code: str
    message: str


NOTHING = Said("", "")
ERRORS_AT = 65_536
"""Bytes of an answer's body that are looked at: an error is at its beginning."""

_ERROR = re.compile(r"<(?:[\w.-]+:)?Error[\s/>]")
_PAGE = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)


@cache
def answers() -> dict[str, Any]:
    """The whole list."""
    listed: dict[str, Any] = json.loads(Path(__file__).with_name("store_answers.json").read_bytes())
    return listed


def meaning_of(operation: str, status: int, said: Said = NOTHING) -> Meaning:
    """What an answer to ``operation`` (one of the list's) means.

    ``said`` is what its body says. A 2xx with an error in its body is that error, and no success whatever it is.
    """
    listed = answers()
    if (known := listed["codes"].get(said.code)) is not None:
        return _for(operation, known["means"])
    if said.code.startswith("KMS."):
        return Meaning.PLACEMENT
    if 200 <= status < 300 and said is not NOTHING:
        return Meaning.ODD
    statuses = listed["statuses"]
    return _for(operation, statuses.get(str(status)) or statuses.get(f"{status // 100}xx", "refused"))


def _for(operation: str, means: str | dict[str, str]) -> Meaning:
    return Meaning(means if isinstance(means, str) else means.get(operation) or means["*"])


def said_by(body: bytes) -> Said:
    """What the error document in ``body`` says: XML as of S3 (any prefix, attributes, CDATA), or JSON; else `NOTHING`.

    A page of HTML, and an error without a code, have a message of ours.
    """
    text = _text(body)
    if text[:1] == "{":
        return _of_json(text)
    if _PAGE.match(text):
        return Said("", "It is a page of HTML: somebody between us and the store answers.")
    if not _ERROR.search(text) and not _element(text, "Code"):
        return NOTHING
    code = _element(text, "Code")
    return Said(code, _element(text, "Message") or ("" if code else "It is an error without a code."))


def seconds_until(retry_after: str, now: datetime) -> float | None:
    """What ``Retry-After`` asks for, in seconds, or as a date (RFC 9110); None where it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    with suppress(TypeError, ValueError):
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    return None


def _text(body: bytes) -> str:
    return body[:ERRORS_AT].decode("utf-8-sig", "replace").strip().removeprefix("\ufeff").lstrip()


def _element(text: str, name: str) -> str:
    from html import unescape  # only where something went wrong: `put` need not load it for a run that goes well

    found = re.search(rf"<(?:[\w.-]+:)?{name}(?:\s[^>]*)?>\s*(?:<!\[CDATA\[)?([^<\]]*)", text)
    return unescape(found[1]).strip() if found else ""


def _of_json(text: str) -> Said:
    """``{code, message}``, in capitals or not, perhaps inside of ``error``, as B2 and gateways have it."""
    try:
        said = json.loads(text)
    except ValueError:
        return NOTHING
    for name in ("error", "Error"):
        if isinstance(said, dict) and isinstance(said.get(name), dict):
            said = said[name]
    if not isinstance(said, dict):
        return NOTHING
    lower = {str(name).lower(): value for name, value in said.items()}
    code = next((value for name in ("code", "error", "__type") if isinstance(value := lower.get(name), str)), "")
    message = lower.get("message")
    if not code and "message" not in lower and "error" not in lower:
        return NOTHING
    return Said(code, message if isinstance(message, str) else "")
