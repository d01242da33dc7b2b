"""Rules for a profile's headers, tags and metadata, so that S3, browsers and proxies accept them unchanged."""

import re
from collections.abc import Iterator, Mapping

from valetkey.core.model.rules import Disposition

MAX_CACHE_CONTROL = 256
"""The longest Cache-Control, in characters: S3 stores 2 KB of such headers in all."""

MAX_TAGS, MAX_TAG_NAME, MAX_TAG_VALUE = 10, 128, 256
"""The maximum number of tags of an object, and of characters in a tag's name and value, by S3's user guide."""

MAX_METADATA = 2048
"""The maximum size of an object's metadata, names and values, in bytes, by S3's user guide."""

_OURS = "upload-id"
_OUR_METADATA = len(_OURS) + 36

_TEXT = re.compile(r"[!-~]+(?: [!-~]+)*")
"""Printable ASCII without two spaces in a row, which SigV4 collapses, and without spaces at the ends, which servers
drop."""

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""nginx drops headers with a full stop or an underscore in their names, and RustFS signs the latter differently
(reported): every copy would be refused."""

_TAG = re.compile(r"[\w +\-=.:/@]*")
"""Letters, digits, spaces and ``+ - = . _ : / @``: the characters that S3 allows in tags."""


def objection_to(
    cache_control: str | None,
    content_disposition: Disposition | None,
    tags: Mapping[str, str],
    metadata: Mapping[str, str],
) -> str | None:
    """A sentence on the first value that S3 would refuse or change; None if there is none."""
    if cache_control is not None and not (len(cache_control) <= MAX_CACHE_CONTROL and _TEXT.fullmatch(cache_control)):
        return f"cache_control is printable ASCII of at most {MAX_CACHE_CONTROL} characters, such as 'max-age=3600'."
    if content_disposition not in {None, "inline", "attachment"}:
        return "content_disposition is 'inline' or 'attachment'; the name is the upload's."
    return next(iter([*_about_tags(tags), *_about_metadata(metadata)]), None)


def _about_tags(tags: Mapping[str, str]) -> Iterator[str]:
    if len(tags) > MAX_TAGS:
        yield f"S3 accepts at most {MAX_TAGS} tags."
    for name, value in tags.items():
        if not 0 < len(name) <= MAX_TAG_NAME or len(value) > MAX_TAG_VALUE:
            yield f"the tag {name[:50]!r}: a name has 1 to {MAX_TAG_NAME} characters, a value at most {MAX_TAG_VALUE}."
        elif not all(_TAG.fullmatch(text) and text == text.strip() for text in (name, value)):
            yield f"the tag {name!r}: S3 accepts letters, digits, spaces (not at an end) and + - = . _ : / @."
        elif name.lower().startswith("aws:"):
            yield f"the tag {name!r}: names that begin with 'aws:' are reserved by Amazon."


def _about_metadata(metadata: Mapping[str, str]) -> Iterator[str]:
    for name, value in metadata.items():
        if not _NAME.fullmatch(name):
            yield f"object_metadata {name!r}: a name consists of lower-case letters and digits, with '-' between them."
        elif name == _OURS:
            yield f"object_metadata {name!r} is reserved by valetkey: it ties an object to its upload."
        elif not _TEXT.fullmatch(value):
            yield f"object_metadata {name!r}: a value is printable ASCII, without two spaces in a row or one at an end."
    if sum(len(name) + len(value) for name, value in metadata.items()) > MAX_METADATA - _OUR_METADATA:
        yield f"object_metadata has more than {MAX_METADATA - _OUR_METADATA} bytes; S3 keeps {MAX_METADATA} with ours."
