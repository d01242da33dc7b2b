"""Pictures: by Pillow where it writes them, else their beginnings as the formats' specifications have them."""

import gzip
import io
import struct
from typing import Any

from PIL import Image
from tests.field.corpus import Sample, sample


def drawn(kind: str, mode: str = "RGB", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """A gradient, saved by Pillow."""
    picture = Image.linear_gradient("L").resize(size).convert(mode)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def moving(kind: str) -> bytes:
    """Three frames."""
    frames = [Image.new("RGB", (16, 16), (shade, 0, 0)) for shade in (0, 120, 240)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def exif() -> bytes:
    picture = Image.Exif()
    picture[271], picture[272], picture[270] = "Apple", "iPhone 15", "A <b>fine</b> day & more"
    return picture.tobytes()


def ftyp(major: bytes, *others: bytes) -> bytes:
    """The first box of an ISO file with its brands, and the next one."""
    brands = b"".join(others)
    return (
        struct.pack(">I", 16 + len(brands))
        + b"ftyp"
        + major
        + bytes(4)
        + brands
        + struct.pack(">I", 80)
        + b"meta"
        + bytes(72)
    )


def tiff(mark: bytes, make: bytes = b"") -> bytes:
    """A TIFF's header and a directory of one entry."""
    return (
        mark
        + struct.pack("<I" if mark[:1] == b"I" else ">I", 8)
        + b"\x01\x00\x0f\x01\x02\x00\x06\x00\x00\x00"
        + make
        + bytes(60)
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>\n'
XML = b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
DOCTYPE = b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
ENTITIES = b'<!DOCTYPE svg PUBLIC "x" "y" [\n<!ENTITY ns_svg "http://www.w3.org/2000/svg">\n]>\n'
PREFIXED = b'<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>'
IMAGES = "image/svg+xml text/xml application/xml text/plain"
JPEGS = "image/jpeg image/jpg image/pjpeg"
HEICS = "image/heic image/heif image/heic-sequence"
TIFFS = "image/tiff image/x-tiff"
BMPS = "image/bmp image/x-ms-bmp image/x-bmp"
WEB_XMP = (
    b'http://ns.adobe.com/xap/1.0/\x00<?xpacket begin="\xef\xbb\xbf"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>'
)


def with_segment(jpeg: bytes, marker: int, data: bytes) -> bytes:
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data + jpeg[2:]


JPEG = drawn("JPEG")

PICTURES: list[Sample] = [
    sample("photo.jpg", JPEG, JPEGS),
    sample("progressive.jpg", drawn("JPEG", progressive=True), JPEGS),
    sample("grey.jpeg", drawn("JPEG", "L"), JPEGS),
    sample("print.jpg", drawn("JPEG", "CMYK"), JPEGS),
    sample("IMG_1.JPG", drawn("JPEG", exif=exif()), JPEGS),
    sample("edited.jpg", with_segment(JPEG, 0xE1, WEB_XMP), JPEGS),
    sample("commented.jpg", with_segment(JPEG, 0xFE, b"CREATOR: gd-jpeg v1.0, quality = 90 <q>"), JPEGS),
    sample("image.jfif", JPEG, JPEGS + " image/jfif"),
    sample("two.mpo", JPEG, "image/mpo image/jpeg"),
    sample("drawing.png", drawn("PNG"), "image/png image/x-png"),
    sample("palette.png", drawn("PNG", "P"), "image/png"),
    sample("alpha.png", drawn("PNG", "RGBA"), "image/png"),
    sample("moving.png", moving("PNG"), "image/png image/apng image/vnd.mozilla.apng"),
    sample("plain.gif", drawn("GIF", "P"), "image/gif"),
    sample("moving.gif", moving("GIF"), "image/gif"),
    sample("old.gif", b"GIF87a" + drawn("GIF", "P")[6:], "image/gif"),
    sample("photo.webp", drawn("WEBP"), "image/webp"),
    sample("lossless.webp", drawn("WEBP", "RGBA", lossless=True), "image/webp"),
    sample("moving.webp", moving("WEBP"), "image/webp"),
    sample("photo.avif", drawn("AVIF"), "image/avif image/heif"),
    sample("moving.avif", moving("AVIF"), "image/avif image/avif-sequence"),
    sample("mif1.avif", ftyp(b"mif1", b"mif1", b"avif", b"miaf"), "image/avif image/heif"),
    sample("IMG_2.HEIC", ftyp(b"heic", b"mif1", b"heic"), HEICS),
    sample("IMG_3.HEIC", ftyp(b"mif1", b"mif1", b"heic"), HEICS),
    sample("burst.heics", ftyp(b"hevc", b"msf1", b"hevc"), HEICS + " image/heif-sequence"),
    sample("deep.heif", ftyp(b"heix", b"mif1", b"heix"), HEICS),
    sample("plain.bmp", drawn("BMP"), BMPS),
    sample("grey.bmp", drawn("BMP", "L"), BMPS),
    sample(
        "os2.bmp", b"BM" + struct.pack("<IHHI", 90, 0, 0, 26) + struct.pack("<IHHHH", 12, 4, 4, 1, 24) + bytes(64), BMPS
    ),
    sample("v5.bmp", b"BM" + struct.pack("<IHHI", 200, 0, 0, 138) + struct.pack("<I", 124) + bytes(128), BMPS),
    sample("v3.bmp", b"BM" + struct.pack("<IHHI", 200, 0, 0, 70) + struct.pack("<I", 56) + bytes(128), BMPS),
    sample("scan.tif", drawn("TIFF"), TIFFS),
    sample("packed.tiff", drawn("TIFF", compression="tiff_lzw"), TIFFS),
    sample("mac.tif", tiff(b"MM\x00*"), TIFFS),
    sample("huge.tif", b"II+\x00\x08\x00\x00\x00" + bytes(80), TIFFS),
    sample("huge-mac.tif", b"MM\x00+\x00\x08\x00\x00" + bytes(80), TIFFS),
    sample("photo.dng", tiff(b"II*\x00", b"Leica"), "image/x-adobe-dng image/dng image/tiff image/x-dcraw"),
    sample("photo.nef", tiff(b"MM\x00*", b"NIKON"), "image/x-nikon-nef image/tiff image/x-dcraw"),
    sample("photo.nrw", tiff(b"II*\x00", b"NIKON"), "image/x-nikon-nrw image/tiff"),
    sample("photo.cr2", tiff(b"II*\x00\x10\x00\x00\x00CR\x02\x00"), "image/x-canon-cr2 image/tiff image/x-dcraw"),
    sample("photo.cr3", ftyp(b"crx ", b"crx ", b"isom"), "image/x-canon-cr3"),
    sample("photo.crw", b"II\x1a\x00\x00\x00HEAPCCDR" + bytes(60), "image/x-canon-crw"),
    sample("photo.arw", tiff(b"II*\x00", b"SONY"), "image/x-sony-arw image/tiff image/x-dcraw"),
    sample("photo.raf", b"FUJIFILMCCD-RAW 0201FF389501X-T4" + bytes(60), "image/x-fuji-raf image/x-dcraw"),
    sample("photo.rw2", b"IIU\x00\x18\x00\x00\x00" + bytes(60), "image/x-panasonic-rw2 image/x-panasonic-raw"),
    sample("photo.orf", b"IIRO\x08\x00\x00\x00" + bytes(60), "image/x-olympus-orf"),
    sample("photo.pef", tiff(b"MM\x00*", b"PENTAX"), "image/x-pentax-pef image/tiff"),
    sample("photo.x3f", b"FOVb\x00\x00\x02\x00" + bytes(60), "image/x-sigma-x3f"),
    sample(
        "art.psd",
        b"8BPS\x00\x01" + bytes(40),
        "image/vnd.adobe.photoshop image/x-photoshop image/psd application/x-photoshop",
    ),
    sample("large.psb", b"8BPS\x00\x02" + bytes(40), "image/vnd.adobe.photoshop image/x-photoshop"),
    sample("favicon.ico", drawn("ICO", size=(32, 32)), "image/x-icon image/vnd.microsoft.icon"),
    sample("arrow.cur", b"\x00\x00\x02\x00\x01\x00\x20\x20" + bytes(60), "image/x-icon image/x-win-bitmap"),
    sample("png-in-name.ico", drawn("PNG"), "image/x-icon image/vnd.microsoft.icon"),
    sample("app.icns", drawn("ICNS", "RGBA", size=(64, 64)), "image/icns image/x-icns"),
    sample("map.jp2", drawn("JPEG2000"), "image/jp2 image/jpx image/jpeg2000"),
    sample("map.j2k", drawn("JPEG2000", no_jp2=True), "image/jp2 image/x-jp2-codestream"),
    sample("new.jxl", b"\xff\x0a\xfa\x7f\x01\x90" + bytes(40), "image/jxl"),
    sample("boxed.jxl", b"\x00\x00\x00\x0cJXL \r\n\x87\n\x00\x00\x00\x14ftypjxl " + bytes(40), "image/jxl"),
    sample("chart.wmf", b"\xd7\xcd\xc6\x9a" + bytes(40), "image/wmf image/x-wmf application/x-msmetafile"),
    sample("bare.wmf", b"\x01\x00\x09\x00\x00\x03" + bytes(40), "image/wmf image/x-wmf"),
    sample("chart.emf", b"\x01\x00\x00\x00\x6c\x00\x00\x00" + bytes(32) + b" EMF" + bytes(40), "image/emf image/x-emf"),
    sample(
        "plan.dwg",
        b"AC1032\x00\x00\x00\x00" + bytes(60),
        "image/vnd.dwg application/acad image/x-dwg application/x-autocad",
    ),
    sample("plan.dxf", b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n", "image/vnd.dxf image/x-dxf application/dxf text/plain"),
    sample("scan.djvu", b"AT&TFORM\x00\x00\x10\x00DJVMDIRM" + bytes(40), "image/vnd.djvu image/x-djvu"),
    sample("light.exr", b"\x76\x2f\x31\x01\x02\x00\x00\x00channels\x00" + bytes(40), "image/x-exr"),
    sample("sky.hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 8\n" + bytes(20), "image/vnd.radiance"),
    sample("texture.dds", drawn("DDS"), "image/vnd.ms-dds image/x-dds"),
    sample("texture.tga", drawn("TGA"), "image/x-tga image/x-targa"),
    sample("scan.pcx", drawn("PCX"), "image/vnd.zbrush.pcx image/x-pcx"),
    sample("grey.pgm", drawn("PPM", "L"), "image/x-portable-graymap"),
    sample("text.ppm", b"P3\n# by hand\n2 1\n255\n255 0 0 0 255 0\n", "image/x-portable-pixmap"),
    sample("art.xcf", b"gimp xcf v011\x00" + bytes(40), "image/x-xcf"),
    sample("icon.xbm", drawn("XBM", "1"), "image/x-xbitmap text/plain"),
    sample("drawing.svg", SVG, IMAGES),
    sample("inkscape.svg", XML + b"<!-- Created with Inkscape -->\n" + SVG, IMAGES),
    sample("illustrator.svg", XML + DOCTYPE + SVG, IMAGES),
    sample("entities.svg", XML + b"<!-- Generator: Adobe Illustrator 25 -->\n" + ENTITIES + SVG, IMAGES),
    sample("bom.svg", b"\xef\xbb\xbf" + SVG, IMAGES),
    sample("wide.svg", ("\ufeff" + SVG.decode()).encode("utf-16-le"), IMAGES),
    sample("styled.svg", XML + b'<?xml-stylesheet type="text/css" href="a.css"?>\n' + SVG, IMAGES),
    sample("prefixed.svg", XML + PREFIXED, IMAGES),
    sample("long-comment.svg", XML + b"<!--" + b" licence" * 600 + b"-->" + SVG, IMAGES),
    sample(
        "packed.svgz", gzip.compress(SVG), "image/svg+xml image/svg+xml-compressed application/gzip application/x-gzip"
    ),
    sample("print.eps", drawn("EPS"), "application/postscript image/x-eps application/eps"),
    sample("preview.eps", b"\xc5\xd0\xd3\xc6\x1e\x00\x00\x00" + bytes(40), "application/postscript image/x-eps"),
]
