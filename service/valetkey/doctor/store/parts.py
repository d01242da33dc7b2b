"""Checks of multipart uploads: whether they work, enforce a part's length, and refuse parts after the join."""

from collections.abc import Iterator
from dataclasses import dataclass

from valetkey.core.errors import MethodNotSupported, ObjectChanged, ObjectMissing, StoreUnavailable
from valetkey.core.model.multipart import Part
from valetkey.core.model.upload import MultipartUploadId
from valetkey.core.ports.store import ObjectHeaders
from valetkey.doctor.findings import Finding, failed, passed, skipped, warned
from valetkey.doctor.store.writing import CONTENT, OTHER, TYPE, read_object, sha256_of
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import WireResponse

NO_PARTS = (
    "Nothing above 5 GiB can be uploaded, and no upload goes on after an interruption: look at what the store logs."
)


@dataclass
class Parts:
    """One multipart upload of a probe."""

    visit: Visit
    key: str
    id: MultipartUploadId

    @classmethod
    def begin(cls, visit: Visit) -> "Parts":
        """Starts one. Raises like `S3Store.start_multipart`, and `Skip` if clients cannot reach the store."""
        store, upload_id = visit.store_of_clients, visit.probes.staging()
        key = f"{visit.staging}{upload_id}"
        begun = store.start_multipart(key, ObjectHeaders(TYPE, upload_id, visit.placement))
        return cls(visit, key, visit.probes.add_multipart(key, begun))

    def send(self, content: bytes, signed: int | None = None) -> WireResponse:
        """Sends the first part, by a URL for ``signed`` bytes (None: for its own size)."""
        checksum = sha256_of(content) if self.visit.learned.get("part_checksums") else None
        size = len(content) if signed is None else signed
        grant = self.visit.store.presigned_part(self.key, self.id, 1, size, 300, checksum=checksum)
        headers = {name: value for name, value in grant.headers.items() if name.lower() != "content-length"}
        return self.visit.wire.send("PUT", grant.url, headers, content)

    def listed(self) -> list[Part]:
        """The parts that the store lists."""
        return self.visit.store.parts(self.key, self.id) or []

    def join(self) -> None:
        """Joins the listed parts."""
        self.visit.store.join_parts(self.key, self.id, self.listed())


def parts(visit: Visit) -> Iterator[Finding]:
    """A whole multipart upload, and one that violates its grant."""
    try:
        one = Parts.begin(visit)
    except MethodNotSupported:
        visit.learned["list_parts"] = False
        action = "Nothing to do: valetkey refuses uploads in parts here, as none could be proven."
        yield warned("list-parts", "The store cannot list the parts of an upload.", action)
        return
    except StoreUnavailable as error:
        yield failed("parts", f"No upload in parts can be begun: {error.detail}", NO_PARTS)
        return
    yield from _length(visit)
    answer = one.send(CONTENT)
    listed = one.listed()
    if [part.size for part in listed] != [len(CONTENT)]:
        seen = f"A part was answered {answer.said}, and is listed as {[part.size for part in listed]}."
        yield failed("parts", seen, NO_PARTS)
        return
    visit.learned["list_parts"] = True
    yield from _joined(visit, one)


def _length(visit: Visit) -> Iterator[Finding]:
    """A part that is longer than its signed length. The service also compares sizes before the join."""
    one = Parts.begin(visit)
    answer = one.send(CONTENT + b"!", signed=len(CONTENT))
    if one.listed():
        action = "Nothing to do: sizes are compared before parts are joined."
        yield warned("part-length", f"A part that is longer than was signed is taken ({answer.said}).", action)
    elif answer.taken:
        yield warned("part-length", f"A part that is longer than was signed is answered {answer.said}, and not kept.")
    else:
        yield passed("part-length", f"A part that is longer than was signed is refused ({answer.said}).")


def _joined(visit: Visit, one: Parts) -> Iterator[Finding]:
    try:
        one.join()
    except (StoreUnavailable, ObjectMissing, ObjectChanged) as error:
        said = getattr(error, "detail", "") or type(error).__name__
        if not read_object(visit, one.key).there:
            yield failed("parts", f"Parts cannot be joined: {said}", NO_PARTS)
            return
        yield warned("parts", f"Parts are joined, and the answer is an error: {said}", "valetkey looks itself.")
    stored = read_object(visit, one.key)
    if stored.content != CONTENT:
        yield failed("parts", "What was joined is not what was sent in parts.", NO_PARTS)
        return
    yield passed("parts", "Parts are taken, listed and joined.")
    yield from _after(visit, one)


def _after(visit: Visit, one: Parts) -> Iterator[Finding]:
    """A part that is sent after the join."""
    answer = one.send(OTHER)
    content = read_object(visit, one.key).content
    visit.learned["parts_end_with_join"] = not answer.taken and content == CONTENT
    if content != CONTENT:
        what = "breaks the object" if content == b"" else "changes the object"
        action = (
            "Nothing to do where this run's findings are kept, or VALETKEY_S3_LACKS=dead-parts is set: parts are "
            "joined under staging/ then, and what is confirmed is a copy."
        )
        yield warned("part-after-join", f"A part sent after the join {what} ({answer.said}).", action)
    elif answer.taken:
        yield warned(
            "part-after-join",
            f"A part sent after the join is answered {answer.said}; the object stays as it was.",
            "Nothing to do: valetkey promotes copies here.",
        )
    elif not answer.refused:
        visit.learned.pop("parts_end_with_join")
        yield skipped("part-after-join", f"Whether parts end with the join is not known: {answer.said}.")
    else:
        yield passed("part-after-join", f"A part sent after the join is refused ({answer.said}).")
