"""Sending files: each is created or resumed, sent as a whole or in parts, and confirmed."""
