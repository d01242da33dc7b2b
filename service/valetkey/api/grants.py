"""Grants and parts in requests and responses."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, NotRequired

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from typing_extensions import TypeAliasType, TypedDict

from valetkey.api.json_reading import read
from valetkey.core.granting.grants import Grant, MultipartGrant, PartGrant, PostGrant
from valetkey.core.model.etags import plain_etag
from valetkey.core.model.multipart import MAX_PARTS, NamedPart, Part, Plan

MAX_SIGNED = 1_000
"""The most parts that one call signs."""


def whole(value: object) -> object:
    """``value`` as an int if it is a whole number: in JSON Schema, 3.0 is an integer, too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_NUMBER = r"^[1-9][0-9]{0,4}$"
_SHA256 = r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"
"""32 bytes in base64."""

Bytes = Annotated[int, Field(json_schema_extra={"format": "int64"})]
"""A number of bytes. Without the format ``int64``, generated clients would use 32 bits, too few for files above 2
GiB."""

Sha256 = Annotated[str, Field(pattern=_SHA256, max_length=44)]
Number = Annotated[int, Field(ge=1, le=MAX_PARTS), BeforeValidator(whole)]


class SignParts(BaseModel):
    """The parts to sign. Sign parts just before you send them: their URLs expire as grants do."""

    model_config = ConfigDict(extra="forbid", strict=True)

    numbers: list[Number] = Field(
        min_length=1, max_length=MAX_SIGNED, description="The numbers of the parts. Duplicates are ignored."
    )
    checksums: dict[str, Sha256] = Field(
        {},
        max_length=MAX_SIGNED,
        description="If the grant has a `part_checksum`: the checksum of each part in base64, by its number.",
        json_schema_extra={"propertyNames": {"pattern": _NUMBER}},
    )

    @field_validator("checksums")
    @classmethod
    def _have_numbers(cls, checksums: dict[str, str]) -> dict[str, str]:
        if not all(re.fullmatch(_NUMBER, number) for number in checksums):
            raise ValueError("its names must be part numbers")
        return checksums


class NamedPartIn(BaseModel):
    """A part that was sent. ``etag`` is the value of the store's response header, with or without quotes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: Number
    etag: str = Field(min_length=1, max_length=255)


class Complete(BaseModel):
    """The body of a completion, which may be empty. For a multipart upload, ``parts`` may list the parts that were
    sent: they are then compared with those that the store has."""

    model_config = ConfigDict(extra="forbid", strict=True)

    parts: list[NamedPartIn] | None = Field(None, max_length=MAX_PARTS)


class PostGrantBody(TypedDict):
    """A presigned POST: send ``fields`` unchanged, and after them the file as the field ``file_field``, the last
    one."""

    method: Literal["POST"]
    url: str
    fields: dict[str, str]
    file_field: Literal["file"]
    expires_at: datetime


class PutGrantBody(TypedDict):
    """A presigned PUT: send the file as the body, with exactly these headers. The status 412 means that the object
    already exists."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: datetime


class PartGrantBody(TypedDict):
    """A presigned PUT for one part: send its ``size`` bytes as the body, with exactly these headers."""

    number: int
    size: Bytes | None
    url: str
    headers: dict[str, str]
    expires_at: datetime


class MultipartGrantBody(TypedDict):
    """A multipart upload of ``part_count`` parts of ``part_size`` bytes each; the last part may be smaller.

    ``parts`` has URLs for the first parts; request the others just before you send them. If ``part_checksum`` is set,
    ``parts`` is empty: request each part with its checksum by this algorithm, which becomes one of its headers.
    """

    method: Literal["MULTIPART"]
    part_size: Bytes
    part_count: int
    parts: list[PartGrantBody]
    part_checksum: NotRequired[Literal["sha256"]]
    expires_at: datetime


GrantBody = TypeAliasType(
    "GrantBody", Annotated[PostGrantBody | PutGrantBody | MultipartGrantBody, Field(discriminator="method")]
)
"""One of the three kinds of grant, distinguished by ``method``. Generated clients need a name for the union."""


class SignedPartsBody(TypedDict):
    """The signed parts, in the order of the request."""

    parts: list[PartGrantBody]


class PartBody(TypedDict):
    """A part that the store has received. ``size`` is in bytes."""

    number: int
    size: Bytes
    etag: str


class PartsBody(TypedDict):
    """The parts that the store has received, ordered by number. ``part_count`` is the number of parts of the complete
    upload."""

    parts: list[PartBody]
    part_size: Bytes
    part_count: int


def read_sign_parts(body: bytes) -> tuple[list[int], dict[int, str]]:
    """The part numbers to sign, without duplicates, and checksums by number. Raises `InvalidBody` or
    `MalformedJSON`."""
    wanted = read(SignParts, body)
    return list(dict.fromkeys(wanted.numbers)), {int(number): value for number, value in wanted.checksums.items()}


def read_complete(body: bytes) -> list[NamedPart] | None:
    """The parts that a completion lists; None if it lists none. Raises `InvalidBody` or `MalformedJSON`."""
    parts = (read(Complete, body) if body else Complete()).parts
    return None if parts is None else [NamedPart(part.number, plain_etag(part.etag)) for part in parts]


def grant_body(grant: Grant) -> GrantBody:
    """``grant`` as a response body."""
    if isinstance(grant, PostGrant):
        return {
            "method": "POST",
            "url": grant.url,
            "fields": dict(grant.fields),
            "file_field": "file",
            "expires_at": grant.expires_at,
        }
    if isinstance(grant, MultipartGrant):
        body: MultipartGrantBody = {
            "method": "MULTIPART",
            "part_size": grant.plan.part_size,
            "part_count": grant.plan.part_count,
            "parts": part_grants(grant.parts),
            "expires_at": grant.expires_at,
        }
        return body if grant.part_checksum is None else {**body, "part_checksum": grant.part_checksum}
    return {"method": "PUT", "url": grant.url, "headers": dict(grant.headers), "expires_at": grant.expires_at}


def part_grants(parts: Sequence[PartGrant]) -> list[PartGrantBody]:
    """Signed parts as they are in a response body."""
    return [
        {
            "number": part.number,
            "size": part.size,
            "url": part.url,
            "headers": dict(part.headers),
            "expires_at": part.expires_at,
        }
        for part in parts
    ]


def parts_body(plan: Plan, parts: Sequence[Part]) -> PartsBody:
    """The store's parts as a response body."""
    listed: list[PartBody] = [{"number": part.number, "size": part.size, "etag": part.etag} for part in parts]
    return {"parts": listed, "part_size": plan.part_size, "part_count": plan.part_count}
