"""The same if all bytes have one ETag, as with MD5 collisions: the checked bytes are confirmed."""

from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from tests.unit.memory_world import SCANNER
from tests.unit.test_interleavings import PROFILES, Interleavings, is_infected

from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import UploadState, Verdict

SAME = "0" * 32


class CollidingInterleavings(Interleavings):
    """One upload whose form is used again and again, with bytes that nobody can tell apart by their ETag."""

    @initialize(versioned=st.booleans(), outages=st.booleans(), profile=st.sampled_from(PROFILES), proven=st.booleans())
    def begin(self, versioned: bool, outages: bool, profile: Profile, proven: bool) -> None:
        self.patches = [
            patch(f"{module}.md5", lambda _: SAME)
            for module in ("valetkey.adapters.memory.bucket", "tests.unit.memory_world")
        ]
        for one in self.patches:
            one.start()
        self.kept: bytes | None = None
        self.scanned: set[bytes] = set()
        self.set_up(profile, versioned=versioned, outages=outages, proven=proven)

    @precondition(lambda self: self._may_start() and self.profile.scan)
    @rule()
    def judge(self) -> None:
        """The scanner reads where the upload says that its bytes are, and judges those; others may come meanwhile."""
        self._start(self._scan)

    def _scan(self) -> None:
        upload = self.world.now(self.upload)
        if upload.object is None or not upload.in_quarantine:
            return
        found = self.world.store.read(upload.object.key, upload.object.version_id)
        if found is not None:
            self._pause()  # others may have their turn
            if not is_infected(found.content):
                self.scanned.add(found.content)
            self.world.service.judge(SCANNER, upload.id, Verdict(SAME, not is_infected(found.content)))

    def _look(self, *, scanner: bool):  # type: ignore[no-untyped-def]
        return self._scan if scanner and self.profile.scan else super()._look(scanner=False)

    def confirmed_bytes_stay(self) -> None:
        """What was confirmed first is there, and no other bytes ever take its place."""
        upload = self.world.now(self.upload)
        if upload.state is UploadState.CONFIRMED:
            assert upload.object is not None
            found = self.world.store.read(upload.object.key, upload.object.version_id)
            assert found is not None
            self.kept = self.kept or found.content
            assert found.content == self.kept
            assert not self.profile.scan or found.content in self.scanned

    def teardown(self) -> None:
        """All finish, and what waits for a verdict gets one."""
        try:
            if hasattr(self, "world"):
                while self.actors:
                    self.actors[0].step()
                    self._sort_out()
                after = self.world.work(self.upload)
                if after.state is UploadState.STORED:
                    self.world.before = None
                    self._scan()
                    after = self.world.work(self.upload)
                assert after.ended or not self.posted
                self.confirmed_bytes_stay()
                self.confirmed_bytes_are_checked()
        finally:
            for one in self.patches if hasattr(self, "patches") else []:
                one.stop()


TestCollidingInterleavings = CollidingInterleavings.TestCase
TestCollidingInterleavings.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
