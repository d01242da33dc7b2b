"""Which failures of a call are retried, and how often."""

import pytest
from tests.contract.calls.sources import HEADERS, Behind, written
from tests.support.store_quirks import Fails

from valetkey.adapters.s3.caller import ATTEMPTS
from valetkey.core.errors import StoreUnavailable


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (502, "")])
def test_what_passes_is_asked_again(behind: Behind, status: int, code: str) -> None:
    """A call is made up to `ATTEMPTS` times; not a copy, because the next signal makes it again."""
    store, bucket, server = behind(
        Fails("HEAD", status, code, times=ATTEMPTS - 1, key_prefix="a"),
        Fails("HEAD", status, code, key_prefix="never"),
        Fails("COPY", status, code, times=1),
    )
    source = written(store, bucket)
    assert server.count("HEAD") == ATTEMPTS
    with pytest.raises(StoreUnavailable):
        store.head("never")
    assert server.count("HEAD", "never") == ATTEMPTS
    with pytest.raises(StoreUnavailable):
        store.copy(source, "b", HEADERS)
    assert server.count("COPY") == 1
    assert store.copy(source, "b", HEADERS) is not None


def test_what_does_not_pass_is_not_asked_again(behind: Behind) -> None:
    """A refusal is not retried."""
    store, _, server = behind(Fails("HEAD", 403, "AccessDenied"))
    with pytest.raises(StoreUnavailable):
        store.head("a")
    assert server.count("HEAD") == 1
