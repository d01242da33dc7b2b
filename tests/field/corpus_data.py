"""Archives, data of programs, fonts, disks: by the standard library where it writes them."""

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import tarfile
import tempfile
from pathlib import Path

from tests.field.corpus import Sample, sample
from tests.field.corpus_documents import ZIPS, zipped


def tarred(kind: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        entry = tarfile.TarInfo("logs/today.txt")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    return out.getvalue()


def before_posix() -> bytes:
    """A header without `ustar`, its sum made anew."""
    header = bytearray(tarred(tarfile.USTAR_FORMAT)[:512])
    header[257:512] = bytes(255)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header)
    return bytes(header) + bytes(1024)


def database() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "a.db"
        connection = sqlite3.connect(path)
        connection.execute("create table a (b)")
        connection.commit()
        connection.close()
        return path.read_bytes()


TAR = tarred()
TEXT = b"hello " * 200
GZIPS = "application/gzip application/x-gzip"
SQLITES = "application/vnd.sqlite3 application/x-sqlite3"
HDF = b"\x89HDF\r\n\x1a\n\x00"
HDFS = "application/x-hdf5 application/x-hdf application/hdf5"

DATA: list[Sample] = [
    sample("files.zip", zipped("a.txt"), ZIPS + " multipart/x-zip"),
    sample("empty.zip", zipped(), ZIPS),
    sample("span.zip", b"PK\x07\x08" + zipped("a.txt"), ZIPS),
    sample("shapes.zip", zipped("a.shp", "a.dbf", "a.prj"), ZIPS + " application/x-shapefile"),
    sample(
        "app.jar",
        zipped("META-INF/MANIFEST.MF", "a.class"),
        f"application/java-archive application/x-java-archive {ZIPS}",
    ),
    sample("app.apk", zipped("AndroidManifest.xml", "classes.dex"), f"application/vnd.android.package-archive {ZIPS}"),
    sample("app.ipa", zipped("Payload/a.app/Info.plist"), f"application/x-ios-app {ZIPS}"),
    sample("place.kmz", zipped("doc.kml"), f"application/vnd.google-earth.kmz {ZIPS}"),
    sample("comic.cbz", zipped("1.jpg"), f"application/vnd.comicbook+zip application/x-cbz {ZIPS}"),
    sample("design.sketch", zipped("document.json"), "application/vnd.sketch application/x-sketch"),
    sample("package.whl", zipped("a/__init__.py"), ZIPS),
    sample("logs.tar", TAR, "application/x-tar application/tar"),
    sample("gnu.tar", tarred(tarfile.GNU_FORMAT), "application/x-tar"),
    sample("old.tar", before_posix(), "application/x-tar"),
    sample("logs.tar.gz", gzip.compress(TAR), GZIPS + " application/x-tgz application/x-compressed-tar"),
    sample("logs.tgz", gzip.compress(TAR), GZIPS + " application/x-compressed application/x-gtar"),
    sample("unpacked.tar.gz", TAR, "application/gzip application/x-gzip application/x-tar"),
    sample("text.gz", gzip.compress(TEXT), GZIPS),
    sample("text.bz2", bz2.compress(TEXT), "application/x-bzip2 application/x-bzip application/bzip2"),
    sample("text.xz", lzma.compress(TEXT), "application/x-xz"),
    sample("text.lzma", lzma.compress(TEXT, lzma.FORMAT_ALONE), "application/x-lzma"),
    sample("text.zst", b"\x28\xb5\x2f\xfd\x04\x58" + bytes(40), "application/zstd application/x-zstd"),
    sample("skip.zst", b"\x50\x2a\x4d\x18\x04\x00\x00\x00" + bytes(40), "application/zstd"),
    sample("text.lz4", b"\x04\x22\x4d\x18\x64\x40\xa7" + bytes(40), "application/x-lz4"),
    sample("text.br", bytes((91 * n + 7) % 256 for n in range(200)), "application/x-brotli application/brotli"),
    sample("text.Z", b"\x1f\x9d\x90" + bytes(40), "application/x-compress"),
    sample("files.7z", b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(40), "application/x-7z-compressed application/x-7z"),
    sample(
        "files.rar",
        b"Rar!\x1a\x07\x01\x00" + bytes(40),
        "application/vnd.rar application/x-rar-compressed application/x-rar",
    ),
    sample(
        "old.rar", b"Rar!\x1a\x07\x00" + bytes(40), "application/vnd.rar application/x-rar-compressed application/rar"
    ),
    sample("files.lzh", b"\x21\x00-lh5-" + bytes(40), "application/x-lzh-compressed application/x-lha"),
    sample("files.cab", b"MSCF\x00\x00\x00\x00" + bytes(40), "application/vnd.ms-cab-compressed"),
    sample(
        "tool.deb",
        b"!<arch>\ndebian-binary   1342943816  0     0     100644  4         `\n2.0\n\x1f\x8b\x08\x00",
        "application/vnd.debian.binary-package application/x-debian-package",
    ),
    sample("tool.rpm", b"\xed\xab\xee\xdb\x03\x00" + bytes(40), "application/x-rpm"),
    sample("system.iso", bytes(4096), "application/x-iso9660-image application/x-cd-image"),
    sample("hybrid.iso", b"\xeb\x63\x90" + bytes((7 * n) % 256 for n in range(500)), "application/x-iso9660-image"),
    sample("app.dmg", b"x\x01s\r\x62\x62\x60" + bytes(200), "application/x-apple-diskimage"),
    sample("app.db", database(), SQLITES),
    sample("map.gpkg", database(), "application/geopackage+sqlite3 " + SQLITES),
    sample(
        "rows.parquet",
        b"PAR1\x15\x04\x15\x10" + bytes(40),
        "application/vnd.apache.parquet application/x-parquet application/parquet",
    ),
    sample("rows.arrow", b"ARROW1\x00\x00" + bytes(40), "application/vnd.apache.arrow.file"),
    sample("rows.avro", b"Obj\x01\x04\x16avro" + bytes(40), "application/avro application/vnd.apache.avro+binary"),
    sample("grid.h5", HDF + bytes(40), HDFS),
    sample("user.h5", bytes(512) + HDF + bytes(40), HDFS),
    sample("grid.nc", HDF + bytes(40), "application/x-netcdf application/netcdf"),
    sample("classic.nc", b"CDF\x01\x00\x00" + bytes(40), "application/x-netcdf"),
    sample("grid.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + bytes(90), "application/x-matlab-data"),
    sample("scan.dcm", bytes(128) + b"DICM\x02\x00\x00\x00" + bytes(40), "application/dicom image/dicom"),
    sample("preamble.dcm", b"II*\x00" + bytes(124) + b"DICM\x02\x00\x00\x00" + bytes(40), "application/dicom"),
    sample("array.npy", b"\x93NUMPY\x01\x00v\x00{'descr'" + bytes(40), "application/x-npy"),
    sample("model.pkl", pickle.dumps({"a": [1, 2]}), "application/x-pickle application/x-python-pickle"),
    sample("old.pkl", pickle.dumps({"a": [1, 2]}, 0), "application/x-pickle text/plain"),
    sample("image.fits", b"SIMPLE  =                    T" + b" " * 100, "application/fits image/fits"),
    sample("code.wasm", b"\x00asm\x01\x00\x00\x00", "application/wasm"),
    sample("face.woff2", b"wOF2\x00\x01\x00\x00" + bytes(40), "font/woff2 application/font-woff2"),
    sample("face.woff", b"wOFFOTTO" + bytes(40), "font/woff application/font-woff application/x-font-woff"),
    sample(
        "face.ttf",
        b"\x00\x01\x00\x00\x00\x10\x01\x00" + bytes(40),
        "font/ttf application/x-font-ttf font/sfnt application/x-font-truetype",
    ),
    sample("mac.ttf", b"true\x00\x10\x01\x00" + bytes(40), "font/ttf application/x-font-ttf"),
    sample(
        "face.otf",
        b"OTTO\x00\x10\x01\x00" + bytes(40),
        "font/otf application/x-font-otf font/ttf application/vnd.ms-opentype",
    ),
    sample("faces.ttc", b"ttcf\x00\x01\x00\x00" + bytes(40), "font/collection font/ttf"),
    sample("files.torrent", b"d8:announce20:http://a.example/6:piecesi1e" + bytes(20), "application/x-bittorrent"),
    sample(
        "signed.p7m", b"\x30\x80\x06\x09\x2a\x86\x48" + bytes(40), "application/pkcs7-mime application/x-pkcs7-mime"
    ),
    sample("keys.p12", b"\x30\x82\x0a\x11\x02\x01\x03" + bytes(40), "application/x-pkcs12"),
    sample("winmail.dat", b"\x78\x9f\x3e\x22\x01\x00" + bytes(40), "application/ms-tnef application/vnd.ms-tnef"),
    sample(
        "setup.exe",
        b"MZ\x90\x00\x03\x00\x00\x00" + bytes(60),
        "application/x-msdownload application/x-msdos-program application/vnd.microsoft.portable-executable",
    ),
    sample(
        "setup.msi", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "application/x-msi application/x-ms-installer"
    ),
    sample(
        "mystery.xyz",
        bytes((13 * n + 1) % 256 for n in range(300)),
        "chemical/x-xyz application/x-my-own x-world/x-vrml",
    ),
    sample("mystery.txt.xyz", b"C 0 0 0\n", "chemical/x-xyz application/x-my-own"),
    sample("fig.fig", zipped("canvas.fig"), "application/x-my-own application/vnd.figma"),
    sample(
        "code.pyc",
        b"\xa7\r\r\n" + bytes(12) + b"\xe3\x00<script>",
        "application/x-python-code application/x-bytecode.python",
    ),
    sample("code.o", b"\x7fELF\x02\x01\x01" + bytes(60), "application/x-object"),
]
