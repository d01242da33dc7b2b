"""The stores that a run may be on: another is one more here, and what it cannot do is said."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.faults import Part
from tests.stores import Rgw, S3Server, start_store, stop_rgw, stop_stores


@dataclass(frozen=True)
class ChaosStore:
    """A store of a run's own: ``parts`` can be taken away while its objects stay; ``pushes`` its events to a URL."""

    server: S3Server
    parts: tuple[Part, ...] = ()
    pushes: bool = False


@contextmanager
def _rgw(directory: Path) -> Iterator[ChaosStore]:
    try:
        rgw = Rgw.start(directory, owner=os.getpid())
        yield ChaosStore(rgw, (Part("radosgw", rgw.stop_gateway, rgw.start_gateway),), pushes=True)
    finally:
        stop_rgw(directory)


@contextmanager
def _juicefs(directory: Path) -> Iterator[ChaosStore]:
    """The gateway of JuiceFS, which pushes no events; `infra/stores/install.py` has to have brought it."""
    try:
        yield ChaosStore(start_store("juicefs", directory / "store-juicefs", owner=os.getpid()))
    finally:
        stop_stores(directory)


STORES: dict[str, Callable[[Path], AbstractContextManager[ChaosStore]]] = {"rgw": _rgw, "juicefs": _juicefs}
"""By name; each takes a directory that is not there yet."""
