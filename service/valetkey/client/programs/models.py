"""Models of the API's requests and responses. `tests/integration/test_client_models.py` compares them with the OpenAPI
document, in both directions.

They accept responses of other versions of the service. Of a newer one, unknown fields are ignored, and unknown values
of a `Literal` are kept as text. Of an older one, and in its webhooks, fields may be missing: those that were added
later have defaults.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator
from typing_extensions import TypedDict

from valetkey.client.errors import ClientError

Model = TypeVar("Model", bound=BaseModel)


def _or_text(value: Any, known: Callable[[Any], Any]) -> Any:
    try:
        return known(value)
    except ValidationError:
        if isinstance(value, str):
            return value
        raise


OR_TEXT = WrapValidator(_or_text)

State = Annotated[
    Literal["pending", "stored", "confirmed", "rejected", "aborted", "expired", "deleted"],
    OR_TEXT,
]
Signal = Annotated[Literal["client", "redirect", "event", "sweep"], OR_TEXT]
EventType = Annotated[
    Literal[
        "upload.confirmed",
        "upload.rejected",
        "upload.aborted",
        "upload.expired",
        "upload.deleted",
        "upload.unclaimed",
        "owner.erased",
        "ping",
    ],
    OR_TEXT,
]
ErasureState = Annotated[Literal["running", "done", "incomplete"], OR_TEXT]


class _ResponseModel(BaseModel):
    model_config = ConfigDict(frozen=True)


class Checksum(_ResponseModel):
    """The checksum of a whole file; ``value`` is in base64."""

    algorithm: str
    value: str


class StoredObject(_ResponseModel):
    """An object in its bucket. ``etag`` has no quotes; ``size`` is in bytes."""

    bucket: str
    key: str
    etag: str
    version_id: str | None
    size: int
    content_type: str


class Reason(_ResponseModel):
    """Why an upload was rejected, was deleted automatically or erased, or stays `stored`."""

    code: str
    detail: str


class Claim(_ResponseModel):
    """The application's claim on an upload."""

    reference: str
    claimed_at: datetime


class Upload(_ResponseModel):
    """An upload, as it was when the service sent it."""

    id: str
    """The id that forms submit and applications store."""
    state: State
    """The state: see "How it works" in the documentation."""
    profile: str
    """The name of the profile."""
    owner: str
    """Whose upload it is."""
    filename: str
    """The file's name, as the client declared it: show it to people, but never use it as a path."""
    content_type: str
    """The content type that was granted."""
    size: int | None
    """The size in bytes; if it was not declared, None until the upload is confirmed."""
    checksum: Checksum | None
    """The checksum that was declared."""
    checksum_verified: bool | None
    """Whether the store returned this checksum; None if none was declared."""
    metadata: dict[str, str]
    """The metadata that the client declared."""
    object: StoredObject | None
    """The object; None until the bytes have arrived. It is verified once the upload is confirmed."""
    reason: Reason | None
    """Why it was rejected, was deleted automatically or erased, or stays `stored`."""
    detected_type: str | None
    """The type that the first bytes look like, if the profile has it detected."""
    confirmed_by: Signal | None
    """The signal that led to the confirmation."""
    created_at: datetime
    """When it was created."""
    expires_at: datetime
    """When its latest grant expires."""
    confirmed_at: datetime | None
    """When it was confirmed."""
    claim: Claim | None
    """The application's claim; None if there is none."""
    path: str | None = None
    """The path within the folder that the user chose; None if no folder was chosen."""


def has_unknown_claim(upload: Upload, references: Collection[str]) -> bool:
    """Whether ``upload`` is claimed under a reference that is not one of ``references``."""
    return upload.claim is not None and upload.claim.reference not in references


class PostGrant(_ResponseModel):
    """A presigned POST: send ``fields`` unchanged, and after them the file as the field ``file_field``, the last
    one."""

    method: Literal["POST"]
    url: str
    fields: dict[str, str]
    file_field: Literal["file"]
    expires_at: datetime


class PutGrant(_ResponseModel):
    """A presigned PUT: send the file as the body, with exactly these headers. The status 412 means that the object
    already exists."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: datetime


class PartGrant(_ResponseModel):
    """A presigned PUT for one part: send its ``size`` bytes as the body, with exactly these headers."""

    number: int
    size: int | None
    url: str
    headers: dict[str, str]
    expires_at: datetime


class MultipartGrant(_ResponseModel):
    """A multipart upload of ``part_count`` parts of ``part_size`` bytes each; the last part may be smaller. ``parts``
    has URLs for the first parts."""

    method: Literal["MULTIPART"]
    part_size: int
    part_count: int
    parts: list[PartGrant]
    part_checksum: Literal["sha256"] | None = None
    """The checksum that each part needs, if the store requires one."""
    expires_at: datetime


class Granted(_ResponseModel):
    """An upload with its grant and its ticket. ``grant`` is None if the bytes have already arrived."""

    upload: Upload
    grant: Annotated[PostGrant | PutGrant | MultipartGrant, Field(discriminator="method")] | None
    ticket: str
    """Allows its holder to send, read and abort this upload."""


class Page(_ResponseModel):
    """One page of a list. ``next_cursor`` is None on the last page."""

    uploads: list[Upload]
    next_cursor: str | None


class UploadList(Page):
    """One page of a list, or the uploads with the requested ids."""

    not_found: list[str] = []
    """The requested ids that do not exist."""
    unreadable: list[str] = []
    """The ids of uploads that only a newer version of the service can read."""


class UploadsResponse(_ResponseModel):
    """The uploads in the order of the request, without duplicates."""

    uploads: list[Upload]


class Ticket(_ResponseModel):
    """A ticket with which a page can create uploads of one profile. ``str`` of it is the ticket itself."""

    ticket: str
    expires_at: datetime

    def __str__(self) -> str:
        return self.ticket


class Download(_ResponseModel):
    """A URL from which the confirmed object can be downloaded without a credential until ``expires_at``."""

    url: str
    expires_at: datetime


class Profile(_ResponseModel):
    """What may be uploaded under a profile. Sizes are in bytes, and inclusive."""

    name: str
    min_size: int
    max_size: int
    content_types: list[str]
    """May contain wildcards such as ``image/*`` and ``*/*``."""
    checksum: Annotated[Literal["optional", "required"], OR_TEXT]
    metadata: list[str] | None
    """The allowed keys; None allows any key."""


class Profiles(_ResponseModel):
    """The profiles that a credential may use."""

    profiles: list[Profile]


class KeptObject(_ResponseModel):
    """An object that the store has not removed completely, and why."""

    key: str
    reason: str


class Erasure(_ResponseModel):
    """The erasure of an owner, whom it does not name."""

    id: str
    state: ErasureState
    """`incomplete` means that it has ended, but that the store has not removed everything."""
    requested_at: datetime
    """When it was last requested: uploads created later are not erased."""
    finished_at: datetime | None
    uploads: int
    """The number of uploads erased so far."""
    objects: int
    """The number of confirmed objects removed with them."""
    remaining: int
    """The number of uploads with objects that the store has not removed completely."""
    kept: list[KeptObject]
    """The first 100 of these objects."""
    newer: int
    """The number of uploads that the owner created after the request."""
    detail: str | None
    """What the job is waiting for; None if it is not waiting."""


class WebhookEvent(_ResponseModel):
    """The content of a webhook: the outcome of an upload, or of the erasure of an owner."""

    id: str
    """The id of the event. It is the same each time the webhook is sent: handle each id once."""
    type: EventType
    timestamp: datetime
    """When the event happened."""
    upload: Upload | None = None
    """The upload as it was then; `get` returns its current state. None for `owner.erased`, and for `ping`, with which
    `valetkey doctor` tests the receiver."""
    erasure: Erasure | None = None
    """The erasure; set for `owner.erased` only."""


class DeclaredChecksum(TypedDict):
    """The checksum of the whole file; ``value`` is in base64."""

    algorithm: Literal["crc32", "crc32c", "crc64nvme", "sha1", "sha256"]
    value: str


class NamedPart(TypedDict):
    """A part that was sent. ``etag`` is the value of the store's response header, with or without quotes."""

    number: int
    etag: str


class NewUpload(TypedDict):
    """The arguments of `Client.create`."""

    filename: str
    """Any name. It is never used as a key."""
    content_type: str
    """The type of the file, such as ``image/png``."""
    size: int
    """The size of the file in bytes. The grant allows exactly this size."""
    profile: NotRequired[str]
    """The profile. If omitted: `default`, or the profile of the ticket."""
    owner: NotRequired[str | None]
    """Whose upload it is. If omitted: the account of the API key."""
    metadata: NotRequired[dict[str, str]]
    """Your own data about the file, kept in the ledger."""
    checksum: NotRequired[DeclaredChecksum | None]
    """The checksum of the whole file. A store that supports checksums refuses any other bytes."""
    method: NotRequired[Literal["auto", "post", "put", "multipart"]]
    """How the client sends the file to S3. `auto`, the default, lets the service choose."""
    redirect: NotRequired[bool]
    """Whether S3 redirects the browser to the service after a form upload."""
    path: NotRequired[str | None]
    """The path of the file within the folder that the user chose. It is never used as a key."""
    signed_parts: NotRequired[int]
    """For a multipart upload, the number of parts that the grant contains URLs for: up to 1000, by default 10."""


def read(model: type[Model], body: object) -> Model:
    """``body`` as a ``model``. Raises `ClientError`."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)
        where = ".".join(str(part) for part in first["loc"])
        detail = f"The response does not match this version of the client: {where}: {first['msg']}."
        raise ClientError("unexpected_response", detail) from error
