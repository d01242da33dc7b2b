"""Honest files are accepted under every type that systems give them, and disguised ones are not.

Reported publicly: tables from Windows with Excel refused as ``application/vnd.ms-excel`` (medusajs/medusa pull request
15483, Arize-ai/phoenix pull request 11956); photos of iPhones without a type (transloadit/uppy issue 1604,
pqina/filepond issue 980, baloise/design-system issue 1847).
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.e2e.api import wait_for
from tests.e2e.conftest import running_service
from tests.field.corpus import Sample
from tests.field.corpus_data import DATA
from tests.field.corpus_documents import DOCUMENTS, DOCX, PPTX, XLSX
from tests.field.corpus_lies import DOCUMENT_TYPES, MEDIA_TYPES, PAGES, PROGRAMS, TWO_FACED
from tests.field.corpus_pictures import PICTURES
from tests.field.corpus_shared import MISNAMED, SHARED
from tests.field.corpus_sounds import SOUNDS
from tests.support.servers import VALETKEY, running_worker
from tests.support.stores import Bucket

from valetkey.adapters.magic import MagicDetector
from valetkey.core.content.inspection import look_into

DETECTOR = MagicDetector()
CORPUS = [*PICTURES, *SOUNDS, *DOCUMENTS, *DATA, *SHARED]


def test_the_corpus_is_large() -> None:
    """At least 150 files, no two of one name."""
    assert len({one.name for one in CORPUS}) == len(CORPUS) >= 150


@pytest.mark.parametrize("one", CORPUS, ids=lambda one: one.name)
def test_an_honest_file_is_let_in(one: Sample) -> None:
    """Under each of its types, whatever else a profile takes, and by that type alone."""
    refused = [
        (said, allowed, look_into(one.first, said, allowed, DETECTOR).detected)
        for said in one.types
        for allowed in (("*/*",), (said,))
        if not look_into(one.first, said, allowed, DETECTOR).agrees
    ]
    assert refused == []


@pytest.mark.parametrize("one", MISNAMED, ids=lambda one: one.name)
def test_a_harmless_wrong_name_is_let_in_where_everything_is(one: Sample) -> None:
    """With ``*/*``; a profile that names types gets none but those: its readers may know no others."""
    for said in one.types:
        assert look_into(one.first, said, ("*/*",), DETECTOR).agrees, said
        assert not look_into(one.first, said, (said,), DETECTOR).agrees, said


WIDE_OPEN = ("image/*", "audio/*", "video/*", "text/*", "application/pdf", "application/zip", "font/*")


def believed(content: bytes, types: list[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The types that it is taken for, with what a profile takes then."""
    return [
        (said, allowed)
        for said in types
        for allowed in (("*/*",), (said,), (said, *WIDE_OPEN))
        if look_into(content[:4096], said, allowed, DETECTOR).agrees
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_or_a_script_is_nothing_else(name: str) -> None:
    """However it is written and whatever stands before it: no picture, no film, no document, no unknown type."""
    assert believed(PAGES[name], MEDIA_TYPES) == []
    assert believed(PAGES[name], DOCUMENT_TYPES) == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_nothing_else(name: str) -> None:
    """Under no type but its own and that which says nothing."""
    assert believed(PROGRAMS[name], [*MEDIA_TYPES, *DOCUMENT_TYPES, "text/plain"]) == []


@pytest.mark.parametrize(("name", "content", "types"), TWO_FACED, ids=[name for name, _, _ in TWO_FACED])
def test_two_faces_are_no_face(name: str, content: bytes, types: str) -> None:
    """What is one thing to a browser and another to the next program, or nothing of what it is called."""
    refused = [said for said in types.split() if not look_into(content[:4096], said, ("*/*",), DETECTOR).agrees]
    assert refused == types.split(), name


PROFILES = """
[profiles.checked]
detect = "reject"

[profiles.tables]
content_types = ["text/csv", "application/vnd.ms-excel"]
detect = "reject"
"""

# what a profile is given under which type, and how it ends
SENT = [
    ("checked", "german.csv", "application/vnd.ms-excel", "confirmed"),
    ("tables", "german.csv", "application/vnd.ms-excel", "confirmed"),
    ("tables", "table.xlsx", "application/vnd.ms-excel", "confirmed"),
    ("checked", "bom.pdf", "application/pdf", "confirmed"),
    ("checked", "newlines.pdf", "application/pdf", "confirmed"),
    ("checked", "art.ai", "application/postscript", "confirmed"),
    ("checked", "secret.docx", DOCX, "confirmed"),
    ("checked", "IMG_2.HEIC", "image/heic", "confirmed"),
    ("checked", "printed.ps", "application/postscript", "confirmed"),
    ("checked", "part.nc", "application/x-netcdf", "confirmed"),
    ("checked", "app_de.ts", "video/mp2t", "confirmed"),
    ("checked", "plan.dgn", "image/vnd.dgn", "confirmed"),
    ("checked", "nothing.csv", "text/csv", "confirmed"),
    ("checked", "saved from a page.jpg", "image/jpeg", "confirmed"),
    ("checked", "page", "text/x-microdvd", "rejected"),
    ("checked", "Windows", "application/vnd.adobe.flash.movie", "rejected"),
    ("checked", "gif with a script and a PDF", "application/pdf", "rejected"),
    ("checked", "page", "application/pdf", "rejected"),
    ("tables", "page", "application/vnd.ms-excel", "rejected"),
    ("tables", "Windows", "application/vnd.ms-excel", "rejected"),
]


def test_the_worker_lets_honest_files_in(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """On Ceph RGW, with `detect = "reject"`: Excel's tables and PDFs behind a mark are confirmed, and no lie is."""
    (tmp_path / "valetkey.toml").write_text(PROFILES)
    content = (
        {one.name: one.content for one in [*CORPUS, *MISNAMED]}
        | {name: one for name, one, _ in TWO_FACED}
        | PAGES
        | PROGRAMS
    )
    with running_service(tmp_path, rgw_bucket, {"VALETKEY_CONFIG": str(tmp_path / "valetkey.toml")}) as service:
        expected = {}
        for profile, name, said, end in SENT:
            created = service.api.create(said, filename=name, size=len(content[name]), profile=profile)
            assert created.post(content[name]).status == 201
            assert service.api.complete(created.id).status_code == 202
            expected[created.id] = end
        with running_worker(service.server):
            assert wait_for(lambda: {id_: service.api.upload(id_)["state"] for id_ in expected} == expected, 60)


NAMED = {
    "a.webp": "image/webp",
    "IMG_1.HEIC": "image/heic",
    "IMG_2.HIF": "image/heif",
    "Voice 001.3ga": "audio/3gpp",
    "Brief.docx": DOCX,
    "table.XLSX": XLSX,
    "talk.pptx": PPTX,
    "notes.md": "text/markdown",
    "rows.csv": "text/csv",
    "rows.jsonl": "application/jsonl",
    "rows.parquet": "application/vnd.apache.parquet",
    "film.mkv": "video/x-matroska",
    "song.m4a": "audio/mp4",
    "song.opus": "audio/ogg",
    "memo.weba": "audio/webm",
    "clip.3g2": "video/3gpp2",
    "camera.M2TS": "video/mp2t",
    "budget.xlsm": "application/vnd.ms-excel.sheet.macroenabled.12",
    "slides.ppsx": "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
    "part.STEP": "model/step",
    "signed.pdf.p7m": "application/pkcs7-mime",
    "book.epub": "application/epub+zip",
    "date.ics": "text/calendar",
    "ann.vcf": "text/vcard",
    "art.psd": "image/vnd.adobe.photoshop",
    "art.ai": "application/postscript",
    "photo.dng": "image/x-adobe-dng",
    "photo.avif": "image/avif",
    "files.7z": "application/x-7z-compressed",
    "logs.tar.gz": "application/gzip",
    "README": "application/octet-stream",
    ".png": "application/octet-stream",
    "a.unheard-of": "application/octet-stream",
}


def test_put_knows_types_on_a_machine_that_knows_none(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """Minimal images have no `/etc/mime.types`: the type is by our own table, and the same everywhere."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in NAMED:
        (folder / name).write_bytes(b"x")
    # runs at the start of each Python, and takes the system's tables away, Python's own too
    (tmp_path / "sitecustomize.py").write_text(
        "import mimetypes\nmimetypes.knownfiles = []\nmimetypes.types_map = mimetypes._types_map_default = {}\n"
    )
    with running_service(tmp_path, rgw_bucket) as service:
        env = {
            "VALETKEY_ENDPOINT": service.server.base_url,
            "VALETKEY_TOKEN": str(service.api.token),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "PYTHONPATH": str(tmp_path),
        }
        command = [str(VALETKEY), "put", "files", "--json"]
        done = subprocess.run(command, env=os.environ | env, cwd=tmp_path, capture_output=True, timeout=120, check=True)
    uploads = [json.loads(line)["upload"] for line in done.stdout.splitlines()]
    assert {one["filename"]: one["content_type"] for one in uploads} == NAMED
