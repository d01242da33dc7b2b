"""Content negotiation: whether a response is for a person or for a program, by ``Accept``."""

from flask import request

HTML = "text/html"
PROBLEM = "application/problem+json"

_JSON = ("application/json", PROBLEM)

MAX_ACCEPT = 2_048
"""The longest ``Accept`` that is read, in characters: browsers and office programs send up to 500."""


def prefers_page(*, otherwise: bool) -> bool:
    """Whether the client prefers an HTML page to JSON; ``otherwise`` if it has no preference.

    A browser that opens a URL prefers HTML to everything else. Scripts and programs accept anything, if they send the
    header at all. A longer header is ignored.
    """
    if len(request.environ.get("HTTP_ACCEPT", "")) > MAX_ACCEPT:
        return otherwise
    accepted = request.accept_mimetypes
    page, data = accepted.quality(HTML), max(accepted.quality(kind) for kind in _JSON)
    if page != data:
        return page > data
    named = {kind.partition(";")[0].strip().lower() for kind, _ in accepted}
    names_page, names_data = HTML in named, not named.isdisjoint(_JSON)
    return otherwise if names_page == names_data else names_page
