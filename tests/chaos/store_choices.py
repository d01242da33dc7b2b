"""The stores that a run may be on: another is one more here, and what it cannot do is said."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGSTOP, Signals

from tests.chaos.faults import Part
from tests.support.stores import Rgw, S3Server, start_store, stop_rgw, stop_stores


@dataclass(frozen=True)
class ChaosStore:
    """A store of a run's own: ``parts`` can be taken away while its objects stay; ``pushes`` its events to a URL.

    ``lacks`` is what it cannot do, as the service's settings have it.
    """

    server: S3Server
    parts: tuple[Part, ...] = ()
    pushes: bool = False
    lacks: tuple[str, ...] = ()


@contextmanager
def _rgw(directory: Path) -> Iterator[ChaosStore]:
    try:
        rgw = Rgw.start(directory, owner=os.getpid())
        yield ChaosStore(rgw, (Part("radosgw", rgw.stop_gateway, rgw.start_gateway),), pushes=True)
    finally:
        stop_rgw(directory)


@contextmanager
def _juicefs(directory: Path) -> Iterator[ChaosStore]:
    """The gateway of JuiceFS, which pushes no events. It goes away as one that hangs: taken connections, no answers."""
    where = directory / "store-juicefs"
    try:
        server = start_store("juicefs", where, owner=os.getpid())
        hanging = Part("juicefs", lambda: _signal(where, SIGSTOP), lambda: _signal(where, SIGCONT))
        yield ChaosStore(server, (hanging,), lacks=("atomic-copy",))
    finally:
        stop_stores(directory)


def _signal(directory: Path, number: Signals) -> None:
    """Sends a signal to every process of the store in ``directory``: the children of the one that it names."""
    supervisor = json.loads((directory / "store.json").read_text())["pid"]
    for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        os.kill(int(child), number)


STORES: dict[str, Callable[[Path], AbstractContextManager[ChaosStore]]] = {"rgw": _rgw, "juicefs": _juicefs}
"""By name; each takes a directory that is not there yet."""
