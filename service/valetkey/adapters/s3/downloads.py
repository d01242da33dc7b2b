"""The name under which a browser saves what it downloads."""

from urllib.parse import quote

from valetkey.core.model.naming import safe_name

MAX_DISPOSITION = 6_000
"""Characters that a name may take in a download URL, percent-encoded twice: S3 takes about 8 KB of headers."""


def content_disposition(filename: str) -> str:
    """``attachment`` with the name as RFC 6266 wants it: an ASCII shadow, and the whole name percent-encoded.

    The shadow is the safe name, so nothing in it can end the header; percent-encoding does the same for the whole name.
    A name that is too long keeps its end, where the extension is.
    """
    kept = filename or "file"
    while len(quote(quote(kept, safe="", errors="replace"), safe="")) > MAX_DISPOSITION:
        kept = kept[len(kept) // 8 or 1 :]
    whole = quote(kept, safe="", errors="replace")
    return f"attachment; filename=\"{safe_name(filename)}\"; filename*=UTF-8''{whole}"
