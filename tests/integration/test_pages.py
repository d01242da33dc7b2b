"""Pages for people in a browser: errors, the pages of `valetkey dev` in their language, and the icon."""

import html
import re
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from valetkey import Profile
from valetkey.api import favicon, problems
from valetkey.api.demo import demo, load_translations
from valetkey.testing import MemoryValetKey

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
NOWHERE = "/v1/uploads/0192f0c1-2b3c-7d4e-8f50-123456789abc"


@pytest.fixture
def client() -> FlaskClient:
    """The pages of `dev`, on valetkey in memory."""
    app = Flask("dev", static_folder=None)
    problems.register(app)
    app.register_blueprint(favicon.blueprint)
    MemoryValetKey(app, profiles={"default": Profile("default")})
    app.register_blueprint(demo)
    return app.test_client()


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/html;q=0.9, application/json;q=0.5", True),
        ("text/*", True),
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("application/problem+json, text/html;q=0.9", False),
        ("application/json, text/html", False),
        ("application/json, text/plain, */*", False),
        ("nonsense", False),
    ],
)
def test_an_error_is_a_page_for_a_browser_alone(client: FlaskClient, accept: str | None, is_page: bool) -> None:
    """A person who went to an address gets sentences; programs and scripts the document; caches keep them apart."""
    answer = client.get(NOWHERE, headers={} if accept is None else {"Accept": accept})
    assert answer.status_code == 404
    assert "Accept" in answer.vary
    if is_page:
        assert answer.mimetype == "text/html"
        assert "There is no such upload, or it is not yours." in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    else:
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json()["code"] == "upload_not_found"


def test_a_form_that_is_posted_to_the_service_is_answered_by_a_page(client: FlaskClient) -> None:
    """It is refused before its file is read, with what to do instead, and the connection is closed."""
    form = {"file": (BytesIO(b"hello"), "a.txt")}
    given = {"SERVER_SOFTWARE": "Granian"}
    answer = client.post("/v1/uploads", data=form, headers={"Accept": BROWSER}, environ_overrides=given)
    assert (answer.status_code, answer.mimetype) == (415, "text/html")
    assert "Files go straight to S3" in answer.text
    assert answer.headers["Connection"] == "close"


def test_a_page_quotes_nothing_as_html(client: FlaskClient) -> None:
    """What a client sent stands in it as text; the link leads to what the documentation says of the code."""
    evil = "<script>alert(1)</script>"
    answer = client.get("/demo/form", query_string={"content_type": evil}, headers={"Accept": BROWSER})
    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert "<script" not in answer.text
    assert 'href="/docs/errors#content_type_not_allowed"' in answer.text
    answer = client.get("/v1/profiles/" + "<b>x", headers={"Accept": BROWSER})
    assert html.escape("<b>x") in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    ("query", "accepted", "lang"),
    [
        ("", None, "en"),
        ("", "de-CH,de;q=0.9,en;q=0.8", "de"),
        ("", "fr,es;q=0.5", "es"),
        ("", "zh-TW", "zh"),
        ("", "fi", "en"),
        ("?lang=zh", "de", "zh"),
        ("?lang=fi", "de", "de"),
        ("?lang=%3Cscript%3E", None, "en"),
    ],
)
def test_the_form_is_in_the_chosen_language(client: FlaskClient, query: str, accepted: str | None, lang: str) -> None:
    """That of the address, else the one that the browser likes best; and so is the way back."""
    answer = client.get(f"/demo/form{query}", headers={} if accepted is None else {"Accept-Language": accepted})
    assert f'<html lang="{lang}">' in answer.text
    assert html.escape(load_translations()[lang]["back"]) in answer.text
    assert f'href="/?lang={lang}"' in answer.text
    assert "Accept-Language" in answer.vary


def test_each_language_has_every_text() -> None:
    """And the same gaps to fill in; the templates name no other."""
    english = load_translations()["en"]
    for lang, found in load_translations().items():
        assert found.keys() == english.keys(), lang
        for name, text in found.items():
            assert text.strip() == text
            assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", english[name])), (lang, name)
    templates = Path(str(demo.root_path), "templates", "valetkey")
    page = (templates / "demo.html").read_text() + (templates / "form.html").read_text()
    named = set(re.findall(r"text\.(\w+)", page)) | set(re.findall(r'data-(?:text|label)="(\w+)"', page))
    shown = {name for name in english if not name.startswith("state_")} - {"language_name"}
    assert named == shown


def test_the_icon_is_ours(client: FlaskClient) -> None:
    """Where browsers look for one when no page names any."""
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert b"<svg" in answer.data
    assert "max-age=86400" in answer.headers["Cache-Control"]
