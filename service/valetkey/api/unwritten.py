"""Responses that are sent once their contents are durable, without blocking a thread if the server supports it."""

from collections.abc import Mapping
from typing import Any

from valetkey.core.ports.ledger import Written

LATER = "valetkey.unwritten"
"""The key in the WSGI environ of the list of writes that the server waits for before it sends the response."""

FAILED = "valetkey.failure"
"""The key of the error of such a write, when the server calls the application again for another response."""


def unwritten(environ: Mapping[str, Any]) -> list[Written] | None:
    """The list for pending writes; None if the server does not wait for them. Raises the error of a failed write."""
    failure: Exception | None = environ.get(FAILED)
    if failure is not None:
        raise failure
    later: list[Written] | None = environ.get(LATER)
    return later
