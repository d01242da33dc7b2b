"""The content type that a file's name tells: by one table for every client, whatever the system beside it knows."""

import mimetypes

from valetkey.extensions import TYPES

UNKNOWN = "application/octet-stream"


def type_of(filename: str) -> str:
    """The content type by the name's ending; `UNKNOWN` where it has none, or one that nobody knows.

    A compressed file is what it is compressed as. What the table has not is looked for in the system's.
    """
    stem, dot, ending = filename.replace("\\", "/").rpartition("/")[2].rpartition(".")
    if not dot or not stem:
        return UNKNOWN
    known = TYPES.get(ending.lower())
    if known is not None:
        return known
    kind, encoding = mimetypes.guess_type(f"x.{ending}")
    return kind if kind and not encoding else UNKNOWN
