"""Checks of presigned PUT: what the store enforces, and the effects of unsigned headers."""

from collections.abc import Iterator
from http import HTTPStatus

from valetkey.core.model.upload import Upload
from valetkey.doctor.findings import Finding, Skip, failed, passed, skipped, warned
from valetkey.doctor.store.attempts import ProbeOutcome, tried, verdict
from valetkey.doctor.store.grants import ProbeGrants
from valetkey.doctor.store.writing import CONTENT, OTHER, put_probe, read_object
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import WireResponse

UNSAFE = "Use a store that checks signatures: a client with a URL can do more than it allows."

ONCE = "If-None-Match"


def send(
    visit: Visit, granting: ProbeGrants, upload: Upload, content: bytes = CONTENT, more: dict[str, str] | None = None
) -> WireResponse:
    """Sends a PUT by the grant of ``upload``, with the length of ``content`` and ``more`` headers."""
    grant = granting.put(upload)
    sent = {name: value for name, value in grant.headers.items() if name.lower() != "content-length"}
    return visit.wire.send("PUT", grant.url, {**sent, **(more or {})}, content)


def working(visit: Visit) -> tuple[ProbeGrants, WireResponse]:
    """Finds grants that the store accepts: the usual ones, else without ``If-None-Match`` (Swift), else with a
    checksum, which a bucket with a default retention requires. Raises `Skip` if it accepts none."""
    first: WireResponse | None = None
    known = visit.store_of_clients.capabilities.conditional_put
    for conditional, checksum in ((known, False), (False, False), (known, True)):
        visit.store.know({"conditional_put": conditional})
        granting = ProbeGrants(visit, checksum)
        upload = granting.upload()
        answer = send(visit, granting, upload)
        first = first or answer
        if read_object(visit, upload.staging_key).content == CONTENT:
            visit.learned["part_checksums"] = checksum
            visit.store.know({"part_checksums": checksum})
            if known and not conditional:
                visit.learned["conditional_put"] = False
                visit.refused_once = first.said
            return granting, answer
        if not answer.refused or answer.status == HTTPStatus.FORBIDDEN:
            break
    visit.store.know({"conditional_put": known})
    raise Skip(f"The store accepts no presigned PUT: {first.said if first else 'no response'}.")


def put(visit: Visit) -> Iterator[Finding]:
    """A valid PUT first, then some that violate the grant in one way each."""
    _ = visit.store_of_clients
    try:
        granting, answer = working(visit)
    except Skip as reason:
        yield _refused(visit, str(reason))
        return
    if visit.learned.get("conditional_put") is False:
        action = "Nothing to do: valetkey leaves it out. VALETKEY_S3_LACKS=conditional-put says the same."
        yield warned("put-once", f"A PUT with a signed If-None-Match is refused ({visit.refused_once}).", action)
    if not answer.taken:
        action = "Clients take it for a failure and send again: check the proxies in front of the store."
        yield warned("put", f"A good PUT is stored, but the response is {answer.said}.", action)
    if granting.checksum:
        action = "Clients have to declare checksums, which they do by themselves if valetkey says so."
        yield warned("put-checksum", "Each PUT needs a checksum here, as in a bucket with a default retention.", action)
    yield from verdict(visit, "a PUT", [*_violations(visit, granting)], mild=frozenset(), action=UNSAFE)


def _refused(visit: Visit, reason: str) -> Finding:
    if visit.learned.get("post"):
        return failed("put", reason, "Check the store's log: uploads by PUT cannot work.")
    action = "Only multipart uploads work: check the logs of the store and of proxies in front of it."
    return failed("put", reason, action)


def _violations(visit: Visit, granting: ProbeGrants) -> Iterator[ProbeOutcome]:
    yield _broken(visit, granting, "another type", more={"Content-Type": "image/gif"})
    yield _broken(visit, granting, "another upload id", more={"x-amz-meta-upload-id": "another"})
    yield _broken(visit, granting, "a smaller file", content=CONTENT[:-1])
    yield _broken(visit, granting, "a larger file", content=CONTENT + b"!")
    upload, other = granting.upload(), granting.upload()
    grant = granting.put(upload)
    moved = grant.url.replace(upload.id, other.id, 1)
    yield tried(visit, "another key", visit.wire.send("PUT", moved, grant.headers, CONTENT), other.staging_key)
    upload = granting.upload()
    grant = granting.put(upload)
    forged = grant.url.partition("X-Amz-Signature=")[0] + "X-Amz-Signature=" + "0" * 64
    yield tried(visit, "another signature", visit.wire.send("PUT", forged, grant.headers, CONTENT), upload.staging_key)
    upload = granting.upload()
    headers = granting.put(upload).headers
    answer = visit.wire.send("PUT", granting.expired_put(upload, headers), headers, CONTENT)
    yield tried(visit, "an expired URL", answer, upload.staging_key)


def _broken(
    visit: Visit, granting: ProbeGrants, name: str, *, content: bytes = CONTENT, more: dict[str, str] | None = None
) -> ProbeOutcome:
    upload = granting.upload()
    return tried(visit, name, send(visit, granting, upload, content, more), upload.staging_key)


def put_once(visit: Visit) -> Iterator[Finding]:
    """Whether a PUT that is signed with ``If-None-Match`` overwrites an object."""
    if visit.learned.get("conditional_put") is False:
        return
    granting, _ = working(visit)
    visit.learned["conditional_put"] = True
    upload = granting.upload()
    if ONCE not in granting.put(upload).headers:
        yield skipped("put-once", "VALETKEY_S3_LACKS says that no PUT is signed with If-None-Match.")
        visit.learned.pop("conditional_put")
        return
    put_probe(visit, upload.staging_key, OTHER)
    answer = send(visit, granting, upload)
    if read_object(visit, upload.staging_key).content == OTHER:
        seen = f"A PUT with If-None-Match does not overwrite ({answer.said})."
        yield passed("put-once", seen) if answer.refused else warned("put-once", seen, "Check the store's response.")
        return
    action = "Nothing to do: the first bytes that were checked are confirmed."
    yield warned("put-once", "A PUT with If-None-Match overwrites: a URL can be used again until it expires.", action)


def extra_headers(visit: Visit) -> Iterator[Finding]:
    """Unsigned headers: metadata, public access, and the source of a copy."""
    granting, _ = working(visit)
    upload = granting.upload()
    answer = send(visit, granting, upload, more={"x-amz-meta-extra": "x"})
    stored = read_object(visit, upload.staging_key)
    if "extra" in dict(stored.metadata):
        yield passed("put-extra-header", "Unsigned metadata is accepted with a PUT; it is not copied.")
    else:
        yield passed("put-extra-header", f"Unsigned metadata is not accepted with a PUT ({answer.said}).")
    yield from _made_public(visit, granting)
    yield from _made_a_copy(visit, granting)


def _made_public(visit: Visit, granting: ProbeGrants) -> Iterator[Finding]:
    upload = granting.upload()
    answer = send(visit, granting, upload, more={"x-amz-acl": "public-read"})
    seen = visit.wire.send("GET", f"{visit.store.post_url}{upload.staging_key}")
    if seen.taken and seen.body == CONTENT:
        action = "Block public access of the bucket (--fix does it if the store can)."
        yield failed("put-acl", "A client with a PUT can make its object public by an unsigned x-amz-acl.", action)
    elif read_object(visit, upload.staging_key).there:
        yield passed("put-acl", "An unsigned x-amz-acl makes nothing public.")
    else:
        yield passed("put-acl", f"A PUT with an unsigned x-amz-acl is refused ({answer.said}).")


def _made_a_copy(visit: Visit, granting: ProbeGrants) -> Iterator[Finding]:
    source, upload = put_probe(visit, content=OTHER), granting.upload()
    answer = send(visit, granting, upload, b"", {"x-amz-copy-source": f"/{visit.bucket}/{source}"})
    length = send(visit, granting, upload, CONTENT, {"x-amz-copy-source": f"/{visit.bucket}/{source}"})
    if read_object(visit, upload.staging_key).content == OTHER:
        action = "Set VALETKEY_S3_GRANT_ACCESS_KEY_ID to a key that may write and not read."
        yield failed("put-copy-source", "A client with a PUT can copy other objects of the bucket into it.", action)
        return
    said = length.said if answer.status == HTTPStatus.FORBIDDEN else answer.said
    yield passed("put-copy-source", f"An unsigned x-amz-copy-source copies nothing ({said}).")
