"""A plugin that orders the tests for several workers.

xdist gives each worker an equal part of the list, and a worker that has finished takes over the end of another's part
(`--dist worksteal`). So each part begins with tests that take long and ends with those that take milliseconds: no
worker is left with a long test at the end, and fixtures of a module are created by one or two workers, not by all.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import pytest

CHAOS = "tests/chaos/"
"""These take minutes, and start many processes: the first worker runs all of them, before other tests."""

PAGES = "tests/docs/test_blocks.py"
"""These take up to a minute each: distributed one by one to the other workers, which begin with them."""

LONG = (CHAOS, PAGES)

SLOW = ("tests/e2e/", "tests/browsers/", "tests/docs/")
"""These start servers and browsers: distributed by module, and run next."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Orders the selected tests. The order is the same in all workers, as xdist requires."""
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = dealt(items, workers)


def dealt(items: Sequence[pytest.Item], workers: int) -> Iterator[pytest.Item]:
    """The parts of all workers (at least two), one after the other.

    Each has the length that xdist gives it, if there are enough tests.
    """
    chaos = [item for item in items if item.nodeid.startswith(CHAOS)]
    pages = [item for item in items if item.nodeid.startswith(PAGES)]
    slow = [item for item in items if item.nodeid.startswith(SLOW) and not item.nodeid.startswith(LONG)]
    modules = [list(module) for _, module in groupby(slow, lambda item: item.nodeid.partition("::")[0])]
    quick = iter([item for item in items if not item.nodeid.startswith((*LONG, *SLOW))])
    left = len(items)
    for worker in range(workers):
        part = [*(pages[worker - 1 :: workers - 1] if worker else chaos), *_flat(modules[worker::workers])]
        size = left // (workers - worker)  # as xdist counts
        part += [item for _, item in zip(range(size - len(part)), quick, strict=False)]
        left -= len(part)
        yield from part
    yield from quick


def _flat(modules: Iterable[Sequence[pytest.Item]]) -> Iterator[pytest.Item]:
    return (item for module in modules for item in module)
