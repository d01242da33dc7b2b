"""Validation of programs' arguments where a mistake would change the request or allow more than intended."""

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
"""The most uploads that one call claims or releases."""

MAX_NAMED = 100
"""The most uploads that one call gets by their ids."""

NO_TIME = timedelta(0)

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def endpoint(url: str) -> str:
    """The service's URL without a trailing slash. Raises `ValueError`."""
    if not ADDRESS.fullmatch(url):
        raise ValueError(f"{url!r} is not an address such as https://uploads.example")
    _ = urlsplit(url).port  # raises ValueError if it is out of range
    return url.rstrip("/")


def credential(key: str | None) -> str | None:
    """``key`` if an HTTP header can carry it; None if it is empty. Raises `ValueError`."""
    if key is not None and not CREDENTIAL.fullmatch(key):
        raise ValueError("The key contains characters that API keys do not have.")
    return key or None


def upload_id_of(upload_id: str | UUID) -> str:
    """The id as text that is safe in a path. Raises `UploadNotFound` for an invalid id, which no upload has."""
    text = str(upload_id)
    if not _ID.fullmatch(text):
        raise UploadNotFound("upload_not_found", "There is no such upload.", status=404)
    return text


def batches_of_ids(ids: Iterable[str | UUID]) -> Iterator[Sequence[str]]:
    """The valid ids among ``ids``, in order and without duplicates, in batches that fit into one call."""
    found = list(dict.fromkeys(text for text in map(str, ids) if _ID.fullmatch(text)))
    for start in range(0, len(found), MAX_NAMED):
        yield found[start : start + MAX_NAMED]


def erasure_id_of(erasure_id: str | UUID) -> str:
    """The id of an erasure as text that is safe in a path. Raises `Refused` for an invalid id."""
    text = str(erasure_id)
    if not _ID.fullmatch(text):
        raise Refused("erasure_not_found", "There is no such erasure.", status=404)
    return text


def upload_ids_of(ids: Iterable[str | UUID]) -> Sequence[str]:
    """The ids in order and without duplicates. Raises `UploadNotFound` for an invalid id, and `Refused` for too
    many."""
    found: dict[str, None] = {}
    for upload_id in ids:
        found[upload_id_of(upload_id)] = None
        if len(found) > MAX_AT_ONCE:
            raise Refused("invalid_request", f"At most {MAX_AT_ONCE} uploads are allowed in one call.", status=422)
    return list(found)


def claims_query(prefix: str, older_than: timedelta, page_size: int) -> Mapping[str, Any]:
    """The query parameters of a list of claims. ``older_than`` is rounded up to whole seconds."""
    return {"prefix": prefix, "older_than": math.ceil(older_than.total_seconds()), "limit": page_size}


def required_owner(owner: str) -> str:
    """``owner``, which must not be empty: without an owner, the service would not check whose uploads they are.

    Raises `Refused` for None, which Flask-Login's ``get_id()`` returns for anonymous visitors.
    """
    if not isinstance(owner, str) or not owner:
        raise Refused("invalid_request", "owner: must be a text that is not empty.", status=422)
    return owner


def without_none(**values: Any) -> Mapping[str, Any]:
    """The arguments that are not None. For the others, the service chooses the default."""
    return {name: value for name, value in values.items() if value is not None}
