"""Whether an answer is for a person or for a program: the one reading of ``Accept``."""

from flask import request

HTML = "text/html"
PROBLEM = "application/problem+json"

_JSON = ("application/json", PROBLEM)


def prefers_page(*, otherwise: bool) -> bool:
    """Whether whoever asks would rather have an HTML page than JSON; ``otherwise`` where they like both alike.

    A browser that goes to an address names HTML before everything else. Scripts and programs accept anything, if they
    say something at all.
    """
    accepted = request.accept_mimetypes
    page, data = accepted.quality(HTML), max(accepted.quality(kind) for kind in _JSON)
    return otherwise if page == data else page > data
