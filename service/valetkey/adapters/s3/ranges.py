"""Whether a response has exactly the requested bytes of an object: a wrong range could get good bytes rejected."""

import re
from http import HTTPStatus

from valetkey.adapters.s3.caller import CallResponse
from valetkey.adapters.s3.heads import once
from valetkey.core.errors import NotSupportedByStore, StoreUnavailable

_RANGE = re.compile(r"bytes (\d{1,19})-\d{1,19}/(\d{1,19}|\*)")
_PLAIN = frozenset({"", "identity"})


def require_range(answer: CallResponse, start: int, end: int, size: int) -> bytes:
    """The bytes from ``start`` up to but excluding ``end`` of an object of ``size``. Raises `StoreUnavailable` if the
    response has others: a proxy's page, fewer bytes than requested (RFC 9110 allows that), or compressed ones.
    """
    coding = (once(answer.headers, "content-encoding") or "").strip().lower()
    if coding not in _PLAIN:  # no object that we read has one of its own
        said = f"Something between us and the store encodes objects ({coding[:40]}), so they cannot be checked."
        raise StoreUnavailable(said, 60, refused=True)
    begins, whole = 0, None
    if found := _RANGE.fullmatch(once(answer.headers, "content-range") or ""):
        begins, whole = int(found[1]), found[2]
    elif start:
        raise NotSupportedByStore("The store does not support ranges.", 60, refused=True)
    elif answer.status != HTTPStatus.PARTIAL_CONTENT:
        whole = once(answer.headers, "content-length")
    if begins != start or whole not in {None, "*", str(size)}:
        raise StoreUnavailable("The store's response is not about the requested object.")
    if len(answer.body) != end - start:
        raise StoreUnavailable("The store's response ends too early.")
    return answer.body
