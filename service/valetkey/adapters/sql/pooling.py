"""Poolers between valetkey and PostgreSQL (PgBouncer in transaction mode)."""

POOLED = "valetkey.pooled"
"""The key in a connection's ``info`` that says whether one is in between."""
