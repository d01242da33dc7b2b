"""The HTTP client: `Client` and `AsyncClient` for Python programs, and the code behind `valetkey put`.

It depends on the HTTP API only, not on code of the service. All packages but `programs` use the standard library only,
so that `put` starts fast, and so that bytes go from the file to the socket without a copy in Python (`sendfile`).

::

    programs      the API for Python programs: clients, models of responses, verification of webhooks
    put           many files: find them, upload them, report each
    display       output for people and for scripts
    sending       one file: create or resume its upload, send the bytes, wait for the confirmation
    interrupted   uploads that an earlier run did not finish, and whether they belong to the present file
    remote        the calls to the service and to the store, and when to retry them
    transport     HTTP/1.1 over sockets: connections, bodies, deadlines, TLS, proxies
    files         local files
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valetkey.client.errors import (
        ClientError,
        Conflict,
        FileError,
        Interrupted,
        Refused,
        Rejected,
        Unconfirmed,
        Unreachable,
        UploadNotFound,
        WebhookRefused,
    )
    from valetkey.client.programs.asynchronous import AsyncClient
    from valetkey.client.programs.blocking import Client
    from valetkey.client.programs.models import (
        Checksum,
        Claim,
        Erasure,
        Granted,
        MultipartGrant,
        NamedPart,
        NewUpload,
        PartGrant,
        PostGrant,
        Profile,
        PutGrant,
        Reason,
        StoredObject,
        Ticket,
        Upload,
        WebhookEvent,
    )
    from valetkey.client.programs.webhooks import verify_webhook

__all__ = [
    "AsyncClient",
    "Checksum",
    "Claim",
    "Client",
    "ClientError",
    "Conflict",
    "Erasure",
    "FileError",
    "Granted",
    "Interrupted",
    "MultipartGrant",
    "NamedPart",
    "NewUpload",
    "PartGrant",
    "PostGrant",
    "Profile",
    "PutGrant",
    "Reason",
    "Refused",
    "Rejected",
    "StoredObject",
    "Ticket",
    "Unconfirmed",
    "Unreachable",
    "Upload",
    "UploadNotFound",
    "WebhookEvent",
    "WebhookRefused",
    "verify_webhook",
]

_HOMES = {
    "programs.asynchronous": {"AsyncClient"},
    "programs.blocking": {"Client"},
    "programs.webhooks": {"verify_webhook"},
    "errors": {
        *("ClientError", "Conflict", "FileError", "Interrupted", "Refused", "Rejected"),
        *("Unconfirmed", "Unreachable", "UploadNotFound", "WebhookRefused"),
    },
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used: `put` does not need pydantic, nor `Client` HTTPX."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = next((home for home, names in _HOMES.items() if name in names), "programs.models")
    return getattr(import_module(f"{__name__}.{home}"), name)
