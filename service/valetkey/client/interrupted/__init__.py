"""Interrupted uploads: records of started uploads, and whether a record belongs to the present file."""
