"""L. A store's list that continues without naming the next page, or leads back to an earlier page.

Imitated: found by our own audit. Botocore's paginator ends without a word where the next page is not named, fails where
it is the same again, and never ends where two pages name each other.
"""

import re
import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from tests.field.desk import MakeDesk
from tests.support.store_proxy import Answer, Quirk, Request, quirky
from tests.support.store_quirks import When
from tests.support.stores import Rgw, fresh_bucket

from valetkey.core.errors import StoreUnavailable

PARTS = """
[profiles.parts]
multipart_from = 1
"""
MARKERS = (
    "NextPartNumberMarker",
    "NextContinuationToken",
    "NextKeyMarker",
    "NextVersionIdMarker",
    "NextUploadIdMarker",
)


class GoesOn(Quirk):
    """Every page of ``operation`` is said to be followed by one; ``next_page`` is what it says of it."""

    def __init__(self, operation: str, *next_page: str) -> None:
        self.operation = operation
        self.next_page = next_page
        self.asked = count()

    def after(self, request: Request, answer: Answer) -> None:
        if request.operation != self.operation or not answer.ok:
            return
        number = next(self.asked)
        assert number < 20, "it is asked for ever"
        body = re.sub(rf"<({'|'.join(MARKERS)})(/>|>[^<]*</\1>)", "", answer.body.decode())
        body = re.sub("<IsTruncated>[^<]*</IsTruncated>", "", body)
        said = "<IsTruncated>true</IsTruncated>"
        if self.next_page:
            value = self.next_page[number % len(self.next_page)]
            said += "".join(f"<{name}>{value}</{name}>" for name in MARKERS)
        end = body.rindex("</")
        answer.body = (body[:end] + said + body[end:]).encode()


WAYS = {"nowhere": (), "in place": ("1",), "in a circle": ("1", "2")}


@pytest.mark.parametrize("way", WAYS)
def test_parts_that_go_on_are_not_missing(way: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """What is not known is not taken for what is not there: a 503, and the upload is confirmed afterwards."""
    broken = threading.Event()
    with quirky(rgw, When(broken.is_set, GoesOn("LIST_PARTS", *WAYS[way]))) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PARTS)
        created = desk.sent(b"bytes", profile="parts")
        broken.set()
        listed = desk.http.get(f"/v1/uploads/{created['upload']['id']}/parts").get_json()
        for problem in (desk.complete(created), dict(listed)):
            assert (problem.get("status"), problem.get("code")) == (503, "store_unavailable"), problem
            assert "ListParts" in problem["detail"]
        broken.clear()
        assert desk.complete(created)["state"] == "confirmed"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("operation", ["LIST", "LIST_VERSIONS", "LIST_MULTIPARTS"])
def test_a_sweep_says_that_a_list_has_no_end(operation: str, way: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """It ends, and by an error: nobody may think that it has seen everything."""
    broken = threading.Event()
    with quirky(rgw, When(broken.is_set, GoesOn(operation, *WAYS[way]))) as server, fresh_bucket(server) as bucket:
        if operation == "LIST_VERSIONS":
            bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
        desk = make_desk(bucket, PARTS)
        desk.valetkey.sweep._clock = lambda: datetime.now(UTC) + timedelta(days=3)
        broken.set()
        with pytest.raises(StoreUnavailable, match=r"without naming|leads back"):
            list(desk.valetkey.sweep.clean())
        broken.clear()
