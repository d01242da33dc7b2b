"""`valetkey doctor`: finds out how an installation really behaves, by testing it.

Each group of checks is a module, each check a function that yields findings. A check judges by the result (a status,
the stored bytes, an ETag), not by what a response claims. The service does not depend on this package: what it learned
of a store is recorded in the ledger, and read from there.
"""
