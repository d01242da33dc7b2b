"""G. A file is accepted under any name that its system has for an allowed type, and gets the profile's name for it.

Reported: a ZIP is ``application/x-zip-compressed`` on Windows (pocketbase/pocketbase #7303, mdn/content #13409,
MobilityData/gtfs-validator #1404), a voice memo ``audio/x-m4a`` (WordPress/gutenberg #9028, pocketbase #6808), a table
of text ``application/vnd.ms-excel``, and a photo from Android ``application/octet-stream``
(blueimp/jQuery-File-Upload #2278). A profile that named the registered type alone refused all of them with 422 before a
byte was sent, and one that named ``image/jpg`` every JPEG.
"""

from io import BytesIO
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.field.corpus_documents import DOCX
from tests.field.desk import MakeDesk
from tests.support.stores import Bucket

from valetkey import Profile
from valetkey.core.content.type_names import ALIASES, FAMILIES
from valetkey.testing import MemoryValetKey

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF, ZIP, CSV = "application/pdf", "application/zip", "text/csv"

# what the profile takes, the file's name, what its client calls it, and what is granted
TAKEN = [
    (ZIP, "a.zip", "application/x-zip-compressed", ZIP),
    (ZIP, "archive", "application/x-zip-compressed", ZIP),
    (ZIP, "a.zip", "application/octet-stream", ZIP),
    (ZIP, "a.zip", "multipart/x-zip", ZIP),
    ("application/x-zip-compressed", "a.zip", ZIP, "application/x-zip-compressed"),
    (CSV, "a.csv", "application/vnd.ms-excel", CSV),
    (CSV, "A.CSV", "text/plain", CSV),
    (CSV, "a", "application/csv", CSV),
    (CSV, "a", "text/comma-separated-values; charset=utf-8", "text/csv; charset=utf-8"),
    ("image/*", "IMG.jpg", "application/octet-stream", "image/jpeg"),
    ("image/*", "IMG.HEIC", "binary/octet-stream", "image/heic"),
    ("image/*", "IMG_0001.HIF", "application/octet-stream", "image/heif"),  # Canon's, Sony's and Fujifilm's cameras
    ("image/heic", "IMG_0001.HIF", "application/octet-stream", "image/heic"),
    ("audio/*", "Voice 001.3ga", "application/octet-stream", "audio/3gpp"),  # Samsung's recorder
    ("image/jpg", "a.jpg", "image/jpeg", "image/jpg"),
    ("IMAGE/JPEG", "a.jpg", "image/pjpeg", "IMAGE/JPEG"),
    ("image/heic", "IMG.heic", "image/heif", "image/heic"),
    ("image/x-icon", "favicon.ico", "image/vnd.microsoft.icon", "image/x-icon"),
    ("audio/mp4", "memo.m4a", "audio/x-m4a", "audio/mp4"),
    ("audio/m4a", "memo.m4a", "audio/x-m4a", "audio/m4a"),
    ("audio/*", "memo.m4a", "video/mp4", "audio/mp4"),
    ("audio/mpeg", "a.mp3", "audio/mp3", "audio/mpeg"),
    ("audio/wav", "a.wav", "audio/vnd.wave", "audio/wav"),
    ("audio/wav", "a.wav", "audio/x-wav", "audio/wav"),
    ("video/*", "a.mp4", "application/mp4", "video/mp4"),
    ("video/x-msvideo", "a.avi", "video/avi", "video/x-msvideo"),
    ("text/markdown", "a.md", "text/x-markdown", "text/markdown"),
    ("text/markdown", "a.md", "text/plain", "text/markdown"),
    ("application/xml", "a.xml", "text/xml", "application/xml"),
    ("application/json", "a.json", "text/plain", "application/json"),
    ("application/gzip", "a.gz", "application/x-gzip", "application/gzip"),
    ("application/vnd.rar", "a.rar", "application/x-rar-compressed", "application/vnd.rar"),
    ("application/vnd.rar", "a.rar", "application/x-compressed", "application/vnd.rar"),
    ("application/rtf", "a.rtf", "text/rtf", "application/rtf"),
    ("application/rtf", "a.rtf", "application/msword", "application/rtf"),
    (DOCX, "a.docx", ZIP, DOCX),
    (XLSX, "a.xlsx", "application/vnd.ms-excel", XLSX),
    (PDF, "a.ai.pdf", "application/x-pdf", PDF),
    ("model/stl", "part.stl", "application/vnd.ms-pki.stl", "model/stl"),
]

# the last two are of the profile by their names, and nobody calls such files so
REFUSED = [
    (ZIP, "a.zip", "application/pdf"),
    (ZIP, "a.jar", "application/java-archive"),
    (ZIP, "a.docx", DOCX),
    (CSV, "a.xls", "application/vnd.ms-excel"),
    (CSV, "a.html", "text/html"),
    (PDF, "a.exe", "application/octet-stream"),
    (PDF, "a", "application/octet-stream"),
    (PDF, ".pdf", "application/octet-stream"),
    ("image/*", "a.jpg.html", "application/octet-stream"),
    ("application/msword", "a.msi", "application/x-msi"),
    ("video/mp4", "a.mov", "video/quicktime"),
    ("image/png", "a.apng", "image/apng"),
    ("image/*", "a.jpg", "text/html"),
    ("image/png", "a.png", "application/x-msdownload"),
]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    types = dict.fromkeys([one[0] for one in (*TAKEN, *REFUSED)])
    app = Flask("files")
    MemoryValetKey(app, profiles={one: Profile(one, content_types=(one,)) for one in types})
    return app.test_client()


@pytest.mark.parametrize(("takes", "filename", "said", "granted"), TAKEN)
def test_it_is_granted_as_its_profile_calls_it(
    takes: str, filename: str, said: str, granted: str, client: FlaskClient
) -> None:
    """Alone, in a batch, and by Uppy's protocol: what is signed is what the profile names."""
    asked = {"filename": filename, "content_type": said, "size": 5, "profile": takes}
    answer = client.post("/v1/uploads", json=asked)
    assert answer.status_code == 201, answer.text
    created = answer.get_json()
    assert (created["upload"]["content_type"], created["grant"]["fields"]["Content-Type"]) == (granted, granted)
    [result] = client.post("/v1/uploads/batch", json={"uploads": [asked]}).get_json()["results"]
    assert result["upload"]["content_type"] == granted
    ticket = client.post("/v1/tickets", json={"profile": takes}).get_json()["ticket"]
    begun = client.post(f"/uppy/{ticket}/s3/multipart", json={"filename": filename, "type": said})
    assert client.get(f"/v1/uploads/{begun.get_json()['uploadId']}").get_json()["content_type"] == granted


@pytest.mark.parametrize(("takes", "filename", "said"), REFUSED)
def test_another_format_is_refused(takes: str, filename: str, said: str, client: FlaskClient) -> None:
    """One that only looks alike, one whose name tells another, and a type that systems give no such file."""
    asked = {"filename": filename, "content_type": said, "size": 5, "profile": takes}
    answer = client.post("/v1/uploads", json=asked)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "content_type_not_allowed"), answer.text


def test_a_profile_that_takes_everything_keeps_what_was_said() -> None:
    """Nothing is called otherwise without need."""
    app = Flask("files")
    MemoryValetKey(app)
    asked = {"filename": "a.zip", "content_type": "application/x-zip-compressed", "size": 5}
    created = app.test_client().post("/v1/uploads", json=asked).get_json()
    assert created["upload"]["content_type"] == "application/x-zip-compressed"


def test_pages_are_told_the_registered_names_too() -> None:
    """By those they know the extensions, for the browser's dialogue and for a file that has no type."""
    app = Flask("files")
    MemoryValetKey(app, profiles={"default": Profile("default", content_types=("image/jpg", "image/*", "Text/CSV"))})
    told = app.test_client().get("/v1/profiles/default").get_json()["content_types"]
    assert told == ["image/jpg", "image/*", "Text/CSV", "image/jpeg"]


def test_a_name_is_of_one_format() -> None:
    """Of the table: no name stands twice in it, and what is a name of a format looks like it."""
    names = [name for head, others in ALIASES.items() for name in (head, *others)]
    assert len(set(names)) == len(names)
    family = {name: head for head, others in FAMILIES.items() for name in (head, *others)}
    apart = [
        (name, head) for head, others in ALIASES.items() for name in others if family.get(name) != family.get(head)
    ]
    assert [(name, head) for name, head in apart if name in family and head in family] == []


def zipped() -> bytes:
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "bytes")
    return made.getvalue()


@pytest.mark.parametrize("method", ["post", "put", "multipart"])
def test_it_is_confirmed_and_kept_so(method: str, rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """On Ceph RGW, looked into by the worker: the object has the profile's type, whatever its client called it."""
    desk = make_desk(rgw_bucket, f'[profiles.default]\ncontent_types = ["{ZIP}"]\ndetect = "reject"\n')
    created = desk.sent(zipped(), method=method, filename="a.zip", content_type="application/x-zip-compressed")
    desk.complete(created)
    desk.work()
    done = desk.upload(created)
    assert (done["state"], done["object"]["content_type"]) == ("confirmed", ZIP), done
    assert desk.head(done["object"]["key"])["ContentType"] == ZIP
