"""Tells text from binary data, and recognizes the kinds of text that some program would run."""

import re

POLYGLOT = "application/x-polyglot"
"""The type of a file that is a picture for one program and another format for the next."""

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
"""Types that run when they are opened: accepted only if they were declared."""

_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\b\x1b\x1a")  # the last one ends a text of DOS
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_PROLOG = re.compile(
    r"\s*(<\?(?!php|=)[a-z].*?\?>|<!--.*?-->|<!doctype\s+(?!\s|html|svg)[^<>\[]*(?:\[[^\]]*\]\s*)?>)",
    re.DOTALL | re.IGNORECASE,
)
# what browsers take for a page (WHATWG's MIME Sniffing, 7.1), and two more; a name that only begins like one is another
_HTML = re.compile(
    r"\s*<(?:!doctype\s+html|(?:html|head|body|script|iframe|table|div|title|style|font|br|img|meta|h1|a|b|p)[\s/>])",
    re.IGNORECASE,
)
# of those, the roots of XML formats: styles of citations, tables of databases, fonts of games
_HTML_OR_XML = re.compile(r"\s*<(?:table|div|title|style|font|a|b|p)[\s/>]", re.IGNORECASE)
_DECLARATION = re.compile(r"\s*<\?xml\s", re.IGNORECASE)
_SVG = re.compile(r"\s*<(!doctype\s+svg|([a-z]+:)?svg[\s>/])", re.IGNORECASE)
_PDF = re.compile(rb"%PDF-[12]\.[0-9]")
# a member's header: its version, and a method that is stored or deflated
_ZIP_MEMBER = re.compile(rb"PK\x03\x04[\x00-\x3f]\x00.{2}[\x00\x08]\x00", re.DOTALL)
_XML = re.compile(r"\s*<(\?xml|!--|!doctype|[a-z_])", re.IGNORECASE)
_ROOT = re.compile(r"\s*<([a-z_][\w.:-]*)", re.IGNORECASE)
_CELL = re.compile(r"\s*<[\w /-]+>[;,\t|](?!.*<script)", re.IGNORECASE | re.DOTALL)  # a table's word for nothing
_OTHERS = ("<script", "http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg")


def is_text(first: bytes) -> bool:
    """Whether ``first`` could be the beginning of a text: it has no control characters that text does not contain.

    UTF-16 is recognized by its byte order mark. Bytes above 127 may be of any legacy character set.
    """
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = _decoded(first)
        return "\ufffd" not in text[:-1] and not any(ord(char) in _CONTROLS for char in text)
    return not _CONTROLS.intersection(first)


def text_kind(first: bytes) -> str:
    """The kind of a text by its beginning: one of `ACTIVE`, application/xml, or text/plain for anything else."""
    text = _decoded(first)
    if text.startswith("#!"):
        return "text/x-shellscript"
    if text.lstrip().lower().startswith(("<?php", "<?=")):
        return "text/x-php"
    body = _without_prolog(text)
    if _SVG.match(body):
        return "image/svg+xml"
    if _HTML.match(body):
        is_xml = _DECLARATION.match(text) and may_be_xml(first)
        return "application/xml" if is_xml else "text/html"
    if re.match(rb"GIF8[79]a", first):  # a GIF is never all text: such a file is a script that begins with a name
        return "text/javascript"
    return "application/xml" if _XML.match(text) and not _CELL.match(text) else "text/plain"


def may_be_xml(first: bytes) -> bool:
    """Whether what begins like a part of a page may be XML whose root has the name of an element of HTML, such as
    ``table``: it mentions neither scripts nor pages nor SVG. Browsers take it for a page only without a declaration."""
    body = _without_prolog(_decoded(first))
    return _HTML_OR_XML.match(body) is not None and not any(one in body.lower() for one in _OTHERS)


def is_wide_text(first: bytes) -> bool:
    """Whether it is UTF-16 text without a byte order mark, mostly of Latin letters."""
    for high, low in ((first[1::2], first[0::2]), (first[0::2], first[1::2])):
        if len(high) > 3 and high.count(0) > len(high) * 0.8 and not _CONTROLS.intersection(low):
            return True
    return False


def is_data_in_xml(first: bytes, roots: frozenset[str] = frozenset()) -> bool:
    """Whether it is XML with a visible root, one of ``roots`` (in lower case; any if empty), and mentions neither
    scripts nor pages nor SVG."""
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
    """The type of a script that hides in another file, as in a picture's comment; None if there is none."""
    lower = first.lower()
    if b"<?php" in lower:
        return "text/x-php"
    if b"<script" in lower or b"<script" in lower.replace(b"\0", b""):
        return "text/html"
    # a width of 10,799 pixels that opens a comment
    return "text/javascript" if re.match(rb"GIF8[79]a/\*", first) else None


def without_controls(first: bytes) -> bytes:
    """``first`` as a lenient HTML parser sees it: without control characters, including the NULs of unmarked UTF-16."""
    return first.translate(None, bytes(_CONTROLS))


def holds_another(first: bytes) -> bool:
    """Whether a PDF or archive reader would find a file of its own inside: they search for its header beyond the
    start."""
    return _PDF.search(first, 0, 1024) is not None or _ZIP_MEMBER.search(first) is not None


def may_precede(junk: bytes) -> bool:
    """Whether ``junk`` may precede the header of a PDF, as text of mail programs and printers and byte order marks do;
    not if the whole could be taken for a page, a script or a program."""
    start = junk.lstrip()
    return b"<" not in junk.replace(b"\0", b"") and not start.startswith((b"#!", b"MZ", b"PK", b"GIF8"))


def is_office_markup(first: bytes) -> bool:
    """Whether it is HTML or XML as Excel, Word and programs that export for them save it under their own extensions: it
    has their namespace, and no visible script."""
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
