"""The stores and ledgers that their contracts are proven on, and what each of the stores can do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from tests.contract.places import memory_place, s3_place
from tests.support.store_kinds import KINDS as OF_THIS_RUN
from tests.support.store_kinds import QUICK, Servers, bucket_of_kind

from valetkey.testing.contracts import Able, Place

LEDGERS = ("sqlite", "postgresql", "memory")

ABLE = {
    "memory": Able(),
    "rgw": Able(),
    "versioned": Able(versions=True, writes_once=False),
    "locked": Able(versions=True, writes_once=False, retains=True),
    "kms": Able(same_etag=False),
    "caddy": Able(),
    "nginx": Able(),
    "ceph18": Able(),
    "juicefs": Able(writes_once=False, large_parts=False, files=True),
    "localstack": Able(enforces_all=False),
    "seaweedfs": Able(files=True, long_names=False, replaces_parts=False),
    "moto": Able(conditional=False, enforces=False, enforces_all=False, dates_multiparts=False),
}
"""By kind; of the others in `tests.support.store_kinds` the end-to-end tests say what they cannot do."""

VERSIONED = ("memory", "rgw", "ceph18", "localstack", "moto", "kms")
"""Where a test may switch versions on."""


PAGING = {"memory", "rgw", "ceph18", "localstack"}
"""Where a thousand and two parts are sent: stores of different makers."""


def url_of_kind(request: pytest.FixtureRequest, kind: str) -> str:
    """The URL of an empty database."""
    return str(request.getfixturevalue("url" if kind == "sqlite" else "postgres_url"))


def places(*, versioned: bool) -> list[str]:
    """The kinds of this run."""
    kinds = [*(["memory"] if OF_THIS_RUN is QUICK else []), *(kind for kind in OF_THIS_RUN if kind in ABLE)]
    return [kind for kind in kinds if not versioned or kind in VERSIONED]


@contextmanager
def place_of_kind(request: pytest.FixtureRequest, kind: str, *, versioned: bool = False) -> Iterator[Place]:
    """A fresh bucket of that kind; keeping versions, if asked for."""
    able = replace(ABLE[kind], versions=versioned or ABLE[kind].versions)
    if kind == "memory":
        yield replace(memory_place(versioned=versioned), able=able)
        return
    servers: Servers = request.getfixturevalue("servers")
    with bucket_of_kind(servers, kind) as bucket:
        yield s3_place(bucket, able, versioned=versioned)
