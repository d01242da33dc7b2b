"""Documents of office programs, mail, calendars and books, and texts of all kinds."""

import io
import zipfile
from email.message import EmailMessage

from PIL import Image
from tests.field.corpus import Sample, sample

OOXML = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX, PPTX = (
    OOXML + "wordprocessingml.document",
    OOXML + "spreadsheetml.sheet",
    OOXML + "presentationml.presentation",
)
ODF = "application/vnd.oasis.opendocument."
ZIPS = "application/zip application/x-zip-compressed application/x-zip"
CSVS = (
    "text/csv application/vnd.ms-excel text/comma-separated-values text/x-csv application/csv application/x-csv "
    "text/plain text/x-comma-separated-values text/tab-separated-values"
)
PDFS = "application/pdf application/x-pdf"
EXCELS = "application/vnd.ms-excel application/msexcel application/x-msexcel"


def zipped(*names: str, stored: str | None = None) -> bytes:
    """A ZIP of these members; ``stored`` is the text of a first one, `mimetype`, as EPUB and ODF have it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if stored is not None:
            archive.writestr("mimetype", stored, zipfile.ZIP_STORED)
        for name in names:
            archive.writestr(name, "<?xml version='1.0'?><x/>" * 20)
    return out.getvalue()


def pdf() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(out, "PDF")
    return out.getvalue()


def ole(clsid: bytes = bytes(16)) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + clsid + b"\x3e\x00\x03\x00\xfe\xff\x09\x00" + bytes(480)


def letter() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@example.com", "bob@example.com", "Grüße"
    mail.set_content("Hallo Bob, <b>schau</b> mal.")
    mail.add_attachment(b"\x00\x01\x02", maintype="application", subtype="octet-stream", filename="a.bin")
    return bytes(mail)


PDF = pdf()
TABLE = "name;größe;datum\r\nÄpfel;1,5;01.02.2026\r\n"
EXCEL_PAGE = (
    b'<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel">'
    b"<head><meta charset=utf-8></head><body><table><tr><td>1</td></tr></table></body></html>"
)
EXCEL_XML = (
    b'<?xml version="1.0"?>\r\n<?mso-application progid="Excel.Sheet"?>\r\n'
    b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'
)
WORD_PAGE = EXCEL_PAGE.replace(b"office:excel", b"office:word")
WORD_XML = (
    b'<?xml version="1.0"?>\n<?mso-application progid="Word.Document"?>\n'
    b'<w:wordDocument xmlns:o="urn:schemas-microsoft-com:office:office"/>'
)
MHT = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/html\r\n\r\n<html>"
)
ICS = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Tea\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
VCF = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nEND:VCARD\r\n"
RTF = b"{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0 Arial;}}\\f0 Hello}"
JOB = b"\x1b%-12345X@PJL JOB\r\n@PJL SET RESOLUTION=600\r\n@PJL ENTER LANGUAGE=PDF\r\n"

DOCUMENTS: list[Sample] = [
    sample("paper.pdf", PDF, PDFS),
    sample("bom.pdf", b"\xef\xbb\xbf" + PDF, PDFS),
    sample("blank.pdf", b" " + PDF, PDFS),
    sample("newline.pdf", b"\r\n" + PDF, PDFS),
    sample("newlines.pdf", b"\n" * 900 + PDF, PDFS),
    sample("bytes.pdf", b"\x00\x05\x16\x07abc" + PDF, PDFS),
    sample("macbinary.pdf", b"\x00\x09paper.pdf" + bytes(54) + b"PDF CARO" + bytes(55) + PDF, PDFS),
    sample("printed.pdf", JOB + PDF, PDFS),
    sample("mailed.pdf", b"Content-Type: application/pdf\r\nContent-Length: 900\r\n\r\n" + PDF, PDFS),
    sample("warning.pdf", b"Notice: Undefined index: id in /srv/www/pdf.php on line 7\n" + PDF, PDFS),
    sample("ascii.pdf", b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\n", PDFS + " text/plain"),
    sample("ascii-bom.pdf", b"\xef\xbb\xbf%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\n", PDFS),
    sample("two.pdf", b"%PDF-2.0\n%\xe2\xe3\xcf\xd3\n" + bytes(40), PDFS),
    sample("early.pdf", b"%!PS-Adobe-3.0 PDF-1.4\n1 0 obj\n\xff\xfe\x00", PDFS),
    sample(
        "art.ai",
        PDF,
        "application/postscript application/illustrator application/pdf application/vnd.adobe.illustrator",
    ),
    sample(
        "art-old.ai",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%Creator: Adobe Illustrator(R) 8.0\n",
        "application/postscript application/illustrator text/plain",
    ),
    sample("page.ps", b"%!PS-Adobe-3.0\n%%Pages: 1\nshowpage\n", "application/postscript text/plain"),
    sample("job.ps", b"\x04%!PS-Adobe-3.0\n%%Pages: 1\n", "application/postscript"),
    sample(
        "text.docx",
        zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"),
        f"{DOCX} {ZIPS} application/msword",
    ),
    sample("table.xlsx", zipped("[Content_Types].xml", "xl/workbook.xml"), f"{XLSX} {ZIPS} {EXCELS}"),
    sample(
        "talk.pptx",
        zipped("[Content_Types].xml", "ppt/presentation.xml"),
        f"{PPTX} {ZIPS} application/vnd.ms-powerpoint",
    ),
    sample(
        "macro.xlsm",
        zipped("[Content_Types].xml", "xl/vbaProject.bin"),
        f"application/vnd.ms-excel.sheet.macroEnabled.12 {ZIPS} {EXCELS}",
    ),
    sample(
        "macro.docm",
        zipped("[Content_Types].xml", "word/vbaProject.bin"),
        "application/vnd.ms-word.document.macroEnabled.12",
    ),
    sample("form.dotx", zipped("[Content_Types].xml"), OOXML + "wordprocessingml.template"),
    sample(
        "binary.xlsb",
        zipped("[Content_Types].xml", "xl/workbook.bin"),
        f"application/vnd.ms-excel.sheet.binary.macroEnabled.12 {EXCELS}",
    ),
    sample("secret.docx", ole(), DOCX),
    sample("secret.xlsx", ole(), f"{XLSX} {EXCELS}"),
    sample("old.doc", ole(), "application/msword application/vnd.ms-word"),
    sample("old.xls", ole(), f"{EXCELS} application/vnd.ms-office"),
    sample("old.ppt", ole(), "application/vnd.ms-powerpoint application/mspowerpoint"),
    sample("really-new.doc", zipped("[Content_Types].xml", "word/document.xml"), "application/msword"),
    sample("really-rtf.doc", RTF, "application/msword application/rtf text/rtf"),
    sample("really-page.xls", EXCEL_PAGE, f"{EXCELS} text/html"),
    sample("really-page-bom.xls", b"\xef\xbb\xbf" + EXCEL_PAGE, EXCELS),
    sample("really-page.doc", WORD_PAGE, "application/msword text/html"),
    sample("really-xml.xls", EXCEL_XML, f"{EXCELS} text/xml application/xml"),
    sample("really-xml.doc", WORD_XML, "application/msword text/xml"),
    sample("really-mht.doc", MHT, "application/msword message/rfc822 application/x-mimearchive multipart/related"),
    sample("really-csv.xls", TABLE.encode(), EXCELS),
    sample("mail.msg", ole(), "application/vnd.ms-outlook"),
    sample("plan.mpp", ole(), "application/vnd.ms-project"),
    sample("chart.vsd", ole(), "application/vnd.visio application/vnd.ms-visio.viewer"),
    sample("print.pub", ole(), "application/vnd.ms-publisher application/x-mspublisher"),
    sample(
        "note.one",
        b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3" + bytes(40),
        "application/onenote",
    ),
    sample("text.rtf", RTF, "application/rtf text/rtf application/x-rtf text/richtext application/msword"),
    sample("text.odt", zipped("content.xml", stored=ODF + "text"), f"{ODF}text {ZIPS}"),
    sample("table.ods", zipped("content.xml", stored=ODF + "spreadsheet"), f"{ODF}spreadsheet {ZIPS}"),
    sample("talk.odp", zipped("content.xml", stored=ODF + "presentation"), f"{ODF}presentation"),
    sample("flat.fodt", b'<?xml version="1.0"?>\n<office:document/>', f"{ODF}text-flat-xml text/xml application/xml"),
    sample(
        "talk.key",
        zipped("Index/Document.iwa"),
        f"application/vnd.apple.keynote application/x-iwork-keynote-sffkey {ZIPS}",
    ),
    sample(
        "text.pages", zipped("Index/Document.iwa"), "application/vnd.apple.pages application/x-iwork-pages-sffpages"
    ),
    sample(
        "table.numbers",
        zipped("Index/Document.iwa"),
        "application/vnd.apple.numbers application/x-iwork-numbers-sffnumbers",
    ),
    sample(
        "book.epub", zipped("META-INF/container.xml", stored="application/epub+zip"), f"application/epub+zip {ZIPS}"
    ),
    sample("book.mobi", b"Book" + bytes(56) + b"BOOKMOBI" + bytes(40), "application/x-mobipocket-ebook"),
    sample("paper.xps", zipped("FixedDocSeq.fdseq"), "application/vnd.ms-xpsdocument application/oxps"),
    sample("german.csv", TABLE.encode(), CSVS),
    sample("ansi.csv", TABLE.encode("cp1252"), CSVS),
    sample("bom.csv", b"\xef\xbb\xbf" + TABLE.encode(), CSVS),
    sample("unicode.csv", TABLE.encode("utf-16"), CSVS),
    sample("japanese.csv", "名前,値\r\n林檎,1\r\n".encode("shift_jis"), CSVS),
    sample("dos.csv", TABLE.encode("cp850") + b"\x1a", CSVS),
    sample("one-line.csv", b"1,2,3", CSVS),
    sample("tabs.tsv", b"a\tb\n1\t2\n", "text/tab-separated-values text/plain text/csv application/vnd.ms-excel"),
    sample("note.txt", "Grüße aus Köln\n".encode(), "text/plain"),
    sample("note-wide.txt", "Grüße aus Köln\n".encode("utf-16"), "text/plain"),
    sample("note-mac.txt", b"Gr\x9f\xdfe\r", "text/plain"),
    sample("program.log", b"\x1b[32mok\x1b[0m 12:00 started\n" * 20, "text/plain text/x-log"),
    sample(
        "README.md",
        b'<div align="center"><h1>Title</h1></div>\n\n# Usage\n',
        "text/markdown text/x-markdown text/plain text/x-web-markdown",
    ),
    sample("notes.md", b"# Title\n\n* a\n", "text/markdown text/x-markdown text/plain"),
    sample("data.json", b'{"a": [1, 2]}', "application/json text/json text/plain text/x-json"),
    sample("bom.json", b'\xef\xbb\xbf{"a": [1, 2]}', "application/json text/json text/plain"),
    sample(
        "rows.jsonl",
        b'{"a": 1}\n{"a": 2}\n',
        "application/jsonl application/x-ndjson application/json-lines application/json text/plain",
    ),
    sample(
        "map.geojson",
        b'{"type": "FeatureCollection", "features": []}',
        "application/geo+json application/json application/vnd.geo+json",
    ),
    sample("work.ipynb", b'{"cells": [], "nbformat": 4}', "application/x-ipynb+json application/json text/plain"),
    sample("scene.gltf", b'{"asset": {"version": "2.0"}}', "model/gltf+json application/json"),
    sample("data.xml", b'<?xml version="1.0"?><data/>', "text/xml application/xml text/plain"),
    sample(
        "wide.xml",
        '\ufeff<?xml version="1.0" encoding="utf-16"?><data/>'.encode("utf-16-le"),
        "text/xml application/xml",
    ),
    sample("feed.rss", b"<?xml version='1.0'?><rss version='2.0'/>", "application/rss+xml text/xml application/xml"),
    sample(
        "place.kml", b'<?xml version="1.0"?><kml/>', "application/vnd.google-earth.kml+xml text/xml application/xml"
    ),
    sample("walk.gpx", b'<?xml version="1.0"?><gpx/>', "application/gpx+xml application/gpx text/xml application/xml"),
    sample("conf.yaml", b"a: 1\nb: [2]\n", "text/yaml application/yaml application/x-yaml text/x-yaml text/plain"),
    sample("conf.toml", b'[a]\nb = "c"\n', "application/toml text/plain"),
    sample(
        "dump.sql", b"-- dump\nCREATE TABLE a (b int);\n", "application/sql text/x-sql application/x-sql text/plain"
    ),
    sample("page.html", b"<!doctype html><title>x</title>", "text/html text/plain"),
    sample("style.css", b"a { color: red }\n", "text/css text/plain"),
    sample(
        "code.js",
        b"#!/usr/bin/env node\nlet a = 1\n",
        "text/javascript application/javascript application/x-javascript text/plain",
    ),
    sample(
        "code.py",
        b"#!/usr/bin/python3\nprint(1)\n",
        "text/x-python application/x-python text/x-script.python text/plain",
    ),
    sample("code.php", b"<?php echo 1;\n", "application/x-httpd-php text/x-php application/x-php text/plain"),
    sample(
        "run.sh",
        b"#!/bin/sh\necho\n",
        "application/x-sh text/x-sh application/x-shellscript text/x-shellscript text/plain",
    ),
    sample("paper.tex", b"\\documentclass{article}\n", "application/x-tex text/x-tex application/x-latex text/plain"),
    sample("mail.eml", letter(), "message/rfc822 text/plain"),
    sample("date.ics", ICS, "text/calendar text/plain application/ics"),
    sample("ann.vcf", VCF, "text/vcard text/x-vcard text/directory text/plain"),
    sample(
        "key.pem",
        b"-----BEGIN CERTIFICATE-----\nMIIB\n",
        "application/x-x509-ca-cert application/x-pem-file application/pem-certificate-chain",
    ),
    sample(
        "cert.der",
        b"\x30\x82\x03\x11\x30\x82\x01\xf9\xa0\x03\x02\x01\x02" + bytes(40),
        "application/x-x509-ca-cert application/pkix-cert",
    ),
    sample("part.step", b"ISO-10303-21;\nHEADER;\n", "model/step application/step text/plain"),
    sample(
        "part.stl",
        b"solid part\n facet normal 0 0 1\n",
        "model/stl application/vnd.ms-pki.stl application/sla text/plain",
    ),
    sample(
        "binary.stl",
        b"Exported from a program" + bytes(57) + b"\x02\x00\x00\x00" + bytes(100),
        "model/stl application/vnd.ms-pki.stl",
    ),
    sample("part.obj", b"# by hand\nv 0 0 0\nf 1 2 3\n", "model/obj application/x-tgif text/plain"),
    sample("scene.glb", b"glTF\x02\x00\x00\x00\x40\x01\x00\x00" + bytes(40), "model/gltf-binary"),
    sample("print.3mf", zipped("[Content_Types].xml", "3D/3dmodel.model"), f"model/3mf {ZIPS}"),
    sample(
        "code.ts",
        b"export const a: number = 1\n",
        "video/mp2t video/vnd.dlna.mpeg-tts text/vnd.trolltech.linguist text/typescript",
    ),
    sample("code.rs", b"fn main() {}\n", "application/rls-services+xml text/rust text/plain"),
    sample(
        "app.pot",
        b'msgid ""\nmsgstr ""\n',
        "application/vnd.ms-powerpoint text/x-gettext-translation-template text/plain",
    ),
    sample("graph.dot", b"digraph { a -> b }\n", "application/msword text/vnd.graphviz"),
    sample("text-of-wps.docx", zipped("[Content_Types].xml"), "application/wps-office.docx"),
    sample(
        "server.key",
        b"-----BEGIN PRIVATE KEY-----\nMIIE\n",
        "application/vnd.apple.keynote application/pgp-keys text/plain",
    ),
    sample("de.msg", b"namespace eval ::tk { }\n", "application/vnd.ms-outlook text/plain"),
    sample(
        "run.bat", b"@echo off\r\n", "application/x-msdos-program application/x-msdownload application/x-bat text/plain"
    ),
]
