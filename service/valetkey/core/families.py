"""Content types that mean the same bytes: other names of one format, and formats that look alike from outside."""

from collections.abc import Mapping
from types import MappingProxyType

_ZIP = "application/zip"
_OLE = "application/x-ole-storage"
_OGG = "application/ogg"
_MATROSKA = "video/x-matroska"
_MP4 = "video/mp4"
_PROGRAM = "application/x-msdownload"

_FAMILIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "image/jpeg": frozenset({"image/jpg", "image/pjpeg", "image/jfif"}),
        "image/png": frozenset({"image/x-png", "image/apng", "image/vnd.mozilla.apng"}),
        "image/bmp": frozenset({"image/x-ms-bmp", "image/x-bmp", "image/x-windows-bmp"}),
        "image/x-icon": frozenset({"image/vnd.microsoft.icon", "image/ico", "image/icon"}),
        "image/tiff": frozenset({"image/tif", "image/x-tiff", "image/dng", "image/x-adobe-dng", "image/x-nikon-nef"}),
        "image/heic": frozenset({"image/heif", "image/heic-sequence", "image/heif-sequence"}),
        "image/avif": frozenset({"image/avif-sequence"}),
        "audio/mpeg": frozenset({"audio/mp3", "audio/x-mp3", "audio/mpeg3", "audio/x-mpeg-3", "audio/x-mpeg"}),
        "audio/wav": frozenset({"audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/x-pn-wav"}),
        "audio/flac": frozenset({"audio/x-flac"}),
        "audio/aac": frozenset({"audio/x-aac", "audio/aacp", "audio/x-hx-aac-adts"}),
        "audio/midi": frozenset({"audio/mid", "audio/x-midi", "application/x-midi"}),
        "audio/aiff": frozenset({"audio/x-aiff"}),
        _MP4: frozenset(
            {
                *("video/quicktime", "video/x-m4v", "video/3gpp", "video/3gpp2", "video/x-f4v", "application/mp4"),
                *("audio/mp4", "audio/m4a", "audio/x-m4a", "audio/3gpp", "audio/3gpp2", "audio/mp4a-latm"),
            }
        ),
        "video/x-msvideo": frozenset({"video/avi", "video/msvideo"}),
        _MATROSKA: frozenset({"video/webm", "audio/webm", "audio/x-matroska", "application/x-matroska"}),
        _OGG: frozenset({"audio/ogg", "video/ogg", "audio/opus", "audio/vorbis"}),
        "video/x-ms-asf": frozenset({"video/x-ms-wmv", "audio/x-ms-wma", "application/vnd.ms-asf"}),
        "application/pdf": frozenset({"application/x-pdf"}),
        "application/rtf": frozenset({"text/rtf", "application/x-rtf"}),
        "application/postscript": frozenset({"application/x-postscript", "application/illustrator"}),
        _ZIP: frozenset(
            {
                *("application/x-zip-compressed", "application/x-zip", "application/java-archive"),
                *("application/vnd.android.package-archive", "application/vnd.apple.pages"),
                *("application/vnd.apple.numbers", "application/vnd.apple.keynote", "application/vnd.google-earth.kmz"),
            }
        ),
        "application/gzip": frozenset({"application/x-gzip", "application/x-tgz", "application/x-compressed-tar"}),
        "application/x-bzip2": frozenset({"application/bzip2", "application/x-bzip"}),
        "application/vnd.rar": frozenset({"application/x-rar-compressed", "application/x-rar"}),
        "application/x-7z-compressed": frozenset({"application/x-7z"}),
        "application/x-tar": frozenset({"application/tar"}),
        _OLE: frozenset({"application/msword", "application/vnd.ms-outlook", "application/x-msi"}),
        _PROGRAM: frozenset({"application/x-dosexec", "application/vnd.microsoft.portable-executable"}),
        "application/xml": frozenset({"text/xml"}),
        "text/javascript": frozenset({"application/javascript", "application/x-javascript", "application/ecmascript"}),
    }
)
_FAMILY = {name: head for head, names in _FAMILIES.items() for name in names}

_ZIPPED = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")
_MACRO_OFFICE = ".macroenabled.12"
_OLD_OFFICE = (
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.ms-word",
    "application/vnd.visio",
)
_ANYTHING = frozenset({"application/octet-stream", "binary/octet-stream"})
_ASCII = frozenset({"application/pdf", "application/rtf", "application/postscript"})
_TEXTS = frozenset(
    {
        *("application/json", "application/xml", "application/javascript", "application/x-javascript"),
        *("application/ecmascript", "application/yaml", "application/x-yaml", "application/toml", "application/sql"),
        *(
            "application/x-ndjson",
            "application/jsonl",
            "application/x-sh",
            "application/x-httpd-php",
            "application/csv",
        ),
        *(
            "application/x-shellscript",
            "application/graphql",
            "application/x-subrip",
            "application/typescript",
            "application/x-latex",
        ),
    }
)
_STRICT_TEXTS = frozenset(
    {
        *("text/csv", "application/csv", "text/calendar", "text/vcard", "text/vtt", "text/tab-separated-values"),
        *("application/json", "application/x-ndjson", "application/jsonl"),
    }
)


def family(content_type: str) -> str:
    """The name that stands for all types whose files look like those of ``content_type`` from outside."""
    name = content_type.lower()
    if name.endswith(("+zip", _MACRO_OFFICE)) or (name.startswith(_ZIPPED) and not name.endswith("+xml")):
        return _ZIP
    if name.endswith("+ogg"):
        return _OGG
    if name.startswith(_OLD_OFFICE):
        return _OLE
    return _FAMILY.get(name, name)


def shown_as(content_type: str) -> str:
    """How a detected type is called: by its family, as most names in one cannot be told apart by their first bytes."""
    return content_type if family(content_type) == _MP4 else family(content_type)


def holds_anything(content_type: str) -> bool:
    """Whether the type says nothing of the bytes."""
    return content_type in _ANYTHING


def is_media(content_type: str) -> bool:
    """Whether it is a picture, a sound or a film."""
    return content_type.startswith(("image/", "audio/", "video/"))


def is_textual(content_type: str) -> bool:
    """Whether its files are texts."""
    if family(content_type) in _ASCII:
        return False
    return (
        content_type.startswith("text/") or content_type in _TEXTS or content_type.endswith(("+xml", "+json", "+yaml"))
    )


def may_be_ascii(content_type: str) -> bool:
    """Whether it has a signature, and its files may all the same be of printable characters only."""
    return family(content_type) in _ASCII


def takes_any_text(content_type: str) -> bool:
    """Whether a text of any kind can be one of these: a page can be source code, but no table and no JSON."""
    return content_type not in _STRICT_TEXTS and not content_type.endswith(("+json", "xml"))
