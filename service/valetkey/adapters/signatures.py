"""File signatures as data, with all the variants that programs write.

Sources: the formats' specifications if one is named, else PRONOM's table and the magic of the `file` command.
"""

import re
from collections.abc import Sequence

# type, offset, bytes; the first match counts, so a longer signature precedes the one that it begins with
SIGNATURES: Sequence[tuple[str, int, bytes]] = (
    # programs
    ("application/x-executable", 0, b"\x7fELF"),
    ("application/x-executable", 0, b"\xfe\xed\xfa\xce"),
    ("application/x-executable", 0, b"\xfe\xed\xfa\xcf"),
    ("application/x-executable", 0, b"\xce\xfa\xed\xfe"),
    ("application/x-executable", 0, b"\xcf\xfa\xed\xfe"),
    ("application/x-executable", 0, b"\xca\xfe\xba\xbe"),  # of several kinds of Mac, and a class of Java
    ("application/x-executable", 0, b"dex\n03"),
    ("application/x-executable", 0, b"\x4c\x00\x00\x00\x01\x14\x02\x00"),  # a shortcut of Windows
    ("application/x-shockwave-flash", 0, b"FWS"),
    ("application/x-shockwave-flash", 0, b"CWS"),
    ("application/x-shockwave-flash", 0, b"ZWS"),
    ("application/x-msdownload", 0, b"MZ"),
    # pictures
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/gif", 0, b"GIF87a"),
    ("image/gif", 0, b"GIF89a"),
    ("image/tiff", 0, b"II*\x00"),
    ("image/tiff", 0, b"MM\x00*"),
    ("image/tiff", 0, b"II+\x00"),  # BigTIFF
    ("image/tiff", 0, b"MM\x00+"),
    ("image/tiff", 0, b"IIRO"),  # Olympus
    ("image/tiff", 0, b"IIRS"),
    ("image/tiff", 0, b"MMOR"),
    ("image/tiff", 0, b"IIU\x00"),  # Panasonic
    ("image/x-raw", 0, b"FUJIFILMCCD-RAW"),
    ("image/x-raw", 0, b"II\x1a\x00\x00\x00HEAPCCDR"),
    ("image/x-raw", 0, b"FOVb"),
    ("image/x-raw", 0, b"\x00MRM"),
    ("image/vnd.ms-photo", 0, b"II\xbc"),
    ("image/jxl", 0, b"\xff\x0a"),
    ("image/jxl", 0, b"\x00\x00\x00\x0cJXL \r\n\x87\n"),
    ("image/jp2", 0, b"\x00\x00\x00\x0cjP  \r\n\x87\n"),
    ("image/jp2", 0, b"\xff\x4f\xff\x51"),
    ("image/vnd.adobe.photoshop", 0, b"8BPS"),
    ("image/x-icon", 0, b"\x00\x00\x01\x00"),
    ("image/x-icon", 0, b"\x00\x00\x02\x00"),  # a cursor
    ("image/x-icns", 0, b"icns"),
    ("image/bmp", 0, b"BA\x28\x00\x00\x00"),  # OS/2: several of them
    ("image/wmf", 0, b"\xd7\xcd\xc6\x9a"),
    ("image/wmf", 0, b"\x01\x00\x09\x00\x00\x03"),
    ("image/emf", 40, b" EMF"),
    ("image/x-exr", 0, b"\x76\x2f\x31\x01"),
    ("image/x-xcf", 0, b"gimp xcf"),
    ("image/vnd.djvu", 0, b"AT&TFORM"),
    ("image/vnd.dwg", 0, b"AC10"),
    ("image/vnd.dwg", 0, b"AC1."),
    ("image/ktx", 0, b"\xabKTX 11\xbb"),
    ("image/ktx2", 0, b"\xabKTX 20\xbb"),
    ("image/vnd.ms-dds", 0, b"DDS \x7c\x00\x00\x00"),
    # sounds
    ("audio/flac", 0, b"fLaC"),
    ("audio/amr", 0, b"#!AMR\n"),
    ("audio/amr", 0, b"#!AMR-WB\n"),
    ("audio/silk", 0, b"#!SILK_V3"),
    ("audio/silk", 0, b"\x02#!SILK_V3"),  # of Tencent's messengers
    ("audio/midi", 0, b"MThd"),
    ("audio/midi", 8, b"RMID"),
    ("audio/basic", 0, b".snd"),
    ("audio/aac", 0, b"ADIF"),
    ("audio/x-caf", 0, b"caff\x00"),
    ("audio/ape", 0, b"MAC "),
    ("audio/x-wavpack", 0, b"wvpk"),
    ("audio/dsf", 0, b"DSD \x1c"),
    ("audio/ac3", 0, b"\x0b\x77"),
    # films
    ("application/ogg", 0, b"OggS\x00"),
    ("video/x-matroska", 0, b"\x1aE\xdf\xa3"),
    ("video/x-ms-asf", 0, b"0&\xb2u\x8ef\xcf\x11"),
    ("video/x-flv", 0, b"FLV\x01"),
    ("video/mpeg", 0, b"\x00\x00\x01\xba"),
    ("video/mpeg", 0, b"\x00\x00\x01\xb3"),
    ("application/vnd.rn-realmedia", 0, b".RMF"),
    ("application/vnd.rn-realmedia", 0, b".ra\xfd"),
    ("application/mxf", 0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01"),
    # documents
    ("application/x-ole-storage", 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("application/rtf", 0, b"{\\rt"),
    ("application/postscript", 0, b"%!PS"),
    ("application/postscript", 0, b"%!Adobe"),
    ("application/postscript", 0, b"\x04%!"),
    ("application/postscript", 0, b"\xc5\xd0\xd3\xc6"),  # EPS with a preview
    ("application/onenote", 0, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"),
    ("application/vnd.ms-tnef", 0, b"\x78\x9f\x3e\x22"),
    ("application/vnd.ms-outlook-pst", 0, b"!BDN"),
    ("application/vnd.wordperfect", 0, b"\xffWPC"),
    ("application/mswrite", 0, b"\x31\xbe\x00\x00\x00\xab"),
    ("application/mswrite", 0, b"\x32\xbe\x00\x00\x00\xab"),
    ("application/vnd.ms-excel", 0, b"\x09\x00\x04\x00"),  # spreadsheets from before OLE: BIFF 2 to 5
    ("application/vnd.ms-excel", 0, b"\x09\x02\x06\x00"),
    ("application/vnd.ms-excel", 0, b"\x09\x04\x06\x00"),
    ("application/vnd.ms-excel", 0, b"\x09\x08\x08\x00"),
    ("application/x-mobipocket-ebook", 60, b"BOOKMOBI"),
    # archives
    ("application/zip", 0, b"PK\x03\x04"),
    ("application/zip", 0, b"PK\x05\x06"),
    ("application/zip", 0, b"PK\x07\x08"),
    ("application/zip", 0, b"PK00PK\x03\x04"),
    ("application/gzip", 0, b"\x1f\x8b"),
    ("application/x-compress", 0, b"\x1f\x9d"),
    ("application/x-bzip2", 0, b"BZh"),
    ("application/x-xz", 0, b"\xfd7zXZ\x00"),
    ("application/x-lzip", 0, b"LZIP"),
    ("application/zstd", 0, b"\x28\xb5\x2f\xfd"),
    ("application/x-lz4", 0, b"\x04\x22\x4d\x18"),
    ("application/x-7z-compressed", 0, b"7z\xbc\xaf\x27\x1c"),
    ("application/vnd.rar", 0, b"Rar!\x1a\x07"),
    ("application/x-tar", 257, b"ustar"),
    ("application/vnd.ms-cab-compressed", 0, b"MSCF\x00\x00\x00\x00"),
    ("application/x-rpm", 0, b"\xed\xab\xee\xdb"),
    ("application/vnd.debian.binary-package", 0, b"!<arch>\ndebian"),
    ("application/x-xar", 0, b"xar!"),
    # data
    ("application/vnd.sqlite3", 0, b"SQLite format 3\x00"),
    ("application/vnd.apache.parquet", 0, b"PAR1"),
    ("application/vnd.apache.parquet", 0, b"PARE"),
    ("application/vnd.apache.arrow.file", 0, b"ARROW1"),
    ("application/avro", 0, b"Obj\x01"),
    ("application/x-hdf5", 0, b"\x89HDF\r\n\x1a\n"),
    ("application/x-hdf5", 512, b"\x89HDF\r\n\x1a\n"),
    ("application/x-hdf5", 1024, b"\x89HDF\r\n\x1a\n"),
    ("application/x-hdf5", 2048, b"\x89HDF\r\n\x1a\n"),
    ("application/x-hdf5", 0, b"\x0e\x03\x13\x01"),  # version 4
    ("application/x-netcdf", 0, b"CDF\x01"),
    ("application/x-netcdf", 0, b"CDF\x02"),
    ("application/x-netcdf", 0, b"CDF\x05"),
    ("application/x-npy", 0, b"\x93NUMPY"),
    ("application/wasm", 0, b"\x00asm"),
    ("model/gltf-binary", 0, b"glTF\x01\x00\x00\x00"),
    ("model/gltf-binary", 0, b"glTF\x02\x00\x00\x00"),
    # fonts
    ("font/woff", 0, b"wOFF"),
    ("font/woff2", 0, b"wOF2"),
    ("font/otf", 0, b"OTTO"),
    ("font/ttf", 0, b"\x00\x01\x00\x00\x00"),
    ("font/ttf", 0, b"true\x00"),
    ("font/collection", 0, b"ttcf\x00"),
)

PATTERNS: Sequence[tuple[str, re.Pattern[bytes]]] = (
    # the size of the header that follows the file header tells a bitmap from a text that begins with BM
    ("image/bmp", re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00", re.DOTALL)),
    ("application/rtf", re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\\rtf")),
    ("audio/aiff", re.compile(rb"FORM.{4}AIF[FC]", re.DOTALL)),
    ("application/postscript", re.compile(rb"(?:\xef\xbb\xbf)?[\s\x04]*%!PS")),
    # MPEG audio frames: sync, version 1 or 2 or 2.5, layer III or II, and a valid bit rate (or a free one) and sampling
    # rate; some encoders leave room in front
    (
        "audio/mpeg",
        re.compile(
            rb"\x00*\xff[\xe2\xe3\xf2-\xf5\xfa-\xfd][\x00-\x0b\x10-\x1b\x20-\x2b\x30-\x3b\x40-\x4b\x50-\x5b\x60-\x6b"
            rb"\x70-\x7b\x80-\x8b\x90-\x9b\xa0-\xab\xb0-\xbb\xc0-\xcb\xd0-\xdb\xe0-\xeb]"
        ),
    ),
    ("audio/aac", re.compile(rb"\xff[\xf0\xf1\xf8\xf9]|\x56[\xe0-\xff]")),
    # packets of a transport stream: 188 bytes each, on discs with a time of 4 bytes in front
    ("video/mp2t", re.compile(rb"(?:.{4})?G.{187}(?:.{4})?G", re.DOTALL)),
    # the same if it begins within a packet, or has bytes of error correction at the end of each
    ("video/mp2t", re.compile(rb".{0,203}?G(?:(?:.{187}G){3}|(?:.{191}G){3}|(?:.{203}G){3})", re.DOTALL)),
    # QuickTime from before it had brands, and pieces of a stream: the first box
    ("video/mp4", re.compile(rb"\x00.{3}(?:moov|free|wide|skip|pnot|uuid|styp|moof|sidx|emsg|prft)", re.DOTALL)),
    ("video/mp4", re.compile(rb".{4}mdat", re.DOTALL)),
    # two skippable frames of zstd, as in its parallel form
    ("application/zstd", re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")),
    ("application/x-lzma", re.compile(rb"\x5d\x00\x00.{2}(?:\xff{8}|.{3}\x00{4,5})", re.DOTALL)),
    ("application/x-lzh-compressed", re.compile(rb".{2}-l[hz][0-9ds]-", re.DOTALL)),
    ("application/x-python-pickle", re.compile(rb"\x80[\x02-\x05][\x28\x5b\x5d\x63\x7d\x7e\x80-\x9f\x4b\x58]")),
)

RIFF = {
    b"WAVE": "audio/wav",
    b"AVI ": "video/x-msvideo",
    b"AVIX": "video/x-msvideo",
    b"WEBP": "image/webp",
    b"RMID": "audio/midi",
    b"CDXA": "video/mpeg",  # of a Video CD
    b"ACON": "application/x-navi-animation",
}
RIFFS = (b"RIFF", b"RIFX", b"RF64", b"BW64")

BRANDS = {
    # and HEIF whose pictures are coded otherwise: H.264, JPEG, JPEG 2000
    "image/heic": (
        *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"),
        *(b"avci", b"avcs", b"jpeg", b"jpgs", b"j2ki", b"j2is"),
    ),
    "image/avif": (b"avif", b"avis"),
    "video/quicktime": (b"qt  ",),
    "audio/mp4": (b"M4A ", b"M4B ", b"M4P "),
    "image/x-canon-cr3": (b"crx ",),
    "image/jp2": (b"jp2 ", b"jpx ", b"jpm "),
}
PICTURES = (b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"1pic")
"""Brands of pictures whose coding another brand names (ISO/IEC 23008-12)."""
