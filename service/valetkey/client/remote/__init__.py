"""The calls to the service and to the store, and when to repeat them."""
