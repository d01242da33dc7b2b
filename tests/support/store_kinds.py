"""Every kind of store that tests run against, by name; which of them need `make stores`, and a new bucket on each.

A kind that is not a server is Ceph RGW 16 behind a proxy with quirks (`tests.support.store_quirks`), or a bucket of it
with other settings.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import RUN, Run
from tests.support import needs
from tests.support.store_proxy import Quirk, quirky
from tests.support.store_quirks import CopiesGetAnotherETag, NoChecksums, WantsChecksums
from tests.support.stores import INSTALLED, Bucket, Rgw, S3Server, fresh_bucket, running_moto, start_store

QUICK = (
    "rgw",
    "versioned",
    "locked",
    "locked-aws",
    "kms",
    "caddy",
    "juicefs",
    "juicefs-no-etag",
    "juicefs-plain",
    "moto",
)
"""These start within seconds from what `make test` has installed."""

INSTALLED_KINDS = ("ceph18", "localstack", "nginx", "swift", "rclone", "seaweedfs")
"""These need `make stores`, which takes minutes on a new machine."""

PATIENCE = 60
"""Seconds in which a store has to create a bucket, on a machine that has other things to do."""

WITHOUT_ETAG = frozenset({"juicefs-no-etag", "juicefs-plain"})
"""HEAD returns no ETag there: no bytes can be pinned, so nothing can be confirmed."""

VARIABLE = "VALETKEY_TEST_STORES"
KINDS = INSTALLED_KINDS if os.environ.get(VARIABLE) == "installed" else QUICK
"""The kinds of this run; `make stores` sets the variable."""

_SERVERS = {"juicefs", "juicefs-no-etag", "juicefs-plain", "localstack", "swift", "rclone", "seaweedfs"}
_PROXIES = {"caddy", "nginx"}
_QUIRKS: dict[str, Callable[[], Sequence[Quirk]]] = {
    "kms": lambda: [CopiesGetAnotherETag(), NoChecksums()],
    "locked-aws": lambda: [WantsChecksums()],
}


@dataclass
class Servers:
    """The servers of a test run. Each is started on first use, and shared by the run's processes."""

    run: Run
    rgw: Rgw
    stack: ExitStack
    known: dict[str, S3Server]

    def __getitem__(self, kind: str) -> S3Server:
        if kind not in self.known:
            self.known[kind] = self._start(kind)
        return self.known[kind]

    def _start(self, kind: str) -> S3Server:
        where = self.run.directory / f"store-{kind}"
        if kind in _SERVERS:
            return start_store(kind, where, owner=self.run.pid)
        if kind == "caddy":
            needs.bring({"proxies"})
        if kind in _PROXIES:
            return start_store(kind, where, owner=self.run.pid, behind=self.rgw)
        if kind in _QUIRKS:
            return self.stack.enter_context(quirky(self.rgw, *_QUIRKS[kind]()))
        match kind:
            case "ceph18":
                return Rgw.start(where, owner=self.run.pid, root=INSTALLED / "debian13")
            case "moto":
                return self.stack.enter_context(running_moto())
        return self.rgw


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, rgw: Rgw) -> Iterator[Servers]:
    """All kinds of stores."""
    with ExitStack() as stack:
        yield Servers(request.config.stash[RUN], rgw, stack, {})


def _create(s3: Any, name: str, options: Mapping[str, Any]) -> None:
    """Creates a bucket, again if the store has no time for it: Swift on a busy machine answers "Please reduce your
    request rate"."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            s3.create_bucket(Bucket=name, **options)
        except ClientError as error:
            if error.response["Error"]["Code"] == "BucketAlreadyOwnedByYou":
                return
            is_busy = error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.SERVICE_UNAVAILABLE
            if not is_busy or time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return


@contextmanager
def bucket_of_kind(servers: Servers, kind: str) -> Iterator[Bucket]:
    """A new bucket. On stores that are removed after the run it is not deleted: not all of them can list its
    objects."""
    server = servers[kind]
    if kind in {"rgw", "caddy", "kms", "moto", "nginx"}:
        with fresh_bucket(server) as bucket:
            yield bucket
        return
    bucket = Bucket(f"test-{secrets.token_hex(6)}", server.client(), server)
    s3: Any = bucket.client
    _create(s3, bucket.name, {"ObjectLockEnabledForBucket": True} if kind.startswith("locked") else {})
    if kind == "versioned":
        s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    if kind.startswith("locked"):
        rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
        s3.put_object_lock_configuration(Bucket=bucket.name, ObjectLockConfiguration=rule)
    yield bucket
