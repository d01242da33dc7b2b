"""Content detection: what type the bytes of a file have, whatever the client declared."""
