"""`GET /v1/profiles`: the rules for those who may upload; and paths as Uppy declares them."""

from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from valetkey import Profile
from valetkey.core.access.api_keys import Scope
from valetkey.core.access.callers import Caller
from valetkey.core.errors import Forbidden
from valetkey.testing import MemoryValetKey

IMAGES = Profile(
    "images",
    min_size=10,
    max_size=1000,
    content_types=("image/*", "application/pdf"),
    key="secret-place/{id}",
    metadata=frozenset({"place", "album"}),
    checksum_required=True,
    claim_within=timedelta(days=1),
)
TOLD = {
    "name": "images",
    "min_size": 10,
    "max_size": 1000,
    "content_types": ["image/*", "application/pdf"],
    "checksum": "required",
    "metadata": ["album", "place"],
}


@pytest.fixture
def app() -> Flask:
    return Flask("shop")


@pytest.fixture
def valetkey(app: Flask) -> MemoryValetKey:
    return MemoryValetKey(app, profiles={"images": IMAGES})


def ask(app: Flask, path: str, token: str | None = None) -> TestResponse:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return app.test_client().get(path, headers=headers)


def test_a_profile_tells_what_a_file_can_be_compared_with(app: Flask, valetkey: MemoryValetKey) -> None:
    """Its rules, and nothing of where the bytes go; without rules of its own it takes anything."""
    assert ask(app, "/v1/profiles/images").get_json() == TOLD
    default = ask(app, "/v1/profiles/default").get_json()
    assert (default["min_size"], default["max_size"], default["content_types"]) == (0, 5 * 1024**3, ["*/*"])
    assert (default["checksum"], default["metadata"]) == ("optional", None)
    assert ask(app, "/v1/profiles").get_json() == {"profiles": [default, TOLD]}


def test_a_profile_that_is_not_there_is_404(app: Flask, valetkey: MemoryValetKey) -> None:
    """With a code of its own."""
    answer = ask(app, "/v1/profiles/none%20such")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "profile_not_found")


def test_a_ticket_hears_of_its_own_profile_and_no_other(app: Flask, valetkey: MemoryValetKey) -> None:
    """Also whether another exists; the ticket of a single upload hears nothing."""
    ticket = str(valetkey.ticket("images", owner="ann"))
    assert ask(app, "/v1/profiles/images", ticket).get_json() == TOLD
    assert ask(app, "/v1/profiles", ticket).get_json() == {"profiles": [TOLD]}
    for name in ("default", "none-such"):
        answer = ask(app, f"/v1/profiles/{name}", ticket)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")
    new = {"filename": "f", "content_type": "text/plain", "size": 1}
    single = app.test_client().post("/v1/uploads", json=new).get_json()["ticket"]
    for path in ("/v1/profiles", "/v1/profiles/default"):
        assert ask(app, path, single).status_code == 403
        assert ask(app, path, "vt_p.none").status_code == 401


@pytest.mark.parametrize(
    ("said", "path"),
    [("/trip/day/a.txt", "trip/day/a.txt"), ("trip/a.txt", "trip/a.txt"), ("null", None), ("", None), (None, None)],
)
def test_uppys_relative_path_is_the_path(
    app: Flask, valetkey: MemoryValetKey, said: str | None, path: str | None
) -> None:
    """Uppy has a slash in front of it, and a text for none; it is no metadata."""
    query = {"filename": "a.txt", "type": "text/plain"} | ({} if said is None else {"metadata[relativePath]": said})
    assert app.test_client().get("/uppy/s3/params", query_string=query).status_code == 200
    [upload] = app.test_client().get("/v1/uploads").get_json()["uploads"]
    assert (upload["path"], upload["metadata"]) == (path, {})


def test_uppys_path_out_of_a_folder_is_refused(app: Flask, valetkey: MemoryValetKey) -> None:
    """As anybody's is."""
    query = {"filename": "a.txt", "type": "text/plain", "metadata[relativePath]": "/../a.txt"}
    answer = app.test_client().get("/uppy/s3/params", query_string=query)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/path")


def test_a_scanner_hears_nothing(valetkey: MemoryValetKey) -> None:
    """Its key uploads nothing."""
    scanner = Caller("scanner", scope=Scope.VERDICT, may_judge=True)
    with pytest.raises(Forbidden):
        valetkey.service.profiles(scanner)
    with pytest.raises(Forbidden):
        valetkey.service.profile(scanner, "default")
