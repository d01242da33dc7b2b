"""Everything fails repeatedly; when that stops, every promise of the design holds within a minute."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Lock

import pytest
from tests.chaos.faults import Part
from tests.chaos.plan import FULL, SEED, Plan, planned
from tests.chaos.run import Run, Verdict
from tests.chaos.store_choices import STORES
from tests.support.postgres import Postgres
from tests.support.stores import fresh_bucket

LEDGERS = ["postgresql", "sqlite"] if FULL else ["postgresql sqlite"]
"""The shorter form has both at once, as much of its time is waiting for leases to end."""


@pytest.mark.timeout(3600 if FULL else 900)
@pytest.mark.parametrize("ledgers", LEDGERS)
def test_nothing_is_lost_and_nothing_happens_twice(
    ledgers: str, own_postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lost, repeated and late events, killed processes, parts that are away, a hostile client and a moody receiver.

    All objects that reached S3 are confirmed with bytes that were sent, or rejected; none twice. Every end is
    announced under one id. ``staging/`` is empty, and no state went backwards. Where the plan has checks, nothing but
    what was checked can be read under a final key, at any moment. Prints what happened, with the seed.
    """
    names, turn = ledgers.split(), Lock()
    print(f"VALETKEY_TEST_SEED={SEED}")
    with ThreadPoolExecutor(len(names)) as pool:
        running = {
            name: pool.submit(_verdict, name, planned(name), own_postgres, tmp_path / name, turn) for name in names
        }
        verdicts = {name: future.result() for name, future in running.items()}
    with capsys.disabled():
        print(*(f"\nchaos on {name}:\n{verdict.figures}" for name, verdict in verdicts.items()))
    faults = [f"{name}: {fault}" for name, verdict in verdicts.items() for fault in verdict.faults]
    assert not faults, f"VALETKEY_TEST_SEED={SEED}, {len(faults)} faults:\n" + "\n".join(faults[:50])


def _verdict(ledger: str, plan: Plan, postgres: Postgres, directory: Path, turn: Lock) -> Verdict:
    """One run with a store of its own: what another run does to its store must not disturb it."""
    directory.mkdir()
    with ExitStack() as stack:
        places = [directory / f"{plan.store}-{number}" for number in range(plan.stores)]
        stores = [stack.enter_context(STORES[plan.store](place)) for place in places]
        buckets = [stack.enter_context(fresh_bucket(store.server)) for store in stores]
        for bucket in buckets if plan.versioned else ():
            bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
        parts = [
            replace(part, name=f"{part.name} {number}" if number else part.name)
            for number, store in enumerate(stores)
            for part in store.parts
        ]
        url = f"sqlite:///{directory / 'valetkey.db'}"
        if ledger == "postgresql":
            parts.insert(0, Part("postgresql", postgres.stop_server, postgres.start_server))
            url = postgres.url()
        pushes, lacks = all(store.pushes for store in stores), stores[0].lacks
        return Run(plan, buckets, url, parts=parts, directory=directory, turn=turn, pushes=pushes, lacks=lacks).run()
