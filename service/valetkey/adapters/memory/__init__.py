"""A store and a ledger in memory: for tests, valetkey's own and those of applications that use it.

They keep every promise of their ports but durability, and are safe between threads. Each takes a `Hook`, with which
a test makes the world misbehave between two steps.
"""
