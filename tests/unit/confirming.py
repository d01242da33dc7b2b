"""The steps of a confirmation, and who meddles with them."""

import hashlib
from base64 import b64encode
from collections.abc import Callable

import pytest
from tests.unit.memory_world import World

from valetkey.adapters.memory import MemoryObject
from valetkey.core.errors import (
    StoreUnavailable,
)
from valetkey.core.model.upload import Checksum, Upload, UploadState

HAPPY_PATH = [
    "head staging",
    "replace",  # the pin
    "copy final",
    "head final",
    "proves_copies",  # the first time
    "replace",  # the end
    "delete staging",
]
"""Every operation of one undisturbed confirmation: the moments at which the tests below meddle."""

SHORT_PATH = [one for one in HAPPY_PATH if one not in {"head final", "proves_copies"}]
"""The same where the answer to the copy is believed."""

STEPS = range(len(HAPPY_PATH))


def at_step(step: int, act: Callable[[], object]) -> Callable[[str], None]:
    """A hook that acts once, before the operation of that number; its own operations are not counted."""
    seen = -1
    done = False

    def before(_: str) -> None:
        nonlocal seen, done
        seen += not done
        if seen == step and not done:
            done = True
            act()

    return before


def both(*hooks: Callable[[str], None]) -> Callable[[str], None]:
    """A hook that calls each of ``hooks`` on every operation of the outermost run only."""
    busy = False

    def before(name: str) -> None:
        nonlocal busy
        if not busy:
            busy = True
            try:
                for hook in hooks:
                    hook(name)
            finally:
                busy = False

    return before


def refuse() -> None:
    raise StoreUnavailable("The store is away.")


def stored(world: World) -> Upload:
    """An upload whose bytes are pinned, by a signal that was stopped then."""
    upload = world.create()
    world.post(upload)
    world.before = at_step(SHORT_PATH.index("copy final"), refuse)
    with pytest.raises(StoreUnavailable):
        world.run(upload)
    world.before = None
    assert world.now(upload).state is UploadState.STORED
    return world.now(upload)


def sha256(content: bytes) -> Checksum:
    return Checksum("sha256", b64encode(hashlib.sha256(content).digest()).decode())


def confirmed(world: World) -> tuple[MemoryObject, Upload]:
    """What is under the final key of an upload that nothing disturbed."""
    upload = world.create()
    world.post(upload)
    stored = world.run(upload).object
    assert stored is not None
    kept = world.store.read(stored.key)
    assert kept is not None
    return kept, upload
