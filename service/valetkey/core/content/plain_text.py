"""Text told from bytes, and the kinds of text that somebody's program would run."""

import re

POLYGLOT = "application/x-polyglot"
"""What is a picture to one program and another file to the next."""

ACTIVE = frozenset(
    {
        "text/html",
        "image/svg+xml",
        "text/x-php",
        "text/x-shellscript",
        "text/javascript",
        "application/x-msdownload",
        "application/x-executable",
        "application/x-shockwave-flash",
        POLYGLOT,
    }
)
"""What does something where it is opened: welcome only where it is what was declared."""

_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\b\x1b\x1a")  # the last one ends a text of DOS
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_PROLOG = re.compile(
    r"\s*(<\?(?!php|=)[a-z].*?\?>|<!--.*?-->|<!doctype\s+(?!\s|html|svg)[^<>\[]*(?:\[[^\]]*\]\s*)?>)",
    re.DOTALL | re.IGNORECASE,
)
_HTML = re.compile(
    r"\s*<(!doctype\s+html|html|head|body|script|iframe|table|div|title|style|img|a\s|h1|p>|meta)", re.IGNORECASE
)
_SVG = re.compile(r"\s*<(!doctype\s+svg|([a-z]+:)?svg[\s>/])", re.IGNORECASE)
_PDF = re.compile(rb"%PDF-[12]\.[0-9]")
# a member's header: its version, and a method that is stored or deflated
_ZIP_MEMBER = re.compile(rb"PK\x03\x04[\x00-\x3f]\x00.{2}[\x00\x08]\x00", re.DOTALL)
_XML = re.compile(r"\s*<(\?xml|!--|!doctype|[a-z_])", re.IGNORECASE)
_ROOT = re.compile(r"\s*<([a-z_][\w.:-]*)", re.IGNORECASE)
_CELL = re.compile(r"\s*<[\w /-]+>[;,\t|](?!.*<script)", re.IGNORECASE | re.DOTALL)  # a table's word for nothing
_OTHERS = ("<script", "http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg")


def is_text(first: bytes) -> bool:
    """Whether ``first`` could be the beginning of a text: without the control characters that no text has.

    UTF-16 is known by its byte order mark. Bytes above 127 may be any old character set's.
    """
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = _decoded(first)
        return "\ufffd" not in text[:-1] and not any(ord(char) in _CONTROLS for char in text)
    return not _CONTROLS.intersection(first)


def text_kind(first: bytes) -> str:
    """The kind of a text by how it begins: one of `ACTIVE`, application/xml, or text/plain for all the rest."""
    text = _decoded(first)
    if text.startswith("#!"):
        return "text/x-shellscript"
    if text.lstrip().lower().startswith(("<?php", "<?=")):
        return "text/x-php"
    body = _without_prolog(text)
    if _SVG.match(body):
        return "image/svg+xml"
    if _HTML.match(body):
        return "text/html"
    if re.match(rb"GIF8[79]a", first):  # no picture is all text: one that is begins a script with a name
        return "text/javascript"
    return "application/xml" if _XML.match(text) and not _CELL.match(text) else "text/plain"


def is_wide_text(first: bytes) -> bool:
    """Whether it is a text of UTF-16 without a mark, and most of it in Latin letters."""
    for high, low in ((first[1::2], first[0::2]), (first[0::2], first[1::2])):
        if len(high) > 3 and high.count(0) > len(high) * 0.8 and not _CONTROLS.intersection(low):
            return True
    return False


def is_data_in_xml(first: bytes, roots: frozenset[str] = frozenset()) -> bool:
    """Whether it is XML that shows its root, one of ``roots`` (in lower case; any where there are none), and names
    neither scripts nor pages nor SVG."""
    text = without_controls(first)
    root = _ROOT.match(_without_prolog(_decoded(text)))
    lower = text.decode("latin-1").lower()
    return (
        text_kind(text) == "application/xml"
        and root is not None
        and (not roots or root[1].lower() in roots)
        and not any(one in lower for one in _OTHERS)
    )


def hidden_script(first: bytes) -> str | None:
    """The script that hides in bytes which are none as a whole, as in a picture's comment; None for no such thing."""
    lower = first.lower()
    if b"<?php" in lower:
        return "text/x-php"
    if b"<script" in lower or b"<script" in lower.replace(b"\0", b""):
        return "text/html"
    # a width of 10,799 pixels that opens a comment
    return "text/javascript" if re.match(rb"GIF8[79]a/\*", first) else None


def without_controls(first: bytes) -> bytes:
    """``first`` as a lenient reader of pages sees it: without what no text has, UTF-16 without a mark included."""
    return first.translate(None, bytes(_CONTROLS))


def holds_another(first: bytes) -> bool:
    """Whether a reader of PDFs or archives would find one within: they look for its header past the beginning."""
    return _PDF.search(first, 0, 1024) is not None or _ZIP_MEMBER.search(first) is not None


def may_precede(junk: bytes) -> bool:
    """Whether ``junk`` may stand before the header of a PDF, as mail programs, printers and byte order marks do: not
    where anybody could take the whole for a page, a script or a program."""
    start = junk.lstrip()
    return b"<" not in junk.replace(b"\0", b"") and not start.startswith((b"#!", b"MZ", b"PK", b"GIF8"))


def is_office_markup(first: bytes) -> bool:
    """Whether it is a page or XML as Excel and Word, and programs that export for them, write it under their own names:
    it says so, and has no script where one would be seen."""
    lower = first.lower().replace(b"\0", b"")
    return b"urn:schemas-microsoft-com:office:" in lower and b"<script" not in lower


def _without_prolog(text: str) -> str:
    while prolog := _PROLOG.match(text):
        text = text[prolog.end() :]
    return text


def _decoded(first: bytes) -> str:
    for mark, encoding in _BOMS:
        if first.startswith(mark):
            return first[len(mark) :].decode(encoding, "replace")
    return first.decode("latin-1")
