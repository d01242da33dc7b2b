"""Interrupted uploads: what a run records of its uploads, and whether the record is of the file that is here now."""
