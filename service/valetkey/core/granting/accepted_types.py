"""The type that a file is granted as, where its client calls it by a name that the profile does not.

Systems have names of their own for one format, and types that say nothing: Windows calls a ZIP
``application/x-zip-compressed`` and a table of text Excel's, phones call a photo ``application/octet-stream``. A
profile names the registered type, or any other, and means the format. What is granted is called as the profile calls
it, so that its readers know no other name. Whatever is called so could have been called so by its client: no bytes get
in by it that did not before, and those who look at them compare them with the type that was granted.
"""

from collections.abc import Iterator, Sequence

from valetkey.core.content.look_alikes import may_be_said_of, registered_name
from valetkey.core.model.media_types import essence, matches
from valetkey.reference.file_types import known_type_of


def accepted_type(said: str, filename: str, allowed: Sequence[str]) -> str | None:
    """What a file that its client calls ``said`` is called by a profile that takes the types ``allowed``; with the
    parameters that were said. None where it is not welcome under any of its names.

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
    """What was said, the usual name of that, and what the file's name tells where systems are known to mistake it."""
    yield name
    yield registered_name(name)
    told = known_type_of(filename)
    if told is not None and may_be_said_of(name, told):
        yield told
