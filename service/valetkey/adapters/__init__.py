"""Adapters: implementations of the core's ports, one module for each outside system. None of them knows another."""
