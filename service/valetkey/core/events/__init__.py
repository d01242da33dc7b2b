"""Events of stores and scanners, and how they are handled."""
