"""L. Stores and proxies that say the same as S3 in another way, or half of it: no good upload is lost by that.

Reported: ETags made weak by whatever compresses on the way (nginx since 1.7.3), unquoted ETags (boto/boto3 #1279), answers that
end in the middle (boto/botocore #1783), checksums of parts, "...=-2", without a type that says so (MinIO).
"""

from collections.abc import Callable, Iterator

import pytest
from tests.field.desk import Desk, MakeDesk
from tests.stores import Rgw, fresh_bucket
from tests.stores_proxy import Quirk, quirky
from tests.stores_quirks import Drops, Says, When

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


@pytest.fixture
def broken() -> Iterator[list[str]]:
    """The operations whose answers end in the middle now."""
    yield []


@pytest.mark.parametrize(
    ("profile", "operation"),
    [("default", "COPY"), ("parts", "LIST_PARTS"), ("parts", "COMPLETE"), ("detected", "COPY")],
)
@pytest.mark.parametrize("change", ["half", "nothing", "a page"])
def test_half_an_answer_is_no_end(
    profile: str, operation: str, change: str, rgw: Rgw, make_desk: MakeDesk, broken: list[str]
) -> None:
    """Whatever is left of the XML, nothing is rejected or a 500: the next signal finds what was done, or does it."""
    changes = {"half": lambda body: body[: len(body) // 2], "nothing": lambda _: "", "a page": lambda _: "<html>Hello"}
    quirk = When(lambda: bool(broken), Says({operation}, changes[change], None))
    with quirky(rgw, quirk) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(TEXT, profile=profile)
        broken.append(operation)
        answer = desk.complete(created)
        assert answer.get("status", 503) in {409, 503}, answer
        assert answer.get("state") != "rejected", answer
        broken.clear()
        assert _ended(desk, created) == "confirmed"
        assert desk.read(desk.upload(created)["object"]["key"]) == TEXT


def test_a_checksum_of_parts_without_its_type(rgw: Rgw, make_desk: MakeDesk) -> None:
    """It is no checksum of the whole, so it contradicts none that was declared."""
    quirk = Says({"HEAD"}, lambda kind: kind, "ETag")
    quirk.after = lambda _, answer: answer.set_header("x-amz-checksum-crc32", "AAAAAA==-1")  # type: ignore[method-assign]
    with quirky(rgw, quirk) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        declared = {"algorithm": "crc32", "value": "q6gODA=="}
        created = desk.sent(TEXT, profile="parts", checksum=declared)
        done = desk.complete(created)
        assert (done["state"], done["checksum_verified"]) == ("confirmed", False), done


def _ended(desk: Desk, created: dict[str, object]) -> str:
    from datetime import timedelta

    if desk.upload(created)["state"] != "confirmed":
        desk.make_due(created, patience=timedelta(hours=1))
        desk.work()
    return str(desk.upload(created)["state"])
