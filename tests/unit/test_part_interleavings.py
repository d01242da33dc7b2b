"""The same for a multipart upload: signals, renewals, owners and repeated parts, in every order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from tests.unit.memory_world import FIRST, OWNER
from tests.unit.test_interleavings import Interleavings

from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Method, UploadState

HOUR = 3600


class PartInterleavings(Interleavings):
    """One upload of one part, which is sent any number of times, before and after it is joined."""

    @initialize(versioned=st.booleans(), outages=st.booleans(), proven=st.booleans())
    def begin(self, versioned: bool, outages: bool, proven: bool) -> None:
        self.set_up(Profile("default"), versioned=versioned, outages=outages, proven=proven)

    def set_up(self, profile: Profile, *, versioned: bool, outages: bool, proven: bool) -> None:
        super().set_up(profile, versioned=versioned, outages=outages, proven=proven)
        self.world.before = None
        request = UploadRequest("a film.mp4", "video/mp4", len(FIRST), method=Method.MULTIPART)
        self.upload = self.world.service.create(OWNER, request).upload
        self.world.before = lambda _: self._pause()

    def _send(self, *, same: bool, honest: bool) -> None:
        number = 0 if same else next(self.numbers)
        content = f"{number:>{len(FIRST)}}".encode()
        target = self.world.now(self.upload).multipart
        assert target is not None
        assert target.id is not None
        part = self.world.store.presigned_part(target.key, target.id, 1, len(content), HOUR)
        status = self.world.store.send(part.url, part.headers, content).status
        taken = status == 200
        assert taken or self.world.now(self.upload).multipart != target or not self._is_open(target.id)

    def _is_open(self, multipart_id: str) -> bool:
        return multipart_id in self.world.store._multiparts

    @precondition(lambda self: self._may_start())
    @rule()
    def renew(self) -> None:
        """The client wants fresh URLs."""
        self._start(lambda: self.world.service.renew(OWNER, self.upload.id))

    @precondition(lambda self: self._may_start())
    @rule()
    def complete(self) -> None:
        """The client says that it has sent all, and wants to know."""
        self._start(lambda: self.world.service.complete(OWNER, self.upload.id))

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "world") and self.world.now(self.upload).state is not UploadState.PENDING:
            assert not self.world.store._multiparts, "parts of an upload that has ended are left"


TestPartInterleavings = PartInterleavings.TestCase
TestPartInterleavings.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
