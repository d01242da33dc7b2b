"""Media types by RFC 9110, section 8.3.1: what is accepted, how it is signed, and when two types are the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valetkey.core.model.media_types import MAX_TYPE, essence, is_range, media_type, same_type

TOKENS = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,10}", fullmatch=True)
QUOTED = st.from_regex(r'"([!#-\[\]-~]| (?! )|\\[!-~]){0,10}"', fullmatch=True).filter(
    lambda text: "${" not in text and not text.endswith(' "')
)
PARAMETERS = st.lists(st.tuples(TOKENS, TOKENS | QUOTED), max_size=4, unique_by=lambda pair: pair[0].lower())
BLANKS = st.sampled_from(["", " ", "\t", "  \t"])


@given(PARAMETERS, BLANKS, BLANKS)
def test_blanks_make_no_other_type(parameters: list[tuple[str, str]], before: str, after: str) -> None:
    """However they stand about semicolons: the same type, signed as it is from then on, without a blank too many."""
    said = "text/x-some" + "".join(f"{before};{after}{name}={value}" for name, value in parameters)
    signed = media_type(said + before)
    assert same_type(said, signed)
    assert media_type(signed) == signed
    assert re.sub(r"\s", "", signed) == re.sub(r"\s", "", said)
    assert essence(signed) == "text/x-some"


@given(st.text(alphabet="a/;=,\" \t\r\n\x00\\'$*{é", max_size=30) | st.text(max_size=30))
def test_what_is_taken_is_safe_in_a_header(said: str) -> None:
    """Printable ASCII, nothing that S3's signature, a form or a header would change, and one type for a browser."""
    try:
        signed = media_type(said)
    except ValueError:
        return
    assert signed.isascii()
    assert signed.isprintable()
    assert signed == " ".join(signed.split())
    assert "${" not in signed
    assert "," not in re.sub(r'"(\\.|[^"\\])*"', "", signed)
    assert len(signed) <= MAX_TYPE


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("text/plain; charset=utf-8", "text/plain;charset=utf-8", True),
        ("text/plain; charset=utf-8", 'text/plain; charset="utf-8"', True),
        ("text/plain; a=1; b=2", "text/plain;b=2;A=1", True),
        ('text/plain; a="x\\y"', "text/plain; a=xy", True),
        ("text/plain", "text/plain;", True),
        ("text/plain; charset=utf-8", "text/plain", True),
        ("text/plain; charset=UTF-8", "text/plain; charset=utf-8", True),
        ("text/plain; format=flowed; charset=utf-8", "text/plain; format=flowed", True),
        ("text/plain; format=flowed", "text/plain", False),
        ("text/plain; charset=utf-8", "text/plain; charset=latin1", False),
        ("image/png", "image/PNG", True),
        ("image/png", "image/gif", False),
        ("image/png", "image/png;,text/html", False),
        ("image/png", "", False),
        ("", "", True),
        ("no type", "no type", True),
    ],
)
def test_the_same_type(one: str, other: str, *, same: bool) -> None:
    """By value where a store or a proxy writes blanks, quotes, order and case in its own way, or adds a charset."""
    assert (same_type(one, other), same_type(other, one)) == (same, same)


@pytest.mark.parametrize("text", ["image/png", "image/*", "*/*", "IMAGE/*", "application/vnd.api+json"])
def test_what_a_profile_may_name(text: str) -> None:
    """A type, or all of a kind, or all."""
    assert is_range(text)


@pytest.mark.parametrize(
    "text", ["*/png", "*", "image", "image/", "/*", "image/*; q=1", "image/*,text/html", "image/**", ""]
)
def test_what_a_profile_may_not_name(text: str) -> None:
    """What would match nothing, or what nobody can tell the meaning of."""
    assert not is_range(text)
