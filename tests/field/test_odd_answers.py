"""L. Stores and proxies whose responses differ from S3's, or are incomplete: no good upload is lost.

Reported: ETags that nginx weakens or drops where it compresses (hapijs/hapi #3956, kubernetes/ingress-nginx #1390),
and answers that end in the middle (boto/boto3 #887). Checksums of parts, "...=-2", without a type that says so, are
imitated.
"""

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.field.desk import Desk, Json, MakeDesk
from tests.support.clients import put
from tests.support.store_proxy import Answer, Quirk, Request, quirky
from tests.support.store_quirks import Drops, Fails, Says, When
from tests.support.stores import Bucket, Rgw, fresh_bucket

from valetkey.core.confirming.steps import MAX_PINS
from valetkey.core.errors import ConfigurationError

TEXT = b"plain text"
PROFILES = """
[profiles.detected]
detect = "reject"
[profiles.parts]
multipart_from = 1
"""
QUIRKS: dict[str, Callable[[], Quirk]] = {
    "weak": lambda: Says({"HEAD", "GET"}, lambda etag: f"W/{etag}"),
    "weak to a GET": lambda: Says({"GET"}, lambda etag: f"W/{etag}"),
    "no quotes": lambda: Says({"HEAD", "GET"}, lambda etag: etag.strip('"')),
    "capitals": lambda: Says({"HEAD", "GET"}, str.upper),
    "none to a GET": lambda: Drops("ETag", methods=frozenset({"GET"})),
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_an_etag_in_other_words(quirk: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """It is that of the same bytes: what is looked at is confirmed, and not thrown away as missing."""
    with quirky(rgw, QUIRKS[quirk]()) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(TEXT, profile="detected")
        desk.complete(created)
        desk.make_due(created)
        desk.work()
        assert desk.upload(created)["state"] == "confirmed", desk.upload(created)["reason"]


@pytest.mark.parametrize(
    ("profile", "operation"),
    [("default", "COPY"), ("parts", "LIST_PARTS"), ("parts", "COMPLETE"), ("detected", "COPY")],
)
@pytest.mark.parametrize("change", ["half", "nothing", "a page"])
def test_half_an_answer_is_no_end(profile: str, operation: str, change: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """Whatever is left of the XML, nothing is rejected or a 500: the next signal finds what was done, or does it."""
    broken = threading.Event()
    changes: dict[str, Callable[[str], str]] = {
        "half": lambda body: body[: len(body) // 2],
        "nothing": lambda _: "",
        "a page": lambda _: "<html>Hello",
    }
    quirk = When(broken.is_set, Says({operation}, changes[change], None))
    with quirky(rgw, quirk) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(TEXT, profile=profile)
        broken.set()
        answer = desk.complete(created)
        assert answer.get("status", 503) in {409, 503}, answer
        assert answer.get("state") != "rejected", answer
        broken.clear()
        assert _ended(desk, created) == "confirmed"
        assert desk.read(desk.upload(created)["object"]["key"]) == TEXT


def test_a_head_without_a_type(rgw: Rgw, make_desk: MakeDesk) -> None:
    """It is a sentence, and the bytes stay: nobody has said that they are of another type."""
    with quirky(rgw, Drops("Content-Type")) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(TEXT)
        problem = desk.complete(created)
        assert (problem.get("status"), "Content-Type" in problem.get("detail", "")) == (503, True), problem
        assert desk.stored("staging/") == [f"staging/{created['upload']['id']}"]


@pytest.mark.parametrize("lacking", ["<UploadId>.*</UploadId>", ".*"])
def test_a_beginning_of_parts_without_an_id(lacking: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """It is a 503, and no error of ours."""
    quirk = Says({"CREATE"}, lambda body: re.sub(lacking, "", body, flags=re.DOTALL), None)
    with quirky(rgw, quirk) as server, fresh_bucket(server) as bucket:
        asked = {"filename": "a", "content_type": "text/plain", "size": 5, "profile": "parts"}
        assert make_desk(bucket, PROFILES).http.post("/v1/uploads", json=asked).status_code == 503


class APage(Quirk):
    """What stands in front of the store shows a page of its own, with the status of a success: its keeper is at work on
    it, or wants a login (nginx sends such a file with an ETag)."""

    def after(self, request: Request, answer: Answer) -> None:
        if request.method == "HEAD":
            answer.status = 200
            answer.set_header("x-amz-meta-upload-id", None)
            for name, value in (("Content-Type", "text/html"), ("Content-Length", "615"), ("ETag", '"6329d0a6-267"')):
                answer.set_header(name, value)


@pytest.mark.parametrize("profile", ["default", "parts"])
def test_a_page_in_the_stores_place_decides_nothing(profile: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """It is of another size and type than was granted: the upload was rejected, and its bytes were removed."""
    shown = threading.Event()
    with quirky(rgw, When(shown.is_set, APage())) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        assert desk.complete(desk.sent(TEXT))["state"] == "confirmed"
        created = desk.sent(TEXT, profile=profile)
        shown.set()
        problem = desk.complete(created)
        assert (problem.get("status"), problem.get("code")) == (503, "store_unavailable"), problem
        shown.clear()
        assert desk.complete(created)["state"] == "confirmed"
        assert desk.read(desk.upload(created)["object"]["key"]) == TEXT


class OfParts(Quirk):
    def after(self, request: Request, answer: Answer) -> None:
        if request.operation == "HEAD":
            answer.set_header("x-amz-checksum-crc32", "AAAAAA==-1")


def test_a_checksum_of_parts_without_its_type(rgw: Rgw, make_desk: MakeDesk) -> None:
    """It is no checksum of the whole, so it contradicts none that was declared."""
    with quirky(rgw, OfParts()) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        declared = {"algorithm": "crc32", "value": "q6gODA=="}
        created = desk.sent(TEXT, profile="parts", checksum=declared)
        done = desk.complete(created)
        assert (done["state"], done["checksum_verified"]) == ("confirmed", False), done


def test_a_store_that_calls_every_source_changed(rgw: Rgw, make_desk: MakeDesk) -> None:
    """Few copies are tried, it is said why the upload waits, and its bytes stay."""
    with quirky(rgw, Fails("COPY", 412, "PreconditionFailed")) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(TEXT)
        problem = desk.complete(created)
        assert (problem.get("status"), "has changed" in problem.get("detail", "")) == (503, True), problem
        assert server.count("COPY") <= 2 * MAX_PINS
        assert desk.stored("staging/") == [f"staging/{created['upload']['id']}"]


def _ended(desk: Desk, created: Json) -> str:
    if desk.upload(created)["state"] != "confirmed":
        desk.make_due(created, patience=timedelta(hours=1))
        desk.work()
    return str(desk.upload(created)["state"])


@pytest.mark.parametrize(
    "change",
    [lambda etag: f"W/{etag}", str.upper, lambda etag: f" {etag.strip(chr(34))}\t"],
    ids=["weak", "capitals", "blanks"],
)
@pytest.mark.parametrize("by", ["our API", "Uppy"])
def test_a_client_names_parts_as_they_were_answered(
    by: str, change: Callable[[str], str], rgw_bucket: Bucket, make_desk: MakeDesk
) -> None:
    """A proxy that marks ETags as weak does so to clients, too, who say what they were told: those are the parts that
    the store has."""
    desk = make_desk(rgw_bucket, PROFILES)
    created = desk.create(len(TEXT), profile="parts")
    upload_id = created["upload"]["id"]
    [part] = desk.http.post(f"/v1/uploads/{upload_id}/parts", json={"numbers": [1]}).get_json()["parts"]
    told = change(put(part["url"], part["headers"], TEXT).headers["etag"])
    if by == "Uppy":
        where = f"/uppy/s3/multipart/{upload_id}/complete"
        parts: list[Json] = [{"PartNumber": 1, "ETag": told}]
        answer = desk.http.post(where, query_string={"key": desk.kept(created).arrival_key}, json={"parts": parts})
    else:
        parts = [{"number": 1, "etag": told}]
        answer = desk.http.post(f"/v1/uploads/{upload_id}/complete", json={"parts": parts})
    assert answer.status_code == 200, answer.text
    assert desk.upload(created)["state"] == "confirmed"


def test_a_verdict_on_an_etag_in_other_words(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """A scanner says what its own client shows it: quotes, a weak mark, capitals."""
    desk = make_desk(rgw_bucket, "[profiles.default]\nscan = true\n")
    created = desk.sent(TEXT)
    assert desk.complete(created)["state"] == "stored"
    etag = desk.upload(created)["object"]["etag"].upper()
    body = {"verdict": "clean", "etag": f'W/"{etag}"'}
    answer = desk.http.post(f"/v1/uploads/{created['upload']['id']}/verdict", json=body)
    assert (answer.status_code, answer.get_json().get("state")) == (200, "confirmed"), answer.text


class DropsOddHeaders(Quirk):
    """nginx with its defaults: a header whose name has anything but letters, digits and hyphens does not arrive."""

    def before(self, request: Request) -> Answer | None:
        request.headers[:] = [one for one in request.headers if re.fullmatch("[A-Za-z0-9-]+", one[0])]
        return None


@pytest.mark.parametrize("name", ["origin", "made-by", "made_by", "made.by", "2-b"])
@pytest.mark.parametrize("method", ["post", "multipart"])
def test_metadata_of_a_profile_passes_proxies(name: str, method: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """A name that nginx drops, or RustFS signs otherwise, is refused at the start, and never after the bytes have
    arrived: as a signature that does not match, each copy (reported: earth-mover/icechunk #2354, eclipse-zenoh #365).
    """
    profile = f'[profiles.default]\nobject_metadata = {{ "{name}" = "x" }}\n'
    with quirky(rgw, DropsOddHeaders()) as server, fresh_bucket(server) as bucket:
        if name in {"made_by", "made.by"}:
            with pytest.raises(ConfigurationError, match=re.escape(name)):
                make_desk(bucket, profile)
            return
        desk = make_desk(bucket, profile)
        done = desk.complete(desk.sent(TEXT, method=method))
        assert done.get("state") == "confirmed", done
        assert desk.head(done["object"]["key"])["Metadata"][name] == "x"
