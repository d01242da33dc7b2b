"""Content types that stand for the same bytes: aliases of one format, formats with the same signature, and types that
systems wrongly give to files of another format."""

from valetkey.core.content.type_names import (
    ALIASES,
    BEYOND_SIGHT,
    FAMILIES,
    RAWS,
    ROOTS,
    STRICT_TEXTS,
    TEXTS,
    TEXTS_BY_NAME,
)

_ZIP = "application/zip"
_OLE = "application/x-ole-storage"
_OGG = "application/ogg"
_MATROSKA = "video/x-matroska"
_MP4 = "video/mp4"
_PDF = "application/pdf"
_RTF = "application/rtf"
_POSTSCRIPT = "application/postscript"
_TIFF = "image/tiff"
_RAW = "image/x-raw"
_HEIC = "image/heic"
_AVIF = "image/avif"
_GZIP = "application/gzip"
_MPEG = "video/mpeg"
_JPEG, _PNG, _GIF, _WEBP = "image/jpeg", "image/png", "image/gif", "image/webp"
_RAR, _7Z, _TAR = "application/vnd.rar", "application/x-7z-compressed", "application/x-tar"
_SVG = "image/svg+xml"

_FAMILY = {name: head for head, names in FAMILIES.items() for name in names}
_NAME = {name: head for head, names in ALIASES.items() for name in names}

_ZIPPED = (
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/vnd.sun.xml.",
)
_COMICS = ("application/vnd.comicbook", "application/x-cb")
_SUBTITLES = ("text/vnd.dvb.subtitle", "text/x-microdvd", "text/x-subviewer")  # VobSub's are pictures in MPEG
_PACKED = ("model/", _SVG, "application/x-msmetafile")  # formats with a second extension for what gzip made of them
_CONTAINERS = frozenset(
    {_ZIP, _OLE, _GZIP, "application/x-bzip2", "application/x-xz", "application/zstd", "application/x-riff"}
)
_FLAT = ("+xml", "-flat-xml")
_MARKED = (*_FLAT, "+json", "+yaml")
_MACRO_OFFICE = ".macroenabled.12"
_TABLES = ("application/vnd.ms-excel", *(name for name in FAMILIES[_OLE] if "excel" in name or "xls" in name))
_WORDS = ("application/msword", *(name for name in FAMILIES[_OLE] if "word" in name or "/doc" in name))
_OLD_OFFICE = (
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.ms-word",
    "application/vnd.visio",
    "application/vnd.ms-visio",
)
_ANYTHING = frozenset({"application/octet-stream", "binary/octet-stream", "application/x-binary", "application/binary"})
_SNIFFED = frozenset({"application/unknown", "unknown/unknown", "application/x-unknown-content-type"})
_ASCII = frozenset({_PDF, _RTF, _POSTSCRIPT})


def family(content_type: str) -> str:
    """The canonical name of all types whose files begin like those of ``content_type``."""
    name = content_type.lower()
    if known := _FAMILY.get(name):
        return known
    if name.endswith(("+zip", _MACRO_OFFICE)) or (name.startswith(_ZIPPED) and not name.endswith(_FLAT)):
        return _ZIP
    if name.endswith("+ogg"):
        return _OGG
    if name.endswith("+sqlite3"):
        return "application/vnd.sqlite3"
    if name.startswith(_OLD_OFFICE):
        return _OLE
    return name


def registered_name(content_type: str) -> str:
    """The canonical name of this format."""
    return _NAME.get(content_type, content_type)


def may_be_said_of(declared: str, told: str) -> bool:
    """Whether systems declare files with the extension of the ``told`` type as ``declared``, or as unknown."""
    if holds_anything(declared) or family(declared) == family(told):
        return True
    if declared == "application/x-compressed":  # WinRAR's and 7-Zip's, of all archives
        return family(told) in _CONTAINERS | {_RAR, _7Z, _TAR}
    if is_textual(told):
        return declared == "text/plain" or may_be_called("text/plain", declared)
    return may_be_called(told, declared)


def may_be_called(detected: str, declared: str) -> bool:
    """Whether systems declare files of the ``detected`` type as ``declared``, although that is another format.

    Office programs keep a file's extension when they save a newer or simpler format, Windows gives CSV files Excel's
    type, Illustrator's files are PDFs, and encrypted Office documents are stored in the old OLE container.
    """
    name, found = declared.lower(), family(detected)
    head = family(name)
    if found in {_ZIP, _OLE} and {head, found} == {_ZIP, _OLE}:
        return head == _OLE or name.startswith(_ZIPPED) or name.endswith(_MACRO_OFFICE)
    if found in {_RTF, "text/plain"} and name.startswith(_WORDS):
        return True
    if found == "text/plain" and name.startswith((*_TABLES, *TEXTS_BY_NAME)):
        return True
    if name.startswith(RAWS):
        return found in {_TIFF, _RAW} or detected == "image/x-canon-cr3"
    if name.startswith(_COMICS):
        return found in {_ZIP, _RAR, _7Z, _TAR}
    return bool({(head, found), (name, found)} & _MIXED) or (
        found == _GZIP and (name if head != _SVG else head).startswith(_PACKED)
    )


def may_be_misnamed(detected: str, declared: str) -> bool:
    """Whether programs save the ``detected`` type with the extension of ``declared``, and every viewer goes by the
    bytes: for profiles that allow all types.

    Browsers save images that a CDN converted under their old name, and so do phones and chat programs; pages name a
    browser's recordings as they like; videos are converted without being renamed.
    """
    head, found = family(declared), family(detected)
    if found in {_MP4, _MATROSKA}:
        return head == _OGG or head.startswith(("audio/", "video/"))
    return (head, found) == (_JPEG, _HEIC) or (found in {_WEBP, _AVIF} and head in {_JPEG, _PNG, _GIF, _WEBP})


_MIXED = frozenset(
    {
        (_POSTSCRIPT, _PDF),
        (_HEIC, _AVIF),
        ("font/ttf", "font/otf"),
        ("font/otf", "font/ttf"),
        ("font/sfnt", "font/ttf"),
        ("font/sfnt", "font/otf"),
        ("application/font-sfnt", "font/ttf"),
        ("application/font-sfnt", "font/otf"),
        ("font/collection", "font/ttf"),
        ("font/ttf", "font/collection"),
        ("application/x-compress", _GZIP),
        (_GZIP, _TAR),  # a browser or a proxy unpacked it
        (_MPEG, "video/mp2t"),
        (_MPEG, _MP4),
        ("audio/mpeg", _MP4),
        ("audio/aac", _MP4),
        ("audio/aac", "audio/mpeg"),
        ("audio/mpeg", "audio/aac"),
        ("audio/mpeg", "audio/wav"),  # frames of MP3 may lie in a WAV
        ("audio/amr", _MP4),
        (_MP4, "audio/amr"),
        ("audio/amr", "audio/silk"),  # messengers' voice messages
        ("audio/silk", "audio/amr"),
        (_MATROSKA, _OGG),
        ("application/x-netcdf", "application/x-hdf5"),
        ("application/netcdf", "application/x-hdf5"),
        ("image/x-icon", _GIF),  # favicons
        ("image/x-icon", _JPEG),
        ("image/x-icon", _PNG),
        ("image/x-icon", "image/bmp"),
        ("application/x-msmetafile", "image/emf"),
        ("application/x-msdownload", _OLE),  # an installer
        *((name, _MPEG) for name in _SUBTITLES),
        *((name, found) for name in _WORDS for found in ("application/vnd.wordperfect", "application/mswrite")),
    }
)
"""Pairs of a declared type and the type that is nevertheless found."""


def may_be_a_key(content_type: str) -> bool:
    """Whether private keys in DER share its extension: ``.key`` is also Keynote's."""
    return "keynote" in content_type


def roots_by_name(content_type: str) -> frozenset[str]:
    """The root elements, in lower case, of XML files that share the extension of this type, which is not XML."""
    return ROOTS.get(family(content_type), frozenset()) if content_type.startswith(TEXTS_BY_NAME) else frozenset()


def is_container(content_type: str) -> bool:
    """Whether it is a container of many formats, most of which have no signature of their own."""
    return family(content_type) in _CONTAINERS


def is_table(content_type: str) -> bool:
    """Whether it is Excel's type, or one of its aliases."""
    return content_type.startswith(_TABLES)


def is_document(content_type: str) -> bool:
    """Whether it is the type of Word documents from before 2007."""
    return content_type.startswith(_WORDS)


def shown_as(content_type: str) -> str:
    """The name shown for a detected type: its family's, as the first bytes rarely tell the members of one apart."""
    return content_type if family(content_type) == _MP4 else family(content_type)


def holds_anything(content_type: str) -> bool:
    """Whether the type says nothing about the bytes."""
    return content_type in _ANYTHING


def is_sniffed(content_type: str) -> bool:
    """Whether browsers look at the bytes in place of the type, and run those of a page (WHATWG's MIME Sniffing, 7)."""
    return content_type in _SNIFFED


def is_beyond_sight(content_type: str) -> bool:
    """Whether its signature, if any, comes after the first bytes: that of a disk image is at 32 KiB or at its end."""
    return content_type.startswith(BEYOND_SIGHT)


def is_media(content_type: str) -> bool:
    """Whether it is an image, audio or video."""
    return content_type.startswith(("image/", "audio/", "video/")) or content_type == _OGG


def is_textual(content_type: str) -> bool:
    """Whether its files are text."""
    head = family(content_type)
    if head in _ASCII or (head != content_type and head not in TEXTS | {"text/javascript"}):
        return False
    return content_type.startswith("text/") or content_type in TEXTS or content_type.endswith(_MARKED)


def may_be_ascii(content_type: str) -> bool:
    """Whether it has a signature although its files may consist of printable characters only."""
    return family(content_type) in _ASCII


def takes_any_text(content_type: str) -> bool:
    """Whether text of any kind can be of this type: a page can be source code, but not a table or JSON."""
    return content_type not in STRICT_TEXTS and not content_type.endswith(("+json", "xml"))
