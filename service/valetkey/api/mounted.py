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
    """Finds the caller of a request."""

    senders: Mapping[str, EventEndpoint]
    """The event endpoints, by the name in the path."""

    readiness: Readiness
    """Whether store and ledger are available."""

    address: Address
    """The API's own URLs."""

    record_hooks: Callable[[], None]
    """Records the application's hooks in the ledger."""

    last_examined: Callable[[], StoreProof | None]
    """The last results of `valetkey doctor`."""

    page_tickets: PageTickets = field(default_factory=PageTickets)
    """The tickets for the application's own pages."""


SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The endpoints of requests that grant nothing."""


def mounted() -> Mounted:
    """The valetkey of the current application."""
    forks.look()
    found: Mounted = current_app.extensions[EXTENSION]
    return found


def mounted_in(app: Flask) -> Mounted:
    """The valetkey of ``app``. Raises `KeyError` if it has none."""
    found: Mounted = app.extensions[EXTENSION]
    return found


def record_hooks() -> None:
    """Runs before a request that may grant something, so that the upload's end is announced to this process's hooks,
    whichever process causes it.

    Other requests do not wait for the ledger here: ends that they cause are announced to these hooks in any case.
    """
    if request.method not in SAFE_METHODS:
        mounted().record_hooks()


def root() -> str:
    """`Address.root` for this request; empty if valetkey is not mounted."""
    if not has_request_context():
        return ""
    found: Mounted | None = current_app.extensions.get(EXTENSION)
    return "" if found is None else found.address.root(request.environ.get("SCRIPT_NAME", ""))


def server_url() -> str:
    """The server URL in the API document: absolute if it is configured, else relative to this request."""
    address = mounted().address
    return address.base if address.said else root() or "/"
