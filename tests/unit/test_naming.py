"""Keys from hostile file names: the service chooses the key, whatever the name."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.memory_world import NOW

from valetkey.core.errors import ConfigurationError
from valetkey.core.model.naming import MAX_KEY, MAX_NAME, RESERVED, KeyTemplate, safe_name, safe_segment

SAFE = re.compile(r"[A-Za-z0-9._-]+")
SAFE_KEY = re.compile(r"[A-Za-z0-9!_.*'()/-]+")
HOSTILE = st.text() | st.text(alphabet="./\\ -_\u202e\u0000\r\n%$&{}aé", max_size=300)


@given(HOSTILE)
@example("../../é\r\n")
@example("x" * 4096 + ".tar.gz")
@example("\u202egnp.exe")
@example("")
@example(".")
@example("..")
@example(".htaccess")
@example("a/..")
@example("....png")
@example("a..b.png")
@example("x" * 82 + ".yy.png")
@example("a." + "b" * 200)
@example("${filename}")
@example("{0.__class__}")
@example("C:\\fakepath\\x.png")
@example("\ud800.png")
def test_a_safe_name_is_safe(name: str) -> None:
    """Plain characters only, 1 to 100 of them, and never a name that hides or climbs."""
    safe = safe_name(name)
    assert SAFE.fullmatch(safe)
    assert len(safe) <= MAX_NAME
    assert not safe.startswith((".", "-"))  # so it is neither "." nor ".."


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../é\r\n.png", "e.png"),
        ("photo.JPG", "photo.JPG"),
        ("archive.tar.gz", "archive.tar.gz"),
        ("my photo (1).png", "my_photo_1.png"),
        ("C:\\fakepath\\x.png", "x.png"),
        ("/etc/passwd", "passwd"),
        ("مرحبا.pdf", "file.pdf"),
        ("ﬁle①.txt", "file1.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        (".env", "file.env"),
        ("", "file"),
        ("a/", "file"),
        ("name.", "name"),
        ("x" * 4096 + ".png", "x" * 83 + ".png"),
        ("x" * 4096, "x" * 100),
    ],
)
def test_names_people_have(name: str, safe: str) -> None:
    """What is readable stays readable, and the extension stays where there is one."""
    assert safe_name(name) == safe


@given(HOSTILE, HOSTILE, HOSTILE)
def test_a_rendered_key_is_safe(filename: str, owner: str, profile: str) -> None:
    """Every placeholder at once: plain ASCII without a way up, the id where the template has it."""
    template = KeyTemplate("a/{profile}/{owner}/{year}/{month}/{day}/{id}/{filename}{ext}")
    key = template.render(unique="unique", filename=filename, owner=owner, profile=profile, at=NOW)
    assert SAFE_KEY.fullmatch(key)
    assert {"", ".", ".."}.isdisjoint(key.split("/"))
    assert key.split("/")[3:7] == ["2026", "03", "01", "unique"]


OWNERS = [
    "alice",
    "Alice",
    "tenant-a/alice",
    "tenant-b/alice",
    "tenant-a_alice",
    "älice",
    "alice ",
    " alice",
    "a..b",
    "a.b",
]
OWNERS += ["", ".", "..", "é", "e", "\ufffd", "\u202e", "x" * 100, "x" * 101, "x" * 102, "staging", "alice!x", "-alice"]


def test_no_two_owners_share_a_segment() -> None:
    """What is safe stays as it is; where something was replaced, or cut off, a hash of the whole tells them apart."""
    rendered = {owner: safe_segment(owner) for owner in OWNERS}
    rendered |= {text: safe_segment(text) for text in rendered.values()}  # somebody who is called like a rendered one
    assert len(set(rendered.values())) == len(rendered)
    assert (rendered["alice"], rendered["Alice"], rendered["x" * 100]) == ("alice", "Alice", "x" * 100)


@given(HOSTILE, HOSTILE)
def test_segments_are_injective_and_safe(one: str, other: str) -> None:
    """Of any two names; each is one segment of at most 100 plain characters that neither hides nor climbs."""
    assert (safe_segment(one) == safe_segment(other)) == (one == other)
    assert re.fullmatch(r"[A-Za-z0-9!][A-Za-z0-9._!-]{0,99}", safe_segment(one))


@given(HOSTILE, st.sampled_from(["staging", "quarantine", "staging/x", ".", "alice"]))
@pytest.mark.parametrize(
    "text", ["s/{owner}/{id}", "stagings/{ext}{id}", "a{owner}{profile}/{id}{ext}", "u/{id}/{ext}x"]
)
def test_no_key_reaches_what_is_cleaned_up(text: str, filename: str, owner: str) -> None:
    """Whatever an owner or a file is called, its key is not under `staging/` or `quarantine/`, and climbs nowhere."""
    key = KeyTemplate(text).render(unique="i", filename=filename, owner=owner, profile=owner, at=NOW)
    assert not key.startswith(RESERVED)
    assert {"", ".", ".."}.isdisjoint(key.split("/"))


def test_the_longest_key_fits() -> None:
    """The longest template that is taken, filled with the longest names there are, is within S3's 1,024 bytes."""
    text = "a/{owner}/{profile}/{year}/{month}/{day}/{id}" + "/{filename}" * 7
    long = "x" * 300 + "." + "y" * 300
    unique = "019a9b6e-1111-7222-8333-444455556666-999999"
    assert len(KeyTemplate(text).render(unique=unique, filename=long, owner=long, profile=long, at=NOW)) <= MAX_KEY


@given(HOSTILE)
def test_a_file_name_cannot_reach_another_uploads_key(filename: str) -> None:
    """Two uploads never share a key, whatever they are called, nor do two pins of one."""
    template = KeyTemplate("a/{filename}/{id}{ext}")
    keys = {
        template.render(unique=unique, filename=filename, owner="o", profile="p", at=NOW)
        for unique in ("one", "one-2", "two")
    }
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("uploads/{filename}", "needs {id}"),
        ("uploads", "needs {id}"),
        ("", "needs {id}"),
        ("uploads/{{id}}", "needs {id}"),
        ("{id}/{user}", "unknown placeholders"),
        ("{id}/{}", "unknown placeholders"),
        ("{id}/{0}", "unknown placeholders"),
        ("{id.__class__}/{id}", "unknown placeholders"),
        ("{id[0]}/{id}", "unknown placeholders"),
        ("{id!r}", "has no format"),
        ("{id:>99999999}", "has no format"),
        ("{id:{filename}}", "has no format"),
        ("{id", "expected '}'"),
        ("{id}}", "encountered"),
        ("staging/{id}", "staging"),
        ("/{id}", "leading '/'"),
        ("../{id}", "'..'"),
        ("a/../{id}", "'..'"),
        ("é/{id}", "ASCII"),
        ("a b/{id}", "ASCII"),
        ("{id}?x", "ASCII"),
        ("{id}\n", "ASCII"),
        ("a/{{b/{id}", "ASCII"),
        ("{owner}/{id}", "plain characters"),
        ("{id}/{filename}", "plain characters"),
        ("{ext}/{id}", "{ext}"),
        ("staging", "needs {id}"),
        ("stagin{ext}/{id}", "'staging/'"),
        ("staging{ext}/{id}", "'staging/'"),
        ("s{filename}/{id}", "'staging/'"),
        ("quarantine/{id}", "'quarantine/'"),
        ("quarantine{ext}/{id}", "'quarantine/'"),
        ("q{owner}/{id}", "'quarantine/'"),
        ("a//{id}", "between two '/'"),
        ("a/{ext}/{id}", "between two '/'"),
        ("a/.{ext}/{id}", "between two '/'"),
        ("a/./{id}", "between two '/'"),
        ("a/{id}/", "between two '/'"),
        ("a/{id}" + "/{filename}" * 10, "1024"),
    ],
)
def test_templates_that_are_refused(text: str, complaint: str) -> None:
    """At start, with a sentence that says what is wrong; not when the first upload comes."""
    with pytest.raises(ConfigurationError, match=re.escape(complaint)):
        KeyTemplate(text)


def test_a_template_says_what_it_uses() -> None:
    """The names of its placeholders, each once."""
    assert KeyTemplate("a/{year}/{id}/{id}{ext}").names == {"year", "id", "ext"}
