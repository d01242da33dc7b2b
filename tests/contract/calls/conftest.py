"""A store on Ceph RGW behind a proxy that answers some requests itself."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.contract.calls.sources import Behind
from tests.contract.harnesses import s3_store
from tests.support.store_proxy import Quirk, QuirkyServer, quirky
from tests.support.stores import Bucket, Rgw, fresh_bucket

from valetkey.adapters.s3 import S3Store


@pytest.fixture
def behind(rgw: Rgw, monkeypatch: pytest.MonkeyPatch) -> Iterator[Behind]:
    """An adapter for a fresh bucket of Ceph RGW behind these quirks; it retries without a pause."""
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    with ExitStack() as stack:

        def store(*quirks: Quirk) -> tuple[S3Store, Bucket, QuirkyServer]:
            server = stack.enter_context(quirky(rgw, *quirks))
            bucket = stack.enter_context(fresh_bucket(rgw))
            return s3_store(server, bucket.name), bucket, server

        yield store
