"""valetkey in memory, for the tests of applications: no S3, no database, no threads, but real policies.

::

    from valetkey.testing import memory

    def test_my_application():
        app = make_my_app()                     # calls ValetKey(app), as always
        with memory(app) as valetkey:
            upload = valetkey.client().upload(b"hello", filename="cat.png", content_type="image/png")
            assert upload["state"] == "confirmed"

With pytest, the fixture ``valetkey_memory`` does the same for the application that your fixture ``app`` returns.
`MemoryValetKey` mounts valetkey in an application that has none.

The store evaluates the policies of forms as S3 does (valetkey's own tests compare the same function with Ceph RGW), so
a client that sends another size or type is refused. To simulate outages, set ``valetkey.store.before`` or
``valetkey.ledger.before`` to a function: it is called before each operation, and may raise `StoreUnavailable` or
`LedgerUnavailable`.

`valetkey.testing.contracts` has test suites for your own store or ledger.
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
    """Imports a public name when it is first used: pytest imports this package with the plugin in every run."""
    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
