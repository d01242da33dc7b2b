"""Parsing of JSON bodies, so strict that no other parser reads one differently (RFC 8259, RFC 7493).

A body that parsers could read differently is refused: one with a duplicate member (some parsers take the first, ours
the last, so a proxy could allow one owner and we serve another) or with NaN. Lone surrogates are replaced, as browsers
send them unintentionally, for a name that was cut within an emoji.
"""

import json
import re
from functools import cache
from math import nan
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from valetkey.api.problems import MalformedJSON, unreadable

Model = TypeVar("Model", bound=BaseModel)

_BOM = b"\xef\xbb\xbf"
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)


def read(model: type[Model], body: bytes) -> Model:
    """Parses ``body`` as ``model``, with U+FFFD for lone surrogates. Raises `InvalidBody` or `MalformedJSON`."""
    try:
        return read_raising(model, body)
    except ValidationError as error:
        raise unreadable(error) from error


def read_raising(model: type[Model], body: bytes) -> Model:
    """Like `read`, but raises pydantic's own error for JSON that does not match the model."""
    try:
        found = model.model_validate_json(body)
    except ValidationError as error:
        mended = _mended(body) if _is_no_json(error) else body
        if mended == body:
            raise
        body = mended
        found = model.model_validate_json(body)
    if not _is_plain(body, found):
        _require_one_meaning(body)
    return found


def _is_no_json(error: ValidationError) -> bool:
    return error.error_count() == 1 and error.errors(include_input=False)[0]["type"] == "json_invalid"


def _mended(body: bytes) -> bytes:
    """``body`` without a byte order mark, which parsers may ignore, and with U+FFFD for lone surrogates."""
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], body.removeprefix(_BOM))


def _is_plain(body: bytes, found: BaseModel) -> bool:
    """Whether no name can be a duplicate: recognizes most bodies at a tenth of the cost.

    Each member has one quote before its colon. Strings may contain more of those; there are never fewer.
    """
    return body.count(b'":') == _members(found) and not _SPACED.search(body)


_TEXT = frozenset({str})


def _members(found: BaseModel) -> float:
    """The minimum number of members in the JSON of ``found``; NaN if it contains anything but models and mappings of
    strings."""
    values, given = found.__dict__, found.model_fields_set
    count: float = len(given)
    for name in _nesting(type(found)) & given:
        value = values[name]
        if isinstance(value, list):
            count += sum(_members(one) if isinstance(one, BaseModel) else nan for one in value)
        elif isinstance(value, dict):
            count += len(value) if _TEXT.issuperset(map(type, value.values())) else nan
        elif isinstance(value, BaseModel):
            count += _members(value)
    return count


_SINGLE = frozenset({str, int, float, bool, NoneType})


@cache
def _nesting(model: type[BaseModel]) -> frozenset[str]:
    """The fields that may hold more than one value; checking the others as well doubled the time for a batch."""
    return frozenset(name for name, field in model.model_fields.items() if not _is_single(field.annotation))


def _is_single(kind: Any) -> bool:
    """Whether values of this type have no members."""
    if get_origin(kind) in {Union, UnionType}:
        return all(map(_is_single, get_args(kind)))
    if get_origin(kind) is Annotated:
        return _is_single(get_args(kind)[0])
    return kind in _SINGLE or get_origin(kind) is Literal


_SPACED = re.compile(rb'"[ \t\r\n]+:')
"""A member whose colon does not follow its quote."""


def _require_one_meaning(body: bytes) -> None:
    """Raises `MalformedJSON` for JSON that parsers read differently. Pydantic has parsed it before."""
    _DECODER.decode(body.decode())


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedJSON("The body is ambiguous: an object has the same name twice.")
    return members


def _no_number(text: str) -> NoReturn:
    raise MalformedJSON(f"The body is not JSON: {text} is not a number in JSON.")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)
