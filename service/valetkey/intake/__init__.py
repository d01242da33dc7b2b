"""HTTP requests for a WSGI application behind granian, without a thread that waits for a body.

granian's own WSGI server passes a request to a thread once its headers have arrived, and that thread waits for the
body: with as many slow clients as threads, nobody else gets a response. Here granian's runtime collects bodies, up to a
size and a time, and a thread gets a request once its body is complete.
"""

from valetkey.intake.intake import Intake

__all__ = ["Intake"]
"""``Intake(application, ...)`` is an RSGI application; `valetkey.serve` shows how granian runs it."""
