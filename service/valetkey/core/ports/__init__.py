"""What the core needs from outside, one module for each kind of system.

Each adapter implements one of these, knows one outside system, and passes the suite in ``tests/contract``.
"""
