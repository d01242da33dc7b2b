"""valetkey in memory: the store, the ledger, and a client that plays all of its parts."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Flask

from valetkey.adapters.magic import MagicDetector
from valetkey.adapters.memory import MemoryLedger, MemoryStore
from valetkey.adapters.memory.policies import StoreAnswer
from valetkey.adapters.signals import SignalNotifier
from valetkey.api.addresses import Address
from valetkey.api.auth import Authenticator
from valetkey.api.in_pages import InPages
from valetkey.api.in_process import InProcess
from valetkey.api.mounted import Mounted
from valetkey.api.readiness import Readiness
from valetkey.app import mount
from valetkey.core.access.callers import Caller
from valetkey.core.access.tickets import Tickets
from valetkey.core.assembly import Assembly
from valetkey.core.events.event import ObjectEvent
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Upload, Verdict, parse_upload_id

PUBLIC_URL = "http://valetkey.test"


class MemoryValetKey(InPages, InProcess):
    """`valetkey.ValetKey` on a store and a ledger in memory; no credential is asked for.

    ``profiles`` as for `ValetKey`; without them ``default`` takes anything. ``clock`` gives the time (aware, UTC).
    """

    def __init__(
        self,
        app: Flask,
        *,
        profiles: Mapping[str, Profile] | None = None,
        url_prefix: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self.store = MemoryStore(clock=clock)
        self.ledger = MemoryLedger()
        tickets = Tickets(["only for tests, where nothing is secret"])
        address = Address.of(PUBLIC_URL, url_prefix, said=True)
        self._prefix = address.prefix
        core = Assembly(
            store=self.store,
            ledger=self.ledger,
            notifier=SignalNotifier(),
            detector=MagicDetector(),
            profiles={"default": Profile("default")} | dict(profiles or {}),
            tickets=tickets,
            public_url=address.base,
            clock=clock,
        )
        self._sweep, self._eraser = core.sweep, core.eraser
        self._parts = Mounted(
            service=core.service,
            authenticator=Authenticator(None, tickets, clock),
            senders={},
            readiness=Readiness(core.service.check),
            address=address,
            page_tickets=self._page_tickets,
        )
        mount(app, self._parts)
        self._offer_to_templates(app)

    def _mounted(self) -> Mounted:
        return self._parts

    def client(self, app: Flask) -> "TestClient":
        """Somebody who uploads to ``app``."""
        return TestClient(app, self.store, self._prefix)

    def event(self, upload_id: str) -> None:
        """The store's own event for what an upload's client sent, for clients that say nothing.

        Raises `LookupError` for an id that is no upload's.
        """
        self.service.observe([ObjectEvent(self.store.bucket, self._upload(upload_id).arrival_key)])

    def work(self) -> None:
        """What `valetkey worker` does within a second: looks at what is due, as are the contents of uploads whose
        profile has ``detect``, and what a clock that was set forward has made due; erases owners."""
        for _ in self._sweep.look():
            pass
        for _ in self._eraser.run():
            pass

    def judge(self, upload_id: str, *, clean: bool, detail: str | None = None) -> None:
        """A scanner's verdict on the bytes that are at the store now, for profiles with ``scan``.

        Raises `LookupError` when there are none, and `StateConflict` where no verdict is waited for.
        """
        self.event(upload_id)
        upload = self._upload(upload_id)
        if upload.object is None:
            raise LookupError(upload_id)
        self.service.judge(Caller("scanner", may_judge=True), upload.id, Verdict(upload.object.etag, clean, detail))

    def _upload(self, text: str) -> Upload:
        upload_id = parse_upload_id(text)
        upload = self.ledger.get(upload_id) if upload_id else None
        if upload is None:
            raise LookupError(text)
        return upload


class TestClient:
    """Plays a client: asks the application for an upload, sends the bytes to the store, says that it is done."""

    __test__ = False  # pytest: no test class

    def __init__(self, app: Flask, store: MemoryStore, url_prefix: str) -> None:
        self._http = app.test_client()
        self._store = store
        self._uploads = f"{url_prefix}/v1/uploads"

    def upload(self, content: bytes, **asked: Any) -> dict[str, Any]:
        """All three steps. ``asked`` goes into the request as it is (filename, profile, metadata, ...).

        Returns the upload as the last answer has it. Raises `AssertionError` when a step is refused.
        """
        granted = self.ask(len(content), **asked)
        answer = self.send(granted, content)
        assert answer.status < 400, f"the store refused it: {answer.code}"  # noqa: S101
        return self.complete(granted)

    def ask(self, size: int, **asked: Any) -> dict[str, Any]:
        """Asks for an upload of ``size`` bytes: ``{upload, grant, ticket}``. Raises `AssertionError` when refused."""
        body = {"filename": "file.bin", "content_type": "application/octet-stream", "size": size} | asked
        answer = self._http.post(self._uploads, json=body)
        assert answer.status_code == 201, answer.text  # noqa: S101
        granted: dict[str, Any] = answer.get_json()
        return granted

    def send(self, granted: Mapping[str, Any], content: bytes, **changed: str) -> StoreAnswer:
        """Sends ``content`` by the grant, with some of its fields or headers ``changed``: what S3 would answer.

        Of a file in parts the answer is that to the last part that was sent: the first one that is refused ends it.
        """
        grant = granted["grant"]
        match grant["method"]:
            case "POST":
                return self._store.post(list((grant["fields"] | changed).items()), content)
            case "PUT":
                return self._store.send(grant["url"], grant["headers"] | changed, content)
            case _:
                return self._send_parts(granted, content, changed)

    def _send_parts(self, granted: Mapping[str, Any], content: bytes, changed: Mapping[str, str]) -> StoreAnswer:
        size, answer = granted["grant"]["part_size"], StoreAnswer(200)
        numbers = list(range(1, granted["grant"]["part_count"] + 1))
        for part in self._call(granted, "parts", {"numbers": numbers})["parts"]:
            piece = content[(part["number"] - 1) * size :][:size]
            answer = self._store.send(part["url"], part["headers"] | changed, piece)
            if answer.code is not None:
                break
        return answer

    def complete(self, granted: Mapping[str, Any]) -> dict[str, Any]:
        """Says that the bytes are sent: the upload, or the problem document."""
        return self._call(granted, "complete", {})

    def _call(self, granted: Mapping[str, Any], what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {granted['ticket']}"}
        answer = self._http.post(f"{self._uploads}/{granted['upload']['id']}/{what}", headers=headers, json=body)
        said: dict[str, Any] = answer.get_json()
        return said
