"""`valetkey.testing`, as an application's author would use it: public names only."""

import subprocess
import sys

import pytest
from flask import Flask

from valetkey import Detect, Profile, upload_confirmed
from valetkey.testing import MemoryValetKey, StoreUnavailable

PHOTO = {"filename": "cat.png", "content_type": "image/png"}


@pytest.fixture
def app() -> Flask:
    return Flask("shop")


def test_an_upload_is_confirmed_and_its_bytes_are_there(app: Flask) -> None:
    """The whole way, over the application's HTTP, with the signal the application waits for."""
    valetkey = MemoryValetKey(app)
    heard: list[str] = []

    def on_confirmed(sender: object) -> None:
        heard.append(sender.filename)  # type: ignore[attr-defined]

    with upload_confirmed.connected_to(on_confirmed):
        upload = valetkey.client().upload(b"hello", **PHOTO)
    stored = valetkey.store.read(upload["object"]["key"])
    assert (upload["state"], heard) == ("confirmed", ["cat.png"])
    assert stored is not None
    assert stored.content == b"hello"


@pytest.mark.parametrize(
    ("content", "changed", "code"),
    [
        (b"longer than granted", {}, "EntityTooLarge"),
        (b"", {}, "EntityTooSmall"),
        (b"hello", {"key": "staging/another"}, "AccessDenied"),
        (b"hello", {"Content-Type": "text/html"}, "AccessDenied"),
    ],
)
def test_the_store_refuses_what_s3_would(app: Flask, content: bytes, changed: dict[str, str], code: str) -> None:
    """A wrong size, key or type is refused as by S3, and nothing is confirmed."""
    client = MemoryValetKey(app).client()
    granted = client.ask(5, **PHOTO)
    answer = client.send(granted, content, **changed)
    assert (answer.status >= 400, answer.code) == (True, code)
    assert client.complete(granted)["state"] == "pending"


def test_a_silent_client_is_confirmed_by_the_event(app: Flask) -> None:
    """A test can play the closed tab: the bytes are sent, and only the store says so."""
    valetkey = MemoryValetKey(app)
    client = valetkey.client()
    granted = client.ask(5, **PHOTO)
    client.send(granted, b"hello")
    valetkey.event(granted["upload"]["id"])
    assert client.complete(granted)["confirmed_by"] == "event"


def test_a_store_that_is_away_is_a_problem_that_passes(app: Flask) -> None:
    """A test can take the store away: the application sees 503's document, and later the upload."""
    valetkey = MemoryValetKey(app)
    client = valetkey.client()
    granted = client.ask(5, **PHOTO)
    client.send(granted, b"hello")

    def away(operation: str, key: str) -> None:
        raise StoreUnavailable(f"away before {operation} {key}")

    valetkey.store.before = away
    assert client.complete(granted)["code"] == "store_unavailable"
    valetkey.store.before = None
    assert client.complete(granted)["state"] == "confirmed"


def test_profiles_and_a_prefix_work_as_in_production(app: Flask) -> None:
    """The same profiles refuse the same requests, below the same prefix."""
    avatar = Profile("avatar", max_size=10, content_types=("image/*",), key="avatars/{owner}/{id}{ext}")
    client = MemoryValetKey(app, profiles={"avatar": avatar}, url_prefix="/files").client()
    upload = client.upload(b"hello", profile="avatar", owner="u1", **PHOTO)
    assert upload["object"]["key"] == f"avatars/u1/{upload['id']}.png"
    with pytest.raises(AssertionError, match="size_out_of_range"):
        client.ask(11, profile="avatar", **PHOTO)


def test_contents_and_verdicts_can_be_played(app: Flask) -> None:
    """A test plays the worker that reads first bytes, and the scanner."""
    profiles = {
        "photo": Profile("photo", content_types=("image/png",), detect=Detect.REJECT),
        "scanned": Profile("scanned", scan=True),
    }
    valetkey = MemoryValetKey(app, profiles=profiles)
    client = valetkey.client()
    granted = client.ask(9, profile="photo", **PHOTO)
    client.send(granted, b"<html>...")
    assert client.complete(granted)["state"] == "stored"
    valetkey.work()
    rejected = client.complete(granted)
    assert (rejected["reason"]["code"], rejected["detected_type"]) == ("content_mismatch", "text/html")
    for clean, state in ((True, "confirmed"), (False, "rejected")):
        granted = client.ask(5, profile="scanned", **PHOTO)
        client.send(granted, b"hello")
        assert client.complete(granted)["state"] == "stored"
        valetkey.judge(granted["upload"]["id"], clean=clean)
        assert client.complete(granted)["state"] == state
    with pytest.raises(LookupError):
        valetkey.judge(granted["upload"]["id"], clean=True)


@pytest.mark.parametrize(("method", "size"), [("put", 5), ("multipart", 5 * 1024**2 + 1)])
def test_other_ways_to_send_a_file(app: Flask, method: str, size: int) -> None:
    """One PUT, or parts: the bytes end under the final key, and more than was granted is refused as by S3."""
    valetkey = MemoryValetKey(app, profiles={"default": Profile("default", part_size=5 * 1024**2)})
    client = valetkey.client()
    content = b"x" * size
    upload = client.upload(content, method=method, **PHOTO)
    stored = valetkey.store.read(upload["object"]["key"])
    assert stored is not None
    assert stored.content == content
    refused = client.send(client.ask(size - 1, method=method, **PHOTO), content)
    assert (refused.status, refused.code) == (403, "SignatureDoesNotMatch") or method == "multipart"


def test_it_needs_no_pytest() -> None:
    """Only the contracts do, which are tests themselves."""
    code = "import sys; sys.modules['pytest'] = None; import valetkey.testing"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
