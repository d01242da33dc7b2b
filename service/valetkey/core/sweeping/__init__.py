"""The signal that comes when no other did, and the removal of what nobody owns."""
