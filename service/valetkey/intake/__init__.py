"""Requests as they come in, for a WSGI application behind granian: no thread waits for a body.

granian's own WSGI gives a request to a thread as soon as its headers are there, and that thread waits for the body: as
many slow clients as there are threads, and nobody is answered any more. Here granian's runtime collects bodies, within
a size and a time, and a thread gets a request when it is whole.
"""

from valetkey.intake.intake import Intake

__all__ = ["Intake"]
"""``Intake(application, ...)`` is an RSGI application; see `valetkey.serve` for how granian runs it."""
