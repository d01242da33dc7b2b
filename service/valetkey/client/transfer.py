"""One file's way: begin it or go on with it, send what is missing, and wait for the service's last word."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from valetkey.client.api import Api, Json
from valetkey.client.digests import sample_of
from valetkey.client.errors import (
    Conflict,
    Different,
    FileError,
    Gone,
    PutError,
    Refused,
    Rejected,
    Stale,
    Unconfirmed,
)
from valetkey.client.meter import Meter
from valetkey.client.outcome import Ending, Outcome
from valetkey.client.parts import RENEWALS, Sender, Sending, careful, dying, refused
from valetkey.client.resume import Begun, Memory
from valetkey.client.retry import Patience
from valetkey.client.sameness import Evidence, Sameness
from valetkey.client.slots import Slots
from valetkey.client.sources import Source
from valetkey.client.store import Store
from valetkey.client.turns import Turn
from valetkey.client.wanted import Wanted

ROUNDS = 4
"""How often what is still missing is sent again, when the store has lost parts or the whole multipart upload."""

ENDED = frozenset({"confirmed", "rejected"})


@dataclass(frozen=True)
class Transfer:
    """Sends files; any number of threads may do so at once."""

    wanted: Wanted
    api: Api
    store: Store
    parts: Sender
    memory: Memory
    patience: Patience
    slots: Slots

    def run(self, turn: Turn, on_progress: Callable[[int], None]) -> Outcome:
        """One file; whatever goes wrong is in the outcome."""
        journey = _Journey(self, turn.source, on_progress)
        try:
            upload = journey.run(turn.created)
        except PutError as error:
            return journey.outcome(error.ending, error.code, error.detail)
        journey.upload = upload
        return journey.outcome(Ending.CONFIRMED)


class _Journey:
    """One file on its way."""

    def __init__(self, by: Transfer, source: Source, on_progress: Callable[[int], None]) -> None:
        self._by = by
        self._api = by.api
        self._source = source
        self._meter = Meter(on_progress)
        self._key = by.wanted.key(source)
        self._resumed = self._found = False
        self.upload: Json | None = None

    def outcome(self, ending: Ending, code: str | None = None, detail: str | None = None) -> Outcome:
        return Outcome(self._source.name, ending, code, detail, self.upload, self._resumed, self._meter.sent)

    def run(self, created: Json | PutError | None) -> Json:
        """``created`` is what the service said to this file already, where it did."""
        if isinstance(created, PutError):
            raise created
        begun = self._by.memory.recall(self._key) if created is None and self._source.lasting else None
        if begun is not None:
            try:
                return self._go_on(begun)
            except Refused:  # too old, deleted, another server's: there is nothing to go on with
                self._start_over()
            except Different:
                self._abort(begun)  # what is confirmed stays: a ticket deletes nothing
                self._start_over()
        return self._send_new((created and self._still_good(created)) or self._create())

    def _create(self) -> Json:
        self._require_unchanged()
        return self._api.create(self._by.wanted.body(self._source))

    def _still_good(self, created: Json) -> Json | None:
        """The same with a grant that lives; None where it is too late to renew it, as nothing of it was sent."""
        if not dying(created["grant"]):
            return created
        with suppress(Refused):
            return created | {"grant": self._api.renew(created["upload"]["id"], created["ticket"])["grant"]}
        return None

    def _send_new(self, created: Json) -> Json:
        self.upload = created["upload"]
        begun = Begun(created["upload"]["id"], created["ticket"], created["grant"]["method"])
        if self._source.lasting and self._by.memory.keeps:
            try:
                begun = replace(begun, sample=sample_of(self._source, self._by.patience.check))
            except FileError:
                self._abort(begun)
                raise
            self._by.memory.keep(self._key, begun)
        return self._finish(begun, created["grant"], again=False)

    def _go_on(self, begun: Begun) -> Json:
        """An upload of an earlier run. Raises `Different` where it is not proven to be of this file."""
        self._resumed = True
        self.upload = self._api.get(begun.upload_id, begun.ticket)
        same = Sameness(self._source, begun, self._by.parts.pool, self._by.patience.check)
        if same.is_excluded:
            raise Different
        if self.upload["state"] in ENDED or begun.method != "MULTIPART":
            self.upload, _ = self._api.complete(begun.upload_id, begun.ticket)  # its bytes may be there
            if self.upload["state"] != "pending":
                self._require_same(same, begun)
                self._meter.there(self._source.size)
                return self._last_word(begun)
        elif not same.is_proven:
            there = self._api.stored_parts(begun.upload_id, begun.ticket)
            if not same.of_parts(there["parts"], there["part_size"]):
                raise Different
        upload = self._finish(begun, None, again=True)
        if self._found:  # by a request of the earlier run that ended after all: ours was not the first
            self._require_same(same, begun)
        return upload

    def _require_same(self, same: Sameness, begun: Begun) -> None:
        """Raises `Different` unless what is there is proven to be this file."""
        if same.is_proven:
            return
        etag = ((self.upload or {}).get("object") or {}).get("etag") or ""
        in_parts = begun.method == "MULTIPART"
        part_size = self._api.stored_parts(begun.upload_id, begun.ticket)["part_size"] if in_parts else None
        if not same.of_object(etag, part_size):
            raise Different

    def _start_over(self) -> None:
        self._by.memory.forget(self._key)
        self._meter.reset()
        self._resumed, self._found, self.upload = False, False, None

    def _finish(self, begun: Begun, grant: Json | None, *, again: bool) -> Json:
        for _ in range(ROUNDS):
            try:
                self._send(begun, grant, again=again)
                self._require_unchanged()
                return self._last_word(begun)
            except FileError:
                self._abort(begun)
                raise
            except Gone as error:
                last: Refused = Refused("store_404", str(error))
            except Conflict as error:
                if error.code != "parts_missing":
                    raise
                last = error
            grant, again = None, True
            self._meter.reset()
        raise last

    def _send(self, begun: Begun, grant: Json | None, *, again: bool) -> None:
        if grant is None:
            try:
                grant = self._api.renew(begun.upload_id, begun.ticket)["grant"]
            except Conflict:
                if self._api.get(begun.upload_id, begun.ticket)["state"] in {"pending", "stored", *ENDED}:
                    return  # its bytes have arrived: what remains is to ask
                raise
        if grant["method"] == "MULTIPART":
            evidence = Evidence(self._by.memory, self._key, begun, self._source, self._by.patience.check)
            self._by.parts.send(Sending(self._source, begun, self._meter, evidence), grant, again=again)
        else:
            self._send_whole(begun, grant)

    def _send_whole(self, begun: Begun, grant: Json) -> None:
        once = self._by.store.put if grant["method"] == "PUT" else self._by.store.post
        stale: Stale | None = None
        for _ in range(RENEWALS):
            try:
                with self._by.slots.one(self._source.size):
                    send = partial(once, grant, self._source, self._meter.moved)
                    self._by.patience.persist(careful(send, partial(self._arrived, begun)))
            except Stale as error:
                stale = error
                grant = self._api.renew(begun.upload_id, begun.ticket)["grant"]
            else:
                return
        raise refused(stale)

    def _arrived(self, begun: Begun) -> bool | None:
        """True where the service finds the bytes at the store; nothing has to be sent again then."""
        upload, _ = self._api.complete(begun.upload_id, begun.ticket)
        if upload["state"] == "pending":
            return None
        self._meter.there(self._source.size)
        self._found = True
        return True

    def _require_unchanged(self) -> None:
        self._source.open().close()

    def _abort(self, begun: Begun) -> None:
        self._by.memory.forget(self._key)
        with suppress(PutError):
            self._api.abort(begun.upload_id, begun.ticket)

    def _last_word(self, begun: Begun) -> Json:
        deadline = time.monotonic() + self._by.wanted.wait
        while True:
            upload, again = self._api.complete(begun.upload_id, begun.ticket)
            self.upload = upload
            if upload["state"] == "rejected":
                self._by.memory.forget(self._key)
                reason = upload["reason"] or {}
                raise Rejected(reason.get("code", "rejected"), reason.get("detail", "The service rejected it."))
            if again is None:
                return upload
            if time.monotonic() + again > deadline:
                detail = f"All was sent, but after {self._by.wanted.wait:g} s the upload is still {upload['state']}."
                raise Unconfirmed("unconfirmed", detail)
            self._by.patience.sleep(again)
