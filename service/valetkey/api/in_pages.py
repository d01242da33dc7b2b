"""The methods of `valetkey.ValetKey` for an application's templates and its login."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar, overload

from flask import Flask
from markupsafe import Markup

from valetkey.api.owners import OwnerLoader, PageTickets
from valetkey.api.scripts import scripts

Loader = TypeVar("Loader", bound=OwnerLoader)


class InPages:
    """The part of `valetkey.ValetKey` that is for pages."""

    def __init__(self) -> None:
        self._page_tickets = PageTickets()

    def scripts(self, nonce: str | None = None, *, import_map: bool = True) -> Markup:
        """HTML for a page's head: an import map for ``@valetkey/client`` and ``@valetkey/element``, and the module that
        makes ``<valet-upload>`` work, each with its digest.

        ``nonce`` is that of the page's Content-Security-Policy, if it has one; without it, what the application's
        templates have as ``csp_nonce()``, as with Flask-Talisman. Without ``import_map`` there is no inline script: for
        a page that has a map of its own, or a policy of ``'self'`` and no nonce. Templates of the application know the
        object as ``valetkey``.
        """
        return scripts(nonce, with_import_map=import_map)

    @overload
    def owner_loader(self, loader: Loader) -> Loader: ...

    @overload
    def owner_loader(
        self, *, profiles: Collection[str] | None = None, ttl: int = 900, max_uploads: int | None = 1_000
    ) -> Callable[[Loader], Loader]: ...

    def owner_loader(
        self,
        loader: Loader | None = None,
        *,
        profiles: Collection[str] | None = None,
        ttl: int = 900,
        max_uploads: int | None = 1_000,
    ) -> Any:
        """Decorates the function that says who is logged in, so that pages get their tickets by themselves.

        The function is called in a request for a ticket, with the session of the application; it returns the owner's
        id (1 to 200 characters), or None where nobody is logged in. A page gets tickets for ``profiles`` only (None:
        for any profile there is), each for ``ttl`` seconds (60 to 604800) and ``max_uploads`` uploads (None: any
        number); the element gets the next one by itself. Raises `ConfigurationError` for other values.
        """

        def keep(found: Loader) -> Loader:
            self._page_tickets.admit(found, None if profiles is None else frozenset(profiles), ttl, max_uploads)
            return found

        return keep if loader is None else keep(loader)

    def _offer_to_templates(self, app: Flask) -> None:
        """Templates of ``app`` know this as ``valetkey``; one that a view passes goes first."""
        app.context_processor(lambda: {"valetkey": self})
