"""Files whose name several formats share, whose container is another's, or that do not begin with their header."""

import gzip

from tests.field.corpus import Sample, sample
from tests.field.corpus_documents import ole, zipped
from tests.field.corpus_pictures import JPEG, SVG, XML, drawn, ftyp
from tests.field.corpus_sounds import FRAMES, WAVE, ebml, packets

PJL = b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=POSTSCRIPT\r\n"
POSTSCRIPT = b"%!PS-Adobe-3.0\n%%Pages: 1\nshowpage\n"
SUNG = b"\x00\x00\x01\xba\x44\x00\x04" + bytes(60)
RAR = b"Rar!\x1a\x07\x01\x00" + bytes(40)
ASX = b'<asx version="3.0"><entry><ref href="http://a.example/b.wmv"/></entry></asx>\n'
LINGUIST = b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n<TS version="2.1" language="de_DE"/>\n'
CORELS = "application/vnd.corel-draw image/x-coreldraw image/x-cdr application/x-cdr application/coreldraw"
PUBLISHERS = "application/x-mspublisher application/vnd.ms-publisher"
TSS = "video/mp2t video/vnd.dlna.mpeg-tts"
SUBS = "text/vnd.dvb.subtitle text/x-microdvd text/x-subviewer image/vnd.dvb.subtitle"


def riff(kind: bytes) -> bytes:
    return b"RIFF\x00\x10\x00\x00" + kind + bytes(60)


def layer_three(index: int, rate: int) -> bytes:
    """Frames of ``index`` in MPEG 1's table of bit rates, which is ``rate`` kbit/s, at 44.1 kHz."""
    return (b"\xff\xfb" + bytes([index << 4]) + b"\xc4" + bytes(144_000 * rate // 44_100 - 4)) * 4


PAPERS = [
    sample("printed.ps", PJL + POSTSCRIPT, "application/postscript"),
    sample("newline.ps", b"\r\n" + POSTSCRIPT, "application/postscript"),
    sample("bare-newline.ps", b"\n%!PS\nshowpage\n", "application/postscript"),
    sample("bom.eps", b"\xef\xbb\xbf%!PS-Adobe-3.0 EPSF-3.0\n", "application/postscript image/x-eps"),
    sample("wordperfect.doc", b"\xffWPC\x10\x00\x00\x00" + bytes(60), "application/msword application/vnd.wordperfect"),
    sample("write.doc", b"\x31\xbe\x00\x00\x00\xab" + bytes(60), "application/msword application/x-mswrite"),
    sample("biff4.xls", b"\x09\x04\x06\x00\x00\x00\x10\x00" + bytes(60), "application/vnd.ms-excel"),
    sample("biff5.xls", b"\x09\x08\x08\x00\x00\x05\x05\x00" + bytes(60), "application/vnd.ms-excel"),
    sample("wide.xls", "name\tgröße\r\n1\t2\r\n".encode("utf-16-le"), "application/vnd.ms-excel text/csv text/plain"),
    sample("wide-be.csv", "name;größe\r\n".encode("utf-16-be"), "application/vnd.ms-excel text/csv text/plain"),
    sample("nothing.csv", b"<none>;1;2\r\n<b>x</b>;2;3\r\n", "text/csv application/vnd.ms-excel"),
    sample("null.tsv", b"<null>\t1\r\n<null>\t2\r\n", "text/tab-separated-values text/csv"),
]
NAMES = [
    sample("part.nc", b"%\nO1000 (PART)\nG21 G90\nG0 X0 Y0\nM30\n%\n", "application/x-netcdf application/netcdf"),
    sample("big.nc", b"CDF\x05" + bytes(60), "application/x-netcdf application/netcdf"),
    sample("modis.hdf", b"\x0e\x03\x13\x01" + bytes(60), "application/x-hdf application/hdf"),
    sample("id_rsa.pub", b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB ann@example\n", PUBLISHERS),
    sample("app_de.ts", LINGUIST, f"{TSS} text/vnd.trolltech.linguist"),
    sample("list.asx", ASX, "video/x-ms-asf audio/x-ms-asx video/x-ms-asf-plugin application/asx"),
    sample("list.wax", ASX, "audio/x-ms-wax"),
    sample("list.wvx", ASX, "video/x-ms-wvx"),
    sample("old.asx", b"[Reference]\r\nRef1=http://a.example/b.asf\r\n", "video/x-ms-asf"),
    sample("list.ram", b"rtsp://a.example/b.rm\n", "audio/x-pn-realaudio"),
    sample("voice.ra", b".ra\xfd\x00\x04\x00\x00" + bytes(60), "audio/x-pn-realaudio audio/vnd.rn-realaudio"),
    sample("zip.cbr", zipped("1.jpg"), "application/vnd.comicbook-rar application/x-cbr"),
    sample("rar.cbz", RAR, "application/vnd.comicbook+zip application/x-cbz"),
    sample("film.sub", SUNG, SUBS),
    sample("captions.sub", b"{1}{25}Hello\n", SUBS),
    sample("jvc.mod", SUNG, "audio/x-mod video/mpeg"),
    sample("fortran.mod", gzip.compress(b"GFORTRAN module version '15'"), "audio/x-mod"),
    sample("private.key", b"\x30\x82\x04\xa4\x02\x01\x00\x02" + bytes(range(200)), "application/vnd.apple.keynote"),
    sample("flat.pkg", b"xar!\x00\x1c\x00\x01" + bytes(60), "application/vnd.apple.installer+xml application/x-xar"),
    sample("setup-by-name.msi", ole(), "application/x-msdownload"),
    sample(
        "film.swf",
        b"CWS\x0a" + bytes(60),
        "application/x-shockwave-flash application/vnd.adobe.flash.movie application/futuresplash",
    ),
    sample(
        "tool.AppImage",
        b"\x7fELF\x02\x01\x01\x00AI\x02" + bytes(60),
        "application/vnd.appimage application/x-iso9660-appimage application/x-executable",
    ),
    sample("boot.efi", b"MZ" + bytes(60), "application/efi application/x-msdownload"),
]
CONTAINERS = [
    sample("art.cdr", riff(b"CDR9vrsn"), CORELS),
    sample("art-new.cdr", zipped("content/root.dat"), CORELS),
    sample("art.cmx", riff(b"CMX1cont"), "image/x-cmx"),
    sample("art.ora", zipped("stack.xml", stored="image/openraster"), "image/openraster"),
    sample("figma.fig", zipped("canvas.fig"), "image/x-xfig"),
    sample("art.xcf.gz", gzip.compress(b"gimp xcf v011\x00"), "image/x-compressed-xcf"),
    sample("print.eps.gz", gzip.compress(POSTSCRIPT), "image/x-gzeps"),
    sample("plan.dgn", ole(), "image/vnd.dgn image/x-dgn"),
    sample("pic.fpx", ole(), "image/vnd.fpx image/vnd.net-fpx"),
    sample("graph.dia", XML + b"<dia:diagram xmlns:dia='http://www.lysator.liu.se/'/>", "image/x-dia-diagram"),
    sample("page.svg", SVG, "image/svg image/svg-xml application/svg+xml"),
    sample("chart.emz", gzip.compress(bytes(40)), "application/x-msmetafile"),
    sample("mime-db.emf", b"\x01\0\0\0\x6c" + bytes(35) + b" EMF" + bytes(40), "application/x-msmetafile"),
    sample("world.wrl", gzip.compress(b"#VRML V2.0 utf8\n"), "model/vrml x-world/x-vrml"),
    sample("world.x3dz", gzip.compress(XML + b"<X3D/>"), "model/x3d+xml"),
    sample("gif.ico", drawn("GIF", "P"), "image/x-icon image/vnd.microsoft.icon"),
    sample("jpeg.ico", JPEG, "image/x-icon"),
]
STREAMS = [
    sample("cam.mjpg", JPEG, "video/x-motion-jpeg video/x-mjpeg video/x-jpeg"),
    sample("cam-http.mjpg", b"--f\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG, "video/x-motion-jpeg"),
    sample("set.sf2", riff(b"sfbk"), "audio/x-sfbk audio/x-soundfont audio/soundfont"),
    sample("set.dls", riff(b"DLS "), "audio/dls"),
    sample("voice.qcp", riff(b"QLCMfmt "), "audio/qcelp audio/vnd.qcelp"),
    sample("player.amv", riff(b"AMV LIST"), "video/x-amv"),
    sample("vcd.dat", riff(b"CDXAfmt "), "video/mpeg"),
    sample("audible.aax", ftyp(b"aax ", b"aax "), "audio/audible audio/vnd.audible.aax"),
    sample("cut.ts", bytes(range(100)) + packets(), TSS),
    sample("dvb.ts", (b"G\x40\x00\x10" + bytes(range(184)) + bytes(16)) * 4, TSS),
    sample("radio.mp3", bytes((7 * n) % 251 for n in range(200)) + FRAMES, "audio/mpeg audio/mp3"),
    sample("radio-320.mp3", bytes((7 * n) % 251 for n in range(900)) + layer_three(14, 320), "audio/mpeg"),
    sample("free.mp3", b"\xff\xfb\x00\x64" + bytes(200), "audio/mpeg"),
    sample("ape-tag.mp3", b"APETAGEX\xd0\x07\x00\x00" + bytes(60) + FRAMES, "audio/mpeg"),
    sample("riff.mp3", WAVE, "audio/mpeg audio/mp3"),
    sample("large.mov", b"\x1d\x2f\x00\x10mdat\x00\x00" + bytes(60), "video/quicktime video/mp4"),
    sample("live.m4s", b"\x00\x00\x00\x20prft\x01\x00\x00\x18" + bytes(60), "video/mp4 video/iso.segment"),
]
XMLS = "text/xml application/xml"
LIKE_PAGES = [
    sample("file.meta4", XML + b'<metalink xmlns="urn:ietf:params:xml:ns:metalink"/>', "application/metalink4+xml"),
    sample("roads.shp.xml", b'<metadata xml:lang="en"><Esri><CreaDate/></Esri></metadata>', XMLS),
    sample("maven-metadata.xml", XML + b"<metadata><groupId>a.b</groupId></metadata>", XMLS),
    sample(
        "apa.csl",
        XML + b'<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text"/>',
        f"application/vnd.citationstyles.style+xml {XMLS}",
    ),
    sample("dump.xml", XML + b'<table name="people"><row/></table>', XMLS),
    sample("bare-dump.xml", b'<table name="people"><row/></table>', XMLS),
    sample("arial.fnt", XML + b'<font><info face="Arial"/></font>', XMLS),
    sample("look.xml", XML + b"<styleSheet/>", XMLS),
    sample("news.xml", XML + b"<headlines/>", XMLS),
    sample("message.xml", XML + b"<header/>", f"application/x-my-own {XMLS}"),
    sample("discs.xml", b"<titles><title>a</title></titles>", XMLS),
    sample("sprites.img.xml", XML + b'<imgdir name="a"/>', XMLS),
    sample("jobs.xml", b"<scripts/>", XMLS),
]
"""XML whose root is called like an element of HTML, or begins like one."""

NOT_AS_IT_BEGINS = [
    sample("wechat.silk", b"\x02#!SILK_V3\x0c\x00\xb0" + bytes(40), "audio/silk audio/amr"),
    sample("skype.silk", b"#!SILK_V3\x0c\x00\xb0" + bytes(40), "audio/silk"),
    sample("sent.silk", b"#!AMR\n\x3c\x91\x17\x16" + bytes(60), "audio/silk"),
    sample("photo.avci", ftyp(b"avci", b"mif1", b"avci"), "image/avci image/heif"),
    sample("photo-in.heif", ftyp(b"jpeg", b"mif1", b"jpeg"), "image/heif"),
    sample("next.avif", ftyp(b"mif2", b"mif1", b"avif"), "image/avif image/heif"),
    sample("linux.key", b"-----BEGIN PRIVATE KEY-----\nMIIE\n", "application/x-iwork-keynote-sffkey"),
]
SHARED: list[Sample] = [*PAPERS, *NAMES, *CONTAINERS, *STREAMS, *LIKE_PAGES, *NOT_AS_IT_BEGINS]

WEBP = drawn("WEBP")
HEIC = ftyp(b"heic", b"mif1", b"heic")
FILM = ftyp(b"isom", b"isom")
MISNAMED: list[Sample] = [
    Sample("saved from a page.jpg", WEBP, ("image/jpeg", "image/png", "image/gif")),
    Sample("by a CDN.jpg", ftyp(b"avif", b"mif1", b"avif"), ("image/jpeg", "image/png", "image/webp")),
    Sample("from a phone.jpg", HEIC, ("image/jpeg",)),
    Sample("film.avi", FILM, ("video/x-msvideo", "video/avi")),
    Sample("recorded by Safari.webm", FILM, ("video/webm", "audio/webm", "audio/wav")),
    Sample("recorded by Chromium.wav", ebml(b"webm"), ("audio/wav", "audio/mpeg", "audio/ogg", "video/mp4")),
    Sample("converted.mp4", ebml(b"matroska"), ("video/mp4", "video/x-msvideo")),
]
"""What programs really save under the name of an older format; welcome where everything is, and nowhere else."""
