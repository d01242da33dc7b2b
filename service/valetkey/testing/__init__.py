"""valetkey in memory, for the tests of applications that use it: no S3, no database, no threads, and real policies.

::

    from valetkey.testing import MemoryValetKey

    def test_my_application():
        app = make_my_app()
        valetkey = MemoryValetKey(app)
        upload = valetkey.client(app).upload(b"hello", filename="cat.png", content_type="image/png")
        assert upload["state"] == "confirmed"

The store judges forms as S3 does (the same function is compared with Ceph RGW's answers in valetkey's own tests), so a
client that sends another size or type is refused. ``valetkey.store.before`` and ``valetkey.ledger.before`` take a
function that is called before each operation, and may raise `StoreUnavailable` or `LedgerUnavailable`.

`valetkey.testing.contracts` has what a store or a ledger of your own must do, as test suites.
"""

from valetkey.adapters.memory import MemoryLedger, MemoryObject, MemoryStore
from valetkey.adapters.memory.policies import StoreAnswer
from valetkey.core.errors import LedgerUnavailable, StoreUnavailable
from valetkey.testing.memory import MemoryValetKey, TestClient

__all__ = [
    "LedgerUnavailable",
    "MemoryLedger",
    "MemoryObject",
    "MemoryStore",
    "MemoryValetKey",
    "StoreAnswer",
    "StoreUnavailable",
    "TestClient",
]
