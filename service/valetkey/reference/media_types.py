"""Media types of browsers and systems, in the form of RFC 9110, for both clients; the service decides.

Chromium calls the recording of a `MediaRecorder` "video/webm;codecs=vp8,opus": without quotes a comma begins another
type. The browser client has the same function in ``frontend/client/src/files/file-types.ts``.
"""

import re

_PARAMETER = re.compile(r'=[ \t]*("(?:[^"\\]|\\.)*"|[^;]*)')
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")
# a comma and a slash are two types
_QUOTABLE = re.compile(r'(?:[^"\\,]*|[^"\\/]*)')


def with_quotes(text: str) -> str:
    """``text`` with quotes around values that need them; unchanged if they would hide a second type.

    >>> with_quotes("video/webm;codecs=vp8,opus")
    'video/webm;codecs="vp8,opus"'
    >>> with_quotes("image/png;a=b,text/html")
    'image/png;a=b,text/html'
    """
    return _PARAMETER.sub(_quote, text)


def _quote(found: re.Match[str]) -> str:
    value = found[1].rstrip(" \t")
    if value.startswith('"') or _TOKEN.fullmatch(value) or not _QUOTABLE.fullmatch(value):
        return found[0]
    return f'="{value}"'
