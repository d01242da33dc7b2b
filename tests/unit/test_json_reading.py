"""JSON objects with a duplicate name are refused, although most bodies are checked by a cheap test."""

import json
from typing import Any

import pytest

from valetkey.api.json_reading import read
from valetkey.api.problems import MalformedJSON
from valetkey.api.requests import CreateBatch

WANTED: dict[str, Any] = {
    "profile": "default",
    "filename": "a.png",
    "content_type": "image/png",
    "size": 5,
    "checksum": {"algorithm": "crc32", "value": "AAAAAA=="},
    "metadata": {"album": "summer", "year": "2026"},
    "method": "auto",
    "redirect": False,
    "owner": "alice",
    "path": "a/b.png",
    "signed_parts": 3,
}
BODY = json.dumps({"uploads": [WANTED, WANTED]})


@pytest.mark.parametrize("name", [*WANTED, "algorithm", "value", "album", "year", "uploads"])
def test_no_name_is_there_twice(name: str) -> None:
    """Whether the second one says the same or not, in the last object of its kind."""
    at = BODY.rindex(f'"{name}":')
    value, _ = json.JSONDecoder().raw_decode(BODY[at + len(name) + 4 :])
    twice = f'{BODY[:at]}"{name}": {json.dumps(value)}, {BODY[at:]}'
    assert len(read(CreateBatch, BODY.encode()).uploads) == 2
    assert json.loads(twice) == json.loads(BODY)
    with pytest.raises(MalformedJSON, match="twice"):
        read(CreateBatch, twice.encode())


@pytest.mark.parametrize("body", [BODY, BODY.replace(": ", ":"), json.dumps({"uploads": [WANTED | {"path": None}]})])
def test_what_names_each_thing_once_is_read_once(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow reader is for what the count leaves open."""
    monkeypatch.setattr("valetkey.api.json_reading._require_one_meaning", pytest.fail)
    read(CreateBatch, body.encode())
