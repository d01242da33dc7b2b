"""L. A store that ignores what it does not know in a query, as small S3 servers do (nanio 0.1.7, measured).

``PUT KEY?tagging`` is a PUT of the object itself there: a confirmed object became an XML document. What it answers to
``GET BUCKET?object-lock`` is the list of the bucket, which `valetkey doctor` took for "has Object Lock".
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.field.desk import MakeDesk
from tests.support.doctors import line, report, visit
from tests.support.store_proxy import Answer, Quirk, Request, quirky, refusal
from tests.support.stores import Bucket, Rgw, fresh_bucket

from valetkey.core.model.profile import Profile
from valetkey.doctor.findings import Level

SUBRESOURCES = frozenset({"tagging", "retention", "legal-hold", "object-lock", "encryption"})


class IgnoresQueries(Quirk):
    """Acts as if ``SUBRESOURCES`` were not in the query, and says of no object how many tags it has."""

    def before(self, request: Request) -> Answer | None:
        if SUBRESOURCES & request.parameters.keys():
            request.query = ""
            request.resign = True
        return None

    def after(self, request: Request, answer: Answer) -> None:
        answer.set_header("x-amz-tagging-count", None)


class RefusesBehind(Quirk):
    """nanio 0.1.7: a range that ends behind an object of ``size`` bytes is none."""

    def __init__(self, size: int) -> None:
        self.size = size

    def before(self, request: Request) -> Answer | None:
        end = (request.header("Range") or "").rpartition("-")[2]
        return refusal(400, "InvalidArgument") if end and int(end) >= self.size else None


@pytest.fixture
def bucket(rgw: Rgw) -> Iterator[Bucket]:
    with quirky(rgw, IgnoresQueries()) as server, fresh_bucket(server) as made:
        yield made


@pytest.mark.parametrize("content", [b"plain text", b"<Tagging><TagSet/></Tagging>"], ids=["text", "XML"])
def test_tags_do_not_become_the_object(content: bytes, bucket: Bucket, make_desk: MakeDesk) -> None:
    """The upload is rejected with the reason, and never confirmed with other bytes; uploads without tags are."""
    desk = make_desk(bucket, '[profiles.tagged]\ntags = { a = "b" }\n')
    done = desk.complete(desk.sent(content, profile="tagged"))
    assert (done["state"], done["reason"]["code"]) == ("rejected", "placement_refused"), done
    assert "?tagging" in done["reason"]["detail"]
    plain = desk.complete(desk.sent(content))
    assert plain["state"] == "confirmed"
    assert desk.read(plain["object"]["key"]) == content


def test_doctor_does_not_take_a_list_for_an_answer(bucket: Bucket, tmp_path: Path) -> None:
    """There is no Object Lock where nobody says so, and no encryption."""
    found = report(visit(bucket, tmp_path), "store", checks=["object-lock", "encryption"])
    assert "has no Object Lock" in line(found, "object-lock").seen
    assert line(found, "encryption").level is Level.SKIP


def test_doctor_tries_the_tags_of_profiles(bucket: Bucket, rgw: Rgw, tmp_path: Path) -> None:
    """It says so before an upload is rejected for it."""
    profiles = {"tagged": Profile("tagged", tags={"a": "b"})}
    for name, place, level in (
        ("ignores", bucket, Level.FAIL),
        ("knows", Bucket(bucket.name, rgw.client(), rgw), Level.PASS),
    ):
        (tmp_path / name).mkdir()
        found = line(report(visit(place, tmp_path / name, profiles), "store", checks=["placement"]), "placement")
        assert (found.level, "tags (profile tagged)" in found.seen) == (level, True), found


def test_a_range_that_ends_with_the_object(rgw: Rgw, make_desk: MakeDesk) -> None:
    """What is looked at is not asked for behind its end: such an upload was `stored` for ever."""
    with quirky(rgw, RefusesBehind(10)) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, "[profiles.detected]\ndetect = 'reject'\n")
        created = desk.sent(b"plain text", profile="detected")
        desk.complete(created)
        desk.work()
        assert desk.upload(created)["state"] == "confirmed", desk.upload(created)
