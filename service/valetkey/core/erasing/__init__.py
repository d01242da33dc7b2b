"""Erasure: removes everything that is kept of one owner."""
