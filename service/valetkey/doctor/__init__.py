"""`valetkey doctor`: finds out how an installation really behaves, by testing it.

Each group of checks is a module, each check a function that yields findings. A check looks at what happened (a status,
the bytes that are stored, an ETag), not at what was said of it. Nothing that the service does depends on this room:
what it learned of a store is kept in the ledger, and only the ledger is asked for it.
"""
