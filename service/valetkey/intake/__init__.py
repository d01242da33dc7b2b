"""HTTP requests for a WSGI application behind granian, without a thread that waits for a body.

granian's own WSGI gives a request to a thread as soon as its headers are there, and that thread waits for the body: as
many slow clients as there are threads, and nobody else gets a response. Here granian's runtime collects bodies, within
a size and a time, and a thread gets a request when its body is complete.
"""

from valetkey.intake.intake import Intake

__all__ = ["Intake"]
"""``Intake(application, ...)`` is an RSGI application; `valetkey.serve` shows how granian runs it."""
