"""valetkey in memory, for applications' tests: no S3, no database, no threads, and real policies.

::

    from valetkey.testing import memory

    def test_my_application():
        app = make_my_app()                     # calls ValetKey(app), as always
        with memory(app) as valetkey:
            upload = valetkey.client().upload(b"hello", filename="cat.png", content_type="image/png")
            assert upload["state"] == "confirmed"

With pytest, the fixture ``valetkey_memory`` does the same for the application that your fixture ``app`` gives.
`MemoryValetKey` mounts valetkey in an application that has none.

The store judges forms as S3 does (the same function is compared with Ceph RGW's answers in valetkey's own tests), so a
client that sends another size or type is refused. ``valetkey.store.before`` and ``valetkey.ledger.before`` take a
function that is called before each operation, and may raise `StoreUnavailable` or `LedgerUnavailable`.

`valetkey.testing.contracts` has test suites for a store or a ledger of your own.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valetkey.adapters.memory import MemoryLedger, MemoryObject, MemoryStore
    from valetkey.adapters.memory.policies import StoreAnswer
    from valetkey.core.errors import LedgerUnavailable, StoreUnavailable
    from valetkey.testing.clients import Page, TestClient
    from valetkey.testing.environment import ENVIRONMENT
    from valetkey.testing.in_memory import InMemory, MemoryValetKey, memory

__all__ = [
    "ENVIRONMENT",
    "InMemory",
    "LedgerUnavailable",
    "MemoryLedger",
    "MemoryObject",
    "MemoryStore",
    "MemoryValetKey",
    "Page",
    "StoreAnswer",
    "StoreUnavailable",
    "TestClient",
    "memory",
]

_HOMES = {
    "valetkey.adapters.memory": {"MemoryLedger", "MemoryObject", "MemoryStore"},
    "valetkey.adapters.memory.policies": {"StoreAnswer"},
    "valetkey.core.errors": {"LedgerUnavailable", "StoreUnavailable"},
    "valetkey.testing.clients": {"Page", "TestClient"},
    "valetkey.testing.environment": {"ENVIRONMENT"},
    "valetkey.testing.in_memory": {"InMemory", "MemoryValetKey", "memory"},
}


def __getattr__(name: str) -> Any:
    """Loads a public name at its first use: pytest imports the plugin beside this in every run, used or not."""
    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
