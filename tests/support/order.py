"""In which order several workers run the tests: a plugin.

xdist gives each worker an equal part of the list, and who is done takes over the end of another's part (`--dist
worksteal`). So each part begins with tests that take long and ends with those that take milliseconds: nobody is left
alone with the last minute's work, and what a module shares is made by one or two workers, not by all.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import pytest

CHAOS = "tests/chaos/"
"""Takes minutes, and starts processes all the time: the first worker does it, one after the other, and first of all."""

PAGES = "tests/docs/test_blocks.py"
"""Up to a minute each: dealt one by one to the others, which begin with them."""

LONG = (CHAOS, PAGES)

SLOW = ("tests/e2e/", "tests/browsers/", "tests/docs/")
"""What starts servers and browsers: dealt by modules, and run next."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """After `-k` and the like have chosen; alike in all workers, which xdist asks for."""
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = dealt(items, workers)


def dealt(items: Sequence[pytest.Item], workers: int) -> Iterator[pytest.Item]:
    """The parts of so many workers, two at least, one after the other.

    Each is as long as xdist makes it, where there is enough to fill it.
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
