"""What a browser does with a file that it gets: shows it or saves it, and under which name."""

from urllib.parse import quote

from valetkey.core.model.media_types import essence
from valetkey.core.model.naming import safe_name
from valetkey.core.model.rules import Disposition

MAX_DISPOSITION = 6_000
"""Characters that a name may take in a download URL, percent-encoded twice: S3 takes about 8 KB of headers."""

MAX_STORED_DISPOSITION = 1_000
"""The same of one that is kept with the object: S3 keeps 2 KB of such headers in all."""

SAFE_TO_SHOW = frozenset(
    {
        "application/pdf",
        "audio/aac",
        "audio/flac",
        "audio/m4a",
        "audio/mp3",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/opus",
        "audio/wav",
        "audio/wave",
        "audio/webm",
        "audio/x-aac",
        "audio/x-flac",
        "audio/x-m4a",
        "audio/x-wav",
        "image/apng",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/heic",
        "image/heif",
        "image/jpeg",
        "image/jxl",
        "image/png",
        "image/tiff",
        "image/vnd.microsoft.icon",
        "image/webp",
        "image/x-icon",
        "text/plain",
        "video/mp4",
        "video/mpeg",
        "video/ogg",
        "video/quicktime",
        "video/webm",
        "video/x-m4v",
        "video/x-matroska",
    }
)
"""Types of which a browser runs nothing as a page of the host that they come from. Each is named: anything that ends in
``+xml`` would be a document with scripts, whatever it begins with, and so are HTML, SVG, XML and JavaScript."""


def is_safe_to_show(content_type: str) -> bool:
    """Whether a browser may show what has this type; parameters change nothing about that."""
    return essence(content_type) in SAFE_TO_SHOW


def content_disposition(filename: str, disposition: Disposition = "attachment", longest: int = MAX_DISPOSITION) -> str:
    """``disposition`` with the name as RFC 6266 wants it: an ASCII shadow, and the whole name percent-encoded.

    The shadow is the safe name, so nothing in it can end the header; percent-encoding (RFC 8187) does the same for the
    whole name. A name that takes more than ``longest`` characters, percent-encoded twice, keeps its end, where the
    extension is.
    """
    kept = filename or "file"
    while len(quote(quote(kept, safe="", errors="replace"), safe="")) > longest:
        kept = kept[len(kept) // 8 or 1 :]
    whole = quote(kept, safe="", errors="replace")
    return f"{disposition}; filename=\"{safe_name(filename)}\"; filename*=UTF-8''{whole}"
