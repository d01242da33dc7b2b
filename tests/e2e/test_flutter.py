"""The requests of Flutter's `background_downloader` for a grant, as `service/docs/mobile.md` builds its tasks.

Dart is not run here. `sent_by` writes down what version 9.5.4 does with a task, by its documentation (doc/uploads.md)
and its source (UploadTaskRunner.kt, Uploader.swift): which headers it adds, and how it writes a form.
"""

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.e2e.api import Created, Json, signed_parts
from tests.e2e.conftest import Service

MIB = 1024**2
BOUNDARY = "-----background_downloader-akjhfw281onqciyhnIk"
NOT_PASSED_ON = {"range", "content-disposition"}


@dataclass(frozen=True)
class Task:
    """`UploadTask`, by its names there."""

    url: str
    http_request_method: str
    mime_type: str
    post: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    file_field: str = "file"
    filename: str = "film.mp4"


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes


def sent_by(task: Task, content: bytes) -> Request:
    """What the package sends for a task; the length is the system's, as `Host` and the like are."""
    headers = {name: value for name, value in task.headers.items() if name.lower() not in NOT_PASSED_ON}
    if task.post == "binary":
        body = _ranged(task.headers.get("Range"), content)
        headers["Content-Type"] = task.mime_type
        disposition = task.headers.get("Content-Disposition", f'attachment; filename="{task.filename}"')
        headers |= {"Content-Disposition": disposition} if disposition else {}
    else:
        body = _form(task, content)
        headers |= {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Accept-Charset": "UTF-8",
            "Connection": "Keep-Alive",
            "Cache-Control": "no-cache",
        }
    headers["Content-Length"] = str(len(body))
    return Request(task.http_request_method, task.url, headers, body)


def _ranged(header: str | None, content: bytes) -> bytes:
    """A `Range` in the task's headers is no header: it says which bytes of the file are sent."""
    if header is None:
        return content
    found = re.fullmatch(r"bytes=(\d+)-(\d+)", header)
    assert found
    return content[int(found[1]) : int(found[2]) + 1]


def _form(task: Task, content: bytes) -> bytes:
    """The fields in the order of the map, then the file."""
    parts = []
    for name, value in task.fields.items():
        assert value.isascii()  # else the package gives it headers of its own, as it does with JSON
        assert value[:1] not in {"{", "["}
        parts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{_escaped(name)}"\r\n\r\n{value}\r\n')
    names = f'name="{_escaped(task.file_field)}"; filename="{_escaped(task.filename)}"'
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {names}\r\nContent-Type: {task.mime_type}\r\n\r\n"
    return "".join([*parts, head]).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def _escaped(name: str) -> str:
    return name.replace('"', "%22")


def send(request: Request) -> tuple[int, str]:
    """These bytes and these headers, and nothing besides but `Host`."""
    to = urlsplit(request.url)
    connection = http.client.HTTPConnection(to.netloc, timeout=60)
    connection.putrequest(request.method, f"{to.path}?{to.query}", skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    connection.endheaders(request.body)
    response = connection.getresponse()
    return response.status, response.read().decode()


def task_of(grant: Json) -> Task:
    """`taskOf` of the page, in Python."""
    if grant["method"] == "POST":
        fields = grant["fields"]
        return Task(grant["url"], "POST", fields["Content-Type"], fields=fields, file_field=grant["file_field"])
    return put_task(grant["url"], grant["headers"], grant["headers"]["Content-Type"])


def put_task(url: str, headers: Mapping[str, str], mime_type: str, byte_range: str | None = None) -> Task:
    own = {name: value for name, value in headers.items() if name.lower() not in {"content-length", "content-type"}}
    ranged = {"Range": byte_range} if byte_range else {}
    return Task(url, "PUT", mime_type, post="binary", headers={**own, **ranged, "Content-Disposition": ""})


def created(service: Service, size: int, method: str, profile: str = "default") -> Created:
    return service.api.create("video/mp4", filename="film.mp4", size=size, method=method, profile=profile)


def content_of(service: Service, upload_id: str) -> bytes:
    key = service.api.upload(upload_id)["object"]["key"]
    return bytes(service.bucket.client.get_object(Bucket=service.bucket.name, Key=key)["Body"].read())


def test_a_put_has_the_headers_of_its_grant_and_no_others(service: Service) -> None:
    """And the file as its body."""
    content = b"film" * 1000
    upload = created(service, len(content), "put")
    request = sent_by(task_of(upload.grant), content)
    granted = {name.lower(): value for name, value in upload.grant["headers"].items()}
    assert {name.lower(): value for name, value in request.headers.items()} == granted
    assert request.body == content
    assert send(request)[0] == 200
    service.api.confirm(upload.id)
    assert content_of(service, upload.id) == content


def test_a_type_that_was_not_granted_is_refused(service: Service) -> None:
    """The package sends `mimeType` whatever the headers say: left out, it is one for the file's extension."""
    upload = created(service, 4, "put")
    task = put_task(upload.url, upload.grant["headers"], "video/x-m4v")
    status, body = send(sent_by(task, b"film"))
    assert (status, "SignatureDoesNotMatch" in body) == (403, True)


def test_a_form_has_the_fields_of_its_grant_and_the_file_last(service: Service) -> None:
    content = b"film" * 1000
    upload = created(service, len(content), "post")
    request = sent_by(task_of(upload.grant), content)
    parts = request.body.split(f"--{BOUNDARY}".encode())[1:-1]
    names = [re.search(rb'name="([^"]+)"', part) for part in parts]
    assert [found[1].decode() for found in names if found] == [*upload.fields, "file"]
    assert parts[-1].endswith(b"\r\n\r\n" + content + b"\r\n")
    status, body = send(request)
    assert status == 201, body
    service.api.confirm(upload.id)
    assert content_of(service, upload.id) == content


def test_parts_are_ranges_of_one_file(service: Service) -> None:
    """A task for each, with the part's headers; the last one is smaller."""
    content = bytes(range(256)) * (11 * MIB // 256)
    upload = created(service, len(content), "multipart", profile="parts")
    size = upload.grant["part_size"]
    for part in signed_parts(service.api, upload.id, range(1, upload.grant["part_count"] + 1)):
        start = (part["number"] - 1) * size
        task = put_task(part["url"], part["headers"], "video/mp4", f"bytes={start}-{start + part['size'] - 1}")
        request = sent_by(task, content)
        assert len(request.body) == part["size"]
        signed = {name.lower() for name in part["headers"]} | {"content-length", "content-type"}
        assert {name.lower() for name in request.headers} == signed
        assert send(request)[0] == 200
    service.api.confirm(upload.id)  # nobody has kept an ETag
    assert content_of(service, upload.id) == content
