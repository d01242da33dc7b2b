"""Both clients of `valetkey.client` with the same interface: an `AsyncClient` is called from a thread like a
`Client`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from anyio.from_thread import BlockingPortal, start_blocking_portal

from valetkey.client import AsyncClient, Client, Upload

KINDS = ["blocking", "asyncio"]


class _FromThread:
    """Calls methods of an `AsyncClient` in its event loop, and waits for the results."""

    def __init__(self, portal: BlockingPortal, client: AsyncClient) -> None:
        self._portal = portal
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        return lambda *args, **given: self._portal.call(partial(method, *args, **given))

    def list(self, **wanted: Any) -> Iterator[Upload]:
        uploads = self._client.list(**wanted)
        while True:
            try:
                yield self._portal.call(uploads.__anext__)
            except StopAsyncIteration:
                return


@contextmanager
def running_client(kind: str, url: str, key: str | None = None, **options: Any) -> Iterator[Client]:
    """A client of this kind, closed afterwards."""
    if kind == "blocking":
        with Client(url, key, **options) as client:
            yield client
        return
    with start_blocking_portal() as portal:

        async def made() -> AsyncClient:
            return AsyncClient(url, key, **options)

        asynchronous = portal.call(made)
        try:
            yield cast("Client", _FromThread(portal, asynchronous))
        finally:
            portal.call(asynchronous.aclose)
