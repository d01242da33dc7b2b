"""What the API answers, and what an upload is asked for with: `tests/integration/test_client_models.py` compares all of
it with the OpenAPI document, in both directions.

A newer service may say more than is here: names that are not known are left out, and a value that is none of those
named in a `Literal` is kept as the text that it is. An older one, and a webhook that it wrote, may say less: what the
API has had only later has a default.
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
    """Why an upload was rejected, or removed as nobody claimed it, or stays `stored`."""

    code: str
    detail: str


class Claim(_ResponseModel):
    """What the application has taken an upload for."""

    reference: str
    claimed_at: datetime


class Upload(_ResponseModel):
    """One upload, as the service described it."""

    id: str
    """What a form sends, and what the application keeps."""
    state: State
    """Where it stands."""
    profile: str
    """The name of its profile."""
    owner: str
    """On whose behalf it was created."""
    filename: str
    """What its client calls the file: show it, and open no path by it."""
    content_type: str
    """The one that was granted."""
    size: int | None
    """In bytes; None until it is confirmed where nobody declared it."""
    checksum: Checksum | None
    """The declared one."""
    checksum_verified: bool | None
    """Whether the store has shown it; None where none was declared."""
    metadata: dict[str, str]
    """What its client wants remembered."""
    object: StoredObject | None
    """Its object; None before its bytes have arrived. It is proven once the upload is confirmed."""
    reason: Reason | None
    """Why it was rejected, or removed as nobody claimed it."""
    detected_type: str | None
    """What its bytes look like, where the profile has that found out."""
    confirmed_by: Signal | None
    """The signal that led to the confirmation."""
    created_at: datetime
    """When it was created."""
    expires_at: datetime
    """When the last grant given for it dies."""
    confirmed_at: datetime | None
    """When it was confirmed."""
    claim: Claim | None
    """What the application has taken it for; None where it has not."""
    path: str | None = None
    """Where it was in the folder that its user chose; None where it came in none."""


def is_unknown(upload: Upload, references: Collection[str]) -> bool:
    """Whether it is claimed under none of these."""
    return upload.claim is not None and upload.claim.reference not in references


class PostGrant(_ResponseModel):
    """A presigned POST: send ``fields`` as they are, then the file as ``file_field``, the last one."""

    method: Literal["POST"]
    url: str
    fields: dict[str, str]
    file_field: Literal["file"]
    expires_at: datetime


class PutGrant(_ResponseModel):
    """A presigned PUT: send the file as the body, with exactly these headers. 412: it is there already."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: datetime


class PartGrant(_ResponseModel):
    """A presigned PUT of one part of ``size`` bytes, with exactly these headers."""

    number: int
    size: int | None
    url: str
    headers: dict[str, str]
    expires_at: datetime


class MultipartGrant(_ResponseModel):
    """A file in ``part_count`` parts of ``part_size`` bytes, the last one smaller; ``parts`` are the first few."""

    method: Literal["MULTIPART"]
    part_size: int
    part_count: int
    parts: list[PartGrant]
    part_checksum: Literal["sha256"] | None = None
    """The checksum that each part needs, where the store wants one."""
    expires_at: datetime


class Granted(_ResponseModel):
    """An upload with what its client needs; ``grant`` is None when its bytes have arrived already."""

    upload: Upload
    grant: Annotated[PostGrant | PutGrant | MultipartGrant, Field(discriminator="method")] | None
    ticket: str
    """It lets its holder send, read and abort this one upload."""


class Page(_ResponseModel):
    """One page of a list; ``next_cursor`` is None on the last."""

    uploads: list[Upload]
    next_cursor: str | None


class Listed(Page):
    """One page, or the uploads that were named."""

    not_found: list[str] = []
    """Those of the named ones that are not there."""


class Several(_ResponseModel):
    """Several uploads, each once, in the order in which they were named."""

    uploads: list[Upload]


class Ticket(_ResponseModel):
    """The right to create uploads of one profile, for a page. As text (``str``) it is the ticket alone."""

    ticket: str
    expires_at: datetime

    def __str__(self) -> str:
        return self.ticket


class Download(_ResponseModel):
    """Where the confirmed bytes are for a while; no credential is needed there."""

    url: str
    expires_at: datetime


class Profile(_ResponseModel):
    """What may be uploaded under one profile. Sizes are in bytes, both ends allowed."""

    name: str
    min_size: int
    max_size: int
    content_types: list[str]
    """With ``image/*`` and ``*/*`` among them, perhaps."""
    checksum: Annotated[Literal["optional", "required"], OR_TEXT]
    metadata: list[str] | None
    """The keys that are allowed; None: any."""


class Profiles(_ResponseModel):
    """Those that a credential may use."""

    profiles: list[Profile]


class KeptObject(_ResponseModel):
    """An object of which the store keeps something, and why."""

    key: str
    reason: str


class Erasure(_ResponseModel):
    """The erasure of an owner, whom it never names."""

    id: str
    state: ErasureState
    """`incomplete`: it is over, and the store keeps something."""
    requested_at: datetime
    """When it was asked for last: what was created later stays."""
    finished_at: datetime | None
    uploads: int
    """How many were erased so far."""
    objects: int
    """How many confirmed objects went with them."""
    remaining: int
    """How many uploads the store keeps something of."""
    kept: list[KeptObject]
    """The first 100 of those objects."""
    newer: int
    """How many uploads of the owner were created after it was asked for."""
    detail: str | None
    """What it waits for; None where it does not."""


class WebhookEvent(_ResponseModel):
    """What a webhook says: how an upload ended, or the erasure of an owner."""

    id: str
    """The same for this end however often it is sent: handle it once."""
    type: EventType
    timestamp: datetime
    """When the end was reached."""
    upload: Upload | None = None
    """As it was then; `get` says how it is now. None for `owner.erased`, and for `ping`, which tries the receiver."""
    erasure: Erasure | None = None
    """What came of it; None for all but `owner.erased`."""


class DeclaredChecksum(TypedDict):
    """The checksum of the whole file; ``value`` is in base64."""

    algorithm: Literal["crc32", "crc32c", "crc64nvme", "sha1", "sha256"]
    value: str


class NamedPart(TypedDict):
    """A part that was sent: its ``etag`` as the store answered it, with quotes or without."""

    number: int
    etag: str


class NewUpload(TypedDict):
    """What an upload is asked for with."""

    filename: str
    """Any name; it never becomes a key."""
    content_type: str
    size: int
    """In bytes; exactly these many may be sent."""
    profile: NotRequired[str]
    """`default` unless you say so, or that of the ticket."""
    owner: NotRequired[str | None]
    """On whose behalf; the API key's own unless you say so."""
    metadata: NotRequired[dict[str, str]]
    checksum: NotRequired[DeclaredChecksum | None]
    method: NotRequired[Literal["auto", "post", "put", "multipart"]]
    """How the bytes travel to S3."""
    redirect: NotRequired[bool]
    """Whether S3 sends the browser back to the service."""
    path: NotRequired[str | None]
    """Where it was in the folder that was chosen: it never becomes a key."""
    signed_parts: NotRequired[int]
    """How many parts the grant has URLs of, up to 1000; 10 unless you say so."""


def read(model: type[Model], body: object) -> Model:
    """``body`` as a ``model``. Raises `ClientError`."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)
        where = ".".join(str(part) for part in first["loc"])
        detail = f"The response is not what this version of the client knows: {where}: {first['msg']}."
        raise ClientError("unexpected_response", detail) from error
