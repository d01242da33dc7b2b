"""A canonical form of ETags, which stores, proxies, clients and events write differently."""

import re

_MD5 = re.compile(r"[0-9A-Fa-f]{32}(?:-[0-9]+)?")


def plain_etag(text: str) -> str:
    """An ETag without quotes and without the weak prefix, which compressing proxies add; an MD5 in lower case, as S3
    writes it.

    >>> plain_etag('W/"5D41402ABC4B2A76B9719D911017C592-2"')
    '5d41402abc4b2a76b9719d911017c592-2'
    """
    plain = text.strip().removeprefix("W/").strip('"')
    return plain.lower() if _MD5.fullmatch(plain) else plain
