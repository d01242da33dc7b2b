"""Bytes cannot be changed while they are checked (FIELD.md, C).

Reported: services whose files are readable under their last key before anybody has scanned them (londonaicentre/FLIP
#841), and scanners that judge what may be written again (the review of opengovsg/FormSG #6642 asks for it). With bytes
of the same MD5 even the ETag tells nothing: the pair below is that of Wang and Yu (2004).
"""

import hashlib
import threading

import pytest
from tests.field.desk import Desk, MakeDesk
from tests.support.clients import put
from tests.support.stores import Bucket

from valetkey.core.errors import StateConflict

GOOD = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a"
    "085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
    "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
)
EVIL = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab50712467eab4004583eb8fb7f8955ad340609f4b30283e4888325f1415a"
    "085125e8f7cdc99fd91dbd7280373c5bd8823e3156348f5bae6dacd436c919c6dd53e23487da03fd02396306d248cda0"
    "e99f33420f577ee8ce54b67080280d1ec69821bcb6a8839396f965ab6ff72a70"
)
MIB_5 = 5 * 1024**2

PROFILES = """
[profiles.scanned]
scan = true
[profiles.looked]
detect = "reject"
content_types = ["application/octet-stream"]
[profiles.both]
detect = "warn"
scan = true
"""


def test_the_pair() -> None:
    """Two contents of one size and one MD5, as the tests below need them."""
    assert GOOD != EVIL
    assert len(GOOD) == len(EVIL)
    assert hashlib.md5(GOOD).digest() == hashlib.md5(EVIL).digest()


def final(desk: Desk) -> list[str]:
    return [key for key in desk.stored() if not key.startswith(("staging/", "quarantine/"))]


@pytest.mark.parametrize("method", ["post", "put"])
@pytest.mark.parametrize("profile", ["scanned", "looked", "both"])
def test_bytes_of_the_same_md5_after_the_look(
    profile: str, method: str, rgw_bucket: Bucket, make_desk: MakeDesk
) -> None:
    """The grant is used again while its upload is checked: what was checked is what is confirmed."""
    desk = make_desk(rgw_bucket, PROFILES)
    asked = {"profile": profile, "method": method, "content_type": "application/octet-stream"}
    created = desk.sent(GOOD, **asked)
    assert desk.complete(created)["state"] == "stored"
    shown = desk.upload(created)["object"]
    assert shown["key"].startswith(f"quarantine/{created['upload']['id']}/")
    assert desk.read(shown["key"]) == GOOD
    if method == "put":
        rgw_bucket.client.delete_object(Bucket=rgw_bucket.name, Key=f"staging/{created['upload']['id']}")
    assert desk.send(created, EVIL).status in {200, 201}
    desk.complete(created)
    if profile != "scanned":
        desk.work()
    if profile != "looked":
        desk.judge(created, shown["etag"], clean=True)
    done = desk.upload(created)
    assert done["state"] == "confirmed"
    assert desk.read(done["object"]["key"]) == GOOD
    assert desk.stored() == [done["object"]["key"]]


@pytest.mark.parametrize("told", [False, True], ids=["untold", "told"])
def test_a_verdict_that_comes_before_quarantine_is_on_other_bytes(
    told: bool, rgw_bucket: Bucket, make_desk: MakeDesk
) -> None:
    """A scanner that read staging: what lies there was written again meanwhile, so its verdict opens nothing."""
    desk = make_desk(rgw_bucket, PROFILES)
    created = desk.sent(GOOD, profile="scanned", content_type="application/octet-stream")
    assert desk.send(created, EVIL).status == 201
    with pytest.raises(StateConflict):
        desk.judge(created, hashlib.md5(GOOD).hexdigest(), clean=True)
    if told:
        desk.complete(created)
    shown = desk.upload(created)
    assert (shown["state"], desk.read(shown["object"]["key"])) == ("stored", EVIL)
    assert desk.judge(created, shown["object"]["etag"], clean=False).state == "rejected"


@pytest.mark.parametrize("profile", ["scanned", "looked", "both"])
def test_nothing_in_parts_is_under_a_final_key_before_it_is_confirmed(
    profile: str, rgw_bucket: Bucket, make_desk: MakeDesk
) -> None:
    """They are joined in quarantine; their URLs are dead then, and the copy is what is promoted."""
    desk = make_desk(rgw_bucket, PROFILES)
    content = GOOD * (MIB_5 // len(GOOD)) + b"end"
    created = desk.create(len(content), profile=profile, method="multipart", content_type="application/octet-stream")
    upload_id = created["upload"]["id"]
    desk.send_parts(created, content)
    urls = desk.http.post(f"/v1/uploads/{upload_id}/parts", json={"numbers": [1]}).get_json()["parts"]
    assert desk.complete(created)["state"] == "stored"
    assert final(desk) == []
    shown = desk.upload(created)["object"]
    assert shown["key"].startswith(f"quarantine/{upload_id}/")
    evil = EVIL * (created["grant"]["part_size"] // len(EVIL) + 1)
    piece = evil[: urls[0]["size"]]
    assert put(urls[0]["url"], urls[0]["headers"], piece).status == 404
    if profile != "scanned":
        desk.work()
        assert final(desk) == [] or profile == "looked"
    if profile != "looked":
        desk.judge(created, shown["etag"], clean=True)
    done = desk.upload(created)
    assert (done["state"], desk.stored()) == ("confirmed", [done["object"]["key"]])
    assert desk.read(done["object"]["key"]) == content


def test_an_infected_upload_in_parts_leaves_nothing(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """It was never readable under a final key, and is gone from quarantine."""
    desk = make_desk(rgw_bucket, PROFILES)
    created = desk.sent(EVIL, profile="scanned", method="multipart")
    desk.complete(created)
    etag = desk.upload(created)["object"]["etag"]
    assert desk.judge(created, etag, clean=False).state == "rejected"
    assert desk.stored() == []


def test_confirmed_bytes_stay_under_re_posts_of_the_same_md5(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """Without checks, too: two signals at once while the form is used again and again. What the ledger points at is one
    of the two contents, and stays that one."""
    desk = make_desk(rgw_bucket)
    for _ in range(40):
        created = desk.sent(GOOD)
        stop = threading.Event()

        def attack(created: dict[str, object] = created, stop: threading.Event = stop) -> None:
            number = 0
            while not stop.is_set() and number < 2_000:
                desk.send(created, EVIL if number % 2 else GOOD)
                number += 1

        threads = [threading.Thread(target=attack)]
        threads += [threading.Thread(target=desk.complete, args=(created,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads[1:]:
            thread.join()
        done = desk.complete(created)
        assert done["state"] == "confirmed", done
        first = desk.read(done["object"]["key"])
        for _ in range(5):
            desk.complete(created)
            assert desk.read(done["object"]["key"]) == first
        stop.set()
        threads[0].join()
        assert desk.read(done["object"]["key"]) == first
