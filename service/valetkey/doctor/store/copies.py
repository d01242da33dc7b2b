"""Checks of copies, which promote bytes: their conditions, their ETags, what they keep and what they drop."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from valetkey.adapters.s3.client import make_copier
from valetkey.core.errors import ObjectChanged, ObjectMissing, PlacementRefused, StoreUnavailable, ValetKeyError
from valetkey.core.model.etags import plain_etag
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import UploadId
from valetkey.core.ports.store import ObjectHead, ObjectHeaders
from valetkey.doctor.explaining import explain
from valetkey.doctor.findings import Finding, Skip, failed, passed, skipped, warned
from valetkey.doctor.store.parts import Parts
from valetkey.doctor.store.writing import CONTENT, OTHER, TYPE, put_probe, read_object, sha256_of
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import attempt

NO_COPY = "Nothing can be confirmed without copies: check the logs of the store and of proxies in front of it."

UNCONDITIONAL = (
    "Nothing to do: each copy is compared by size, type, id and ETag; on a store whose copies get other ETags "
    "nothing is confirmed without a checksum."
)


def probe_as_shown(visit: Visit) -> ObjectHead:
    """A probe as a HEAD request shows it. Raises `Skip` if it fails."""
    key = put_probe(visit)
    try:
        found = visit.store.head(key)
    except StoreUnavailable as error:
        raise Skip(f"A copy needs a HEAD of its source: {error.detail}") from error
    if found is None:
        raise Skip("A probe that was just written does not exist.")
    return found


def new_target(visit: Visit) -> tuple[str, ObjectHeaders]:
    """The key and the headers for a copy."""
    upload_id = visit.probes.staging()
    return f"{visit.staging}{upload_id}", ObjectHeaders(TYPE, UploadId(upload_id), visit.placement)


def copy(visit: Visit) -> Iterator[Finding]:
    """A copy as the service makes it: its metadata and ETag."""
    source = probe_as_shown(visit)
    key, headers = new_target(visit)
    try:
        visit.store.copy(source, key, replace(headers, content_type="image/gif"))
    except (ValetKeyError, ObjectChanged, ObjectMissing) as error:
        if not read_object(visit, key).there:
            yield failed("copy", f"An object cannot be copied: {explain(error)}", NO_COPY)
            return
        yield warned("copy", f"A copy is made, but its response is an error: {explain(error)}", "valetkey checks.")
    stored = read_object(visit, key)
    if stored.content != CONTENT:
        there = "other bytes are there" if stored.there else "nothing is there"
        yield failed("copy", f"A copy was reported as made, but {there}.", NO_COPY)
        return
    metadata = dict(stored.metadata)
    if metadata.get("upload-id") == headers.upload_id and "more" not in metadata and stored.content_type == "image/gif":
        yield passed("copy-metadata", "A copy has the requested metadata and type, and none of its source's.")
    else:
        action = "Clients' metadata stays with confirmed objects. JuiceFS: --object-meta; otherwise use another store."
        yield warned("copy-metadata", "A copy does not have the requested metadata and type.", action)
    yield _same_etag(visit, source, key, stored.etag)


def _same_etag(visit: Visit, source: ObjectHead, key: str, etag: str) -> Finding:
    """Whether HEAD and GET of a copy show its source's ETag."""
    shown = visit.store.head(key)
    is_same = visit.learned["copies_keep_etag"] = shown is not None and {shown.etag, etag} == {source.etag}
    if is_same:
        return passed("copy-etag", "A copy has the ETag of its source.")
    action = "Nothing to do: valetkey compares more than ETags (SSE-KMS does this). Let clients declare checksums."
    other = shown.etag if shown else etag or "none"
    return warned("copy-etag", f"A copy has another ETag than its source ({other}).", action)


def condition(visit: Visit) -> Iterator[Finding]:
    """Whether a copy is refused if its source was overwritten after the HEAD request."""
    stale = probe_as_shown(visit)
    put_probe(visit, stale.key, OTHER)
    now = visit.store.head(stale.key)
    if now is None or now.etag == stale.etag:
        action = "Use a store whose ETags change with the bytes: nothing can be pinned here."
        yield failed("copy-condition", "Other bytes have the same ETag.", action)
        return
    honoured, said = _honoured(visit, replace(now, etag=stale.etag))
    joined = _joined_source(visit)
    of_parts, said_of_parts = _honoured(visit, replace(joined, etag=f"{'0' * 32}-1")) if joined else (True, "")
    visit.learned["conditional_copy"] = honoured and of_parts
    if not honoured:
        yield warned("copy-condition", f"A copy is made even if its source has another ETag ({said}).", UNCONDITIONAL)
    elif not of_parts:
        seen = f"A copy of a multipart object is made even if it has another ETag ({said_of_parts})."
        yield warned("copy-condition", seen, UNCONDITIONAL)
    else:
        yield passed("copy-condition", f"A copy is refused if its source has another ETag ({said}).")


def _honoured(visit: Visit, source: ObjectHead) -> tuple[bool, str]:
    """Whether a copy of ``source``, with a wrong ETag as its condition, wrote nothing; and the response."""
    key, headers = new_target(visit)
    try:
        visit.store.copy(source, key, headers)
        said = "answered as made"
    except ObjectChanged:
        said = "412"
    except ValetKeyError as error:
        said = error.detail
        if not read_object(visit, key).there:
            raise Skip(f"Whether the condition of a copy is honoured is not known: {said}") from error
    is_there = read_object(visit, key).there
    return not is_there and said == "412", f"{said}, and {'made' if is_there else 'not made'}" if is_there else said


def _joined_source(visit: Visit) -> ObjectHead | None:
    try:
        one = Parts.begin(visit)
        one.send(CONTENT)
        one.join()
        return visit.store.head(one.key)
    except ValetKeyError:
        return None  # without multipart uploads there is no such source


def once(visit: Visit) -> Iterator[Finding]:
    """Whether a copy is refused if its target exists."""
    source = probe_as_shown(visit)
    there = put_probe(visit, content=OTHER)
    found = attempt(
        make_copier(visit.session, visit.s3).copy_object,
        Bucket=visit.bucket,
        Key=there,
        CopySource={"Bucket": visit.bucket, "Key": source.key},
        MetadataDirective="REPLACE",
        IfNoneMatch="*",
        ContentType=TYPE,
    )
    if read_object(visit, there).content == OTHER:
        yield passed("copy-once", f"A copy with If-None-Match does not overwrite ({found.said}).")
    else:
        seen = "A copy with If-None-Match overwrites an object."
        yield passed("copy-once", f"{seen} valetkey does not need it: each key is written once.")


def in_parts(visit: Visit) -> Iterator[Finding]:
    """Multipart copies, which are used for objects above 1 GiB."""
    source = probe_as_shown(visit)
    one = Parts.begin(visit)
    where = {"Bucket": visit.bucket, "Key": one.key, "UploadId": one.id, "PartNumber": 1}
    where |= {"CopySource": {"Bucket": visit.bucket, "Key": source.key}}
    copier = make_copier(visit.session, visit.s3)
    found = attempt(copier.upload_part_copy, **where, CopySourceRange=f"bytes=0-{len(CONTENT) - 1}")
    if not found.ok or not (found.answer.get("CopyPartResult") or {}).get("ETag"):
        said = found.said if not found.ok else "no ETag in the response"
        action = "Objects above 1 GiB cannot be promoted: give profiles a smaller max_size, or use another store."
        yield warned("copy-parts", f"UploadPartCopy does not work: {said}.", action)
        return
    wrong = attempt(copier.upload_part_copy, **where, CopySourceIfMatch=f'"{"0" * 32}"')
    honours = not wrong.ok
    seen = (
        "refuses a source with another ETag"
        if honours
        else "accepts a source with any ETag; valetkey checks before and after"
    )
    yield passed("copy-parts", f"UploadPartCopy works, and {seen}.")


def checksums(visit: Visit) -> Iterator[Finding]:
    """Which checksums the store verifies and keeps: of single objects, multipart uploads, and their copies."""
    _ = visit.store
    key = f"{visit.staging}{visit.probes.staging()}"
    at: dict[str, Any] = {"Bucket": visit.bucket, "Key": key}
    right = attempt(visit.client.put_object, **at, Body=CONTENT, ContentType=TYPE, ChecksumSHA256=sha256_of(CONTENT))
    if not right.ok:
        raise Skip(f"An object with a checksum is refused: {right.said}.")
    shown = _sum(visit, key) == sha256_of(CONTENT)
    bad = f"{visit.staging}{visit.probes.staging()}"
    wrong = attempt(
        visit.client.put_object,
        Bucket=visit.bucket,
        Key=bad,
        Body=CONTENT,
        ContentType=TYPE,
        ChecksumSHA256=sha256_of(OTHER),
    )
    proves = not read_object(visit, bad).there
    if not shown:
        taken = f"refuses a wrong one ({wrong.said})" if proves else "accepts a wrong one"
        action = 'Profiles with checksum = "required" confirm nothing here; others have checksum_verified: false.'
        say = failed if any(profile.checksum_required for profile in visit.profiles.values()) else warned
        yield say("checksums", f"The store keeps no checksum of an object (and {taken}).", action)
    elif not proves:
        action = "Use a store that compares checksums: a declared one proves nothing here."
        yield failed("checksums", "The store keeps a checksum that is not that of the bytes.", action)
    else:
        yield passed("checksums", f"A SHA-256 is verified and returned; a wrong one is refused ({wrong.said}).")
    if shown:
        yield _sum_of_copy(visit, key)
    yield _sum_of_parts(visit)


def _sum(visit: Visit, key: str, name: str = "ChecksumSHA256") -> str | None:
    found = attempt(visit.client.head_object, Bucket=visit.bucket, Key=key, ChecksumMode="ENABLED")
    return found.answer.get(name) if found.ok else None


def _sum_of_copy(visit: Visit, key: str) -> Finding:
    source = visit.store.head(key)
    target, headers = new_target(visit)
    if source is not None:
        visit.store.copy(source, target, headers)
    if _sum(visit, target) == sha256_of(CONTENT):
        return passed("checksums-copy", "A copy keeps the checksum of its source.")
    return warned(
        "checksums-copy", "A copy loses the checksum of its source.", "Nothing to do: the source's was compared."
    )


def _sum_of_parts(visit: Visit) -> Finding:
    try:
        one = Parts.begin(visit)
        one.send(CONTENT)
        one.join()
    except ValetKeyError as error:
        return skipped("checksums-parts", f"No multipart object could be created: {error.detail}")
    if _sum(visit, one.key, "ChecksumCRC64NVME"):
        return passed("checksums-parts", "A multipart object has a CRC64NVME of the whole.")
    return passed("checksums-parts", "A multipart object has no checksum of the whole: its parts are compared.")


def placements(visit: Visit) -> Iterator[Finding]:
    """Whether the store accepts the storage class, the encryption, the KMS key and the tags of each profile."""
    _ = visit.store
    wanted: dict[Placement, list[str]] = {}
    for profile in visit.profiles.values():
        wanted.setdefault(profile.rules.placement, []).append(profile.name)
    tried = {one: names for one, names in wanted.items() if _named(one)}
    for placement, names in tried.items():
        yield _placed(visit, placement, names)
    if not tried:
        yield passed("placement", "No profile sets a storage class, an encryption or tags.")


def _named(placement: Placement) -> str:
    """What of it a store may refuse. Object Lock has a check of its own: what is locked could not be removed."""
    asked = [placement.storage_class, placement.sse, placement.sse_kms_key_id and "a KMS key"]
    return ", ".join(filter(None, [*asked, "tags" if placement.tags else None]))


def _placed(visit: Visit, placement: Placement, names: list[str]) -> Finding:
    source = probe_as_shown(visit)
    key, headers = new_target(visit)
    what = _named(placement)
    profiles = f"profile{'s' if len(names) > 1 else ''} {', '.join(names)}"
    try:
        visit.store.copy(source, key, replace(headers, placement=placement))
        if placement.tags and (copied := visit.store.head(key)) is not None:
            visit.store.finish(copied, replace(placement, lock=None), None)
    except (PlacementRefused, StoreUnavailable, ObjectChanged, ObjectMissing) as error:
        detail = getattr(error, "detail", "") or type(error).__name__
        action = f"Change storage_class, sse and tags of {profiles} to what the store supports: uploads are rejected."
        if placement.sse == "aws:kms":
            action += " If the key is right, grant kms:GenerateDataKey and kms:Decrypt on it."
        return failed("placement", f"{what} ({profiles}) is refused: {detail}", action)
    stored = read_object(visit, key)
    if stored.etag != source.etag:
        visit.learned["copies_keep_etag"] = False
    if placement.sse and not _encrypted(visit, key):
        return warned(
            "placement",
            f"{what} ({profiles}) is accepted, but HEAD does not show the encryption.",
            "Ask the store's operator.",
        )
    return passed("placement", f"{what} ({profiles}) is accepted.")


def _encrypted(visit: Visit, key: str) -> bool:
    found = attempt(visit.client.head_object, Bucket=visit.bucket, Key=key)
    return bool(found.ok and plain_etag(found.answer.get("ServerSideEncryption", "")))
