"""Paths of files in folders: normalized, and never leading out of an application's own folder."""

import ntpath
import posixpath
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valetkey.core.errors import InvalidRequest
from valetkey.core.model.paths import MAX_PATH, folder_path

PIECES = st.sampled_from(
    ["a", "Ü", "..", ".", "/", "\\", " ", "C:", "\x00", "\u202e", "\u2028", "e\u0301", "~", "\uff0f"]
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.txt", "a.txt"),
        ("trip/day 1/..a..", "trip/day 1/..a.."),
        ("trip\\day\\a.txt", "trip/day/a.txt"),
        ("e\u0301tude/\u00e9", "\u00e9tude/\u00e9"),
        ("folder/Icon\r", "folder/Icon\ufffd"),
        ("a/.\x00./b", "a/.\ufffd./b"),
        ("a\u2028b\x7f\x9f", "a\ufffdb\ufffd\ufffd"),
        ("~/.ssh/id", "~/.ssh/id"),
        ("Q:A/b.txt", "Q\ufffdA/b.txt"),  # what macOS shows as "Q/A" (filebrowser/filebrowser #5304)
        ("c:a", "c\ufffda"),
        ("B: drafts/I:O", "B\ufffd drafts/I:O"),
        ("12:30/a", "12:30/a"),
        ("x" * MAX_PATH, "x" * MAX_PATH),
    ],
)
def test_what_is_kept(given: str, kept: str) -> None:
    """One separator, one form of Unicode, and nothing that a terminal, a header or Windows would heed."""
    assert folder_path(given) == kept


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "/",
        "/etc/passwd",
        "\\\\server\\share",
        "..",
        "a/..",
        "../a",
        "a/../b",
        "a\\..\\b",
        "a/./b",
        "a//b",
        "a/",
        "a/.. /b",
        "a/.../b",
        "a/ /b",
        "C:\\a",
        "c:/a",
        "C:",
        "x" * (MAX_PATH + 1),
        "\ufb2c" * MAX_PATH,
    ],
)
def test_what_is_refused(bad: str) -> None:
    """Absolute, with a drive, out of the folder (also as Windows would read it), without a name, or too long; the last
    becomes too long by its form."""
    with pytest.raises(InvalidRequest) as caught:
        folder_path(bad)
    assert caught.value.pointer == "/path"


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_path_leads_out(text: str) -> None:
    """Joined to a folder by the rules of either system, what is kept lies below it; and cleaning it again changes
    nothing."""
    try:
        kept = folder_path(text)
    except InvalidRequest:
        return
    assert posixpath.normpath(posixpath.join("/srv/own", kept)).startswith("/srv/own/")
    assert ntpath.normpath(ntpath.join("D:\\own", kept)).startswith("D:\\own\\")
    assert not PurePosixPath(kept).is_absolute()
    assert not PureWindowsPath(kept).drive
    assert folder_path(kept) == kept
