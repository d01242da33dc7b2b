"""Where a file was in the folder that its user chose: its path below that folder, which never leads out of it.

Like a file's name it is data, kept for the application: no key is made of it.
"""

import re
import unicodedata

from valetkey.core.errors import InvalidRequest

MAX_PATH = 4096
"""The longest path, in characters: as long as Linux has one."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DRIVE = re.compile(r"[A-Za-z]:(?:/|\Z)")
_LIKE_A_DRIVE = re.compile(r"\A([A-Za-z]):")


def folder_path(text: str) -> str:
    """``text`` as it is kept: "/" between its names, in Unicode's form NFC, U+FFFD for each control character, and for
    a colon that Windows would take for a drive's: what macOS shows as "Q/A" is "Q:A" in a path.

    Raises `InvalidRequest` for a path that an application could follow out of a folder of its own: an absolute one, one
    with a drive, and one with an empty name or one of dots and blanks alone, as Windows drops those at a name's end.

    >>> folder_path("trip\\\\day 1/a.txt")
    'trip/day 1/a.txt'
    """
    kept = unicodedata.normalize("NFC", _CONTROL.sub("\ufffd", text)).replace("\\", "/")
    if _DRIVE.match(kept) or not all(name.strip(". ") for name in kept.split("/")):
        raise InvalidRequest(
            "A path is one below the chosen folder, such as 'trip/day 1/a.txt': without '..' and a '/' in front.",
            "/path",
        )
    kept = _LIKE_A_DRIVE.sub("\\1\ufffd", kept)
    if len(kept) > MAX_PATH:
        raise InvalidRequest(f"A path has at most {MAX_PATH} characters.", "/path")
    return kept
