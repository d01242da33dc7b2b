"""The content type of a file by its name: the same for every client, whatever the system's own table says."""

import mimetypes

from valetkey.reference.extensions import TYPES

UNKNOWN = "application/octet-stream"


def type_of(filename: str) -> str:
    """The content type by the extension; `UNKNOWN` when there is none, or an unknown one.

    For a compressed file it is the type of the compression. The system's table is the fallback.
    """
    ending = _ending(filename)
    if (known := TYPES.get(ending.lower())) is not None or not ending:
        return known or UNKNOWN
    kind, encoding = mimetypes.guess_type(f"x.{ending}")
    return kind if kind and not encoding else UNKNOWN


def known_type_of(filename: str) -> str | None:
    """The same by the table alone, regardless of the system's; None if it has no entry."""
    return TYPES.get(_ending(filename).lower())


def _ending(filename: str) -> str:
    """The part after the last full stop of a name that does not begin with it; "" if there is none."""
    stem, _, ending = filename.replace("\\", "/").rpartition("/")[2].rpartition(".")
    return ending if stem else ""
