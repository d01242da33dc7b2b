"""The endpoint for deliveries of events, as a function without a Flask request: see `valetkey.api.plain`."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from valetkey.api.bodies import announced_length
from valetkey.api.mounted import Mounted
from valetkey.api.rendering import PlainResponse, answer
from valetkey.api.responses import event_counts_body
from valetkey.core.errors import SenderUnknown
from valetkey.core.events.event import Delivery, DeliveryHead

SMALL = 16 * 1024
"""Deliveries up to this size, in bytes, have few events: handling them takes no longer than a batch of grants, so a
thread that must not wait may do it."""


def observe_events(here: Mounted, environ: Mapping[str, Any], read: Callable[[], bytes], name: str) -> PlainResponse:
    endpoint = here.senders.get(name)
    if endpoint is None:
        raise SenderUnknown("There is no such event sender, or its secret is not set.")
    headers, query = _Headers(environ), _query(environ.get("QUERY_STRING", ""))
    endpoint.admit(DeliveryHead(headers, query))
    delivery = Delivery(headers, query, read())
    known_as, sender = endpoint.authenticate(delivery)
    parsed = sender.parse(delivery.body)
    counts = here.service.observe(parsed.events, parsed.ignored, sender=known_as)
    LastDelivery.had_news = counts.confirmed + counts.rejected > 0
    return answer(event_counts_body(counts))


class LastDelivery:
    """The delivery that this process answered last. The next one is likely to be similar: a store whose events arrive
    before the clients' calls reports new objects only; one whose events arrive later reports known objects."""

    had_news = False


def is_likely_to_wait(environ: Mapping[str, Any]) -> bool:
    """Whether a delivery may contain many events, or new objects, which require requests to the store.

    Starting such a delivery in a thread that must not wait, only to start it again in another thread, costs a tenth of
    the CPU time of a confirmation.
    """
    return LastDelivery.had_news or announced_length(environ) > SMALL


class _Headers(Mapping[str, str]):
    """A request's headers by lower-case name, read from the environ on demand: a sender needs one or two of them."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value: str = self._environ["HTTP_" + name.upper().replace("-", "_")]
        return value

    def __iter__(self) -> Iterator[str]:
        return (name[5:].replace("_", "-").lower() for name in self._environ if name.startswith("HTTP_"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


@lru_cache(maxsize=16)  # a sender's query is always the same
def _query(text: str) -> Mapping[str, str]:
    """The first value of each name in the query, decoded as Werkzeug does."""
    found: dict[str, str] = {}
    given = parse_qsl(text.encode("latin-1").decode(), keep_blank_values=True, errors="werkzeug.url_quote")
    for name, value in given:
        found.setdefault(name, value)
    return MappingProxyType(found)
