"""The sweep, which finds uploads that no other signal reported, and removes objects without an owner."""
