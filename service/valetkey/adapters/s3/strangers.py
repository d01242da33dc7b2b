"""Responses that are not the store's: the page of a proxy in front of it proves nothing, whatever its status.

If a page is the response to a deletion, nothing was removed, and the 404 of a proxy that cannot reach the store says
nothing about an object; nor does a firewall's 405 or a load balancer's 501 say what the store supports. No operation of
S3 has such a body; a HEAD has none at all.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from botocore.model import OperationModel

from valetkey.adapters.s3.heads import once
from valetkey.core.errors import StoreUnavailable
from valetkey.reference.store_answers import is_page

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})

_UNABLE = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})

_REQUEST_IDS = frozenset({"x-amz-request-id", "x-amz-id-2"})
"""What S3 calls "common response headers", of which Ceph RGW, MinIO's layer and others send one at least (measured)."""


class StrangerAnswered(ValueError):
    """The response is not the store's."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"Something responds in the store's place: {status}, with a body that no store sends.")


class StrangerRefused(StoreUnavailable):
    """A 405 or 501 without evidence that it is the store's: it does not say what the store supports."""

    def __init__(self, operation: str, status: int) -> None:
        super().__init__(
            f"Something in front of the store responded to {operation}: its {status} is not a store's.", 30
        )


class StrangersNotFound(StoreUnavailable):
    """A 404 without evidence that it is the store's: it says nothing about objects."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"Something in front of the store responded to {operation}: its 404 is not a store's.")


def is_stores_own(error: ClientError) -> bool:
    """Whether a 404, 405 or 501 with a meaningless code is the store's, and not that of a proxy without a backend, of
    an ingress with another one, or of a firewall, whose pages are HTML, text or JSON.

    S3 and compatible stores send a request id, or XML. A HEAD has no body, and may have neither: moto's has HTML's
    type.
    """
    if error.operation_name == "HeadBucket":  # whatever sent it, the bucket cannot be used
        return True
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return not _REQUEST_IDS.isdisjoint(headers) or kind in {"application/xml", "text/xml"}


def require_store(status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """Raises `StrangerAnswered` if a response that would decide something is a page: a success, a 404, or a 405 or 501
    without an id of the store's. ``body`` is not the bytes of an object; names of ``headers`` are in lower case."""
    decides = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status in _GONE
    if (decides or (status in _UNABLE and _REQUEST_IDS.isdisjoint(headers))) and is_page(body):
        raise StrangerAnswered(status)


def read_warily(client: Any) -> None:
    """Makes a boto3 client read responses like those to our own calls: a page proves nothing, and a header that a proxy
    has duplicated counts once. Botocore has already turned a success that is not XML into a 500."""
    client.meta.events.register("before-parse.s3.*", _check)


def _check(operation_model: OperationModel, response_dict: dict[str, Any], **_: Any) -> None:
    headers = response_dict["headers"]
    for name in [*headers]:
        headers[name] = once(headers, name)
    if operation_model.has_streaming_output:
        return
    lower = {name.lower(): headers[name] for name in headers}
    require_store(response_dict["status_code"], response_dict["body"], lower)
