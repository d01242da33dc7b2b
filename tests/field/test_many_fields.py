"""Requests with thousands of fields are refused without looking into each, in a short problem document."""

import json

import pytest
from flask import Flask

from valetkey.core.model.upload import new_upload_id
from valetkey.testing import MemoryValetKey

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}


@pytest.mark.parametrize("path", ["/v1/uploads", "/uppy/s3/multipart"])
@pytest.mark.parametrize("value", ['"\\u0000"', "1", '"' + "x" * 5 + '"'])
def test_metadata_is_counted_before_it_is_looked_into(path: str, value: str) -> None:
    """Tens of thousands of keys are refused for their number, whatever their values are."""
    app = Flask("photos")
    MemoryValetKey(app)
    metadata = ",".join(f'"{number}":{value}' for number in range(14_000))
    names = '"filename":"a","content_type":"a/b","size":1' if path == "/v1/uploads" else '"filename":"a","type":"a/b"'
    answer = app.test_client().post(path, data=f'{{{names},"metadata":{{{metadata}}}}}')
    assert (answer.status_code, answer.get_json()["code"]) == (422, "metadata_not_allowed")
    assert "At most 50" in answer.get_json()["detail"]


def test_too_many_metadata_of_one_spoil_no_batch() -> None:
    """Each upload of a batch is refused by itself."""
    app = Flask("photos")
    MemoryValetKey(app)
    much = {"filename": "a", "content_type": "a/b", "size": 1, "metadata": {str(n): "" for n in range(60)}}
    answer = app.test_client().post("/v1/uploads/batch", json={"uploads": [CAT, much, CAT]}).get_json()["results"]
    assert ["upload" in one for one in answer] == [True, False, True]
    assert answer[1]["error"]["code"] == "metadata_not_allowed"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/uploads", json.dumps(dict.fromkeys(map(str, range(20_000)), 1))),
        ("POST", "/v1/tickets", json.dumps(dict.fromkeys(map(str, range(20_000)), 1))),
        ("POST", "/v1/uploads/none/complete", json.dumps({"parts": [{}] * 9_000})),
        ("GET", "/v1/uploads?" + "&".join(f"a{number}=1" for number in range(2_000)), ""),
    ],
)
def test_thousands_of_errors_are_not_named_each(method: str, path: str, body: str) -> None:
    """The problem document has one error for all of them: a list of some would help nobody."""
    app = Flask("photos")
    MemoryValetKey(app)
    path = path.replace("/none/", f"/{new_upload_id()}/")
    answer = app.test_client().open(path, method=method, data=body).get_json()
    [error] = answer["errors"]
    assert "too many to list" in error["detail"]


def test_a_query_of_thousands_of_fields_is_not_taken_apart() -> None:
    """It is refused as too long, with 414."""
    app = Flask("photos")
    MemoryValetKey(app)
    query = "&".join(f"metadata[{number}]=1" for number in range(5_000))
    assert app.test_client().get(f"/uppy/s3/params?{query}").status_code == 414
