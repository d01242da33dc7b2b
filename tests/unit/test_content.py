"""What the first bytes of a file reveal, and whether they match the grant; with the real puremagic."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from puremagic.main import PureError, magic_header_array, magic_string, multi_part_dict
from tests.unit import samples

from valetkey.adapters.magic import MagicDetector, _behind, _by_signature, _is_credible
from valetkey.core.content.inspection import look_into

DETECTOR = MagicDetector()
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"

HONEST = [
    ("image/png", samples.png(), "image/png"),
    ("image/jpeg", samples.JPEG, "image/jpeg"),
    ("image/jpg", samples.JPEG_OF_A_CAMERA, "image/jpeg"),
    ("image/gif", samples.GIF, "image/gif"),
    ("image/webp", samples.WEBP, "image/webp"),
    ("image/bmp", samples.BMP, "image/bmp"),
    ("image/x-ms-bmp", samples.BMP, "image/bmp"),
    ("image/tiff", samples.TIFF, "image/tiff"),
    ("image/x-icon", samples.ICON, "image/x-icon"),
    ("image/vnd.microsoft.icon", samples.ICON, "image/x-icon"),
    ("image/heic", samples.iso(b"heic"), "image/heic"),
    ("image/heif", samples.iso(b"mif1"), "image/heic"),
    ("image/avif", samples.iso(b"avif"), "image/avif"),
    ("image/svg+xml", samples.SVG, "image/svg+xml"),
    ("application/pdf", samples.PDF, "application/pdf"),
    ("application/pdf", samples.ASCII_PDF, "application/pdf"),
    ("application/zip", samples.zipped("a.txt"), "application/zip"),
    ("application/x-zip-compressed", samples.zipped("a.txt"), "application/zip"),
    (DOCX, samples.zipped("[Content_Types].xml", "word/document.xml"), "application/zip"),
    (ODT, samples.zipped("mimetype", "content.xml"), "application/zip"),
    ("application/epub+zip", samples.zipped("mimetype"), "application/zip"),
    ("application/msword", samples.OLD_WORD, "application/x-ole-storage"),
    ("application/vnd.ms-excel", samples.OLD_WORD, "application/x-ole-storage"),
    ("application/rtf", samples.RTF, "application/rtf"),
    ("application/gzip", gzip.compress(b"x" * 50), "application/gzip"),
    ("application/x-gzip", gzip.compress(b"x" * 50), "application/gzip"),
    ("application/x-tar", samples.tar(), "application/x-tar"),
    ("application/x-7z-compressed", samples.SEVEN_ZIP, "application/x-7z-compressed"),
    ("application/x-rar-compressed", samples.RAR, "application/vnd.rar"),
    ("audio/mpeg", samples.MP3, "audio/mpeg"),
    ("audio/mp3", samples.BARE_MP3, "audio/mpeg"),
    ("audio/mpeg", samples.MPEG_2_MP3, "audio/mpeg"),
    ("audio/aac", samples.AAC, "audio/aac"),
    ("audio/x-wav", samples.wav(), "audio/wav"),
    ("audio/flac", samples.FLAC, "audio/flac"),
    ("audio/ogg", samples.OGG, "application/ogg"),
    ("audio/mp4", samples.iso(b"M4A "), "audio/mp4"),
    ("video/mp4", samples.iso(b"isom"), "video/mp4"),
    ("video/mp4", samples.iso(b"iso5", 24), "video/mp4"),
    ("video/quicktime", samples.iso(b"qt  ", 20), "video/quicktime"),
    ("video/quicktime", samples.iso(b"mp42"), "video/mp4"),
    ("video/webm", samples.WEBM, "video/x-matroska"),
    ("video/x-msvideo", samples.AVI, "video/x-msvideo"),
    ("application/json", samples.JSON, "text/plain"),
    ("text/csv", samples.CSV, "text/plain"),
    ("text/plain; charset=utf-8", samples.PLAIN, "text/plain"),
    ("text/plain", samples.WIDE, "text/plain"),
    ("text/html", samples.HTML, "text/html"),
    ("text/xml", b"<?xml version='1.0'?><rss/>", "application/xml"),
    ("application/xml", samples.SVG, "image/svg+xml"),
    ("application/xhtml+xml", samples.HTML, "text/html"),
    ("text/markdown", b"# Title\n\n<b>text</b>\n", "text/plain"),
    ("application/javascript", b"#!/usr/bin/env node\nlet a = 1", "text/x-shellscript"),
    ("application/x-sh", samples.SHELL, "text/x-shellscript"),
    ("application/octet-stream", samples.PROGRAM, "application/x-msdownload"),
    ("application/x-msdownload", samples.PROGRAM, "application/x-msdownload"),
    ("application/x-my-own", samples.NOISE, None),
    ("application/x-my-own", samples.PLAIN, "text/plain"),
]

LIES = [
    ("image/png", samples.HTML, "text/html"),
    ("image/png", b"\n\n<!-- a comment --> <html>", "text/html"),
    ("image/png", b"\xef\xbb\xbf" + samples.BARE_SCRIPT, "text/html"),
    ("image/jpeg", samples.PHP, "text/x-php"),
    ("image/jpeg", samples.SHELL, "text/x-shellscript"),
    ("image/jpeg", samples.PROGRAM, "application/x-msdownload"),
    ("application/pdf", samples.PROGRAM, "application/x-msdownload"),
    ("application/pdf", samples.LINUX_PROGRAM, "application/x-executable"),
    ("application/pdf", samples.HTML, "text/html"),
    ("application/pdf", b"Not a PDF at all", "text/plain"),
    ("image/gif", samples.GIF_THAT_IS_TEXT, "text/javascript"),
    ("image/gif", samples.GIF_WITH_A_COMMENT, "text/javascript"),
    ("image/jpeg", samples.JPEG_WITH_PHP, "text/x-php"),
    ("image/png", samples.PNG_WITH_SCRIPT, "text/html"),
    ("image/png", samples.SVG, "image/svg+xml"),
    ("image/png", samples.NOISE, None),
    ("image/png", samples.JPEG, "image/jpeg"),
    ("image/png", samples.png()[:4], "text/plain"),
    ("image/png", b"", None),
    ("image/webp", samples.wav(), "audio/wav"),
    ("image/bmp", b"BMW is a maker of cars", "text/plain"),
    ("audio/mpeg", b"text TXXX is in some MP3s", "text/plain"),
    ("video/mp4", samples.iso(b"heic"), "image/heic"),
    ("image/heic", samples.iso(b"isom"), "video/mp4"),
    ("video/quicktime", b"<!--free", "application/xml"),
    (DOCX, samples.PROGRAM, "application/x-msdownload"),
    (DOCX, samples.HTML, "text/html"),
    ("image/svg+xml", samples.HTML, "text/html"),
    ("text/csv", samples.HTML, "text/html"),
    ("text/csv", samples.PROGRAM, "application/x-msdownload"),
    ("application/json", samples.SVG, "image/svg+xml"),
    ("text/plain", samples.png(), "image/png"),
    ("application/x-my-own", samples.PROGRAM, "application/x-msdownload"),
    ("application/x-my-own", samples.HTML, "text/html"),
]


def each_of(rows: list[tuple[str, bytes, str | None]]) -> pytest.MarkDecorator:
    """Runs a test with every row, which its types name."""
    names = ("declared", "first", "detected")
    return pytest.mark.parametrize(names, rows, ids=lambda value: value if isinstance(value, str) else "")


@each_of(HONEST)
def test_what_is_what_it_says_agrees(declared: str, first: bytes, detected: str | None) -> None:
    """The most common types, their other names, the containers they share, and types that no signature tells."""
    content = look_into(first, declared, ("*/*",), DETECTOR)
    assert (content.agrees, content.detected) == (True, detected)


@each_of(LIES)
@pytest.mark.parametrize("anything", [True, False])
def test_what_pretends_does_not_agree(declared: str, first: bytes, detected: str | None, *, anything: bool) -> None:
    """Pages, scripts and programs under other names, polyglots, and other formats."""
    content = look_into(first, declared, ("*/*",) if anything else (declared,), DETECTOR)
    assert (content.agrees, content.detected) == (False, detected)


def test_another_type_that_is_welcome_agrees() -> None:
    """A photo that is called by the wrong name, where the profile takes both; where it does not, it is a lie."""
    assert look_into(samples.JPEG, "image/png", ("image/*",), DETECTOR).agrees
    assert look_into(samples.PDF, "image/png", ("image/png", "application/pdf"), DETECTOR).agrees
    assert look_into(samples.BMP, "image/png", ("image/png", "image/x-ms-bmp"), DETECTOR).agrees
    assert not look_into(samples.JPEG, "image/png", ("image/png", "image/gif"), DETECTOR).agrees


@pytest.mark.parametrize("first", [samples.SVG, samples.HTML, samples.PHP, samples.GIF_THAT_IS_TEXT])
def test_what_runs_is_welcome_under_its_own_name_only(first: bytes) -> None:
    """`image/*` and `text/*` name SVG and HTML, too: but nobody may get one in as a PNG."""
    assert not look_into(first, "image/png", ("image/*", "text/*"), DETECTOR).agrees


@given(st.binary(max_size=300), st.sampled_from(["image/png", "text/plain", "application/zip", "application/x-my-own"]))
def test_any_bytes_can_be_looked_at(first: bytes, declared: str) -> None:
    """Nothing raises; and a PNG is only what begins like one."""
    content = look_into(first, declared, ("*/*",), DETECTOR)
    if declared == "image/png" and not first.startswith(b"\x89PNG\r\n\x1a\n"):
        assert not content.agrees


@pytest.mark.parametrize("filler", [b"\xa5", b" "])
def test_all_that_puremagic_knows_is_found(filler: bytes) -> None:
    """Bytes without a known beginning are not compared with its thousand signatures. Each credible signature is found
    nevertheless, also one that begins a longer one."""
    for row in magic_header_array[::7]:
        first = filler * row.offset + row.byte_match
        assert set(DETECTOR.candidates(first)) >= _credible(first) or _by_signature(first) or _behind(first), row
    for begins, options in multi_part_dict.items():
        for row in options:
            first = (begins + filler * row.offset)[: max(len(begins), row.offset)] + row.byte_match
            assert set(DETECTOR.candidates(first)) >= _credible(first) or _by_signature(first) or _behind(first), row


def _credible(first: bytes) -> set[str]:
    """What puremagic says by itself."""
    try:
        rows = magic_string(first)
    except PureError:
        return set()
    return {row.mime_type for row in rows if row.mime_type and _is_credible(row.byte_match, row.offset)}


@pytest.mark.parametrize(
    "unit",
    [b"<!--", b"<!---->", b"<!doctype svg[", b"<!doctype x[", b"<!doctype x>", b"<a>;", b" ", b"<", b"<?xml ", b"<a:"],
)
def test_no_text_takes_long(unit: bytes) -> None:
    """Four kilobytes of what a pattern might stumble over are looked at in no time (this would hang otherwise)."""
    first = (unit * 4096)[:4096]
    assert look_into(first, "image/png", ("*/*",), DETECTOR).agrees is False
