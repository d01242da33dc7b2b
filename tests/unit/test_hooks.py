"""An application's functions that are called for ends: their names, retries and arguments."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from flask import Flask, current_app, has_app_context, has_request_context, request

from valetkey import Upload, ValetKeyError, upload_confirmed
from valetkey.api.hooks import ApplicationHooks, HookDecorator, Hooks
from valetkey.core.announcing.dispatcher import DELAYS, LEASE, Dispatcher
from valetkey.core.errors import ConfigurationError, LedgerUnavailable, StoreUnavailable
from valetkey.core.model.announcement import TYPES, Status
from valetkey.testing import MemoryLedger, MemoryValetKey

PHOTO = {"filename": "cat.png", "content_type": "image/png"}


@dataclass
class Shop:
    """An application with a clock that the test moves."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.app = Flask("shop")
        self.valetkey = MemoryValetKey(self.app, clock=lambda: self.now)

    def upload(self) -> str:
        """The id of a new confirmed upload."""
        confirmed: str = self.valetkey.client().upload(b"hello", **PHOTO)["id"]
        return confirmed

    def an_upload(self) -> Upload:
        """The upload as the application's own code gets it."""
        return self.valetkey.get(self.upload())

    def work(self, later: float = 0) -> None:
        """Does the worker's work, ``seconds`` later."""
        self.now += timedelta(seconds=later)
        self.valetkey.work()

    def states(self, hook: str) -> list[tuple[Status, int, str | None]]:
        return [
            (one.status, one.attempts, one.detail) for one in self.valetkey.ledger.calls(hook).announcements(None, 9)
        ]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_hook_is_called_once_with_the_upload(shop: Shop) -> None:
    """With the result of `get`, in the application's context, without a request, and not by the process that
    confirmed."""
    called: list[tuple[Upload, str, bool]] = []

    @shop.valetkey.on_confirmed
    def note(upload: Upload) -> None:
        called.append((upload, current_app.name, has_request_context()))

    upload_id = shop.upload()
    assert called == []
    shop.work()
    shop.work(10_000)
    assert called == [(shop.valetkey.get(upload_id), "shop", False)]
    assert not has_app_context()
    assert shop.states(f"{__name__}.{note.__qualname__}") == [(Status.DELIVERED, 1, "returned")]


def test_what_fails_is_called_again_until_it_is_dead(shop: Shop) -> None:
    """It is called after the delays of webhooks, in new contexts; a replay starts again."""
    fails = [True]
    torn_down: list[object] = []
    shop.app.teardown_appcontext(torn_down.append)

    @shop.valetkey.on_confirmed(name="thumbnails")
    def thumbnails(upload: Upload) -> None:
        if fails[0]:
            raise ValueError("no pixels\n" + upload.id)

    shop.upload()
    torn_down.clear()
    shop.work()
    [(status, attempts, detail)] = shop.states("thumbnails")
    assert (status, attempts) == (Status.WAITING, 1)
    assert str(detail).startswith("ValueError: no pixels?")
    for wait in DELAYS:
        shop.work(wait * 1.2)
    assert [state[:2] for state in shop.states("thumbnails")] == [(Status.DEAD, 10)]
    assert [type(error) for error in torn_down] == [ValueError] * 10
    fails[0] = False
    shop.work(10**6)
    assert shop.valetkey.ledger.calls("thumbnails").replay(None, shop.now)
    shop.work()
    assert shop.states("thumbnails") == [(Status.DELIVERED, 1, "returned")]


def test_one_that_fails_holds_up_no_other(shop: Shop) -> None:
    """Each has its own state, even if it would end the process."""
    called: list[str] = []

    @shop.valetkey.on_confirmed(name="fails")
    def fails(upload: Upload) -> None:
        sys.exit(3)

    @shop.valetkey.on_confirmed(name="works")
    def works(upload: Upload) -> None:
        called.append(upload.id)

    ids = [shop.upload(), shop.upload()]
    shop.work()
    assert called == ids
    assert shop.states("fails") == [(Status.WAITING, 1, "SystemExit: 3")] * 2


class Speechless(Exception):
    """An exception whose own ``__str__`` fails."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Timeout(BaseException):
    """An exception like gevent's time-out."""


def test_what_comes_of_a_hook_is_worked_off_with_it(shop: Shop) -> None:
    """One call of `work` does what a worker does within a second, in whatever order the hooks are."""
    heard: list[str] = []
    told: list[str] = []

    @shop.app.post("/told")
    def receive() -> tuple[str, int]:
        told.append(request.get_json()["type"])
        return "", 204

    shop.valetkey.webhooks_to("/told", secrets=["whsec_" + "c2VjcmV0" * 6])

    @shop.valetkey.on_deleted(name="a")
    def note(upload: Upload) -> None:
        heard.append(upload.id)

    @shop.valetkey.on_confirmed(name="b")
    def refuse(upload: Upload) -> None:
        if upload.owner == "ann":
            shop.valetkey.erase(upload.owner)
        else:
            shop.valetkey.delete(upload.id)

    ids = [shop.upload(), shop.valetkey.client().upload(b"hello", owner="ann", **PHOTO)["id"]]
    shop.work()
    assert sorted(heard) == sorted(ids)
    assert shop.valetkey.get(ids[1]).owner == ""
    assert sorted(told) == ["owner.erased"] + ["upload.confirmed"] * 2 + ["upload.deleted"] * 2


def test_a_hook_that_uploads_for_ever_does_not_hold_a_test_up(shop: Shop) -> None:
    """`work` returns, and calls are left."""

    @shop.valetkey.on_confirmed(name="again")
    def again(upload: Upload) -> None:
        shop.upload()

    shop.upload()
    shop.work()
    assert [status for status, _, _ in shop.states("again")].count(Status.WAITING) == 1


@pytest.mark.parametrize("error", [asyncio.CancelledError(), Timeout("2 seconds"), Speechless()], ids=repr)
def test_whatever_a_function_raises_is_one_failed_attempt(shop: Shop, error: BaseException) -> None:
    """It has the same delay, reason and log line as any other, and never counts as an interrupted attempt."""

    @shop.valetkey.on_confirmed(name="fails")
    def fails(upload: Upload) -> None:
        raise error

    shop.upload()
    shop.work()
    [(status, attempts, detail)] = shop.states("fails")
    assert (status, attempts) == (Status.WAITING, 1)
    assert str(detail).startswith(type(error).__name__)
    shop.work(LEASE.total_seconds() + 1)
    shop.work(LEASE.total_seconds() + 1)
    assert [state[:2] for state in shop.states("fails")] == [(Status.WAITING, 2)]


def test_a_ledger_that_cannot_be_read_is_no_attempt(shop: Shop) -> None:
    """Nothing was called: the call waits while the ledger is unavailable, and its record is unchanged."""
    called: list[str] = []

    @shop.valetkey.on_confirmed(name="mine")
    def mine(upload: Upload) -> None:
        called.append(upload.id)
        if len(called) == 1:
            raise OSError("no space")

    upload_id = shop.upload()
    shop.work()

    def away(operation: str, _: str) -> None:
        if operation == "get":
            raise LedgerUnavailable("The ledger is away.")

    shop.valetkey.ledger.before = away
    for _ in range(12):
        with pytest.raises(LedgerUnavailable):
            shop.work(LEASE.total_seconds() + 1)
    assert shop.states("mine") == [(Status.WAITING, 1, "OSError: no space")]
    shop.valetkey.ledger.before = None
    shop.work(LEASE.total_seconds() + 1)
    assert shop.states("mine") == [(Status.DELIVERED, 2, "returned")]
    assert called == [upload_id, upload_id]


def test_a_store_that_is_away_says_when_to_come_again(shop: Shop) -> None:
    """A temporary error of ours is not retried before its Retry-After."""
    called: list[datetime] = []

    @shop.valetkey.on_confirmed(name="reads")
    def reads(upload: Upload) -> None:
        called.append(shop.now)
        raise StoreUnavailable("The store is away.", 900)

    shop.upload()
    shop.work()
    shop.work(899)
    assert len(called) == 1
    shop.work(1)
    assert len(called) == 2


def test_a_hook_is_known_before_anything_is_granted(shop: Shop) -> None:
    """From the first request on, whichever process ends the upload finds the hook in the ledger, or nothing is
    granted."""
    shop.valetkey.on_confirmed(name="mine")(lambda _: None)

    def away(operation: str, _: str) -> None:
        if operation == "record_hooks":
            raise LedgerUnavailable("The ledger is away.")

    shop.valetkey.ledger.before = away
    http = shop.app.test_client()
    assert http.post("/v1/uploads", json=PHOTO | {"size": 5}).get_json()["code"] == "ledger_unavailable"
    shop.valetkey.ledger.before = None
    assert shop.valetkey.ledger.hooks() == []
    assert http.post("/v1/uploads", json=PHOTO | {"size": 5}).status_code == 201
    assert [hook.name for hook in shop.valetkey.ledger.hooks()] == ["mine"]


def test_what_needs_no_ledger_is_answered_without_it(shop: Shop) -> None:
    """While the ledger is unavailable, hooks do not make the process look dead, and do not hide its profiles."""
    shop.valetkey.on_confirmed(name="mine")(lambda _: None)

    def away(operation: str, _: str) -> None:
        raise LedgerUnavailable("The ledger is away.")

    shop.valetkey.ledger.before = away
    http = shop.app.test_client()
    for path in ("/healthz", "/openapi.json", "/v1/profiles"):
        assert http.get(path).status_code == 200, path
        assert http.options(path).status_code == 200, path
    assert http.get("/readyz").status_code == 503


def test_every_event_has_its_decorator(shop: Shop) -> None:
    """Under its short and its full name; each function is called for its own end."""
    heard: list[tuple[str, str]] = []
    for event in sorted(TYPES):
        short = getattr(shop.valetkey, event.replace("upload.", "on_"))
        short(name=f"short {event}")(lambda upload, event=event: heard.append((event, upload.state)))
        shop.valetkey.on(event)(name=f"long {event}")(lambda upload, event=event: heard.append((event, upload.state)))
    upload_id = shop.upload()
    shop.work()
    shop.valetkey.delete(upload_id)
    shop.work()
    assert heard == [("upload.confirmed", "confirmed")] * 2 + [("upload.deleted", "deleted")] * 2
    with pytest.raises(ConfigurationError, match=r"upload\.confirmed"):
        shop.valetkey.on("upload.finished")


def test_a_function_may_be_called_for_several_ends(shop: Shop) -> None:
    """It is one hook."""
    heard: list[str] = []

    @shop.valetkey.on_deleted
    @shop.valetkey.on_confirmed
    def either(upload: Upload) -> None:
        heard.append(upload.state)

    upload_id = shop.upload()
    shop.valetkey.delete(upload_id)
    shop.work()
    assert heard == ["deleted", "deleted"]  # it gets the upload as it is when it is called
    assert [one.types for one in shop.valetkey.ledger.hooks()] == [{"upload.confirmed", "upload.deleted"}]


def test_a_process_of_an_older_version_takes_nothing_from_a_newer_one(shop: Shop) -> None:
    """Its function is called for fewer ends: the others wait for a process that knows them, whichever one starts or
    ends uploads last; the start of a worker reports that they wait."""
    ledger, heard = shop.valetkey.ledger, list[tuple[str, str]]()

    def version(name: str, *events: str) -> ApplicationHooks:
        hooks, function = Hooks(), partial(hear, name)
        for event in events:
            hooks.add(event, function, "note")
        return hooks.of(shop.app, ledger)

    def hear(name: str, upload: Upload) -> None:
        heard.append((name, upload.state))

    def work(version: ApplicationHooks) -> None:
        for caller in version.callers():
            dispatcher = Dispatcher(caller.outbox, caller, counts_starts=True, clock=lambda: shop.now)
            for claimed in dispatcher.claim(9):
                dispatcher.deliver(claimed)

    newer, older = version("new", "upload.confirmed", "upload.deleted"), version("old", "upload.confirmed")
    newer.record()
    older.record()
    [known] = ledger.hooks()
    assert known.types == {"upload.confirmed", "upload.deleted"}
    assert (newer.strangers(), older.strangers()) == ([], ["note for upload.deleted"])
    shop.valetkey.delete(shop.upload())
    work(older)
    assert heard == [("old", "deleted")]
    assert sorted(shop.states("note")) == [(Status.DELIVERED, 1, "returned"), (Status.WAITING, 0, None)]
    work(newer)
    assert heard == [("old", "deleted"), ("new", "deleted")]
    assert shop.states("note") == [(Status.DELIVERED, 1, "returned")] * 2


def test_two_functions_of_one_name_are_refused(shop: Shop) -> None:
    """One of them would silently be lost: two with one name, or one that a loop defines twice."""
    shop.valetkey.on_confirmed(name="one")(lambda _: None)
    with pytest.raises(ConfigurationError, match="'one'"):
        shop.valetkey.on_confirmed(name="one")(lambda _: None)

    def in_a_loop(number: int) -> None:
        @shop.valetkey.on_confirmed
        def hook(upload: Upload) -> None:
            raise AssertionError(number)

    in_a_loop(1)
    with pytest.raises(ConfigurationError, match="in_a_loop"):
        in_a_loop(2)


@pytest.mark.parametrize("name", ["", "x" * 201, "a\0b", "a\nb"])
def test_a_name_that_no_ledger_keeps_is_refused(shop: Shop, name: str) -> None:
    """The error comes when the application starts."""
    with pytest.raises(ValetKeyError, match="1 to 200"):
        shop.valetkey.on_confirmed(name=name)(lambda _: None)


def test_a_factory_may_be_called_again() -> None:
    """With one `ValetKey()` for all applications, as in tests, the newest function is called, and only that is kept."""
    hooks, heard = Hooks(), list[int]()

    def create_app(number: int) -> None:
        hooks.of(Flask(f"shop{number}"), MemoryLedger())

        @HookDecorator(hooks, "upload.confirmed")
        def hook(upload: Upload) -> None:
            heard.append(number)

    create_app(1)
    create_app(2)
    [hook] = hooks
    hook.function(Shop().an_upload())
    assert heard == [2]


@pytest.mark.parametrize("how", [["shop.py"], ["-m", "shop"], ["-c", "import shop"]])
def test_a_module_has_one_name_however_it_is_run(how: list[str], tmp_path: Path) -> None:
    """`python shop.py` in one process and `--app shop` in another define the same hook."""
    (tmp_path / "shop.py").write_text(
        "from valetkey.api.hooks import _name_of\n\ndef hook(upload): ...\n\nprint(_name_of(hook))\n"
    )
    done = subprocess.run([sys.executable, *how], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=150)
    assert done.stdout == "shop.hook\n"


@pytest.fixture
def receivers() -> Iterator[None]:
    """Restores the signals after the test."""
    before = dict(upload_confirmed.receivers)
    yield
    for receiver in set(upload_confirmed.receivers.values()) - set(before.values()):
        upload_confirmed.disconnect(receiver)


@pytest.mark.usefixtures("receivers")
def test_a_receiver_that_a_factory_made_hears(shop: Shop) -> None:
    """A signal keeps it alive, unless ``weak`` is set; it is called in the application's context."""
    heard: list[tuple[str, str]] = []

    def factory(kind: str, connect: Callable[[Callable[[Upload], None]], object]) -> None:
        def receiver(upload: Upload) -> None:
            heard.append((kind, current_app.name))

        connect(receiver)

    factory("kept", upload_confirmed.connect)
    factory("weak", lambda receiver: upload_confirmed.connect(receiver, weak=True))
    shop.upload()
    granted = shop.valetkey.client().ask(5, **PHOTO)
    shop.valetkey.client().send(granted, b"hello")
    shop.valetkey.event(granted["upload"]["id"])  # outside of any request
    assert heard == [("kept", "shop")] * 2
