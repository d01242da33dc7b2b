"""Maps the content type that a client declares to the name that its profile uses for the same format.

Systems have their own names for a format, or types that say nothing: Windows calls a ZIP file
``application/x-zip-compressed`` and gives CSV files Excel's type; phones send photos as ``application/octet-stream``.
A profile names one type and means the format. An upload is granted under the profile's name, so that readers see only
that one. This admits no new bytes: the client could have declared that name itself, and detection compares the bytes
with the granted type.
"""

from collections.abc import Iterator, Sequence

from valetkey.core.content.look_alikes import may_be_said_of, registered_name
from valetkey.core.model.media_types import essence, matches
from valetkey.reference.file_types import known_type_of


def accepted_type(said: str, filename: str, allowed: Sequence[str]) -> str | None:
    """The name among ``allowed`` for a file that its client declares as ``said``, with the declared parameters; None if
    no name of the format is allowed.

    >>> accepted_type("application/x-zip-compressed", "a.zip", ["application/zip"])
    'application/zip'
    """
    name = essence(said)
    for candidate in _candidates(name, filename):
        for one in allowed:
            if matches(one, candidate) or registered_name(one.lower()) == registered_name(candidate):
                welcome = candidate if matches(one, candidate) else one
                return welcome + said.strip(" \t")[len(name) :]
    return None


def _candidates(name: str, filename: str) -> Iterator[str]:
    """The declared type, its registered name, and the type by extension if systems are known to declare it wrongly."""
    yield name
    yield registered_name(name)
    told = known_type_of(filename)
    if told is not None and may_be_said_of(name, told):
        yield told
