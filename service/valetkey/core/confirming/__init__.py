"""Confirmation: from a hint that an object may have arrived to a proven end."""
