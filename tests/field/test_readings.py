"""Others read a client's values, too, more strictly or differently: a store, a browser, a proxy, a database.

Reported publicly: a client's own ``Content-Type`` of an upload run as a page (opengovsg/isomer pull request 1839,
InsForge/InsForge pull request 1626); half an emoji as ``\\ud83d`` that a strict parser answers with an error
(hartwork/jawanndenn issue 44, shakacode/react_on_rails pull request 4726); a file without a type from the browser
(transloadit/uppy issue 1604).
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError
from tests.e2e.api import WANTED, Api, Json, assert_problem, send_parts, wait_for
from tests.e2e.conftest import Service, running_service
from tests.support.clients import put
from tests.support.servers import run_valetkey
from tests.support.stores import Rgw, fresh_bucket

from valetkey.client import Client, ClientError

PAGE = b"<!doctype html><script>document.title = 'it ran'</script>"
CHECKSUM = {"algorithm": "crc32", "value": "AAAAAA=="}

PROFILES = """
[profiles.photos]
content_types = ["image/*"]

[profiles.scanned]
scan = true

[profiles.owned]
key = "owned/{owner}/{id}{ext}"
"""

ONE_TYPE = [
    "image/png",
    "IMAGE/PNG",
    "text/plain;charset=utf-8",
    "text/plain; charset=utf-8",
    'Text/Plain; CHARSET="UTF-8"',
    'text/plain; name="a;b,c"',
    'text/plain; name="say \\"hi\\", C:\\\\x"',
    'text/plain; name="it\'s (1) <&>@:/[]?={}"',
    "multipart/mixed; boundary=gc0pJq0M-08jU534c0p",
    'multipart/mixed; boundary="a b+c:d?e"',
    "application/vnd.api+json; profile=x; ext=y",
    "application/x-a!#$&^_.+-~|`'%b",
    'text/plain; empty=""',
    "text/plain; a=1;b=2; c=3",
    'video/mp4; codecs="avc1.640028, mp4a.40.2"',
    "application/" + "x" * 127,
]
TRIMMED = {
    "text/plain; ": "text/plain",
    "text/plain;": "text/plain",
    "text/plain ; charset=utf-8": "text/plain; charset=utf-8",
    "text/plain;   charset=utf-8 ;; ": "text/plain; charset=utf-8",
    "text/plain;\tcharset=utf-8\t": "text/plain; charset=utf-8",
}
NOT_ONE = [
    "image/png;,text/html",
    "image/png,text/html",
    "image/png, text/html; charset=utf-8",
    "image/png; a=b, text/html",
    "image/png; a=b;,text/html",
    "image/png;\r\nSet-Cookie: a=b",
    "image/png\r\n\r\n<script>",
    "image/png\nx: y",
    'image/png; a="b\r\nc"',
    'image/png; a="\x00"',
    'image/png; a="\x7f"',
    'image/png; a="\t"',
    'image/png; a="b',
    'image/png; a="b"c',
    'image/png; a="x\\\\",text/html',
    'image/png;a=\'";b=",text/html,"',
    'image/png; a="\\"',
    "image/png; a = b",
    "image/png; a= b",
    "image/png; a",
    "image/png; =b",
    "image/png; a=",
    "image/png; a=b; A=c",
    'image/png; a="two  blanks"',
    'image/png; a="${filename}"',
    'image/png; a="é"',
    "image/png\u00a0",
    "image/pñg",
    "image/png; a=\U0001f600",
    "image /png",
    "image/ png",
    "image/png/x",
    "image/*",
    "*/*",
    "image",
    "",
    " ",
    ";",
    "image/" + "x" * 128,
    "image/png; a=" + "x" * 250,
]


@pytest.fixture(scope="module")
def reader(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on Ceph RGW with the profiles above."""
    directory = tmp_path_factory.mktemp("readings")
    (directory / "valetkey.toml").write_text(PROFILES)
    env = {"VALETKEY_CONFIG": str(directory / "valetkey.toml")}
    with fresh_bucket(rgw) as bucket, running_service(directory, bucket, env) as service:
        yield service


def stored_type(service: Service, upload: Json) -> str:
    """The Content-Type that S3 returns for a confirmed object."""
    [key] = service.final_keys(upload["id"])
    return str(service.bucket.client.head_object(Bucket=service.bucket.name, Key=key)["ContentType"])


@pytest.mark.parametrize("content_type", ONE_TYPE)
@pytest.mark.parametrize("method", ["post", "put", "multipart"])
def test_a_type_comes_back_as_it_was_granted(reader: Service, content_type: str, method: str) -> None:
    """Unusual, but valid: quoted strings with semicolons, commas and quotes, capitals. Signed, sent, stored by RGW,
    compared and confirmed, by form, PUT and parts; the object has exactly this type."""
    created = reader.api.create(content_type, size=5, method=method)
    if method == "post":
        assert created.fields["Content-Type"] == content_type
        assert created.post(b"12345").status == 201
    elif method == "put":
        answer = put(created.url, created.grant["headers"], b"12345")
        assert answer.status == 200, answer.body
    else:
        send_parts(reader.api, created, b"12345")
    upload = reader.api.confirm(created.id)
    assert (upload["content_type"], stored_type(reader, upload)) == (content_type, content_type)
    there = reader.api.http.get(f"/v1/uploads/{created.id}/download").headers["location"]
    assert httpx.get(there).headers["content-type"] == content_type


@pytest.mark.parametrize("said", TRIMMED)
@pytest.mark.parametrize("method", ["post", "put", "multipart"])
def test_blanks_that_others_drop_are_dropped_first(reader: Service, said: str, method: str) -> None:
    """With `text/plain; ` S3 refused every form, and a PUT ended as `type_mismatch`."""
    created = reader.api.create(said, size=5, method=method)
    assert created.upload["content_type"] == TRIMMED[said]
    if method == "post":
        assert created.post(b"12345").status == 201
    elif method == "put":
        assert put(created.url, created.grant["headers"], b"12345").status == 200
    else:
        send_parts(reader.api, created, b"12345")
    assert stored_type(reader, reader.api.confirm(created.id)) == TRIMMED[said]


@pytest.mark.parametrize("content_type", NOT_ONE, ids=lambda text: ascii(text[:40]))
def test_what_is_not_exactly_one_type_is_refused(reader: Service, content_type: str) -> None:
    """422 wherever a client may declare a type: one upload, a batch, an upload by a ticket, both of Uppy's calls."""
    api = reader.api
    wanted = WANTED | {"content_type": content_type}
    answers = [api.http.post("/v1/uploads", json=wanted | {"profile": profile}) for profile in ("default", "photos")]
    [result] = api.http.post("/v1/uploads/batch", json={"uploads": [wanted]}).json()["results"]
    assert result["error"]["status"] == 422
    ticket = api.http.post("/v1/tickets", json={"profile": "photos"}).json()["ticket"]
    answers.append(api.with_token(ticket).http.post("/v1/uploads", json=wanted))
    if content_type:  # Uppy leaves it out for what it does not know
        named = {"filename": "a.png", "type": content_type}
        answers.append(api.http.post(f"/uppy/{ticket}/s3/multipart", json=named))
        answers.append(api.http.get(f"/uppy/{ticket}/s3/params", params=named))
    for answer in answers:
        assert answer.status_code == 422, answer.text


def test_a_value_that_lacks_its_quotes(reader: Service) -> None:
    """The API refuses it, as clients quote it; through Uppy, which has it from a browser, it gets its quotes."""
    given = "image/png; a=b c"
    assert reader.api.http.post("/v1/uploads", json=WANTED | {"content_type": given}).status_code == 422
    ticket = reader.api.http.post("/v1/tickets", json={"profile": "photos"}).json()["ticket"]
    begun = reader.api.http.post(f"/uppy/{ticket}/s3/multipart", json={"filename": "a.png", "type": given}).json()
    [upload] = reader.api.http.get("/v1/uploads?limit=1").json()["uploads"]
    assert upload["id"] in begun["key"]
    assert upload["content_type"] == 'image/png; a="b c"'


@pytest.mark.parametrize("content_type", [text for text in ONE_TYPE if not text.startswith("multipart/")])
def test_no_type_that_is_granted_runs_as_a_page(reader: Service, chromium: Browser, content_type: str) -> None:
    """Chromium opens the bytes of a page that were confirmed under each type, from the bucket itself."""
    created = reader.api.create(content_type, size=len(PAGE))
    assert created.post(PAGE).status == 201
    key = reader.api.confirm(created.id)["object"]["key"]
    at = {"Bucket": reader.bucket.name, "Key": key}
    url = reader.bucket.client.generate_presigned_url("get_object", Params=at)
    tab = chromium.new_page()
    with suppress(PlaywrightError):  # what Chromium cannot show it saves, and this is one
        tab.goto(url)
    assert tab.title() != "it ran"
    tab.close()


@pytest.mark.parametrize("allowed", ["*/png", "image/png; q=1"])
def test_a_profile_names_types_or_all_of_a_kind(rgw: Rgw, tmp_path: Path, allowed: str) -> None:
    """Anything else silently never matched: it is refused at the start (more cases: tests/unit)."""
    config = f"[profiles.default]\ncontent_types = [{json.dumps(allowed)}]\n"
    assert "content_types lists types" in refusal(rgw, tmp_path, config)


@pytest.mark.parametrize("key", ["{owner}/{id}", "stagin{ext}/{id}", "quarantine/{id}", "a/{ext}/{id}"])
def test_no_template_whose_keys_could_be_cleaned_up(rgw: Rgw, tmp_path: Path, key: str) -> None:
    """With `{owner}/{id}` an owner `staging` had a confirmed object under the staging key, which the sweep removed:
    such a template is refused at the start (more cases: tests/unit)."""
    assert "Key template" in refusal(rgw, tmp_path, f"[profiles.default]\nkey = {json.dumps(key)}\n")


def refusal(rgw: Rgw, directory: Path, config: str) -> str:
    """The message of `serve` when it does not start with this configuration."""
    (directory / "valetkey.toml").write_text(config)
    env = rgw.env() | {
        "VALETKEY_CONFIG": str(directory / "valetkey.toml"),
        "VALETKEY_BUCKET": "any-bucket",
        "VALETKEY_SECRET_KEYS": "x" * 64,
        "VALETKEY_PORT": "0",
    }
    with pytest.raises(RuntimeError) as caught:
        run_valetkey("serve", env=os.environ | env, directory=directory)
    return str(caught.value)


OWNERS = [
    "alice",
    "Alice",
    "tenant-a/alice",
    "tenant-b/alice",
    "älice",
    "alice ",
    "a/../alice",
    "staging",
    "\u202ealice",
]


def test_owners_never_share_a_prefix(reader: Service) -> None:
    """`tenant-a/alice`, `tenant-b/alice` and `älice` all became `alice`: permission to read one prefix covered
    three."""
    prefixes = {}
    for owner in OWNERS:
        created = reader.api.create(owner=owner, profile="owned", filename="a.bin")
        assert created.post(b"x").status == 201
        upload = reader.api.confirm(created.id)
        assert upload["owner"] == owner
        prefixes[owner] = upload["object"]["key"].split("/")[1]
        [key] = reader.final_keys(created.id)
        assert key == upload["object"]["key"]
    assert len(set(prefixes.values())) == len(OWNERS)
    assert (prefixes["alice"], prefixes["Alice"], prefixes["staging"]) == ("alice", "Alice", "staging")


def posted(api: Api, body: str | bytes, path: str = "/v1/uploads") -> httpx.Response:
    return api.http.post(path, content=body, headers={"Content-Type": "application/json"})


HALF = json.dumps("half an emoji \ud83d")
HALVES = ["\ud83d", "\ude00", "a\ud83db", "\ude00\ud83d", "\ud83d\ud83d\ude00", "\\\ud83d", "\ud83d\\u", '\ud83d"']


@pytest.mark.parametrize("text", HALVES, ids=ascii)
def test_half_an_emoji_is_u_fffd(reader: Service, text: str) -> None:
    """Text that was cut within a character: in values and keys of metadata and in names, also in Uppy's calls."""
    mended = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert "\ufffd" in mended
    body = json.dumps(WANTED | {"filename": text, "metadata": {"caption": text, "k" + text: "v"}})
    answer = posted(reader.api, body)
    assert answer.status_code == 201, answer.text
    upload = reader.api.upload(answer.json()["upload"]["id"])
    assert upload["filename"] == mended
    assert upload["metadata"] == {"caption": mended, "k" + mended: "v"}
    [result] = posted(reader.api, f'{{"uploads": [{body}]}}', "/v1/uploads/batch").json()["results"]
    assert result["upload"]["metadata"] == upload["metadata"]
    ticket = reader.api.http.post("/v1/tickets", json={"profile": "default"}).json()["ticket"]
    begun = json.dumps({"filename": text, "type": "text/plain", "metadata": {"caption": text, "tags": [text]}})
    answer = posted(reader.api, begun, f"/uppy/{ticket}/s3/multipart")
    assert answer.status_code == 200, answer.text
    upload = reader.api.upload(answer.json()["uploadId"])
    assert (upload["filename"], upload["metadata"]["caption"]) == (mended, mended)


@pytest.mark.parametrize("name", ["owner", "profile"])
def test_what_has_to_be_exact_is_not_mended(reader: Service, name: str) -> None:
    """Two owners that differ only in the lost character would become one: 422, also for a ticket."""
    for text in ("ann\ud83d", "ann\ufffd", "ann\x00"):
        body = json.dumps(WANTED | {name: text})
        assert_problem(posted(reader.api, body), 422, "invalid_request")
        claims = json.dumps({"profile": "default"} | {name: text})
        assert_problem(posted(reader.api, claims, "/v1/tickets"), 422, "invalid_request")


def test_a_verdict_with_half_an_emoji_counts(reader: Service) -> None:
    """Its detail is text for people, which must not keep an infected file from being rejected."""
    judge = reader.api.with_token(reader.server.create_key("scanner", "verdict").key)
    created = reader.api.create(profile="scanned")
    assert created.post(b"x").status == 201
    assert reader.api.complete(created.id).status_code == 202
    assert wait_for(lambda: reader.api.upload(created.id)["object"] is not None)
    etag = reader.api.upload(created.id)["object"]["etag"]
    body = f'{{"verdict": "infected", "etag": "{etag}", "detail": {HALF}}}'
    answer = posted(judge, body, f"/v1/uploads/{created.id}/verdict")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["reason"]["code"]) == ("rejected", "infected")
    assert "half an emoji \ufffd" in answer.json()["reason"]["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"filename": "a", "content_type": "a/b", "size": 1, "owner": "ann", "owner": "bob"}', 400),
        ('{"filename": "a", "content_type": "a/b", "size": 1, "metadata": {"a": "1", "a": "2"}}', 400),
        ('{"filename": "a", "content_type": "a/b", "size": 1, "metadata": {"a\\ud800": "1", "a\\udc00": "2"}}', 400),
        ('{"filename": "a", "content_type": "a/b", "size": NaN}', 422),
        ('{"filename": "a", "content_type": "a/b", "size": Infinity}', 422),
        ('{"filename": "a", "content_type": "a/b", "size": 1e3}', 201),
        ('{"filename": "a", "content_type": "a/b", "size": 1.0}', 201),
        ('{"filename": "a", "content_type": "a/b", "size": true}', 422),
        ('{"filename": "a", "content_type": "a/b", "size": "1"}', 422),
        ('{"filename": "a", "content_type": "a/b", "size": -1}', 422),
        ('{"filename": "a", "content_type": "a/b", "size": 1e400}', 422),
        ('{"filename": "a", "content_type": "a/b", "size": 99999999999999999999}', 422),
        ('{"filename": "a", "content_type": "a/b", "size": ' + "9" * 6000 + "}", 400),
        ('{"filename": "a", "content_type": "a/b", "size": 1} {}', 400),
        ("\ufeff" + json.dumps(WANTED), 201),
        (json.dumps(WANTED).encode("utf-16"), 400),
        (json.dumps(WANTED).encode("utf-16-le"), 400),
        (json.dumps(WANTED).encode("utf-32"), 400),
        (json.dumps(WANTED | {"filename": "é"}, ensure_ascii=False).encode("latin-1"), 400),
        (b'{"filename": "\xed\xa0\xbd", "content_type": "a/b", "size": 1}', 400),
        (b'{"filename": "\xc0\x80", "content_type": "a/b", "size": 1}', 400),
    ],
    ids=lambda value: ascii(value[:60]) if isinstance(value, str | bytes) else None,
)
def test_json_that_readers_understand_differently(reader: Service, body: str | bytes, status: int) -> None:
    """Duplicate names, invalid numbers and other encodings are refused with a code, never a 500. A byte order mark, as
    PowerShell writes it, is accepted."""
    answer = posted(reader.api, body)
    assert answer.status_code == status, answer.text
    assert status == 201 or answer.json()["code"] in {"malformed_json", "invalid_request"}


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400", "9" * 6000, "[" * 150 + "]" * 150, '"\\u0000"'])
def test_uppy_metadata_is_never_a_500(reader: Service, value: str) -> None:
    """Values of any JSON type become text; anything else is refused."""
    ticket = reader.api.http.post("/v1/tickets", json={"profile": "default"}).json()["ticket"]
    body = f'{{"filename": "a", "type": "a/b", "metadata": {{"x": {value}}}}}'
    assert posted(reader.api, body, f"/uppy/{ticket}/s3/multipart").status_code in {200, 400, 422}


@pytest.mark.parametrize(
    "value",
    [
        *(
            "AAAAAA==\n",
            " AAAAAA==",
            "AAAA AA==",
            "AAAAAA",
            "AAAAAA=",
            "AAAAAA===",
            "AAAA-_==",
            "AAAAAB==",
            "AAAAAA==AA",
        ),
        *("", "\u0410AAAAA==", base64.b64encode(b"12345").decode()),
    ],
)
def test_a_checksum_has_exactly_one_text(reader: Service, value: str) -> None:
    """Spaces, the URL alphabet, missing padding and extra bits are refused: a store would compare it with its own
    text."""
    answer = reader.api.http.post("/v1/uploads", json=WANTED | {"checksum": CHECKSUM | {"value": value}})
    assert_problem(answer, 422, "invalid_request")
    assert reader.api.http.post("/v1/uploads", json=WANTED | {"checksum": CHECKSUM}).status_code == 201


ODD_KEYS = {
    "a b": "1",
    "Ünï": "2",
    "x:y\r\nz": "3",
    "": "4",
    "__proto__": "5",
    "a.b[0]": "6",
    "\u202e": "7",
    "A": "8",
    "a": "9",
}


def test_metadata_has_any_key(reader: Service) -> None:
    """It is in no header of S3, so unusual keys are stored unchanged."""
    created = reader.api.create(metadata=ODD_KEYS)
    assert created.post(b"x").status == 201
    assert reader.api.confirm(created.id)["metadata"] == ODD_KEYS


def test_metadata_is_counted_before_it_is_read(reader: Service) -> None:
    """Ten thousand invalid values are one error, also in a batch and in Uppy's call."""
    many = WANTED | {"metadata": {str(number): "\x00" for number in range(10_000)}}
    assert_problem(reader.api.http.post("/v1/uploads", json=many), 422, "metadata_not_allowed")
    answer = reader.api.http.post("/v1/uploads/batch", json={"uploads": [many, WANTED]}).json()["results"]
    assert answer[0]["error"]["code"] == "metadata_not_allowed"
    assert answer[1]["upload"]["state"] == "pending"
    ticket = reader.api.http.post("/v1/tickets", json={"profile": "default"}).json()["ticket"]
    begun = reader.api.http.post(f"/uppy/{ticket}/s3/multipart", json={"filename": "a", "metadata": many["metadata"]})
    assert_problem(begun, 422, "metadata_not_allowed")


@pytest.mark.parametrize("key", [b"a key with blanks", b'"quoted, (1)"', b"=?utf-8?q?a?=", b"x" * 255])
def test_an_idempotency_key_is_any_ascii(reader: Service, key: bytes) -> None:
    """With spaces and quotes: the same key is the same upload, and another one is not."""

    def create(key: bytes) -> tuple[str, str | None]:
        answer = reader.api.http.post("/v1/uploads", json=WANTED, headers={b"Idempotency-Key": key})
        assert answer.status_code == 201, answer.text
        return answer.json()["upload"]["id"], answer.headers.get("idempotency-replayed")

    first, again, other = create(key), create(key), create(key[:-1] + b"'")
    assert (again, first[1]) == ((first[0], "true"), None)
    assert other[0] != first[0]


@pytest.mark.parametrize("key", ["schlüssel".encode(), b"\xff\xfe", b"", b"x" * 256])
def test_an_idempotency_key_that_servers_read_differently(reader: Service, key: bytes) -> None:
    """Servers decode bytes that are not ASCII as Latin-1, as UTF-8 or not at all: two keys could become one."""
    answer = reader.api.http.post("/v1/uploads", json=WANTED, headers={b"Idempotency-Key": key})
    assert_problem(answer, 422, "invalid_request")


NAMES = [
    "a\x01b.txt",
    "a\x7fb.txt",
    "a\x85b.txt",
    "a\u2028b.txt",
    "a\u202egpj.exe",
    "a\u2066b.txt",
    "a\tb.txt",
    'a\\"b.txt',
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_control_characters_in_a_name_end_no_header(reader: Service, name: str) -> None:
    """The download's header is ASCII without control characters, and has the whole name escaped; RGW sends it
    unchanged."""
    created = reader.api.create(filename=name)
    assert created.post(b"x").status == 201
    assert reader.api.confirm(created.id)["filename"] == name
    answer = httpx.get(reader.api.http.get(f"/v1/uploads/{created.id}/download").headers["location"])
    said = answer.headers["content-disposition"]
    assert answer.status_code == 200
    assert said.isascii()
    assert said.isprintable()
    assert unquote(said.partition("filename*=UTF-8''")[2], errors="strict") == name


def test_uppy_says_no_type_where_it_knows_none(reader: Service) -> None:
    """The name then determines it, by the table of all clients; otherwise it is octet-stream."""
    ticket = reader.api.http.post("/v1/tickets", json={"profile": "photos"}).json()["ticket"]

    def begin(**said: Any) -> httpx.Response:
        return reader.api.http.post(f"/uppy/{ticket}/s3/multipart", json=said)

    for said in (
        {"filename": "IMG_1.HEIC"},
        {"filename": "IMG_1.HEIC", "type": ""},
        {"filename": "x", "type": "image/x"},
    ):
        answer = begin(**said)
        assert answer.status_code == 200, answer.text
    params: Mapping[str, str] = {"filename": "a.webp"}
    form = reader.api.http.get(f"/uppy/{ticket}/s3/params", params=params)
    assert form.json()["fields"]["Content-Type"] == "image/webp", form.text
    for said in ({"filename": "a.html"}, {"filename": "a"}, {}):
        assert_problem(begin(**said), 422, "content_type_not_allowed")


def test_uppys_metadata_has_names_with_brackets(reader: Service) -> None:
    """``meta["tags[]"]``, a name of PHP forms, was dropped for a file in one request, and kept for one in parts: Uppy 5
    sends all of it as ``metadata[name]`` (transloadit/uppy, `getUploadParameters`)."""
    ticket = reader.api.http.post("/v1/tickets", json={"profile": "default"}).json()["ticket"]
    said = {"tags[]": "1", "a[b][c]": "2", "]": "3", "[": "4", "a\nb": "5", "plain": "6"}
    query = {"filename": "a.txt", "type": "text/plain", **{f"metadata[{name}]": value for name, value in said.items()}}
    form = reader.api.http.get(f"/uppy/{ticket}/s3/params", params=query)
    assert form.status_code == 200, form.text
    upload_id = form.json()["fields"]["x-amz-meta-upload-id"]
    assert reader.api.upload(upload_id)["metadata"] == said


def test_programs_say_half_an_emoji_too(reader: Service) -> None:
    """Python has such names for files that are not UTF-8: the client sends them unchanged, and the service replaces the
    surrogates."""
    with Client(reader.server.base_url, reader.server.create_key("program").key) as client:
        for content in (b"x", bytearray(b"x"), memoryview(b"x")):
            upload = client.upload(content, filename="a\ud83d.txt", metadata={"c\udcff": "\ud83d"})
            assert (upload.filename, upload.metadata) == ("a\ufffd.txt", {"c\ufffd": "\ufffd"})
        assert client.create(filename="\udcff", content_type="a/b", size=1).upload.filename == "\ufffd"


def test_an_owner_who_is_nobody_is_not_left_out(reader: Service) -> None:
    """A session without a login has an empty text as owner: without it, the file would belong to the program's own
    account."""
    key = reader.server.create_key("program").key
    with Client(reader.server.base_url, key) as client, pytest.raises(ClientError, match="owner"):
        client.upload(b"x", filename="a.txt", owner="")
