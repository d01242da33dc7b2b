"""The stores and ledgers that the contract suites run on, with the abilities of each store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from tests.contract.harnesses import memory_harness, s3_harness
from tests.support.store_kinds import KINDS as OF_THIS_RUN
from tests.support.store_kinds import QUICK, Servers, bucket_of_kind

from valetkey.testing.contracts import Abilities, StoreHarness

LEDGERS = ("sqlite", "postgresql", "memory")

ABILITIES = {
    "memory": Abilities(),
    "rgw": Abilities(),
    "versioned": Abilities(versions=True, writes_once=False),
    "locked": Abilities(versions=True, writes_once=False, retains=True),
    "kms": Abilities(same_etag=False),
    "caddy": Abilities(),
    "nginx": Abilities(),
    "ceph18": Abilities(),
    "juicefs": Abilities(writes_once=False, large_parts=False, files=True),
    "localstack": Abilities(enforces_all=False),
    "seaweedfs": Abilities(files=True, long_names=False, replaces_parts=False),
    "moto": Abilities(conditional=False, enforces=False, enforces_all=False, dates_multiparts=False),
}
"""By kind. For the other kinds in `tests.support.store_kinds`, see the end-to-end tests."""

VERSIONED = ("memory", "rgw", "ceph18", "localstack", "moto", "kms")
"""The kinds for which a test can enable versioning."""


PAGING = {"memory", "rgw", "ceph18", "localstack"}
"""The kinds that get an upload of 1,002 parts: stores of different vendors."""


def url_of_kind(request: pytest.FixtureRequest, kind: str) -> str:
    """The URL of an empty database."""
    return str(request.getfixturevalue("url" if kind == "sqlite" else "postgres_url"))


def store_kinds(*, versioned: bool) -> list[str]:
    """The kinds of store in this run; with ``versioned``, those that support versioning."""
    kinds = [*(["memory"] if OF_THIS_RUN is QUICK else []), *(kind for kind in OF_THIS_RUN if kind in ABILITIES)]
    return [kind for kind in kinds if not versioned or kind in VERSIONED]


@contextmanager
def harness_of_kind(request: pytest.FixtureRequest, kind: str, *, versioned: bool = False) -> Iterator[StoreHarness]:
    """A harness on a new bucket of that kind, with versioning if ``versioned``."""
    abilities = replace(ABILITIES[kind], versions=versioned or ABILITIES[kind].versions)
    if kind == "memory":
        yield replace(memory_harness(versioned=versioned), abilities=abilities)
        return
    servers: Servers = request.getfixturevalue("servers")
    with bucket_of_kind(servers, kind) as bucket:
        yield s3_harness(bucket, abilities, versioned=versioned)
