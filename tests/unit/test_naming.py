"""Keys from hostile names: whatever a client calls its file, the key is ours."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.world import NOW

from valetkey.core.errors import ConfigurationError
from valetkey.core.naming import MAX_NAME, KeyTemplate, safe_name

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


@given(HOSTILE)
def test_a_file_name_cannot_reach_another_uploads_key(filename: str) -> None:
    """Two uploads never share a key, whatever they are called, nor do two pins of one."""
    template = KeyTemplate("{filename}/{id}{ext}")
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
        ("{id!r}", "takes no format"),
        ("{id:>99999999}", "takes no format"),
        ("{id:{filename}}", "takes no format"),
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
    ],
)
def test_templates_that_are_refused(text: str, complaint: str) -> None:
    """At start, with a sentence that says what is wrong; not when the first upload comes."""
    with pytest.raises(ConfigurationError, match=re.escape(complaint)):
        KeyTemplate(text)


def test_a_template_says_what_it_uses() -> None:
    """The names of its placeholders, each once."""
    assert KeyTemplate("{year}/{id}/{id}{ext}").names == {"year", "id", "ext"}
