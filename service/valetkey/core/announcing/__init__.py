"""Telling the application of each end, at least once."""
