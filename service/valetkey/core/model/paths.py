"""A file's path below the folder that its user chose, which never leads out of that folder.

Like the file's name it is data, kept for the application, and not used in keys.
"""

import re
import unicodedata

from valetkey.core.errors import InvalidRequest

MAX_PATH = 4096
"""The longest path, in characters: Linux's limit."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DRIVE = re.compile(r"[A-Za-z]:(?:/|\Z)")
_LIKE_A_DRIVE = re.compile(r"\A([A-Za-z]):")


def folder_path(text: str) -> str:
    """``text`` as it is stored: with "/" as separator, in Unicode form NFC, and with U+FFFD for each control character
    and for a colon that Windows would take for a drive's (macOS stores a name shown as "Q/A" as "Q:A").

    Raises `InvalidRequest` for a path that could lead an application out of its own folder: an absolute one, one with a
    drive, and one with an empty name or a name of dots and spaces only, as Windows drops those at the end of a name.

    >>> folder_path("trip\\\\day 1/a.txt")
    'trip/day 1/a.txt'
    """
    kept = unicodedata.normalize("NFC", _CONTROL.sub("\ufffd", text)).replace("\\", "/")
    if _DRIVE.match(kept) or not all(name.strip(". ") for name in kept.split("/")):
        raise InvalidRequest(
            "A path lies below the chosen folder, such as 'trip/day 1/a.txt', without '..' or a leading '/'.",
            "/path",
        )
    kept = _LIKE_A_DRIVE.sub("\\1\ufffd", kept)
    if len(kept) > MAX_PATH:
        raise InvalidRequest(f"A path has at most {MAX_PATH} characters.", "/path")
    return kept
