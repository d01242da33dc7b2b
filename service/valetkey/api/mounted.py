"""The state that views work on: one record for each application, in ``app.extensions``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Flask, current_app, has_request_context, request

from valetkey import forks
from valetkey.api.addresses import Address
from valetkey.api.auth import Authenticator
from valetkey.api.owners import PageTickets
from valetkey.api.readiness import Readiness
from valetkey.core.events.event import EventEndpoint
from valetkey.core.ports.health import StoreProof
from valetkey.core.service import UploadService

EXTENSION = "valetkey"
"""The name in ``app.extensions``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """valetkey in one application."""

    service: UploadService
    """The use cases."""

    authenticator: Authenticator
    """Who calls."""

    senders: Mapping[str, EventEndpoint]
    """Those whose events are taken, by the name in the path."""

    readiness: Readiness
    """Whether store and ledger can be used."""

    address: Address
    """Where the API is."""

    record_hooks: Callable[[], None]
    """Has the ledger know the functions of the application that are called for ends."""

    last_examined: Callable[[], StoreProof | None]
    """What `valetkey doctor` found out last."""

    page_tickets: PageTickets = field(default_factory=PageTickets)
    """Which tickets the application's own pages get."""


SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those of requests that grant nothing."""


def mounted() -> Mounted:
    """That of the application whose context this is."""
    forks.look()
    found: Mounted = current_app.extensions[EXTENSION]
    return found


def mounted_in(app: Flask) -> Mounted:
    """That of ``app``. Raises `KeyError` where there is none."""
    found: Mounted = app.extensions[EXTENSION]
    return found


def record_hooks() -> None:
    """Before a request that may grant something: its end is announced to the hooks here, whoever brings it about.

    Others do not wait for the ledger here: what they end is announced to the hooks of their own process anyway.
    """
    if request.method not in SAFE_METHODS:
        mounted().record_hooks()


def root() -> str:
    """`Address.root` of this request; nothing where there is none."""
    if not has_request_context():
        return ""
    found: Mounted | None = current_app.extensions.get(EXTENSION)
    return "" if found is None else found.address.root(request.environ.get("SCRIPT_NAME", ""))


def server_url() -> str:
    """Where the API is, for its own document: absolute where somebody said it, else relative to this request."""
    address = mounted().address
    return address.base if address.said else root() or "/"
