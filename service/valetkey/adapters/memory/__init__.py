"""A store and a ledger in memory, for valetkey's own tests and for those of applications that use it.

They keep every promise of their ports except durability, need no rights, and are thread-safe. Each takes a `Hook`, with
which a test can interfere between two steps.
"""

from valetkey.adapters.memory.bucket import MemoryObject
from valetkey.adapters.memory.ledger import MemoryLedger
from valetkey.adapters.memory.store import MemoryStore

__all__ = ["MemoryLedger", "MemoryObject", "MemoryStore"]
