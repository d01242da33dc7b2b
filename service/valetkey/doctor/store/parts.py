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

NO_PARTS = "Nothing above 5 GiB can be uploaded, and no upload resumes after an interruption: check the store's log."


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
        action = "Nothing to do: valetkey refuses multipart uploads here, as parts could not be verified."
        yield warned("list-parts", "The store cannot list the parts of an upload.", action)
        return
    except StoreUnavailable as error:
        yield failed("parts", f"No multipart upload can be started: {error.detail}", NO_PARTS)
        return
    yield from _length(visit)
    answer = one.send(CONTENT)
    listed = one.listed()
    if [part.size for part in listed] != [len(CONTENT)]:
        seen = f"The response to a part was {answer.said}, and it is listed as {[part.size for part in listed]}."
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
        yield warned("part-length", f"A part longer than signed is accepted ({answer.said}).", action)
    elif answer.taken:
        yield warned("part-length", f"A part longer than signed is not stored, but the response is {answer.said}.")
    else:
        yield passed("part-length", f"A part longer than signed is refused ({answer.said}).")


def _joined(visit: Visit, one: Parts) -> Iterator[Finding]:
    try:
        one.join()
    except (StoreUnavailable, ObjectMissing, ObjectChanged) as error:
        said = getattr(error, "detail", "") or type(error).__name__
        if not read_object(visit, one.key).there:
            yield failed("parts", f"Parts cannot be joined: {said}", NO_PARTS)
            return
        yield warned("parts", f"Parts are joined, but the response is an error: {said}", "valetkey checks itself.")
    stored = read_object(visit, one.key)
    if stored.content != CONTENT:
        yield failed("parts", "The joined object does not have the bytes of its parts.", NO_PARTS)
        return
    yield passed("parts", "Parts are accepted, listed and joined.")
    yield from _after(visit, one)


def _after(visit: Visit, one: Parts) -> Iterator[Finding]:
    """A part that is sent after the join."""
    answer = one.send(OTHER)
    content = read_object(visit, one.key).content
    visit.learned["parts_end_with_join"] = not answer.taken and content == CONTENT
    if content != CONTENT:
        what = "breaks the object" if content == b"" else "changes the object"
        action = (
            "Nothing to do if this run's findings are recorded, or VALETKEY_S3_LACKS=dead-parts is set: parts are then "
            "joined under staging/, and the confirmed object is a copy."
        )
        yield warned("part-after-join", f"A part sent after the join {what} ({answer.said}).", action)
    elif answer.taken:
        yield warned(
            "part-after-join",
            f"The response to a part sent after the join is {answer.said}; the object is unchanged.",
            "Nothing to do: valetkey promotes copies here.",
        )
    elif not answer.refused:
        visit.learned.pop("parts_end_with_join")
        yield skipped("part-after-join", f"Whether parts end with the join is not known: {answer.said}.")
    else:
        yield passed("part-after-join", f"A part sent after the join is refused ({answer.said}).")
