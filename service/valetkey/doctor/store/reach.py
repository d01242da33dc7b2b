"""Checks whether the store responds at the configured address, and what it shows of an object."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from valetkey.adapters.s3.client import addressing_style, make_client
from valetkey.core.errors import StoreUnavailable, ValetKeyError
from valetkey.doctor.explaining import explain
from valetkey.doctor.findings import Finding, Skip, failed, passed, skipped, warned
from valetkey.doctor.store.writing import CONTENT, TYPE, put_probe, written_by_us
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import CallResult, WireResponse, attempt

TRIES = 5
"""How many times a HEAD request is timed."""

SLOW = 0.5
"""How long it may take before it is a finding, in seconds."""

REGION_CODES = {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"}
"""The error codes for a request that was signed for another region."""

REGION_STATUSES = {301, 307, 400}
"""The status by which AWS reports it for a HEAD request, which has no body; a header names the region."""


_KEYS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to those of this store, whole and unquoted."
_ADVICE = {
    "NoSuchBucket": "Create the bucket, or set VALETKEY_BUCKET to an existing one.",
    "RequestTimeTooSkewed": "Correct this machine's clock: see machine/clock.",
    **dict.fromkeys(("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"), _KEYS),
}
_ADVICE_BY_STATUS = {
    404: "Create the bucket, or set VALETKEY_BUCKET and VALETKEY_S3_ENDPOINT_URL to where it is.",
    403: _KEYS,
    0: "Check VALETKEY_S3_ENDPOINT_URL, its name, port and certificate, and VALETKEY_S3_ADDRESSING_STYLE.",
}
_ELSE = "Check VALETKEY_S3_ENDPOINT_URL, VALETKEY_BUCKET and the credentials."


def reach(visit: Visit) -> Iterator[Finding]:
    """A signed request for the bucket, by the internal endpoint."""
    try:
        found, reached = visit.reachability
    except Skip as reason:  # the settings are invalid: nothing else fails before a request
        action = (
            "Check VALETKEY_BUCKET, VALETKEY_S3_ENDPOINT_URL and the credentials: no request can be made with them."
        )
        yield failed("reach", f"The bucket {visit.settings.bucket or 'without a name'} was not tried: {reason}", action)
        return
    if reached:
        said = "answers" if found.ok else f"answers {found.said}"
        yield passed("reach", f"The bucket {visit.bucket} {said} at {_endpoint(visit)}.")
        return
    seen = f"{_endpoint(visit)} responds with {found.said} for the bucket {visit.bucket}."
    if not found.status:
        seen = f"{_endpoint(visit)} cannot be used: {found.said.removesuffix('.')}."
    yield failed("reach", seen, _advice(visit, found))


def _endpoint(visit: Visit) -> str:
    return str(visit.client.meta.endpoint_url)


def _advice(visit: Visit, found: CallResult) -> str:
    if other := other_region(found, visit.s3.region):
        return f"Set VALETKEY_S3_REGION={other}: requests are signed for {visit.s3.region}."
    if found.code in REGION_CODES:
        return f"Set VALETKEY_S3_REGION: requests are signed for {visit.s3.region}, which is not the bucket's."
    return _ADVICE.get(found.code) or _ADVICE_BY_STATUS.get(found.status) or _ELSE


def other_region(found: CallResult, ours: str) -> str | None:
    """The region that the store names for the bucket, if it is another one."""
    headers = {name.lower(): value for name, value in (found.headers or {}).items()}
    told = headers.get("x-amz-bucket-region") or _region_in(found.message)
    return told if told and told != ours else None


def _region_in(text: str) -> str | None:
    """The region in an error: AWS and MinIO name it in the message (``expecting 'eu-west-1'``); they and Garage also
    have an element for it."""
    named = re.search(r"<Region>([a-z0-9-]+)</Region>|expecting '?([a-z0-9-]+)'?", text)
    return (named[1] or named[2]) if named else None


def region(visit: Visit) -> Iterator[Finding]:
    """Whether the store accepts signatures for the configured region.

    Tested by a request of our own: boto3 would sign again for the region that a refusal names, but clients' forms and
    URLs are signed for the configured one only.
    """
    _ = visit.store
    ours = visit.s3.region
    answer = visit.wire.send("GET", _presigned_listing(visit))
    found = attempt(visit.client.get_bucket_location, Bucket=visit.bucket)
    place = (found.answer.get("LocationConstraint") or "") if found.ok else ""
    if not answer.taken and answer.error.code != "AccessDenied":  # no right to list, but the signature is valid
        yield _refused_region(visit, answer, place)
    elif not found.ok:
        raise Skip(f"The bucket does not reveal its region: {found.said}. Requests for {ours} are accepted.")
    else:
        # Ceph RGW calls its region ``default``, and accepts every region: that needs no change
        same = place in {ours, ""} or (place, ours) == ("EU", "eu-west-1")
        otherwise = "" if same else f" The store calls it {place}."
        yield passed("region", f"Requests signed for {ours} are accepted.{otherwise}")


def _refused_region(visit: Visit, answer: WireResponse, place: str) -> Finding:
    """The finding for a refused signature for the configured region; ``place`` is the region that the bucket
    reports."""
    ours = visit.s3.region
    message = f"{answer.error.message} {answer.body.decode(errors='replace')}"
    told = other_region(CallResult(None, answer.status, answer.error.code, message, answer.headers), ours)
    if told:
        return failed("region", f"The bucket is in {told}, not {ours}.", f"Set VALETKEY_S3_REGION={told}.")
    seen = f"Requests signed for {ours} are refused: {answer.said}."
    if answer.error.code in REGION_CODES:
        is_named = place not in {"", ours}
        action = f"Set VALETKEY_S3_REGION={place}." if is_named else "Set VALETKEY_S3_REGION to the bucket's region."
        return failed("region", seen, action)
    if place and place != ours:
        action = f"Set VALETKEY_S3_REGION={place} if that is the store's name of its region."
        return warned("region", f"{seen} The bucket reports {place}.", action)
    return warned("region", seen, "Check whether the store, or a proxy in front of it, accepts presigned URLs.")


def _presigned_listing(visit: Visit) -> str:
    """A presigned listing, by a new client: one that was redirected to another region keeps signing for that."""
    client: Any = make_client(visit.session, visit.s3, visit.s3.endpoint_url)
    asked = {"Bucket": visit.bucket, "MaxKeys": 1, "Prefix": visit.staging}
    return str(client.generate_presigned_url("list_objects_v2", Params=asked, ExpiresIn=300))


def addressing(visit: Visit) -> Iterator[Finding]:
    """Whether the clients' address leads to this bucket: an object is written by one address and read by the other."""
    store = visit.store
    style = addressing_style(visit.s3, visit.s3.public_endpoint_url or visit.s3.endpoint_url)
    key = put_probe(visit)
    client_url = _presigned_get(visit, key)
    answer = visit.wire.send("GET", client_url)
    where = urlsplit(store.post_url)
    shown = f"{where.scheme}://{where.netloc}{where.path}"
    is_found = answer.taken and answer.body == CONTENT
    visit.is_elsewhere = not is_found and answer.status != HTTPStatus.FORBIDDEN  # 403: it may accept writes only
    if is_found:
        yield passed("addressing", f"Clients reach the bucket at {shown} ({style} style).")
    elif not answer.status:
        action = "Check VALETKEY_S3_PUBLIC_ENDPOINT_URL, or set VALETKEY_S3_ADDRESSING_STYLE to path."
        yield failed("addressing", f"Nothing responds at {shown} ({style} style): {answer.said}.", action)
    else:
        action = (
            "VALETKEY_S3_PUBLIC_ENDPOINT_URL has to lead to the same store, with Host and path unchanged (a proxy that "
            "rewrites them breaks signatures)."
        )
        yield failed("addressing", f"An object just written is not found at {shown}: {answer.said}.", action)
    yield from _transport(where.scheme, where.hostname or "")


def _transport(scheme: str, host: str) -> Iterator[Finding]:
    if scheme == "https" or host in {"localhost", "::1"} or host.startswith("127."):
        return
    yield warned(
        "transport",
        f"Clients send their files to {host} without TLS.",
        "Give the store a certificate, and set VALETKEY_S3_PUBLIC_ENDPOINT_URL to its https address.",
    )


def _presigned_get(visit: Visit, key: str, method: str = "get_object") -> str:
    public = visit.s3.public_endpoint_url or visit.s3.endpoint_url
    client: Any = make_client(visit.session, visit.s3, public)
    return str(client.generate_presigned_url(method, Params={"Bucket": visit.bucket, "Key": key}, ExpiresIn=300))


def head(visit: Visit) -> Iterator[Finding]:
    """Whether a HEAD request shows everything about an object that a confirmation needs."""
    _ = visit.store
    key = put_probe(visit)
    found = attempt(visit.client.head_object, Bucket=visit.bucket, Key=key)
    if not found.ok:
        action = "Use a store that shows new objects at once." if found.absent else "Grant s3:GetObject."
        yield failed("head", f"HEAD of an object that was just written returns {found.said}.", action)
        return
    yield from _shown(found.answer, key)
    yield from _metadata_names(visit, key)


def _shown(answer: dict[str, Any], key: str) -> Iterator[Finding]:
    if not answer.get("ETag"):
        action = "Nothing can be pinned, so nothing is confirmed. JuiceFS: start the gateway with --keep-etag."
        yield failed("head", "HEAD returns no ETag.", action)
    metadata = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}
    shown = {
        "size": answer.get("ContentLength") == len(CONTENT),
        "content type": answer.get("ContentType") == TYPE,
        "metadata": metadata.get("upload-id") == written_by_us(key),
    }
    lacking = [name for name, is_right in shown.items() if not is_right]
    if lacking:
        action = "Use a store, or a proxy, that keeps and returns it. JuiceFS: --object-meta."
        severe = "content type" in lacking
        say = failed if severe else warned
        yield say("head", f"HEAD does not show what was written: {', '.join(lacking)}.", action)
    elif answer.get("ETag"):
        yield passed("head", "HEAD shows ETag, size, content type and metadata as they were written.")


def _metadata_names(visit: Visit, key: str) -> Iterator[Finding]:
    answer = visit.wire.send("HEAD", _presigned_get(visit, key, "head_object"))
    names = [name for name in answer.headers if name.lower() == "x-amz-meta-upload-id"]
    etag = next((value for name, value in answer.headers.items() if name.lower() == "etag"), "")
    if etag.startswith("W/"):
        yield passed("etag-weak", "A proxy marks ETags as weak (it may compress); valetkey reads them nevertheless.")
    if not names:
        yield skipped("metadata-names", f"HEAD shows clients no x-amz-meta-upload-id ({answer.said}).")
    elif names == ["x-amz-meta-upload-id"]:
        yield passed("metadata-names", "Names of metadata are returned as they were sent.")
    else:
        yield passed("metadata-names", f"Names of metadata are returned as {names[0]} (a proxy in Go): no harm.")


def latency(visit: Visit) -> Iterator[Finding]:
    """How long a HEAD request takes."""
    _ = visit.store
    key, took = put_probe(visit), []
    for _ in range(TRIES):
        began = perf_counter()
        visit.client.head_object(Bucket=visit.bucket, Key=key)
        took.append(perf_counter() - began)
    seen = f"A HEAD takes {median(took) * 1000:.0f} ms."
    if median(took) > SLOW:
        yield warned("latency", seen, "A confirmation is several calls: bring service and store closer together.")
    else:
        yield passed("latency", seen)


def download(visit: Visit) -> Iterator[Finding]:
    """Whether a download has the requested name and disposition, and whether ranges can be read."""
    store = visit.store
    key = put_probe(visit)
    try:
        found = store.head(key)
    except StoreUnavailable as error:
        raise Skip(error.detail) from error
    if found is None:
        raise Skip("A probe that was just written does not exist.")
    answer = visit.wire.send("GET", store.presigned_get(found.as_object(key), "größe.html", 300))
    told = next((value for name, value in answer.headers.items() if name.lower() == "content-disposition"), "")
    if answer.body != CONTENT:
        yield failed("download", f"The response to a download is {answer.said}.", "Check the store's public URL.")
    elif not told.lower().startswith("attachment"):
        action = "Serve the store from a domain of its own: users' files may open as pages there."
        yield failed("download", "Downloads open in the browser: response-content-disposition is ignored.", action)
    else:
        yield passed("download", "Downloads are attachments with the name of their file.")
    try:
        is_right = store.read_range(found.as_object(key), 3, 9) == CONTENT[3:9]
    except ValetKeyError as error:
        yield warned("ranges", f"Ranges cannot be read: {explain(error)}", "detect and open_upload need them.")
    else:
        if is_right:
            yield passed("ranges", "Ranges of objects can be read.")
        else:
            yield failed("ranges", "A range has other bytes than requested.", "Use another store.")
