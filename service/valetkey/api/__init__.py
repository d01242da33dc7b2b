"""The HTTP API: views parse, call one method of the service, and render. No decisions are made here."""
