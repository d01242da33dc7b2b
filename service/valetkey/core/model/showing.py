"""Content-Disposition: whether a browser shows or saves a file, and under which name."""

from urllib.parse import quote

from valetkey.core.model.media_types import essence
from valetkey.core.model.naming import safe_name
from valetkey.core.model.rules import Disposition

MAX_DISPOSITION = 6_000
"""The longest name in a download URL, in characters after percent-encoding twice: S3 accepts about 8 KB of headers."""

MAX_STORED_DISPOSITION = 1_000
"""The same for a header that is stored with the object: S3 stores 2 KB of such headers in all."""

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
"""Types that a browser never runs as a page of the host they come from. They are listed one by one: any type that ends
in ``+xml`` is a document that may have scripts, and so are HTML, SVG, XML and JavaScript."""


def is_safe_to_show(content_type: str) -> bool:
    """Whether a browser may show files of this type; parameters do not matter."""
    return essence(content_type) in SAFE_TO_SHOW


def content_disposition(filename: str, disposition: Disposition = "attachment", longest: int = MAX_DISPOSITION) -> str:
    """``disposition`` with the name as RFC 6266 requires: an ASCII version, and the whole name percent-encoded.

    The ASCII version is the safe name, so nothing in it can end the header; percent-encoding (RFC 8187) ensures the
    same for the whole name. A name that takes more than ``longest`` characters after percent-encoding twice is cut at
    its beginning, which keeps the extension.
    """
    kept = filename or "file"
    while len(quote(quote(kept, safe="", errors="replace"), safe="")) > longest:
        kept = kept[len(kept) // 8 or 1 :]
    whole = quote(kept, safe="", errors="replace")
    return f"{disposition}; filename=\"{safe_name(filename)}\"; filename*=UTF-8''{whole}"
