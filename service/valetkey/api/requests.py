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
"""How many uploads are looked at in one call: so many fit into the 4,094 bytes that gunicorn reads of a first line."""
MAX_SIZE = 10_000 * 5 * 1024**3
"""The largest object that 10,000 parts can be, in bytes; a profile allows less."""

_CHECKSUM_BYTES = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32}

# PostgreSQL keeps no NUL in a text, and no file system has one in a name
_NO_NUL = r"^[^\x00]*$"
Text = Annotated[str, Field(pattern=_NO_NUL)]

# U+FFFD stands for what is lost: two names with one may have been different
Name = Annotated[str, Field(pattern=r"^[^\x00\ufffd]*$")]


def few_enough(metadata: Any) -> Any:
    """``metadata`` as it came. Raises `MetadataNotAllowed` before each of ten thousand values is looked at."""
    if isinstance(metadata, (dict, set)) and len(metadata) > MAX_METADATA_KEYS:
        raise MetadataNotAllowed(f"At most {MAX_METADATA_KEYS} metadata keys are kept.", "/metadata")
    return metadata


class ChecksumIn(BaseModel):
    """The checksum of the whole file. Stores that keep checksums refuse other bytes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    algorithm: Literal["crc32", "crc32c", "crc64nvme", "sha1", "sha256"]
    value: str = Field(description="base64", max_length=64)

    @model_validator(mode="after")
    def _fits(self) -> "ChecksumIn":
        try:
            raw = base64.b64decode(self.value, validate=True)
        except binascii.Error:
            raw = b""
        # compared as text with what the store says: exactly one text stands for these bytes
        is_canonical = base64.b64encode(raw).decode() == self.value
        if len(raw) != _CHECKSUM_BYTES[self.algorithm] or not is_canonical:
            raise ValueError(f"a {self.algorithm} is {_CHECKSUM_BYTES[self.algorithm]} bytes in base64")
        return self


class CreateUpload(BaseModel):
    """What a client asks for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    # "" is where it was left out: a default is not validated
    profile: Annotated[Name, Field(min_length=1, max_length=100)] = Field(
        default_factory=str, description="left out: `default`, or the profile of the ticket"
    )
    filename: Annotated[Text, Field(max_length=8192, description="any name; it never becomes a key")]
    content_type: Annotated[str, Field(max_length=255, description="what the client will send, such as image/png")]
    size: Annotated[
        Bytes, Field(ge=0, le=MAX_SIZE, description="bytes; exactly these many may be sent"), BeforeValidator(whole)
    ]
    checksum: ChecksumIn | None = None
    metadata: Annotated[dict[str, Text], BeforeValidator(few_enough)] = Field(
        {},
        description="kept in the ledger, never in a header of S3",
        json_schema_extra={"propertyNames": {"pattern": _NO_NUL}, "maxProperties": MAX_METADATA_KEYS},
    )
    method: Literal["auto", "post", "put", "multipart"] = Field("auto", description="how the bytes travel to S3")
    redirect: bool = Field(False, description="S3 sends the browser back to /v1/uploads/{id}/return")
    owner: Annotated[Name, Field(min_length=1, max_length=200)] | None = Field(
        None, description="on whose behalf; a ticket has its own"
    )
    path: Annotated[str, Field(min_length=1, max_length=MAX_PATH)] | None = Field(
        None,
        description="where it was in the folder that was chosen, such as `trip/day 1/a.txt`; it never becomes a key",
    )
    signed_parts: Annotated[
        int,
        Field(
            ge=0,
            le=MAX_SIGNED,
            description="how many parts the grant has URLs of, where the file comes in parts: all of them, if there are"
            " no more than that. In a batch none has any",
        ),
        BeforeValidator(whole),
    ] = FIRST_PARTS

    @field_validator("metadata")
    @classmethod
    def _keys_have_no_nul(cls, metadata: dict[str, str]) -> dict[str, str]:
        if "\x00" in "".join(metadata):
            raise ValueError("a key holds no NUL")
        return metadata

    def to_request(self) -> UploadRequest:
        """The same for the service."""
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
    """Up to 100 uploads, durable in one commit; one that is refused hinders no other."""

    model_config = ConfigDict(extra="forbid", strict=True)

    uploads: list[CreateUpload] = Field(min_length=1, max_length=MAX_BATCH)


class _LooseBatch(BaseModel):
    """A batch some of whose uploads may be wrong."""

    model_config = ConfigDict(extra="forbid", strict=True)

    uploads: list[object] = Field(min_length=1, max_length=MAX_BATCH)


class CreateTicket(BaseModel):
    """What a browser may do without the API key."""

    model_config = ConfigDict(extra="forbid", strict=True)

    profile: Annotated[Name, Field(max_length=100, description="the one profile of its uploads")]
    owner: Annotated[Name, Field(min_length=1, max_length=200)] | None = Field(
        None, description="on whose behalf; left out: your own"
    )
    ttl: Annotated[int, Field(ge=60, le=604_800, description="seconds that it lives"), BeforeValidator(whole)] = 3_600
    max_uploads: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(whole)] | None = Field(
        None, description="how many uploads it creates at most; left out: any number"
    )


Reference = Annotated[Name, Field(min_length=1, max_length=255, description="what for, in your own words: post:17")]


class ClaimUpload(BaseModel):
    """What a confirmed upload is taken for, and what it has to be."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reference: Reference
    owner: Annotated[Name, Field(min_length=1, max_length=200)] | None = Field(
        None, description="whose it has to be; left out: anybody's"
    )
    profile: Annotated[Name, Field(min_length=1, max_length=100)] | None = Field(
        None, description="of which profile it has to be; left out: of any"
    )


Several = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(max_length=MAX_AT_ONCE, description="their ids; one that is named twice counts once"),
]


class ClaimUploads(ClaimUpload):
    """Which confirmed uploads are taken, what for, and what each of them has to be."""

    uploads: Several


class ApplicationTicket(CreateTicket):
    """The same for the application's own code, which always says whose uploads they are."""

    owner: Annotated[Name, Field(min_length=1, max_length=200)]


class ApplicationClaim(ClaimUpload):
    """The same for the application's own code, which always says whose they have to be."""

    owner: Annotated[Name, Field(min_length=1, max_length=200)]


class ReleaseUpload(BaseModel):
    """What the upload was taken for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reference: Reference


class ReleaseUploads(ReleaseUpload):
    """Which uploads are given back, and what all of them were taken for."""

    uploads: Several


class EraseOwner(BaseModel):
    """Whose uploads are erased."""

    model_config = ConfigDict(extra="forbid", strict=True)

    owner: Annotated[Name, Field(min_length=1, max_length=200)]


class GiveVerdict(BaseModel):
    """What a scanner found in the bytes with this ETag."""

    model_config = ConfigDict(extra="forbid", strict=True)

    verdict: Literal["clean", "infected"]
    etag: Annotated[Text, Field(min_length=1, max_length=255, description="of the bytes that were scanned")]
    detail: Annotated[Text, Field(max_length=1000)] | None = Field(None, description="such as the threat's name")
    key: Annotated[Text, Field(min_length=1, max_length=1024)] | None = Field(
        None, description="where they were read: of a scanner that goes by the store's events"
    )

    def to_verdict(self) -> Verdict:
        """The same for the service; an ETag may come in the quotes that HTTP has around it."""
        return Verdict(plain_etag(self.etag), self.verdict == "clean", self.detail, self.key)


class PageQuery(BaseModel):
    """What the query of every list has."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=36, description="next_cursor of the page before")

    def before(self) -> UploadId | None:
        """The id to go on from. Raises `InvalidRequest` when the cursor is none of ours."""
        if self.cursor is None:
            return None
        known = parse_upload_id(self.cursor)
        if known is None:
            raise InvalidRequest("The cursor is not one that a page gave.", "/cursor")
        return known


class ClaimsQuery(PageQuery):
    """The query of the list of claims."""

    prefix: str = Field("", max_length=255, description="how the reference begins")
    older_than: int = Field(0, ge=0, le=315_360_000, description="for how many seconds at least it has been claimed")


class ListQuery(PageQuery):
    """The query of the list."""

    state: State | None = None
    profile: Annotated[Text, Field(max_length=100)] | None = None
    id: list[Annotated[str, Field(pattern=r"^[!-~]{1,36}$")]] = Field(
        default_factory=list,
        max_length=MAX_NAMED,
        description="those with these ids, in this order, and no others, whatever `limit` is; never with a filter",
    )

    def named(self) -> list[str]:
        """The uploads that are asked for by name, each once; none where it is a list that is asked for.

        Raises `InvalidRequest` for what asks for both.
        """
        # generated clients send the default of a limit
        if self.id and (others := sorted(self.model_fields_set - {"id", "limit"})):
            raise InvalidRequest("Uploads that are named by their ids are not filtered: leave it out.", f"/{others[0]}")
        return list(dict.fromkeys(self.id))

    def wanted_state(self) -> UploadState | None:
        """The state to list, as the core has it."""
        return UploadState(self.state) if self.state else None


def read_create(body: bytes) -> UploadRequest:
    """The request in ``body``. Raises `InvalidBody`, `MetadataNotAllowed` or `MalformedJSON`."""
    return read(CreateUpload, body).to_request()


def read_batch(body: bytes) -> list[UploadRequest | ValetKeyError]:
    """The requests in ``body``, those that cannot be read as their errors. Raises when it is no batch at all."""
    try:
        return [item.to_request() for item in read_raising(CreateBatch, body).uploads]
    except (ValidationError, MetadataNotAllowed):
        pass  # find out which of them it is
    return [_read_item(item) for item in read(_LooseBatch, body).uploads]


def _read_item(item: object) -> UploadRequest | ValetKeyError:
    try:
        return CreateUpload.model_validate(item).to_request()
    except ValidationError as error:
        return unreadable(error)
    except ValetKeyError as error:
        return error.with_traceback(None)  # whose frames have the list that it goes into: a cycle


def read_ticket(body: bytes) -> CreateTicket:
    """The request in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(CreateTicket, body)


def read_claim(body: bytes) -> ClaimUpload:
    """The wish in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(ClaimUpload, body)


def read_release(body: bytes) -> ReleaseUpload:
    """The wish in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(ReleaseUpload, body)


def read_claims(body: bytes) -> ClaimUploads:
    """The wish in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(ClaimUploads, body)


def read_releases(body: bytes) -> ReleaseUploads:
    """The wish in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(ReleaseUploads, body)


def read_erase(body: bytes) -> EraseOwner:
    """The request in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(EraseOwner, body)


def upload_in_path(text: str) -> UploadId:
    """The id that a path names. Raises `UploadNotFound`: what is no id cannot be anybody's upload."""
    upload_id = parse_upload_id(text)
    if upload_id is None:
        raise UploadNotFound
    return upload_id


def owner_in_path(text: str) -> str:
    """The owner whom a path names. Raises `InvalidRequest`, also where the path may be another one on the way: proxies
    that decode `%2F`, resolve `..` and merge slashes would have somebody else erased, or another thing removed."""
    owner = checked(EraseOwner, owner=text).owner
    if not {"", ".", ".."}.isdisjoint(owner.split("/")):
        detail = "A proxy may change a path with such an owner: send it to POST /v1/erasures, in the body."
        raise InvalidRequest(detail, "/owner")
    return owner


def checked(model: type[Model], **wanted: Any) -> Model:
    """What ``wanted`` is as a ``model``, from the application's own code. Raises `InvalidRequest` that says what is
    wrong first."""
    try:
        return model(**wanted)
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)
        name = str(first["loc"][0])
        raise InvalidRequest(f"{name}: {first['msg']}", f"/{name}") from error


def read_verdict(body: bytes) -> Verdict:
    """The verdict in ``body``. Raises `InvalidBody` or `MalformedJSON`."""
    return read(GiveVerdict, body).to_verdict()


def _as_boolean(schema: dict[str, Any]) -> None:
    """The two words that a query has for it, as clients know them."""
    schema.pop("enum")
    schema |= {"type": "boolean", "default": False}


class DownloadQuery(BaseModel):
    """The query of a download. What else is in it is left alone: tools add their own."""

    inline: Literal["true", "false"] = Field(
        "false",
        description="`true`: a browser shows it, where the type is safe to show.",
        json_schema_extra=_as_boolean,
    )


def read_download(query: dict[str, str]) -> bool:
    """Whether the download is to be shown. Raises `InvalidBody`."""
    return validated(DownloadQuery.model_validate, query).inline == "true"


def read_query(query: Mapping[str, str], ids: Sequence[str]) -> ListQuery:
    """The list's query, of which ``ids`` are all those that it names. Raises `InvalidBody`."""
    return validated(ListQuery.model_validate, {**query, "id": ids} if ids else query)


def read_claims_query(query: dict[str, str]) -> ClaimsQuery:
    """The query of the list of claims. Raises `InvalidBody`."""
    return validated(ClaimsQuery.model_validate, query)
