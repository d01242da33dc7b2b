"""The removal of all that is kept of one owner."""
