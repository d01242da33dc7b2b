"""The content type of a file by its name. The table is the same for every client, whatever the system knows."""

import mimetypes

from valetkey.reference.extensions import TYPES

UNKNOWN = "application/octet-stream"


def type_of(filename: str) -> str:
    """The content type by the extension; `UNKNOWN` when there is none, or an unknown one.

    For a compressed file it is the type of the compression. The system's table is the fallback.
    """
    stem, dot, ending = filename.replace("\\", "/").rpartition("/")[2].rpartition(".")
    if not dot or not stem:
        return UNKNOWN
    known = TYPES.get(ending.lower())
    if known is not None:
        return known
    kind, encoding = mimetypes.guess_type(f"x.{ending}")
    return kind if kind and not encoding else UNKNOWN
