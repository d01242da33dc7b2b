"""A bucket in another region than the configured one is found with one more call."""

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.calls.sources import HEADERS, Behind, written
from tests.support.store_proxy import Answer, Quirk, Request, refusal
from tests.support.store_quirks import Fails

from valetkey.core.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable


class InRegion(Quirk):
    """The bucket is in another region than the one that requests are signed for, and AWS names it; HEAD has no body.

    Requests that are signed for that region are signed again for the store behind.
    """

    def __init__(self, region: str, status: int, code: str, *, header: bool) -> None:
        self.region, self.status, self.code, self.header = region, status, code, header

    def before(self, request: Request) -> Answer | None:
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/s3/", request.header("Authorization") or "")
        if scope is not None and scope[1] == self.region:
            request.resign = True
            return None
        answer = refusal(self.status, self.code)
        answer.body = answer.body.replace(b"</Error>", b"<Region>%b</Region></Error>" % self.region.encode())
        if self.header or request.method == "HEAD":
            answer.set_header("x-amz-bucket-region", self.region)
        return answer


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize(("status", "code"), [(400, "AuthorizationHeaderMalformed"), (301, "PermanentRedirect")])
@pytest.mark.parametrize("first", ["head", "parts"])
def test_a_bucket_of_another_region_is_found_there(
    behind: Behind, status: int, code: str, first: str, *, header: bool
) -> None:
    """It costs one more call, and later calls none."""
    store, bucket, server = behind(InRegion("elsewhere-1", status, code, header=header))
    calls: dict[str, Callable[[], object]] = {
        "head": lambda: store.head("a"),
        "parts": lambda: store.parts("a", store_upload),
    }
    store_upload: Any = "none"
    assert calls[first]() is None
    assert len(server.requests) == 2
    source = written(store, bucket)
    store.copy(source, "b", HEADERS)
    assert store.first_bytes(source) == b"bytes"
    assert len(server.requests) == 5


def test_a_region_that_is_refused_twice_is_no_loop(behind: Behind) -> None:
    """Callers get the store's response as an error."""
    store, _, server = behind(Fails("HEAD", 400, "AuthorizationHeaderMalformed"))
    with pytest.raises(StoreUnavailable, match="HeadObject"):
        store.head("a")
    assert len(server.requests) == 1
