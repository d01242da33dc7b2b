"""What a store does, measured: one row of the table in `service/docs/stores.md`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

from botocore.exceptions import ClientError
from tests.clients import post_form, put
from tests.stores import Bucket

from valetkey.core.policy import Condition, ContentLengthRange, Credentials, Eq, Policy, PostSigner, form_fields

YES, NO = "yes", "no"
MIB = 1024**2


def form(bucket: Bucket, form_key: str, *, expires_in: int = 300, **changed: str) -> list[tuple[str, str]]:
    """A form for exactly 5 bytes under one key, signed as valetkey signs it, with some fields changed afterwards."""
    now = datetime.now(UTC)
    conditions: tuple[Condition, ...] = (
        Eq("bucket", bucket.name),
        Eq("key", form_key),
        Eq("Content-Type", "image/png"),
        Eq("x-amz-meta-upload-id", "1"),
        Eq("success_action_status", "201"),
        ContentLengthRange(5, 5),
    )
    policy = Policy(now + timedelta(seconds=expires_in), conditions)
    credentials = Credentials(bucket.server.access_key, bucket.server.secret_key, None, None)
    signed = PostSigner(bucket.server.region).sign(policy, credentials, now)
    fields = dict(form_fields(policy, signed))
    return list((fields | {name.replace("_", "-"): value for name, value in changed.items()}).items())


def refused(call: Callable[[], object]) -> str:
    """The store's word for it; empty where it did as it was asked."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@dataclass
class Measured:
    """Asks one store; each method is a column."""

    bucket: Bucket

    @property
    def s3(self) -> Any:
        if not hasattr(self, "_c"):
            self._c = self.bucket.server.client(signature_version="s3v4", read_timeout=20)
        return self._c

    @property
    def name(self) -> str:
        return self.bucket.name

    def _form(self, content: bytes = b"bytes", **changed: Any) -> int:
        url = f"{self.bucket.server.endpoint_url}/{self.name}"
        return post_form(url + "/", form(self.bucket, "form", **changed), content).status

    def row(self) -> dict[str, str]:
        columns = [name for name in vars(type(self)) if name.startswith("column_")]
        row = {}
        for name in columns:
            try:
                row[name.removeprefix("column_")] = getattr(self, name)()
            except Exception as e:
                row[name.removeprefix("column_")] = "!" + repr(e)[:200]
        return row

    def column_form(self) -> str:
        s = self._form()
        return YES if s == 201 else f"{s}"

    def column_form_key(self) -> str:
        return str(self._form(key="other"))

    def column_form_type(self) -> str:
        return str(self._form(Content_Type="image/gif"))

    def column_form_id(self) -> str:
        return str(self._form(x_amz_meta_upload_id="2"))

    def column_form_extra(self) -> str:
        return str(self._form(x_amz_meta_more="2"))

    def column_form_small(self) -> str:
        return str(self._form(b"byte"))

    def column_form_large(self) -> str:
        return str(self._form(b"bytes!"))

    def column_form_expiry(self) -> str:
        return str(self._form(expires_in=-60))

    def column_form_signature(self) -> str:
        return str(self._form(x_amz_signature="0" * 64))

    def _put(self, content=b"bytes", headers=None, **params) -> int:
        url = self.s3.generate_presigned_url("put_object", Params={"Bucket": self.name, **params})
        r = put(url, headers or {}, content)
        return r.status

    def column_put(self):
        return str(self._put(Key="put", ContentType="image/png", headers={"Content-Type": "image/png"}))

    def column_put_type(self):
        return str(self._put(Key="put", ContentType="image/png", headers={"Content-Type": "image/gif"}))

    def column_put_length(self):
        return str(self._put(Key="put", ContentLength=4, content=b"bytes"))

    def column_put_if_none_match(self):
        return " ".join(str(self._put(Key="put2", IfNoneMatch="*", headers={"If-None-Match": "*"})) for _ in range(2))

    def column_put_extra(self):
        return (
            str(self._put(Key="put3", headers={"x-amz-meta-more": "1", "Content-Encoding": "gzip"}))
            + " "
            + str(
                {
                    k: v
                    for k, v in self.s3.head_object(Bucket=self.name, Key="put3").items()
                    if k in ("Metadata", "ContentEncoding")
                }
            )
        )

    def column_put_md5(self):
        return str(
            self._put(
                Key="put4", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==", headers={"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}
            )
        )

    def column_put_sha256(self):
        v = "A" * 43 + "="
        return str(self._put(Key="put5", ChecksumSHA256=v, headers={"x-amz-checksum-sha256": v}))

    def column_checksums_kept(self):
        v = "J3CJ2RwL305oYrp+egdgURlDH1118T9yLdNSsG8bIGqrry"
        import base64
        import hashlib

        v = base64.b64encode(hashlib.sha256(b"bytes").digest()).decode()
        s = self._put(Key="put6", ChecksumSHA256=v, headers={"x-amz-checksum-sha256": v})
        h = self.s3.head_object(Bucket=self.name, Key="put6", ChecksumMode="ENABLED")
        return f"{s} " + " ".join(k for k in h if k.startswith("Checksum"))

    def _write(self, key, content=b"bytes", **k):
        import base64
        import hashlib

        md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
        return self.s3.put_object(
            Bucket=self.name,
            Key=key,
            Body=content,
            ContentMD5=md5,
            ContentType="image/png",
            Metadata={"upload-id": "1"},
            **k,
        )

    def column_head(self):
        self._write("head")
        h = self.s3.head_object(Bucket=self.name, Key="head")
        return " ".join(
            f"{k}={v}" for k, v in h.items() if k in ("ContentLength", "ETag", "Metadata", "ContentType", "VersionId")
        )

    def column_raw_head(self):
        url = self.s3.generate_presigned_url("head_object", Params={"Bucket": self.name, "Key": "head"})
        with urlopen(Request(url, method="HEAD")) as a:
            return str([n for n, _ in a.headers.items()])

    def column_copy(self):
        self._write("head")
        e = self.s3.head_object(Bucket=self.name, Key="head").get("ETag")
        self.s3.copy_object(Bucket=self.name, Key="copy", CopySource={"Bucket": self.name, "Key": "head"})
        h = self.s3.head_object(Bucket=self.name, Key="copy")
        return f"same etag {h.get('ETag') == e} meta {h.get('Metadata')} type {h.get('ContentType')} cs {[k for k in h if k.startswith('Checksum')]}"

    def column_copy_replace(self):
        self._write("head")
        self.s3.copy_object(
            Bucket=self.name,
            Key="copy2",
            CopySource={"Bucket": self.name, "Key": "head"},
            MetadataDirective="REPLACE",
            Metadata={"upload-id": "2"},
            ContentType="text/plain",
            ContentDisposition="attachment",
        )
        h = self.s3.head_object(Bucket=self.name, Key="copy2")
        return f"meta {h.get('Metadata')} type {h.get('ContentType')} {h.get('ContentDisposition')}"

    def column_copy_condition(self):
        return (
            refused(
                lambda: self.s3.copy_object(
                    Bucket=self.name,
                    Key="copy3",
                    CopySource={"Bucket": self.name, "Key": "head"},
                    CopySourceIfMatch='"0"',
                )
            )
            or "ignored"
        )

    def column_copy_if_none_match(self):
        return (
            refused(
                lambda: self.s3.copy_object(
                    Bucket=self.name, Key="copy", CopySource={"Bucket": self.name, "Key": "head"}, IfNoneMatch="*"
                )
            )
            or "ignored"
        )

    def column_copy_missing(self):
        return (
            refused(
                lambda: self.s3.copy_object(
                    Bucket=self.name, Key="copy4", CopySource={"Bucket": self.name, "Key": "none"}
                )
            )
            or "!!"
        )

    def _begin(self, key, **k):
        return self.s3.create_multipart_upload(
            Bucket=self.name, Key=key, ContentType="image/png", Metadata={"upload-id": "1"}, **k
        )["UploadId"]

    def _part(self, key, u, n, content):
        import base64
        import hashlib

        md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
        return self.s3.upload_part(Bucket=self.name, Key=key, UploadId=u, PartNumber=n, Body=content, ContentMD5=md5)[
            "ETag"
        ]

    def _complete(self, key, u, parts, **k):
        return self.s3.complete_multipart_upload(
            Bucket=self.name,
            Key=key,
            UploadId=u,
            MultipartUpload={"Parts": [{"PartNumber": n, "ETag": e} for n, e in parts]},
            **k,
        )

    def column_parts(self):
        u = self._begin("parts")
        e1 = self._part("parts", u, 1, b"x" * 5 * MIB)
        e2 = self._part("parts", u, 2, b"y")
        l = refused(lambda: self.s3.list_parts(Bucket=self.name, Key="parts", UploadId=u)) or str(
            len(self.s3.list_parts(Bucket=self.name, Key="parts", UploadId=u).get("Parts", []))
        )
        lm = refused(lambda: self.s3.list_multipart_uploads(Bucket=self.name)) or str(
            [
                (x["Key"], x.get("Initiated"))
                for x in self.s3.list_multipart_uploads(Bucket=self.name, Prefix="parts").get("Uploads", [])
            ]
        )
        self._complete("parts", u, [(1, e1), (2, e2)])
        h = self.s3.head_object(Bucket=self.name, Key="parts", ChecksumMode="ENABLED")
        after = refused(lambda: self._part("parts", u, 1, b"z" * 5 * MIB)) or "taken"
        h2 = self.s3.get_object(Bucket=self.name, Key="parts")
        body = h2["Body"].read()
        again = refused(lambda: self._complete("parts", u, [(1, e1), (2, e2)])) or "200"
        lp = refused(lambda: self.s3.list_parts(Bucket=self.name, Key="parts", UploadId=u)) or "200"
        lm2 = refused(lambda: self.s3.list_multipart_uploads(Bucket=self.name)) or str(
            len(self.s3.list_multipart_uploads(Bucket=self.name, Prefix="parts").get("Uploads", []))
        )
        return f"list {l}; uploads {lm}; head {h.get('ContentLength')} {h.get('ETag')} {h.get('Metadata')} {[k for k in h if k.startswith('Checksum')]}; after: {after} {len(body)} {body[:1]}; again {again}; list after {lp}; open {lm2}"

    def column_part_md5(self):
        u = self._begin("parts2")
        url = self.s3.generate_presigned_url(
            "upload_part",
            Params={"Bucket": self.name, "Key": "parts2", "UploadId": u, "PartNumber": 1, "ContentLength": 5},
        )
        r = put(url, {}, b"bytes!").status
        return f"wrong length {r}, right {put(url, {}, b'bytes').status}"

    def column_small_parts(self):
        u = self._begin("parts3")
        es = [(n, self._part("parts3", u, n, b"x")) for n in (1, 2)]
        return refused(lambda: self._complete("parts3", u, es)) or "joined"

    def column_wrong_etag(self):
        u = self._begin("parts4")
        self._part("parts4", u, 1, b"x")
        return refused(lambda: self._complete("parts4", u, [(1, '"' + "0" * 32 + '"')])) or "joined"

    def column_complete_if_none_match(self):
        self._write("parts5")
        u = self._begin("parts5")
        e = self._part("parts5", u, 1, b"x")
        return refused(lambda: self._complete("parts5", u, [(1, e)], IfNoneMatch="*")) or "ignored"

    def column_part_copy(self):
        self._write("src", b"x" * 6 * MIB)
        u = self._begin("parts6")
        e = self.s3.upload_part_copy(
            Bucket=self.name,
            Key="parts6",
            UploadId=u,
            PartNumber=1,
            CopySource={"Bucket": self.name, "Key": "src"},
            CopySourceRange=f"bytes=0-{5 * MIB - 1}",
        )["CopyPartResult"]["ETag"]
        u2 = self._begin("parts6b")
        c = (
            refused(
                lambda: self.s3.upload_part_copy(
                    Bucket=self.name,
                    Key="parts6b",
                    UploadId=u2,
                    PartNumber=2,
                    CopySource={"Bucket": self.name, "Key": "src"},
                    CopySourceIfMatch='"0"',
                )
            )
            or "ignored"
        )
        self._complete("parts6", u, [(1, e)])
        return f"ok {self.s3.head_object(Bucket=self.name, Key='parts6')['ContentLength'] == 5 * MIB}; condition {c}"

    def column_abort(self):
        u = self._begin("parts7")
        self._part("parts7", u, 1, b"x")
        self.s3.abort_multipart_upload(Bucket=self.name, Key="parts7", UploadId=u)
        return (
            (refused(lambda: self.s3.abort_multipart_upload(Bucket=self.name, Key="parts7", UploadId=u)) or "again ok")
            + " part after: "
            + (refused(lambda: self._part("parts7", u, 1, b"x")) or "taken")
        )

    def column_get_if_match(self):
        self._write("head")
        return refused(lambda: self.s3.get_object(Bucket=self.name, Key="head", IfMatch='"0"')) or "ignored"

    def column_delete_if_match(self):
        self._write("del")
        return refused(lambda: self.s3.delete_object(Bucket=self.name, Key="del", IfMatch='"0"')) or "ignored"

    def column_versions(self):
        s = self.s3.get_bucket_versioning(Bucket=self.name).get("Status")
        if not s:
            r = refused(
                lambda: self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
            )
            if r:
                return r
        self._write("v", b"1")
        self._write("v", b"2")
        vs = self.s3.list_object_versions(Bucket=self.name, Prefix="v").get("Versions", [])
        return f"{len([v for v in vs if v['Key'] == 'v'])}"

    def column_storage_class(self):
        return refused(
            lambda: self.s3.copy_object(
                Bucket=self.name, Key="sc", CopySource={"Bucket": self.name, "Key": "head"}, StorageClass="GLACIER"
            )
        ) or "taken " + str(self.s3.head_object(Bucket=self.name, Key="sc").get("StorageClass"))

    def column_sse(self):
        return refused(
            lambda: self.s3.copy_object(
                Bucket=self.name,
                Key="sse",
                CopySource={"Bucket": self.name, "Key": "head"},
                ServerSideEncryption="AES256",
            )
        ) or "taken " + str(self.s3.head_object(Bucket=self.name, Key="sse").get("ServerSideEncryption"))

    def column_download(self):
        url = self.s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.name,
                "Key": "head",
                "ResponseContentDisposition": "attachment; filename=x",
                "ResponseContentType": "text/plain",
            },
        )
        with urlopen(url) as a:
            return f"{a.headers['Content-Disposition']} {a.headers['Content-Type']} {a.read()!r}"

    def column_cors(self):
        return (
            refused(
                lambda: self.s3.put_bucket_cors(
                    Bucket=self.name,
                    CORSConfiguration={"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["POST"]}]},
                )
            )
            or YES
        )

    def column_delete_many(self):
        self._write("dm")
        return refused(lambda: self.s3.delete_objects(Bucket=self.name, Delete={"Objects": [{"Key": "dm"}]})) or YES
