"""The embedded S3 of `valetkey dev` behaves like a store where moto alone does not."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

from moto.s3.models import FakeKey

from valetkey.adapters import embedded

ASKERS = 16


def test_an_etag_is_right_however_many_ask_at_once() -> None:
    """A page asks for the parts while one of them is being answered: both need its ETag, and none has been computed."""
    embedded.start().stop()
    content = bytes(range(250)) * 40_000
    right = f'"{hashlib.md5(content).hexdigest()}"'
    for _ in range(20):
        key = FakeKey("film", content, "123456789012", "us-east-1")
        with ThreadPoolExecutor(ASKERS) as pool:
            etags = list(pool.map(lambda _, asked=key: asked.etag, range(ASKERS)))
        assert {*etags, key.etag} == {right}
