"""Content negotiation: whether a response is for a person or for a program, by ``Accept``."""

from flask import request

HTML = "text/html"
PROBLEM = "application/problem+json"

_JSON = ("application/json", PROBLEM)

MAX_ACCEPT = 2_048
"""The longest ``Accept`` that is read, in characters: browsers and office programs say up to 500."""


def prefers_page(*, otherwise: bool) -> bool:
    """Whether whoever asks would rather have an HTML page than JSON; ``otherwise`` where they like both alike, and name
    both or neither.

    A browser that goes to an address names HTML before everything else. Scripts and programs accept anything, if they
    say something at all. What is too long to be anybody's wish is not read.
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
