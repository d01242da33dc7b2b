"""Grants and parts, as they are sent and received."""

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
"""How many parts are signed in one call."""


def whole(value: object) -> object:
    """JSON has one kind of number: 3.0 is an integer, as JSON Schema says."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_NUMBER = r"^[1-9][0-9]{0,4}$"
_SHA256 = r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"
"""32 bytes in base64."""

Bytes = Annotated[int, Field(json_schema_extra={"format": "int64"})]
"""A number of bytes: of files above 2 GiB, 32 bits hold none, and generated clients have no more unless told."""

Sha256 = Annotated[str, Field(pattern=_SHA256, max_length=44)]
Number = Annotated[int, Field(ge=1, le=MAX_PARTS), BeforeValidator(whole)]


class SignParts(BaseModel):
    """Which parts to sign: best those that are about to be sent, as their URLs live as long as a grant."""

    model_config = ConfigDict(extra="forbid", strict=True)

    numbers: list[Number] = Field(min_length=1, max_length=MAX_SIGNED)
    checksums: dict[str, Sha256] = Field(
        {},
        max_length=MAX_SIGNED,
        description="where the grant has a `part_checksum`: that of each part in base64, by its number",
        json_schema_extra={"propertyNames": {"pattern": _NUMBER}},
    )

    @field_validator("checksums")
    @classmethod
    def _have_numbers(cls, checksums: dict[str, str]) -> dict[str, str]:
        if not all(re.fullmatch(_NUMBER, number) for number in checksums):
            raise ValueError("its names are numbers of parts")
        return checksums


class NamedPartIn(BaseModel):
    """A part that was sent: its ``etag`` as the store answered it, with quotes or without."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: Number
    etag: str = Field(min_length=1, max_length=255)


class Complete(BaseModel):
    """Nothing has to be said. For an upload in parts ``parts`` may name those that were sent, to have them compared."""

    model_config = ConfigDict(extra="forbid", strict=True)

    parts: list[NamedPartIn] | None = Field(None, max_length=MAX_PARTS)


class PostGrantBody(TypedDict):
    """A presigned POST: send the fields as they are, then the file as ``file_field``, the last one."""

    method: Literal["POST"]
    url: str
    fields: dict[str, str]
    file_field: Literal["file"]
    expires_at: datetime


class PutGrantBody(TypedDict):
    """A presigned PUT: send the file as the body, with exactly these headers. 412: it is there already."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: datetime


class PartGrantBody(TypedDict):
    """A presigned PUT of one part of ``size`` bytes, with exactly these headers."""

    number: int
    size: Bytes | None
    url: str
    headers: dict[str, str]
    expires_at: datetime


class MultipartGrantBody(TypedDict):
    """A file in ``part_count`` parts of ``part_size`` bytes, the last one smaller. ``parts`` are the first few of them:
    ask for others just before they are sent. With a ``part_checksum`` none of them is there: each part is asked for
    with its checksum by that algorithm, and its headers then have it."""

    method: Literal["MULTIPART"]
    part_size: Bytes
    part_count: int
    parts: list[PartGrantBody]
    part_checksum: NotRequired[Literal["sha256"]]
    expires_at: datetime


GrantBody = TypeAliasType(
    "GrantBody", Annotated[PostGrantBody | PutGrantBody | MultipartGrantBody, Field(discriminator="method")]
)
"""One of the three, told by its ``method``. It has a name of its own for the sake of generated clients."""


class SignedPartsBody(TypedDict):
    """The URLs that were asked for, in that order."""

    parts: list[PartGrantBody]


class PartBody(TypedDict):
    """A part that the store has."""

    number: int
    size: Bytes
    etag: str


class PartsBody(TypedDict):
    """What the store has, by number; ``part_count`` is how many there will be."""

    parts: list[PartBody]
    part_size: Bytes
    part_count: int


def read_sign_parts(body: bytes) -> tuple[list[int], dict[int, str]]:
    """Which parts to sign, each once, and their checksums. Raises `InvalidBody` or `MalformedJSON`."""
    asked = read(SignParts, body)
    return list(dict.fromkeys(asked.numbers)), {int(number): value for number, value in asked.checksums.items()}


def read_complete(body: bytes) -> list[NamedPart] | None:
    """The parts that a completion names; its body may be empty. Raises `InvalidBody` or `MalformedJSON`."""
    said = read(Complete, body) if body else Complete()
    return None if said.parts is None else [NamedPart(part.number, plain_etag(part.etag)) for part in said.parts]


def grant_body(grant: Grant) -> GrantBody:
    """``grant`` for the wire."""
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
    """Signed parts for the wire."""
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
    """What the store has, for the wire."""
    listed: list[PartBody] = [{"number": part.number, "size": part.size, "etag": part.etag} for part in parts]
    return {"parts": listed, "part_size": plan.part_size, "part_count": plan.part_count}
