"""The XML that our own calls send, and read in responses. XML that cannot be read raises `ValueError`."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

_IN_XML = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


class Element(NamedTuple):
    """One element of a response, without its namespace."""

    name: str
    text: str
    children: "tuple[Element, ...]"

    def find(self, name: str) -> str:
        """The text of the first child of that name, without spaces around it; empty if there is none."""
        return self.exact(name).strip()

    def exact(self, name: str) -> str:
        """The same with the spaces, which a key may have."""
        return next((child.text for child in self.children if child.name == name), "")

    def all(self, name: str) -> Iterator["Element"]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)


def parsed(body: bytes) -> Element:
    """The root element of a response. Raises `ValueError`."""
    if any(mark in body for mark in _DOCTYPES):  # its entities could expand a little into much, and S3 sends none
        raise ValueError("no XML of a store")
    try:
        return _element(ET.fromstring(body.strip()))  # noqa: S314 - the store's, as botocore parses it
    except ET.ParseError as error:
        raise ValueError("no XML") from error


def _element(found: ET.Element) -> Element:
    name = found.tag.rpartition("}")[2]
    return Element(name, found.text or "", tuple([_element(child) for child in found]))


def keys_to_delete(keys: Sequence[str]) -> bytes:
    """The body of DeleteObjects."""
    named = "".join([f"<Object><Key>{_escaped(key)}</Key></Object>" for key in keys])
    return f'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{named}</Delete>'.encode()


def can_be_named(key: str) -> bool:
    """Whether XML can contain ``key``."""
    return _IN_XML.fullmatch(key) is not None


def _escaped(key: str) -> str:
    return escape(key, {"\r": "&#xD;", "\n": "&#xA;"})
