"""The beginnings of real files, made by the standard library where it can, and of files that pretend."""

import io
import struct
import tarfile
import wave
import zipfile
import zlib


def png() -> bytes:
    """One red pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\x00\xff\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def zipped(*names: str) -> bytes:
    """A ZIP with these members; an office document is one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return out.getvalue()


def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x01\x02" * 100)
    return out.getvalue()


def iso(brand: bytes, size: int = 32) -> bytes:
    """The first box of an ISO base media file."""
    return struct.pack(">I", size) + b"ftyp" + brand + b"\x00\x00\x02\x00isomiso2" + bytes(40)


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb\x00C\x00" + bytes(range(1, 65))
JPEG_OF_A_CAMERA = b"\xff\xd8\xff\xe1\x00\x18Exif\x00\x00II*\x00\x08\x00\x00\x00" + bytes(40)
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x000\x01\x00\x9d\x01*\x01\x00\x01\x00"
BMP = (
    b"BM"
    + struct.pack("<IHHI", 58, 0, 0, 54)
    + struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0)
    + bytes(4)
)
TIFF = b"II*\x00\x08\x00\x00\x00\x0b\x00\x00\x01\x04\x00\x01\x00\x00\x00"
ICON = b"\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00\x01\x00\x20\x00" + bytes(40)
SVG = b'<?xml version="1.0"?>\n<!-- drawn by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
ASCII_PDF = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x64" + bytes(40)
BARE_MP3 = b"\xff\xfb\x90\x64" + bytes(60)
MPEG_2_MP3 = b"\xff\xf3\x48\xc4" + bytes(60)
AAC = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(40)
FLAC = b"fLaC\x00\x00\x00\x22\x10\x00\x10\x00" + bytes(40)
OGG = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x02"
WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webmB\x87\x81\x04"
AVI = b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(40)
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40)
RTF = b"{\\rtf1\\ansi\\deff0 {\\fonttbl {\\f0 Times;}}}"
SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(24)
RAR = b"Rar!\x1a\x07\x01\x00" + bytes(24)
HTML = b"<!DOCTYPE html>\n<html><body><script>alert(1)</script></body></html>"
BARE_SCRIPT = b"<script>alert(document.cookie)</script>"
PHP = b"<?php system($_GET['c']); ?>"
SHELL = b"#!/bin/sh\nrm -rf /tmp/x\n"
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + bytes(44) + b"\x80\x00\x00\x00"
LINUX_PROGRAM = b"\x7fELF\x02\x01\x01\x00" + bytes(40)
GIF_THAT_IS_TEXT = b"GIF89a=1;alert(document.domain)//"
GIF_WITH_A_COMMENT = b"GIF89a/*\x00\x00\x00\x00" + bytes(20) + b"*/=1;alert(1)"
JPEG_WITH_PHP = JPEG[:24] + b"\xff\xfe\x00\x20<?php system($_GET['c']); ?>" + JPEG[24:]
PNG_WITH_SCRIPT = png() + b"<SCRIPT src=//x>"
JSON = b'{"a": [1, 2, "\xc3\xa9"]}'
CSV = b"name,size\r\n\xe9t\xe9,1\r\n"
PLAIN = "Grüße\n".encode()
WIDE = "\ufeffHello\n".encode("utf-16-le")
NOISE = bytes((number * 7 + 1) % 256 for number in range(300))
