"""Hostile file names: the key is safe, and the upload and its download have the original name."""

import re
import unicodedata
from urllib.parse import unquote

import httpx
import pytest
from tests.e2e.api import Api, Created

NAMES = {
    "path and line break": "../../é\r\n.png",
    "backslashes": "..\\..\\windows\\system32\\x.dll",
    "4 KB": "a" * 4092 + ".png",
    "right to left": "photo\u202egnp.exe",
    "empty": "",
    "quotes": "a\"b'c;d=e.txt",
    "header": 'x"; filename="other.exe',
    "dots": "..",
    "emoji": "😀 été (1).jpeg",
    "s3 variable": "${filename}",
    "percent": "100%2F%00.txt",
    "template": "{id}{owner}",
    "spaces": "  .  ",
}


def download_name(response: httpx.Response) -> str:
    """The name a browser saves under: of the two in Content-Disposition the extended one (RFC 6266, RFC 8187)."""
    disposition = response.headers["content-disposition"]
    assert disposition.startswith("attachment;")
    encoded = re.search(r"filename\*=UTF-8''([!#$&+.^_`|~%A-Za-z0-9-]*)$", disposition)
    assert encoded, disposition
    return unquote(encoded[1], errors="strict")


def uploaded(api: Api, filename: str) -> Created:
    created = api.create(filename=filename)
    assert created.post(b"x").status == 201
    return created


@pytest.mark.parametrize("label", NAMES)
def test_a_hostile_name_gives_a_safe_key(api: Api, label: str) -> None:
    """Keys hold plain printable ASCII, no `..`, no empty segment, and at most S3's 1024 bytes."""
    created = uploaded(api, NAMES[label])
    key = api.confirm(created.id)["object"]["key"]
    assert re.fullmatch(r"[A-Za-z0-9!_.*'()/-]+", key)
    assert key.split("/")[:2] == ["uploads", created.id]
    assert not {"", ".", ".."} & set(key.split("/"))
    assert ".." not in key
    assert len(key) <= 1024


@pytest.mark.parametrize("label", NAMES)
def test_a_hostile_name_comes_back_as_it_was(api: Api, label: str) -> None:
    """The upload has the name unchanged, and so has the download, whose headers nobody can add to."""
    name = NAMES[label]
    created = uploaded(api, name)
    assert api.confirm(created.id)["filename"] == name
    redirect = api.http.get(f"/v1/uploads/{created.id}/download")
    assert redirect.status_code == 303, redirect.text
    answer = httpx.get(redirect.headers["location"])
    assert (answer.status_code, answer.content) == (200, b"x"), answer.text
    assert answer.headers["content-disposition"].isascii()
    if name:
        assert download_name(answer) == name
    assert not [c for c in answer.headers["content-disposition"] if unicodedata.category(c) == "Cc"]


def test_a_long_name_that_is_not_ascii_can_be_downloaded(api: Api) -> None:
    """4 KB that are not ASCII would make a URL past what servers read: the download still works."""
    name = "é" * 2046 + ".png"
    created = uploaded(api, name)
    assert api.confirm(created.id)["filename"] == name
    redirect = api.http.get(f"/v1/uploads/{created.id}/download")
    answer = httpx.get(redirect.headers["location"])
    assert (answer.status_code, answer.content) == (200, b"x"), answer.text
    assert download_name(answer).endswith("é" * 100 + ".png")


def test_a_name_never_reaches_the_form(api: Api) -> None:
    """No field of a granted form holds the client's file name: S3 headers stay ASCII and ours."""
    created = api.create(filename="very-own-name-é.png")
    values = " ".join(created.fields.values())
    assert values.isascii()
    assert "very-own-name" not in values


def test_the_path_of_a_folder_is_kept_and_is_in_no_key(api: Api) -> None:
    """It comes back cleaned in every description of the upload; S3 never hears of it."""
    created = api.create(filename="a.txt", path="Ferien\\Tag 1/e\u0301tude\x00.txt")
    assert created.upload["path"] == "Ferien/Tag 1/\u00e9tude\ufffd.txt"
    assert created.post(b"x").status == 201
    upload = api.confirm(created.id)
    assert upload["path"] == created.upload["path"]
    assert "Ferien" not in upload["object"]["key"]
    assert not [value for value in created.fields.values() if "Ferien" in value]
    assert api.http.get("/v1/uploads", params={"limit": 1}).json()["uploads"][0]["path"] == upload["path"]
