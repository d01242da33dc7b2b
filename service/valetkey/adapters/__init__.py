"""What the core needs, made of real things: one module for each outside system, none of them knows another."""
