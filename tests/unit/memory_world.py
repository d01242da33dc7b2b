"""A whole valetkey in memory, with a clock that stands still, for tests of what happens between two steps."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from valetkey.adapters.magic import MagicDetector
from valetkey.adapters.memory import MemoryLedger, MemoryStore
from valetkey.adapters.memory.policies import StoreAnswer
from valetkey.core.access.api_keys import Scope
from valetkey.core.access.callers import Caller
from valetkey.core.access.tickets import Tickets
from valetkey.core.assembly import Assembly
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.announcement import Announcer
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.profile import Profile
from valetkey.core.model.schedule import SCHEDULE, Schedule
from valetkey.core.model.upload import (
    DEFAULT_STORE,
    QUARANTINE_PREFIX,
    STAGING_PREFIX,
    Checksum,
    Signal,
    Upload,
    UploadState,
    Verdict,
)
from valetkey.core.ports.delivery import AddressSigner
from valetkey.core.stores import one_store

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
OWNER = Caller("shop")
SCANNER = Caller("scanner", scope=Scope.VERDICT, may_judge=True)
PROVEN = Capabilities(conditional_copy=True, copies_keep_etag=True)
"""A store whose answers to copies are believed."""
FIRST, SECOND, THIRD = b"first bytes", b"other bytes", b"third bytes"  # all of one size, as a re-POST must be


class World:
    """A store, a ledger, and all that was announced. ``before`` gets every operation of both: see `Hook`."""

    def __init__(
        self,
        *,
        versioned: bool = False,
        profile: Profile | None = None,
        announce: Announcer | None = None,
        schedule: Schedule = SCHEDULE,
        address_signer: AddressSigner | None = None,
        capabilities: Capabilities = Capabilities(),  # noqa: B008 - immutable
    ) -> None:
        self.before: Callable[[str], None] | None = None
        self.time = NOW
        self.operations: list[str] = []
        self.announced: list[Upload] = []
        self.store = MemoryStore(
            versioned=versioned, clock=lambda: self.time, before=self._hook, capabilities=capabilities
        )
        self.ledger = MemoryLedger(before=self._hook, announce=announce)
        self.profiles = {"default": profile or Profile("default"), "avatar": Profile("avatar")}
        self.core = Assembly(
            stores=one_store(self.store),
            ledger=self.ledger,
            notifier=self,
            detector=MagicDetector(),
            profiles=self.profiles,
            tickets=Tickets(["secret"]),
            public_url=lambda: "https://uploads.example",
            schedule=schedule,
            address_signer=address_signer,
            clock=lambda: self.time,
            pause=self._pause,
        )
        self.grants, self.multiparts = self.core.grants[DEFAULT_STORE], self.core.multiparts[DEFAULT_STORE]
        self.service, self.sweep, self.eraser = self.core.service, self.core.sweep, self.core.eraser
        self.confirmation = self.core.confirmations[DEFAULT_STORE]
        self.inspecting = self.core.inspecting[DEFAULT_STORE]
        """What a worker has, which may read first bytes."""

    def _pause(self, seconds: float) -> None:
        """Who waits here for somebody else's copy waits for longer than one takes."""
        assert seconds
        self.time += timedelta(seconds=20)

    def _hook(self, operation: str, subject: str) -> None:
        prefixes = {STAGING_PREFIX: "staging", QUARANTINE_PREFIX: "quarantine"}
        where = next((name for prefix, name in prefixes.items() if subject.startswith(prefix)), "final")
        name = f"{operation} {where}" if operation in {"head", "copy", "delete", "first_bytes"} else operation
        self.operations.append(name)
        if self.before is not None:
            self.before(name)

    def once(self, operation: str, act: Callable[[], object]) -> None:
        """Has ``act`` happen right before the next ``operation``, and never again."""

        def meddle(name: str) -> None:
            if name == operation:
                self.before = None
                act()

        self.before = meddle

    def ended(self, upload: Upload) -> None:
        """The `Notifier`: keeps what it is told."""
        self.announced.append(upload)

    def create(self, checksum: Checksum | None = None) -> Upload:
        """A new upload for files of the size of `FIRST`."""
        request = UploadRequest("a photo.png", "image/png", len(FIRST), checksum=checksum)
        return self.service.create(OWNER, request).upload

    def post(self, upload: Upload, content: bytes = FIRST) -> StoreAnswer:
        """The client sends ``content`` with a grant for ``upload``."""
        grant = self.grants.post(upload, self.core.profiles.rules_of(upload), self.time)
        return self.store.post(list(grant.fields.items()), content)

    def now(self, upload: Upload) -> Upload:
        """``upload`` as the ledger has it; calls no hook."""
        return self.ledger._uploads[upload.id]

    def run(self, upload: Upload, signal: Signal = Signal.CLIENT) -> Upload:
        """One signal, which looks ``upload`` up first as all of them do."""
        return self.confirmation.run(self.now(upload), signal)

    def work(self, upload: Upload) -> Upload:
        """The same in a worker."""
        return self.inspecting.run(self.now(upload), Signal.SWEEP)

    def judge(self, upload: Upload, content: bytes, *, clean: bool, detail: str | None = None) -> Upload:
        """A scanner's verdict on ``content``."""
        return self.service.judge(SCANNER, upload.id, Verdict(md5(content), clean, detail))

    def final_keys(self) -> list[str]:
        keys = self.store.keys()
        return [key for key in keys if not key.startswith((STAGING_PREFIX, QUARANTINE_PREFIX))]

    def check_confirmed(self) -> None:
        """What has to hold at every moment: confirmed bytes are there, and are the ones the ledger names."""
        for upload in self.ledger._uploads.values():
            if upload.state is UploadState.CONFIRMED:
                assert upload.object is not None
                found = self.store.read(upload.object.key, upload.object.version_id)
                assert found is not None, f"the bytes of {upload} are gone"
                assert found.head.etag == upload.object.etag
                assert upload.multipart or found.head.etag == md5(found.content)
                assert (found.head.size, found.head.content_type) == (upload.size, upload.content_type)

    def check_settled(self) -> None:
        """What has to hold when nobody works any more: also, nothing else is under a final key, and each end was
        announced exactly once, as the ledger has it."""
        self.check_confirmed()
        uploads = self.ledger._uploads.values()
        pointed_at = {
            upload.object.key for upload in uploads if upload.object and upload.state is UploadState.CONFIRMED
        }
        assert set(self.final_keys()) == pointed_at
        ends = [(upload.id, upload.state) for upload in uploads if upload.ended]
        ends += [(id_, UploadState.CONFIRMED) for id_, state in ends if state is UploadState.DELETED]
        announced = [(end.id, end.state) for end in self.announced if end.state is not UploadState.EXPIRED]
        assert sorted(announced) == sorted(ends)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
