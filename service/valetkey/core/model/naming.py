"""Safe object keys, made from clients' file names.

A client never chooses a key: its file name is data that is kept unchanged, and only a plain-ASCII version of it may
appear in a key.
"""

import re
import unicodedata
from base64 import b32encode
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from string import Formatter

from valetkey.core.errors import ConfigurationError

MAX_NAME = 100
"""The longest safe name, in characters: S3 keys have at most 1,024 bytes, names in file systems 255."""

MAX_KEY = 1024
"""S3's longest key, in bytes."""

RESERVED = ("staging/", "quarantine/")
"""The prefixes of unconfirmed bytes, which are cleaned up: no confirmed object may have such a key."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_PLACEHOLDERS = frozenset({"id", "filename", "ext", "owner", "profile", "year", "month", "day"})
_LITERAL = re.compile(r"[A-Za-z0-9!_.*'()/-]*")
_LONGEST = {"id": 48, "filename": MAX_NAME, "ext": 17, "owner": MAX_NAME, "profile": MAX_NAME, "year": 4}
"""The maximum length of a placeholder's value, in characters; 2 if not listed. An id may be followed by its pin."""

_MAY_BE_EMPTY = "{ext}"
_HASH_LENGTH = 16  # of 5 bits each: nobody finds a second owner for one of these


def safe_name(name: str) -> str:
    """``name`` reduced to `A-Za-z0-9._-` and at most 100 characters, with its extension; "file" if nothing is left.

    >>> safe_name("../../é\\r\\n.png")
    'e.png'
    """
    plain = name[-1024:]
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    base = _UNSAFE.sub("_", plain.replace("\\", "/").rpartition("/")[2])
    stem, dot, extension = base.rpartition(".")
    if not dot or not stem.strip("._-"):
        stem, extension = (base, "") if not dot else ("file", extension)
    stem = stem.strip("._-") or "file"
    extension = extension.strip("_-")[:16]
    return f"{stem[: MAX_NAME - 17]}.{extension}" if extension else stem[:MAX_NAME]


@lru_cache(maxsize=4096)
def safe_segment(name: str) -> str:
    """``name`` as one segment of a key: `A-Za-z0-9._-` only, at most 100 characters, unique for each name.

    A safe name stays unchanged. Any other gets a "!", which no safe name contains, and a hash of the name.

    >>> safe_segment("alice")
    'alice'
    >>> safe_segment("tenant-a/alice")
    'tenant-a_alice!kwl4h43jlo4rjw6m'
    """
    plain = unicodedata.normalize("NFKD", name[:1024]).encode("ascii", "ignore").decode()
    kept = re.sub(r"\.{2,}", ".", _UNSAFE.sub("_", plain)).strip("._-")
    if kept == name and 0 < len(name) <= MAX_NAME:
        return name
    digest = sha256(name.encode("utf-8", "surrogatepass")).digest()
    mark = b32encode(digest).decode().lower()[:_HASH_LENGTH]
    return f"{kept[: MAX_NAME - _HASH_LENGTH - 1]}!{mark}"


class KeyTemplate:
    """A profile's key template, checked once and rendered for each upload.

    Placeholders: ``{id} {filename} {ext} {owner} {profile} {year} {month} {day}``. ``{id}`` is required, as it makes
    keys unique. The template has to begin with literal characters that differ from the prefixes in `RESERVED`, and no
    key may have an empty segment or be longer than `MAX_KEY`. Different owners and profiles have different segments.
    Raises `ConfigurationError` for any other template, and for one that is not plain ASCII.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.names = self._parse(text)
        self.prefix = text.partition("{")[0]
        self.longest = sum(
            len(literal) + (_LONGEST.get(name, 2) if name else 0) for literal, name, _, _ in Formatter().parse(text)
        )
        pieces = [(literal, name) for literal, name, _, _ in Formatter().parse(text)]
        self._form = "".join([literal if name is None else f"{literal}%s" for literal, name in pieces])
        self._order = [name for _, name in pieces if name is not None]
        self._dated = not self.names.isdisjoint({"year", "month", "day"})
        for wrong, detail in self._dangers():
            if wrong:
                raise ConfigurationError(f"Key template {text!r}: {detail}")

    @staticmethod
    def _parse(text: str) -> frozenset[str]:
        try:
            pieces = list(Formatter().parse(text))
        except ValueError as error:
            raise ConfigurationError(f"Key template {text!r}: {error}.") from error
        names = {name for _, name, _, _ in pieces if name is not None}
        if unknown := names - _PLACEHOLDERS:
            raise ConfigurationError(f"Key template {text!r} has unknown placeholders: {sorted(unknown)}.")
        if any(spec or conversion for _, _, spec, conversion in pieces):
            raise ConfigurationError(f"Key template {text!r}: a placeholder has no format.")
        if "id" not in names:
            raise ConfigurationError(f"Key template {text!r} needs {{id}}: without it two uploads could share a key.")
        if not all(_LITERAL.fullmatch(literal) for literal, _, _, _ in pieces):
            raise ConfigurationError(f"Key template {text!r}: it has to be plain ASCII, without {{{{ and }}}}.")
        return frozenset(names)

    def _dangers(self) -> list[tuple[bool, str]]:
        """What could be wrong with its keys, with a sentence each."""
        segments = [segment.replace(_MAY_BE_EMPTY, "") for segment in self.text.split("/")]
        return [
            (".." in self.text, "no '..'."),
            (self.text.startswith("/"), "no leading '/'."),
            (
                not {"", ".", ".."}.isdisjoint(segments),
                "a part between two '/' needs more than dots and {ext}, which may be empty.",
            ),
            (not self.prefix, "it has to begin with plain characters, such as 'uploads/', not with a placeholder."),
            (
                any(one.startswith(self.prefix) or self.prefix.startswith(one) for one in RESERVED),
                f"a key could begin with {' or '.join(repr(one) for one in RESERVED)}: begin with other characters.",
            ),
            (self.longest > MAX_KEY, f"a key could have {self.longest} bytes, and S3 accepts at most {MAX_KEY}."),
        ]

    def render(self, *, unique: str, filename: str, owner: str, profile: str, at: datetime) -> str:
        """The key of one upload; ``unique`` is the value of ``{id}``."""
        names, values = self.names, {"id": unique}
        if "filename" in names or "ext" in names:
            values["filename"] = name = safe_name(filename)
            values["ext"] = name[name.rfind(".") :] if "." in name else ""
        if "owner" in names:
            values["owner"] = safe_segment(owner)
        if "profile" in names:
            values["profile"] = safe_segment(profile)
        if self._dated:
            values |= {"year": f"{at.year:04}", "month": f"{at.month:02}", "day": f"{at.day:02}"}
        return self._form % tuple([values[name] for name in self._order])
