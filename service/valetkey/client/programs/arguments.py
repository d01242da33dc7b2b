"""Checks of programs' arguments, if a mistake would reach the service or allow more than intended."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from valetkey.client.errors import Refused, UploadNotFound
from valetkey.client.remote.addresses import ADDRESS, CREDENTIAL

MAX_AT_ONCE = 1_000
"""How many uploads are taken in one call at most."""

MAX_NAMED = 100
"""How many uploads are looked at in one call at most."""

NO_TIME = timedelta(0)

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def endpoint(url: str) -> str:
    """The service's address, without a slash at its end. Raises `ValueError`."""
    if not ADDRESS.fullmatch(url):
        raise ValueError(f"{url!r} is not an address such as https://uploads.example")
    _ = urlsplit(url).port  # raises for one that is out of range
    return url.rstrip("/")


def credential(key: str | None) -> str | None:
    """A credential that a header can carry; an empty one is none. Raises `ValueError`."""
    if key is not None and not CREDENTIAL.fullmatch(key):
        raise ValueError("The key contains characters that no API key has.")
    return key or None


def existing(upload_id: str | UUID) -> str:
    """An id as it may stand in a path. What is no id cannot be anybody's upload: raises `UploadNotFound`."""
    text = str(upload_id)
    if not _ID.fullmatch(text):
        raise UploadNotFound("upload_not_found", "There is no such upload.", status=404)
    return text


def groups_of_existing(ids: Iterable[str | UUID]) -> Iterator[Sequence[str]]:
    """Those of these that can be ids, each once and in their order, as many at a time as one call may name."""
    found = list(dict.fromkeys(text for text in map(str, ids) if _ID.fullmatch(text)))
    for start in range(0, len(found), MAX_NAMED):
        yield found[start : start + MAX_NAMED]


def existing_erasure(erasure_id: str | UUID) -> str:
    """The same for the id of an erasure. Raises `Refused`."""
    text = str(erasure_id)
    if not _ID.fullmatch(text):
        raise Refused("erasure_not_found", "There is no such erasure.", status=404)
    return text


def all_existing(ids: Iterable[str | UUID]) -> Sequence[str]:
    """These ids, each once and in their order. Raises `UploadNotFound`, and `Refused` for too many."""
    found: dict[str, None] = {}
    for upload_id in ids:
        found[existing(upload_id)] = None
        if len(found) > MAX_AT_ONCE:
            raise Refused("invalid_request", f"At most {MAX_AT_ONCE} uploads are taken at once.", status=422)
    return list(found)


def claimed(prefix: str, older_than: timedelta, page_size: int) -> Mapping[str, Any]:
    """Which claims are asked for; a second that has begun counts."""
    return {"prefix": prefix, "older_than": math.ceil(older_than.total_seconds()), "limit": page_size}


def on_behalf_of(owner: str) -> str:
    """The owner, who has to be somebody: without one, the service would ask for nobody in particular.

    Raises `Refused` for None, as a login gives it that nobody is logged in to.
    """
    if not isinstance(owner, str) or not owner:
        raise Refused("invalid_request", "owner: it has to be somebody, as text.", status=422)
    return owner


def given(**values: Any) -> Mapping[str, Any]:
    """Those that are not None: what is left out is the service's to choose."""
    return {name: value for name, value in values.items() if value is not None}
