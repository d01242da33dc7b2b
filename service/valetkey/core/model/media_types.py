"""Media types (RFC 9110, section 8.3.1), parsed so strictly that no other program can read one differently.

A signed type is stored as it is and sent with every download. A browser splits a header at commas and uses the last
type that it understands, a line break starts another header, and a proxy drops spaces. So anything but exactly one type
is refused, and a signed type has no spaces that could be dropped. Nothing else is changed, not even the case.
"""

import re
from functools import lru_cache
from typing import NamedTuple

MAX_TYPE = 255
"""The longest type, in characters, as the ledger stores it."""

_CHARSET = "charset"

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# a range of types ("image/*") is not a type, and names have at most 127 characters (RFC 6838)
_NAME = r"[!#$%&'+.^_`|~0-9A-Za-z-]{1,127}"
# printable ASCII only, so no tab; S3's signature collapses two spaces in a row
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f-\U0010ffff]|\\[\x20-\x7e])*"'
_ESSENCE = re.compile(rf"{_NAME}/{_NAME}")
_RANGE = re.compile(rf"(?:\*/\*|{_NAME}/(?:\*|{_NAME}))")
_PARAMETER = re.compile(rf"(?P<blanks>[ \t]*);(?P<after>[ \t]*)(?:(?P<name>{_WORD})=(?P<value>{_WORD}|{_QUOTED}))?")


class _Parsed(NamedTuple):
    """``text`` is what is signed; ``value`` is its meaning, equal for two types that mean the same."""

    text: str
    value: tuple[str, frozenset[tuple[str, str]]]


def media_type(text: str) -> str:
    """``text`` as it is signed: without spaces at its end or before a semicolon, and without empty parameters.

    Raises `ValueError` with the reason if it is not exactly one type.

    >>> media_type("text/plain ; charset=utf-8; ")
    'text/plain; charset=utf-8'
    """
    return _parsed(text).text


def essence(text: str) -> str:
    """The type without its parameters, in lower case; for an invalid type, the part before a semicolon."""
    return text.partition(";")[0].strip(" \t").lower()


def same_type(one: str, other: str) -> bool:
    """Whether two types are the same, apart from what stores and proxies change.

    They rewrite spaces and quotes of parameters, or the case, and add a charset (nginx's ``charset``). That does no
    harm: the promoted object has the granted type. An invalid type is only the same as itself.
    """
    if one == other:
        return True
    try:
        (name, values), (other_name, others) = _parsed(one).value, _parsed(other).value
    except ValueError:
        return False
    return name.lower() == other_name.lower() and _same_parameters(dict(values), dict(others))


def _same_parameters(values: dict[str, str], others: dict[str, str]) -> bool:
    if values.keys() ^ others.keys() <= {_CHARSET}:
        return all(values[name].lower() == others[name].lower() for name in values.keys() & others.keys())
    return False


def is_range(text: str) -> bool:
    """Whether it is a type, all types of a kind ("image/*"), or all types ("*/*"), without parameters."""
    return _RANGE.fullmatch(text) is not None


def matches(allowed: str, name: str) -> bool:
    """Whether ``name`` ("image/png", lower case) is covered by ``allowed`` ("image/*")."""
    allowed = allowed.lower()
    return allowed in {"*/*", name} or (allowed.endswith("/*") and name.startswith(allowed[:-1]))


@lru_cache(maxsize=1024)
def _parsed(text: str) -> _Parsed:
    trimmed = text.rstrip(" \t")
    if len(trimmed) > MAX_TYPE:
        raise ValueError(f"A content type has at most {MAX_TYPE} characters.")
    head = _ESSENCE.match(trimmed)
    if head is None:
        raise ValueError("A content type looks like 'image/png'.")
    kept, values, end = [head[0]], {}, head.end()
    while end < len(trimmed):
        found = _PARAMETER.match(trimmed, end)
        if found is None:
            raise ValueError("A content type is exactly one, such as 'text/plain; charset=utf-8'.")
        end = found.end()
        if name := found["name"]:
            value = _meaning(found["value"])
            if name.lower() in values:
                raise ValueError(f"The content type has the parameter {name} twice.")
            values[name.lower()] = value
            kept.append(f";{' ' if found['after'] else ''}{name}={found['value']}")
    return _Parsed("".join(kept), (head[0], frozenset(values.items())))


def _meaning(value: str) -> str:
    """A parameter's value without its quotes. Raises `ValueError` if another program would read it differently."""
    if not value.startswith('"'):
        return value
    if "  " in value:
        raise ValueError("A content type has no two spaces in a row: S3's signature collapses them.")
    if "${" in value:
        raise ValueError("A content type has no '${': S3 would insert the file's name there.")
    return re.sub(r"\\(.)", r"\1", value[1:-1])
