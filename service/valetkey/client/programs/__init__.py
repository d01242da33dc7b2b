"""The API for Python programs: `Client`, `AsyncClient`, the models of responses, and the webhook check."""
