"""ETags as one text, whoever says them: the store, a proxy in front of it, a client that read it there, or an event."""

import re

_MD5 = re.compile(r"[0-9A-Fa-f]{32}(?:-[0-9]+)?")


def plain_etag(text: str) -> str:
    """An ETag without its quotes, and without the mark of a weak one, which proxies add where they compress; an MD5 in
    small letters, which is how S3 writes it.

    >>> plain_etag('W/"5D41402ABC4B2A76B9719D911017C592-2"')
    '5d41402abc4b2a76b9719d911017c592-2'
    """
    plain = text.strip().removeprefix("W/").strip('"')
    return plain.lower() if _MD5.fullmatch(plain) else plain
