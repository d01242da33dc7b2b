"""Orphans that the sweep removes: 5,000 objects that belong to no upload, on Ceph RGW."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.bench import profiles
from tests.bench.confirm import Store
from tests.bench.put import timed
from tests.bench.result import Row
from tests.support import ledgers
from tests.support.servers import VALETKEY, environment, run_valetkey
from tests.support.stores import Bucket, fresh_bucket

from valetkey.core.model.upload import new_upload_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.place import Place

ORPHANS = 5_000


def orphans(bucket: Bucket, count: int) -> None:
    """What a grant leaves whose upload the ledger has forgotten, or never kept; old enough to be removed."""
    s3: Any = bucket.client
    put = partial(s3.put_object, Bucket=bucket.name, Body=b"left over")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: put(Key=f"staging/{new_upload_id()}"), range(count)))
    time.sleep(2.5)  # dates of objects are whole seconds


def rows(place: Place) -> Iterator[Row]:
    """`valetkey uploads sweep`, from the start of the command to its end."""
    count, folder, seconds, shares = 200 if place.quick else ORPHANS, place.fresh("sweep"), [], []
    with fresh_bucket(place.rgw) as bucket:
        env = environment(folder, bucket) | {"VALETKEY_SWEEP_RETENTION": "1"}
        ledgers.migrate(env["VALETKEY_DATABASE_URL"])
        store = Store(place.rgw, bucket)
        for _ in range(place.rounds(3)):
            orphans(bucket, count)
            cpu = store.cpu()
            seconds.append(timed(lambda: run_valetkey("uploads", "sweep", env=env, directory=folder)))
            shares.append((store.cpu() - cpu) / seconds[-1])
            if left := bucket.client.list_objects_v2(Bucket=bucket.name)["KeyCount"]:
                raise RuntimeError(f"the sweep has left {left} objects or more")
        orphans(bucket, count)
        profile = profiles.of_command([VALETKEY, "uploads", "sweep"], env, folder)
    bound = f"Ceph RGW used {statistics.median(shares):.0%} of one core meanwhile"
    work = f"{count:,} orphans removed by the sweep"
    yield Row(work, statistics.median(seconds), 5, unit="s", at_least=False, bound=bound, profile=profile)
