"""Everything fails, again and again; when that stops, every promise of the design holds within a minute."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import pytest
from tests.chaos.faults import Part
from tests.chaos.plan import FULL, Plan, planned
from tests.chaos.run import Run, Verdict
from tests.postgres import Postgres
from tests.stores import Rgw, fresh_bucket, stop_rgw

LEDGERS = ["postgresql", "sqlite"] if FULL else ["postgresql sqlite"]
"""The shorter form has both at once, as much of its time is waiting for leases to end."""


@pytest.mark.timeout(3600 if FULL else 600)
@pytest.mark.parametrize("ledgers", LEDGERS)
def test_nothing_is_lost_and_nothing_happens_twice(
    ledgers: str, own_postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lost, repeated and late events, killed processes, parts that are away, a hostile client and a moody receiver.

    All objects that reached S3 are confirmed with bytes that were sent, or rejected; none twice. Every end is
    announced under one id. ``staging/`` is empty, and no state went backwards. Prints what happened, with the seed.
    """
    plan, names, turn = planned(), ledgers.split(), Lock()
    print(f"VALETKEY_TEST_SEED={plan.seed}")
    with ThreadPoolExecutor(len(names)) as pool:
        running = {name: pool.submit(_verdict, name, plan, own_postgres, tmp_path / name, turn) for name in names}
        verdicts = {name: future.result() for name, future in running.items()}
    with capsys.disabled():
        print(*(f"\nchaos on {name}:\n{verdict.figures}" for name, verdict in verdicts.items()))
    faults = [f"{name}: {fault}" for name, verdict in verdicts.items() for fault in verdict.faults]
    assert not faults, f"VALETKEY_TEST_SEED={plan.seed}, {len(faults)} faults:\n" + "\n".join(faults[:50])


def _verdict(ledger: str, plan: Plan, postgres: Postgres, directory: Path, turn: Lock) -> Verdict:
    """One run with a store of its own: what another run does to its store must not disturb it."""
    directory.mkdir()
    with _running_rgw(directory / "rgw") as rgw, fresh_bucket(rgw) as bucket:
        parts = [Part("radosgw", rgw.stop_gateway, rgw.start_gateway)]
        url = f"sqlite:///{directory / 'valetkey.db'}"
        if ledger == "postgresql":
            parts.insert(0, Part("postgresql", postgres.stop_server, postgres.start_server))
            url = postgres.url()
        return Run(plan, bucket, url, parts=parts, directory=directory, turn=turn).run()


@contextmanager
def _running_rgw(directory: Path) -> Iterator[Rgw]:
    try:
        yield Rgw.start(directory, owner=os.getpid())
    finally:
        stop_rgw(directory)
