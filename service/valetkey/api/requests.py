"""Request bodies and queries as pydantic models, from which the OpenAPI document is generated."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from valetkey.api.grants import MAX_SIGNED, Bytes, whole
from valetkey.api.json_reading import read, read_raising
from valetkey.api.problems import Model, unreadable, validated
from valetkey.api.responses import State
from valetkey.core.errors import InvalidRequest, MetadataNotAllowed, UploadNotFound, ValetKeyError
from valetkey.core.granting.admission import FIRST_PARTS, UploadRequest
from valetkey.core.model.etags import plain_etag
from valetkey.core.model.paths import MAX_PATH
from valetkey.core.model.profile import MAX_METADATA_KEYS
from valetkey.core.model.upload import Checksum, Method, UploadId, UploadState, Verdict, parse_upload_id
from valetkey.core.taking.claims import MAX_AT_ONCE

MAX_BATCH = 100
MAX_NAMED = 100
"""The most ids in one call: this many fit into the 4,094 bytes that gunicorn accepts as a request line."""
MAX_SIZE = 10_000 * 5 * 1024**3
"""The largest object that 10,000 parts can make, in bytes. A profile may allow less."""

_CHECKSUM_BYTES = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32}

# PostgreSQL cannot store NUL in text, and no file system allows it in a name
_NO_NUL = r"^[^\x00]*$"
Text = Annotated[str, Field(pattern=_NO_NUL)]

# U+FFFD replaces characters that were lost: two different names may have become equal
Name = Annotated[str, Field(pattern=r"^[^\x00\ufffd]*$")]


def few_enough(metadata: Any) -> Any:
    """``metadata``, unchanged. Raises `MetadataNotAllowed` if there are too many keys, before any value is
    validated."""
    if isinstance(metadata, (dict, set)) and len(metadata) > MAX_METADATA_KEYS:
        raise MetadataNotAllowed(f"At most {MAX_METADATA_KEYS} metadata keys are allowed.", "/metadata")
    return metadata


class ChecksumIn(BaseModel):
    """The checksum of the whole file. A store that supports checksums refuses any other bytes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    algorithm: Literal["crc32", "crc32c", "crc64nvme", "sha1", "sha256"]
    value: str = Field(description="The checksum in base64.", max_length=64)

    @model_validator(mode="after")
    def _fits(self) -> "ChecksumIn":
        try:
            raw = base64.b64decode(self.value, validate=True)
        except binascii.Error:
            raw = b""
        # it is compared as text with the store's value, so only the canonical encoding is valid
        is_canonical = base64.b64encode(raw).decode() == self.value
        if len(raw) != _CHECKSUM_BYTES[self.algorithm] or not is_canonical:
            raise ValueError(f"must be the {_CHECKSUM_BYTES[self.algorithm]} bytes of a {self.algorithm} in base64")
        return self


class CreateUpload(BaseModel):
    """The upload that a client requests."""

    model_config = ConfigDict(extra="forbid", strict=True)

    # "" means that it was omitted; pydantic does not validate defaults
    profile: Annotated[Name, Field(min_length=1, max_length=100)] = Field(
        default_factory=str, description="If omitted: `default`, or the profile of the ticket."
    )
    filename: Annotated[Text, Field(max_length=8192, description="Any name. It is never used as a key.")]
    content_type: Annotated[str, Field(max_length=255, description="The type of the file, such as image/png.")]
    size: Annotated[
        Bytes,
        Field(ge=0, le=MAX_SIZE, description="The size of the file in bytes. The grant allows exactly this size."),
        BeforeValidator(whole),
    ]
    checksum: ChecksumIn | None = None
    metadata: Annotated[dict[str, Text], BeforeValidator(few_enough)] = Field(
        {},
        description="Your own data about the file. It is kept in the ledger, never in an S3 header.",
        json_schema_extra={"propertyNames": {"pattern": _NO_NUL}, "maxProperties": MAX_METADATA_KEYS},
    )
    method: Literal["auto", "post", "put", "multipart"] = Field(
        "auto", description="How the client sends the file to S3. `auto` lets the service choose."
    )
    redirect: bool = Field(
        False, description="After a form upload, S3 redirects the browser to /v1/uploads/{id}/return."
    )
    owner: Annotated[Name, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Whose upload it is. For API keys only: a ticket already has an owner."
    )
    path: Annotated[str, Field(min_length=1, max_length=MAX_PATH)] | None = Field(
        None,
        description="The path of the file within the folder that the user chose, such as `trip/day 1/a.txt`. It is"
        " never used as a key.",
    )
    signed_parts: Annotated[
        int,
        Field(
            ge=0,
            le=MAX_SIGNED,
            description="For a multipart upload, the number of parts that the grant contains URLs for, beginning with"
            " the first. Uploads of a batch contain none.",
        ),
        BeforeValidator(whole),
    ] = FIRST_PARTS

    @field_validator("metadata")
    @classmethod
    def _keys_have_no_nul(cls, metadata: dict[str, str]) -> dict[str, str]:
        if "\x00" in "".join(metadata):
            raise ValueError("a key must not contain NUL")
        return metadata

    def to_request(self) -> UploadRequest:
        """The same as an `UploadRequest` of the core."""
        checksum = self.checksum
        return UploadRequest(
            filename=self.filename,
            content_type=self.content_type,
            size=self.size,
            profile=self.profile or None,
            checksum=Checksum(checksum.algorithm, checksum.value) if checksum else None,
            metadata=self.metadata,
            redirect=self.redirect,
            owner=self.owner,
            method=None if self.method == "auto" else Method(self.method),
            path=self.path,
            signed_parts=self.signed_parts,
        )


class CreateBatch(BaseModel):
    """Up to 100 uploads, committed together. If one of them is refused, the others are not affected."""

    model_config = ConfigDict(extra="forbid", strict=True)

    uploads: list[CreateUpload] = Field(min_length=1, max_length=MAX_BATCH)


class _LooseBatch(BaseModel):
    """A batch whose uploads are not validated yet: each may be invalid."""

    model_config = ConfigDict(extra="forbid", strict=True)

    uploads: list[object] = Field(min_length=1, max_length=MAX_BATCH)


class CreateTicket(BaseModel):
    """The ticket to create, with which a browser can upload without an API key."""

    model_config = ConfigDict(extra="forbid", strict=True)

    profile: Annotated[Name, Field(max_length=100, description="The profile of all its uploads.")]
    owner: Annotated[Name, Field(min_length=1, max_length=200)] | None = Field(
        None, description="The owner of all its uploads. If omitted: your own account."
    )
    ttl: Annotated[
        int, Field(ge=60, le=604_800, description="The lifetime of the ticket in seconds."), BeforeValidator(whole)
    ] = 3_600
    max_uploads: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(whole)] | None = Field(
        None, description="The most uploads that it can create. If omitted: any number."
    )


Reference = Annotated[
    Name,
    Field(min_length=1, max_length=255, description="What your application uses the upload for, such as `post:17`."),
]


class ClaimUpload(BaseModel):
    """A claim on a confirmed upload, and the conditions that the upload has to meet."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reference: Reference
    owner: Annotated[Name, Field(min_length=1, max_length=200)] | None = Field(
        None, description="The owner that the upload must have. If omitted: any."
    )
    profile: Annotated[Name, Field(min_length=1, max_length=100)] | None = Field(
        None, description="The profile that the upload must have. If omitted: any."
    )


UploadIds = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(max_length=MAX_AT_ONCE, description="The ids of the uploads. Duplicates are ignored."),
]


class ClaimUploads(ClaimUpload):
    """A claim on several confirmed uploads, and the conditions that each of them has to meet."""

    uploads: UploadIds


class ApplicationTicket(CreateTicket):
    """The same for the application's own code, where the owner is required."""

    owner: Annotated[Name, Field(min_length=1, max_length=200)]


class ApplicationClaim(ClaimUpload):
    """The same for the application's own code, where the owner is required."""

    owner: Annotated[Name, Field(min_length=1, max_length=200)]


class ReleaseUpload(BaseModel):
    """The claim to give up, by its reference."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reference: Reference


class ReleaseUploads(ReleaseUpload):
    """The claims to give up: uploads that are claimed under the same reference."""

    uploads: UploadIds


class EraseOwner(BaseModel):
    """The owner whose data is to be erased."""

    model_config = ConfigDict(extra="forbid", strict=True)

    owner: Annotated[Name, Field(min_length=1, max_length=200)]


class GiveVerdict(BaseModel):
    """A scanner's verdict on the bytes with this ETag."""

    model_config = ConfigDict(extra="forbid", strict=True)

    verdict: Literal["clean", "infected"]
    etag: Annotated[Text, Field(min_length=1, max_length=255, description="The ETag of the object that was scanned.")]
    detail: Annotated[Text, Field(max_length=1000)] | None = Field(
        None, description="Details, such as the name of the threat."
    )
    key: Annotated[Text, Field(min_length=1, max_length=1024)] | None = Field(
        None, description="The key of the object that was scanned, if the scanner is triggered by the store's events."
    )

    def to_verdict(self) -> Verdict:
        """The same as a `Verdict` of the core, with the ETag without the quotes that HTTP puts around it."""
        return Verdict(plain_etag(self.etag), self.verdict == "clean", self.detail, self.key)


class PageQuery(BaseModel):
    """The query parameters that all lists have."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200, description="The most uploads on a page.")
    cursor: str | None = Field(None, max_length=36, description="The `next_cursor` of the previous page.")

    def before(self) -> UploadId | None:
        """The id after which the page begins. Raises `InvalidRequest` if the cursor is not a valid one."""
        if self.cursor is None:
            return None
        known = parse_upload_id(self.cursor)
        if known is None:
            raise InvalidRequest("The cursor is invalid: use the `next_cursor` of a page.", "/cursor")
        return known


class ClaimsQuery(PageQuery):
    """The query parameters of the list of claims."""

    prefix: str = Field("", max_length=255, description="The prefix of the references to list.")
    older_than: int = Field(0, ge=0, le=315_360_000, description="Only claims that are at least this old, in seconds.")


class ListQuery(PageQuery):
    """The query parameters of the list of uploads."""

    state: State | None = Field(None, description="Only uploads in this state.")
    profile: Annotated[Text, Field(max_length=100)] | None = Field(None, description="Only uploads of this profile.")
    id: list[Annotated[str, Field(pattern=r"^[!-~]{1,36}$")]] = Field(
        default_factory=list,
        max_length=MAX_NAMED,
        description="Exactly the uploads with these ids, in this order, regardless of `limit`. Not allowed with other"
        " filters or a cursor.",
    )

    def named(self) -> list[str]:
        """The requested ids without duplicates; empty if the query has none.

        Raises `InvalidRequest` if there are filters or a cursor, too.
        """
        # generated clients send the default of a limit
        if self.id and (others := sorted(self.model_fields_set - {"id", "limit"})):
            raise InvalidRequest("It cannot be combined with `id`: leave it out.", f"/{others[0]}")
        return list(dict.fromkeys(self.id))

    def wanted_state(self) -> UploadState | None:
        """The state to list, as the core's type; None: all."""
        return UploadState(self.state) if self.state else None


def read_create(body: bytes) -> UploadRequest:
    """The request in ``body``. Raises `InvalidBody`, `MetadataNotAllowed` or `MalformedJSON`."""
    return read(CreateUpload, body).to_request()


def read_batch(body: bytes) -> list[UploadRequest | ValetKeyError]:
    """The requests in ``body``, with an error in place of each that is invalid. Raises `InvalidBody` or `MalformedJSON`
    if it is not a batch at all."""
    try:
        return [item.to_request() for item in read_raising(CreateBatch, body).uploads]
    except (ValidationError, MetadataNotAllowed):
        pass  # validate each by itself to find out which ones are invalid
    return [_read_item(item) for item in read(_LooseBatch, body).uploads]


def _read_item(item: object) -> UploadRequest | ValetKeyError:
    try:
        return CreateUpload.model_validate(item).to_request()
    except ValidationError as error:
        return unreadable(error)
    except ValetKeyError as error:
        return error.with_traceback(None)  # its frames refer to the list that it is put into: a reference cycle


def read_ticket(body: bytes) -> CreateTicket:
    """The request in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(CreateTicket, body)


def read_claim(body: bytes) -> ClaimUpload:
    """The request in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(ClaimUpload, body)


def read_release(body: bytes) -> ReleaseUpload:
    """The request in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(ReleaseUpload, body)


def read_claims(body: bytes) -> ClaimUploads:
    """The request in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(ClaimUploads, body)


def read_releases(body: bytes) -> ReleaseUploads:
    """The request in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(ReleaseUploads, body)


def read_erase(body: bytes) -> EraseOwner:
    """The request in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(EraseOwner, body)


def upload_in_path(text: str) -> UploadId:
    """The upload id in a path. Raises `UploadNotFound` if ``text`` is not an id, as for an id that does not exist."""
    upload_id = parse_upload_id(text)
    if upload_id is None:
        raise UploadNotFound
    return upload_id


def owner_in_path(text: str) -> str:
    """The owner in a path. Raises `InvalidRequest`, also if a proxy could change the path: one that decodes `%2F`,
    resolves `..` or merges slashes would have another owner erased, or another resource deleted."""
    owner = checked(EraseOwner, owner=text).owner
    if not {"", ".", ".."}.isdisjoint(owner.split("/")):
        detail = "A proxy may change a path with this owner: send the owner to POST /v1/erasures, in the body."
        raise InvalidRequest(detail, "/owner")
    return owner


def checked(model: type[Model], **arguments: Any) -> Model:
    """A ``model`` made of ``arguments`` from the application's own code. Raises `InvalidRequest` with the first
    error."""
    try:
        return model(**arguments)
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)
        name = str(first["loc"][0])
        raise InvalidRequest(f"{name}: {first['msg']}", f"/{name}") from error


def read_verdict(body: bytes) -> Verdict:
    """The verdict in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(GiveVerdict, body).to_verdict()


def _as_boolean(schema: dict[str, Any]) -> None:
    """Documents ``true`` and ``false``, the two values in a query, as a boolean."""
    schema.pop("enum")
    schema |= {"type": "boolean", "default": False}


class DownloadQuery(BaseModel):
    """The query parameters of a download. Others are ignored: tools add their own."""

    inline: Literal["true", "false"] = Field(
        "false",
        description="With `true`, a browser shows the file instead of saving it, if its type is safe to show.",
        json_schema_extra=_as_boolean,
    )


def read_download(query: dict[str, str]) -> bool:
    """Whether a browser is to show the file. Raises `InvalidBody`."""
    return validated(DownloadQuery.model_validate, query).inline == "true"


def read_query(query: Mapping[str, str], ids: Sequence[str]) -> ListQuery:
    """The query parameters of the list; ``ids`` are all values of ``id``. Raises `InvalidBody`."""
    return validated(ListQuery.model_validate, {**query, "id": ids} if ids else query)


def read_claims_query(query: dict[str, str]) -> ClaimsQuery:
    """The query parameters of the list of claims. Raises `InvalidBody`."""
    return validated(ClaimsQuery.model_validate, query)
