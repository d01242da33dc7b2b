"""Measurements of stores for the table in `service/docs/stores.md`: a function for each row."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from botocore.exceptions import ClientError
from tests.support.clients import post_form, put
from tests.support.policies import Condition, ContentLengthRange, Eq, Policy, form_fields, sign
from tests.support.stores import Bucket

from valetkey.core.signing.credentials import Credentials
from valetkey.core.signing.policy import PostSigner

MIB = 1024**2
WRONG_SUM = base64.b64encode(bytes(32)).decode()
WRONG_MD5 = base64.b64encode(bytes(16)).decode()
NO_ETAG = '"00000000000000000000000000000000"'


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def refusal(call: Callable[[], object]) -> str | None:
    """The store's error code; None if the call succeeded."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


@dataclass(frozen=True)
class MeasuredBucket:
    """A bucket to measure. Writes have an MD5, for buckets that require one."""

    bucket: Bucket

    @cached_property
    def s3(self) -> Any:
        return self.bucket.server.client(signature_version="s3v4", read_timeout=30)

    @property
    def name(self) -> str:
        return self.bucket.name

    def form(self, content: bytes = b"bytes", expires_in: int = 300, **changed: str) -> int:
        """The status of a form as valetkey signs it, for exactly 5 bytes, with some fields changed afterwards."""
        now = datetime.now(UTC)
        conditions: tuple[Condition, ...] = (
            Eq("bucket", self.name),
            Eq("key", "form"),
            Eq("Content-Type", "image/png"),
            Eq("x-amz-meta-upload-id", "1"),
            Eq("success_action_status", "201"),
            ContentLengthRange(5, 5),
        )
        policy = Policy(now + timedelta(seconds=expires_in), conditions)
        server = self.bucket.server
        credentials = Credentials(server.access_key, server.secret_key)
        signed = sign(policy, credentials, now, signer=PostSigner(server.region))
        fields = dict(form_fields(policy, signed)) | {name.replace("_", "-"): value for name, value in changed.items()}
        return post_form(f"{server.endpoint_url}/{self.name}/", fields, content).status

    def put(self, content: bytes, sent: dict[str, str], **signed: Any) -> int:
        """The status of a presigned PUT."""
        url = self.s3.generate_presigned_url("put_object", Params={"Bucket": self.name, **signed})
        return put(url, sent, content).status

    def write(self, key: str, content: bytes = b"bytes") -> None:
        given = {"ContentType": "image/png", "Metadata": {"upload-id": "1"}, "ContentMD5": md5(content)}
        self.s3.put_object(Bucket=self.name, Key=key, Body=content, **given)

    def head(self, key: str) -> dict[str, Any]:
        return dict(self.s3.head_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED"))

    def copy(self, source: str, key: str, **options: Any) -> None:
        self.s3.copy_object(Bucket=self.name, Key=key, CopySource={"Bucket": self.name, "Key": source}, **options)

    def begin(self, key: str) -> str:
        begun = self.s3.create_multipart_upload(Bucket=self.name, Key=key, Metadata={"upload-id": "1"})
        return str(begun["UploadId"])

    def part(self, key: str, upload: str, number: int, content: bytes) -> tuple[int, str]:
        given = {"UploadId": upload, "PartNumber": number, "ContentMD5": md5(content)}
        return number, self.s3.upload_part(Bucket=self.name, Key=key, Body=content, **given)["ETag"]

    def join(self, key: str, upload: str, parts: list[tuple[int, str]], **options: Any) -> None:
        named = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in parts]}
        self.s3.complete_multipart_upload(Bucket=self.name, Key=key, UploadId=upload, MultipartUpload=named, **options)


def says(code: str | None, taken: str = "ignored") -> str:
    """ "412" for a failed precondition, any other error code, or ``taken`` if the request succeeded."""
    return "412" if code in {"PreconditionFailed", "412"} else code or taken


def forms(ask: MeasuredBucket) -> str:
    status = ask.form()
    return "yes" if status == 201 else f"no ({status})"


def form_conditions(ask: MeasuredBucket) -> str:
    """Which violations of a form's policy are accepted."""
    if ask.form() != 201:
        return "-"
    taken = {
        "key": ask.form(key="other"),
        "type": ask.form(Content_Type="image/gif"),
        "metadata": ask.form(x_amz_meta_upload_id="2"),
        "further fields": ask.form(x_amz_meta_more="x"),
        "smallest size": ask.form(b"byte"),
        "largest size": ask.form(b"bytes!"),
        "expiry": ask.form(expires_in=-60),
        "signature": ask.form(x_amz_signature="0" * 64),
    }
    lacking = [name for name, status in taken.items() if status < 400]
    return "all" if not lacking else "none" if len(lacking) == len(taken) else f"not {', '.join(lacking)}"


def put_headers(ask: MeasuredBucket) -> str:
    """Whether a presigned PUT has to have the type and the length that were signed."""
    md5_of_it = {"Content-MD5": md5(b"bytes")}
    other_type = ask.put(b"bytes", {"Content-Type": "image/gif", **md5_of_it}, Key="put", ContentType="image/png")
    longer = ask.put(b"bytes!", {"Content-MD5": md5(b"bytes!")}, Key="put", ContentLength=5)
    kept = [name for name, status in (("type", other_type), ("length", longer)) if status >= 400]
    return ", ".join(kept) or "none"


def put_once(ask: MeasuredBucket) -> str:
    """The response to the second PUT with If-None-Match."""
    sent = {"If-None-Match": "*", "Content-MD5": md5(b"bytes")}
    statuses = [ask.put(b"bytes", sent, Key="once", IfNoneMatch="*", ContentMD5=md5(b"bytes")) for _ in range(2)]
    return "ignored" if statuses[1] < 300 else str(statuses[1])


def wrong_sums(ask: MeasuredBucket) -> str:
    by_md5 = ask.put(b"bytes", {"Content-MD5": WRONG_MD5}, Key="sum", ContentMD5=WRONG_MD5)
    by_sha = ask.put(b"bytes", {"x-amz-checksum-sha256": WRONG_SUM}, Key="sum", ChecksumSHA256=WRONG_SUM)
    refused = [name for name, status in (("MD5", by_md5), ("SHA-256", by_sha)) if status >= 400]
    return ", ".join(refused) or "none"


def sums_kept(ask: MeasuredBucket) -> str:
    """The checksums that HEAD returns for a PUT with a SHA-256, and for a multipart upload."""
    right = base64.b64encode(hashlib.sha256(b"bytes").digest()).decode()
    ask.put(b"bytes", {"x-amz-checksum-sha256": right}, Key="kept", ChecksumSHA256=right)
    kept = ["SHA-256"] if ask.head("kept").get("ChecksumSHA256") == right else []
    upload = ask.begin("joined")
    ask.join("joined", upload, [ask.part("joined", upload, 1, b"x")])
    kept += ["CRC64NVME of parts"] if "ChecksumCRC64NVME" in ask.head("joined") else []
    return ", ".join(kept) or "none"


def head_says(ask: MeasuredBucket) -> str:
    """What HEAD does not return, although valetkey needs it."""
    ask.write("head")
    head = ask.head("head")
    metadata = {name.lower(): value for name, value in head["Metadata"].items()}
    there = {
        "ETag": "ETag" in head,
        "size": head.get("ContentLength") == 5,
        "type": head.get("ContentType") == "image/png",
        "metadata": metadata.get("upload-id") == "1",
    }
    return ", ".join(name for name, found in there.items() if found)


def metadata_names(ask: MeasuredBucket) -> str:
    ask.write("head")
    url = ask.s3.generate_presigned_url("head_object", Params={"Bucket": ask.name, "Key": "head"})
    assert urlsplit(url).hostname == "127.0.0.1"
    with urlopen(Request(url, method="HEAD"), timeout=30) as answer:
        names = [name for name, _ in answer.headers.items() if name.lower() == "x-amz-meta-upload-id"]
    return "as sent" if names == ["x-amz-meta-upload-id"] else ", ".join(names) or "lost"


def copy_condition(ask: MeasuredBucket) -> str:
    """Whether a copy honours the condition on its source's ETag, and with which header."""
    ask.write("source")
    code = refusal(lambda: ask.copy("source", "copied", CopySourceIfMatch=NO_ETAG))
    if code is not None:
        return says(code)
    s3 = ask.bucket.server.client(signature_version="s3v4")
    s3.meta.events.register("before-sign.s3.CopyObject", _for_ceph)
    other = MeasuredBucket(Bucket(ask.name, s3, ask.bucket.server))
    other.__dict__["s3"] = s3
    return "412 (x-amz-copy-if-match)" if refusal(lambda: other.copy("source", "copied")) else "ignored"


def _for_ceph(request: Any, **_: Any) -> None:
    request.headers["x-amz-copy-if-match"] = NO_ETAG


def copy_etag(ask: MeasuredBucket) -> str:
    ask.write("source")
    ask.copy("source", "copied")
    before, after = ask.head("source").get("ETag"), ask.head("copied").get("ETag")
    return "none" if after is None else "the same" if before == after else "another"


def copy_replaces(ask: MeasuredBucket) -> str:
    ask.write("source")
    ask.copy("source", "other", MetadataDirective="REPLACE", Metadata={"new": "2"}, ContentType="text/plain")
    head = ask.head("other")
    names = {name.lower() for name in head["Metadata"]}
    return "yes" if "new" in names and "upload-id" not in names and head["ContentType"] == "text/plain" else "no"


def copy_once(ask: MeasuredBucket) -> str:
    ask.write("source")
    ask.write("there")
    return says(refusal(lambda: ask.copy("source", "there", IfNoneMatch="*")))


def part_copy(ask: MeasuredBucket) -> str:
    """UploadPartCopy, and its condition."""
    ask.write("large", b"x" * 5 * MIB)
    origin = {"Bucket": ask.name, "Key": "large"}
    upload = ask.begin("in-parts")
    given = {"Bucket": ask.name, "Key": "in-parts", "UploadId": upload, "PartNumber": 1, "CopySource": origin}
    answer = ask.s3.upload_part_copy(**given, CopySourceRange=f"bytes=0-{5 * MIB - 1}")
    if not answer.get("CopyPartResult", {}).get("ETag"):
        return "no ETag in its answer"
    return says(refusal(lambda: ask.s3.upload_part_copy(**given, CopySourceIfMatch=NO_ETAG)))


def lists(ask: MeasuredBucket) -> str:
    """ListParts and ListMultipartUploads."""
    upload = ask.begin("listed")
    ask.part("listed", upload, 1, b"x")
    parts = refusal(lambda: ask.s3.list_parts(Bucket=ask.name, Key="listed", UploadId=upload))
    uploads = refusal(lambda: ask.s3.list_multipart_uploads(Bucket=ask.name))
    found = ask.s3.list_multipart_uploads(Bucket=ask.name, Prefix="listed").get("Uploads", []) if not uploads else []
    dated = any(abs(datetime.now(UTC) - one["Initiated"]) < timedelta(hours=1) for one in found)
    able = [name for name, code in (("parts", parts), ("uploads", uploads)) if code is None]
    return ", ".join(able) + ("" if dated else " without dates")


def part_after_join(ask: MeasuredBucket) -> str:
    """The effect of a part that is sent after the upload was completed or aborted."""
    upload = ask.begin("over")
    first, second = ask.part("over", upload, 1, b"x" * 5 * MIB), ask.part("over", upload, 2, b"y")
    ask.join("over", upload, [first, second])
    with_error = _quietly(lambda: ask.part("over", upload, 1, b"z" * 5 * MIB))
    try:
        same = ask.s3.get_object(Bucket=ask.name, Key="over")["Body"].read() == b"x" * 5 * MIB + b"y"
    except ClientError:
        same = False
    return ("refused" if with_error else "taken") + ("" if same else ", the object is broken")


def _quietly(call: Callable[[], object]) -> bool:
    try:
        call()
    except Exception:
        return True
    return False


def join_again(ask: MeasuredBucket) -> str:
    upload = ask.begin("again")
    parts = [ask.part("again", upload, 1, b"x")]
    ask.join("again", upload, parts)
    return refusal(lambda: ask.join("again", upload, parts)) or "200"


def join_once(ask: MeasuredBucket) -> str:
    ask.write("there")
    upload = ask.begin("there")
    parts = [ask.part("there", upload, 1, b"x")]
    return says(refusal(lambda: ask.join("there", upload, parts, IfNoneMatch="*")))


def small_parts(ask: MeasuredBucket) -> str:
    upload = ask.begin("small")
    parts = [ask.part("small", upload, number, b"x") for number in (1, 2)]
    return refusal(lambda: ask.join("small", upload, parts)) or "joined"


def storage_class(ask: MeasuredBucket) -> str:
    ask.write("source")
    return refusal(lambda: ask.copy("source", "cold", StorageClass="GLACIER")) or "taken"


def encryption(ask: MeasuredBucket) -> str:
    ask.write("source")
    code = refusal(lambda: ask.copy("source", "secret", ServerSideEncryption="AES256"))
    return code or ("taken" if ask.head("secret").get("ServerSideEncryption") else "taken, nothing said")


def versions(ask: MeasuredBucket) -> str:
    enabled = {"Status": "Enabled"}
    code = refusal(lambda: ask.s3.put_bucket_versioning(Bucket=ask.name, VersioningConfiguration=enabled))
    if code:
        return f"no ({code})"
    ask.write("v")
    ask.write("v")
    found = ask.s3.list_object_versions(Bucket=ask.name, Prefix="v").get("Versions", [])
    return "yes" if len(found) == 2 else "no"


QUESTIONS: dict[str, Callable[[MeasuredBucket], str]] = {
    "takes a POST form": forms,
    "conditions of a form that are enforced": form_conditions,
    "signed headers of a PUT that are enforced": put_headers,
    "second PUT with `If-None-Match: *`": put_once,
    "wrong sums that are refused": wrong_sums,
    "sums that HEAD tells": sums_kept,
    "HEAD tells": head_says,
    "names of metadata": metadata_names,
    "copy of a source with another ETag": copy_condition,
    "ETag of a copy": copy_etag,
    "copy replaces metadata": copy_replaces,
    "copy with `If-None-Match: *` onto an object": copy_once,
    "UploadPartCopy of a source with another ETag": part_copy,
    "lists": lists,
    "a part after the join": part_after_join,
    "the join once more": join_again,
    "join with `If-None-Match: *` onto an object": join_once,
    "parts below 5 MiB": small_parts,
    "unknown storage class": storage_class,
    "`AES256` asked for": encryption,
    "versioning": versions,
}
"""The rows of the table; versioning is the last one, as it cannot be disabled again."""


def measure(bucket: Bucket) -> dict[str, str]:
    """The table's column for a store."""
    return {question: answer(MeasuredBucket(bucket)) for question, answer in QUESTIONS.items()}
