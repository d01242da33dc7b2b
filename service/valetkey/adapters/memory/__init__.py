"""A store and a ledger in memory, for valetkey's own tests and for those of applications that use it.

They keep every promise of their ports but durability, need no rights, and are safe between threads. Each takes a
`Hook`, with which a test makes the world misbehave between two steps.
"""

from valetkey.adapters.memory.bucket import MemoryObject
from valetkey.adapters.memory.ledger import MemoryLedger
from valetkey.adapters.memory.store import MemoryStore

__all__ = ["MemoryLedger", "MemoryObject", "MemoryStore"]
