"""HTTP: parse, call one method of the service, render. Nothing is decided here."""
