"""The methods of `valetkey.ValetKey` for an application's templates and its login."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar, overload

from flask import Flask
from markupsafe import Markup

from valetkey.api.owners import OwnerLoader, PageTickets
from valetkey.api.scripts import scripts

Loader = TypeVar("Loader", bound=OwnerLoader)


class InPages:
    """The part of `valetkey.ValetKey` for pages."""

    def __init__(self) -> None:
        self._page_tickets = PageTickets()

    def scripts(self, nonce: str | None = None, *, import_map: bool = True) -> Markup:
        """HTML for a page's head: an import map for ``@valetkey/client`` and ``@valetkey/element``, and the module that
        makes ``<valet-upload>`` work, each with its digest.

        ``nonce`` is that of the page's Content-Security-Policy, if it has one; by default the result of ``csp_nonce()``
        in the application's templates, as with Flask-Talisman. Without ``import_map`` there is no inline script: for a
        page with its own import map, or with a policy of ``'self'`` and no nonce. In the application's templates this
        object is called ``valetkey``.
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
        """Decorates the function that returns who is logged in, so that pages get their tickets by themselves.

        The function is called in a request for a ticket, with the application's session; it returns the owner's id (1
        to 200 characters), or None if nobody is logged in. A page gets tickets for ``profiles`` only (None: for any
        profile), each for ``ttl`` seconds (60 to 604800) and ``max_uploads`` uploads (None: any number); the element
        fetches the next one by itself. Raises `ConfigurationError` for other values.
        """

        def keep(found: Loader) -> Loader:
            self._page_tickets.admit(found, None if profiles is None else frozenset(profiles), ttl, max_uploads)
            return found

        return keep if loader is None else keep(loader)

    def _offer_to_templates(self, app: Flask) -> None:
        """Makes this available as ``valetkey`` in templates of ``app``; a value that a view passes takes precedence."""
        app.context_processor(lambda: {"valetkey": self})
