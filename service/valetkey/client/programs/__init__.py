"""What Python programs hold: `Client`, `AsyncClient`, the models of what comes back, and the check of webhooks."""
