"""Responses that are sent once their contents are durable, without blocking a thread if the server supports it."""

from collections.abc import Mapping
from typing import Any

from valetkey.core.ports.ledger import Written

LATER = "valetkey.unwritten"
"""The key in the WSGI environ of the list that takes what the server is to wait for before it sends the response."""

FAILED = "valetkey.failure"
"""The key of what has failed meanwhile, when the server then calls the application once more for another response."""


def unwritten(environ: Mapping[str, Any]) -> list[Written] | None:
    """What takes what is to be waited for; None where the server does not wait. Raises what has failed meanwhile."""
    failure: Exception | None = environ.get(FAILED)
    if failure is not None:
        raise failure
    later: list[Written] | None = environ.get(LATER)
    return later
