"""Hooks: an application's functions, called for the ends of uploads from the ledger, at least once each."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FunctionType
from typing import Any, Protocol, TypeVar, overload

from flask import Flask, current_app, has_app_context

from valetkey.api.records import Upload, record
from valetkey.core.errors import ConfigurationError, Unavailable
from valetkey.core.model import upload as model
from valetkey.core.model.announcement import TYPES, Announcement
from valetkey.core.model.upload import UploadId
from valetkey.core.ports.announcing import DeliveryOutcome, DeliveryReceipt, HookBook

log = logging.getLogger("valetkey")

MAX_NAME = 200
MAX_DETAIL = 300
"""How many characters of an error the ledger stores."""

Called = Callable[[Upload], Any]
Function = TypeVar("Function", bound=Called)


class HookLedger(HookBook, Protocol):
    """The part of a ledger that hooks need."""

    def get(self, upload_id: UploadId) -> model.Upload | None: ...


@dataclass(frozen=True, slots=True)
class Hook:
    """A function, its name in the ledger, the event types that it is called for, and the application that was current
    when it was created."""

    name: str
    function: Called
    types: frozenset[str]
    era: int


class Hooks:
    """The hooks of one `ValetKey`, which keeps them alive."""

    def __init__(self) -> None:
        self._hooks: dict[str, Hook] = {}
        self._era = 0
        self.types: Mapping[str, frozenset[str]] = {}
        """The event types of each hook, by name; replaced by another mapping at each change."""

    def __iter__(self) -> Iterator[Hook]:
        return iter(list(self._hooks.values()))

    def add(self, event: str, function: Called, name: str | None) -> None:
        """Adds a hook. Raises `ConfigurationError` for an invalid name, and for one that another function has.

        A factory that is called again creates its functions again: these replace those it created for the earlier
        application.
        """
        name = _name_of(function) if name is None else name
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            raise ConfigurationError(f"The name of a hook has 1 to {MAX_NAME} printable characters: set name=.")
        before = self._hooks.get(name)
        if before is not None and not self._is_again(before, function):
            raise ConfigurationError(f"Two hooks are called {name!r}: set another name= for one of them.")
        types = frozenset({event}) | (before.types if before is not None else frozenset())
        self._hooks[name] = Hook(name, function, types, self._era)
        self.types = {hook.name: hook.types for hook in self}

    def of(self, app: Flask, ledger: HookLedger) -> "ApplicationHooks":
        """These hooks in ``app``."""
        self._era += 1
        return ApplicationHooks(self, app, ledger)

    def _is_again(self, before: Hook, function: Called) -> bool:
        if before.function == function:
            return True
        plain = isinstance(function, FunctionType) and isinstance(before.function, FunctionType)
        return plain and before.era != self._era and before.function.__code__ is function.__code__


class ApplicationHooks:
    """The hooks of a `ValetKey` in one application, on its ledger."""

    def __init__(self, hooks: Hooks, app: Flask, ledger: HookLedger) -> None:
        self.all = hooks
        self._app = app
        self._ledger = ledger
        self._recorded: Mapping[str, frozenset[str]] | None = None

    def record(self) -> None:
        """Records them in the ledger, so that every process announces to them. Raises `LedgerUnavailable`."""
        types = self.all.types
        if types and types is not self._recorded:
            self._ledger.record_hooks(types, datetime.now(UTC))
            self._recorded = types

    def strangers(self) -> list[str]:
        """Hooks in the ledger that are not among these, and those for which it has more event types, with these types.
        Raises `LedgerUnavailable`."""
        found = []
        for hook in self._ledger.hooks():
            own = self.all.types.get(hook.name)
            if own is None:
                found.append(hook.name)
            elif others := set(hook.types) - own:
                found.append(f"{hook.name} for {' and '.join(sorted(others))}")
        return found

    def callers(self) -> Iterator["HookCaller"]:
        """A receiver for each of them."""
        return (HookCaller(hook, self._app, self._ledger) for hook in self.all)


class HookCaller:
    """A `Receiver` that calls an application's function, in the application's context and outside of requests."""

    def __init__(self, hook: Hook, app: Flask, ledger: HookLedger) -> None:
        self._hook = hook
        self._app = app
        self._ledger = ledger
        self.outbox = ledger.calls(hook.name, hook.types)
        """The event types that it is called for. Other calls of its name are left to processes that know those types: a
        newer version of the application that runs in parallel."""

    @property
    def name(self) -> str:
        """For logs."""
        return f"hook {self._hook.name}"

    def deliver(self, announcement: Announcement, at: datetime) -> DeliveryReceipt:  # noqa: ARG002
        """Calls it once, with the upload as it is now. Raises `LedgerUnavailable` if that cannot be read."""
        upload = self._ledger.get(announcement.upload_id) if announcement.upload_id else None
        if upload is None:
            return DeliveryReceipt(DeliveryOutcome.DELIVERED, "the upload is no longer in the ledger")
        try:
            with self._app.app_context():
                self._app.ensure_sync(self._hook.function)(record(upload))
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a cancelled task, gevent's timeout, sys.exit: each ends one attempt
            log.exception("%s failed for upload %s", self.name, upload.id)
            wait = error.retry_after if isinstance(error, Unavailable) else None
            return DeliveryReceipt(DeliveryOutcome.FAILED, _said(error), wait)
        return DeliveryReceipt(DeliveryOutcome.DELIVERED, "returned")


class HookDecorator:
    """Decorates hooks for one event: ``@valetkey.on_confirmed``, or ``@valetkey.on_confirmed(name="thumbnails")``."""

    def __init__(self, hooks: Hooks, event: str) -> None:
        self._hooks = hooks
        self._event = event

    @overload
    def __call__(self, function: Function) -> Function: ...

    @overload
    def __call__(self, *, name: str | None = None) -> Callable[[Function], Function]: ...

    def __call__(self, function: Any = None, *, name: str | None = None) -> Any:
        def keep(found: Function) -> Function:
            self._hooks.add(self._event, found, name)
            return found

        return keep if function is None else keep(function)


class HookMethods:
    """The part of `valetkey.ValetKey` that decorates an application's hooks.

    A hook is called with the upload (`valetkey.Upload`), in the context of the application, by ``valetkey worker
    --app``: at least once for each end, whichever process caused it. If it raises an exception, it is called again
    after the waits of webhooks; after the tenth failure the call is dead, and ``valetkey hooks`` shows it. A failing
    hook does not delay others. It is kept alive: no other reference to it is needed.

    Its name in the ledger is ``name`` (1 to 200 characters; by default the function's module and qualified name), so a
    renamed hook is another one. Raises `ConfigurationError` if two functions have the same name.
    """

    on_confirmed: HookDecorator
    """The upload is proven, and its object is under its final key."""

    on_rejected: HookDecorator
    """The bytes that arrived do not match the grant: ``upload.reason`` says why."""

    on_aborted: HookDecorator
    """Its owner ended it before its bytes had arrived."""

    on_expired: HookDecorator
    """Nothing arrived in time. It may still be confirmed if its bytes arrive late."""

    on_deleted: HookDecorator
    """It was deleted after its confirmation."""

    on_unclaimed: HookDecorator
    """It was removed, as nobody claimed it in time."""

    def __init__(self) -> None:
        self._hooks = Hooks()
        for event in TYPES:
            setattr(self, event.replace("upload.", "on_"), self.on(event))

    def on(self, event: str) -> HookDecorator:
        """The same for an event by its name: ``@valetkey.on("upload.confirmed")``.

        Raises `ConfigurationError` for an unknown event.
        """
        if event not in TYPES:
            raise ConfigurationError(f"There is no event {event!r}; the events are {', '.join(sorted(TYPES))}.")
        return HookDecorator(self._hooks, event)


def context_of(app: Flask) -> AbstractContextManager[Any]:
    """The context of ``app``, unless it is the current one."""
    here = has_app_context() and current_app._get_current_object() is app  # type: ignore[attr-defined]  # noqa: SLF001
    return nullcontext() if here else app.app_context()


def _name_of(function: Called) -> str:
    """The function's module and qualified name; a script's module has the name that it has when imported."""
    module, name = function.__module__, getattr(function, "__qualname__", type(function).__qualname__)
    if module == "__main__":
        main = sys.modules["__main__"]
        spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
        module = spec.name if spec else Path(file).stem if file else module
    return f"{module}.{name}"


def _said(error: BaseException) -> str:
    """An error as a short printable text for terminals and databases."""
    try:
        words = str(error)
    except Exception:  # it is the application's own code
        words = "its message cannot be read"
    text = f"{type(error).__name__}: {words}"[:MAX_DETAIL]
    return "".join(letter if letter.isprintable() else "?" for letter in text)
