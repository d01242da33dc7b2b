"""Poolers between us and PostgreSQL (PgBouncer, pooling transactions)."""

POOLED = "valetkey.pooled"
"""The key in a connection's ``info`` that says whether one is in between."""
