"""Clients that send HEAD first: document viewers, download managers and `curl -I`.

Reported: SigV4 signs the method, so a HEAD to a URL that is signed for GET gets 403 (minio/minio 6146,
samvera/browse-everything 341, alphagov/asset-manager 169, streamio/streamio-ffmpeg pull request 236).
"""

import urllib.request

import pytest
from tests.field.desk import MakeDesk
from tests.support.stores import Bucket


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_download_is_redirected_for_the_method_that_asks(
    rgw_bucket: Bucket, make_desk: MakeDesk, method: str
) -> None:
    """The store answers whoever follows by the same method, with the file's name and size."""
    desk = make_desk(rgw_bucket)
    created = desk.sent(b"bytes", filename="a b.txt")
    assert desk.complete(created)["state"] == "confirmed"
    answer = desk.http.open(f"/v1/uploads/{created['upload']['id']}/download", method=method)
    assert answer.status_code == 303
    with urllib.request.urlopen(urllib.request.Request(answer.location, method=method), timeout=60) as found:
        assert (found.status, found.headers["Content-Length"]) == (200, "5")
        assert "a%20b.txt" in found.headers["Content-Disposition"]
        assert found.read() == (b"bytes" if method == "GET" else b"")
