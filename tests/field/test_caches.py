"""A cache in front of the service keeps everything that does not forbid it.

With a rule to cache everything, Cloudflare keeps a 200 without Cache-Control for two hours (its "Cache by status
code"), and nginx's `proxy_cache` answers one caller's question with what it has told another: neither minds
Authorization unless it is told to.
"""

import re

from flask import Flask
from werkzeug.test import TestResponse

from valetkey.app import BLUEPRINTS
from valetkey.testing import MemoryValetKey

FOR_EVERYBODY = re.compile(r"/(docs|assets|favicon)")


def get_every_route(app: Flask, values: dict[str, str]) -> dict[str, TestResponse]:
    """The answers of the API's routes that are asked by GET, by their rules."""
    client, found = app.test_client(), {}
    for rule in app.url_map.iter_rules():
        ours = rule.endpoint.partition(".")[0] in BLUEPRINTS and not FOR_EVERYBODY.match(rule.rule)
        if ours and "GET" in (rule.methods or ()):
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values.get(found[1], "1"), rule.rule)
            found[rule.rule] = client.get(path, headers={"Accept": "application/json"})
    return found


def kept(answer: TestResponse) -> bool:
    """Whether a cache for many may keep it."""
    return not {"no-store", "private"} & set(answer.headers.get("Cache-Control", "").split(", "))


def test_no_cache_may_keep_what_the_api_says() -> None:
    """An answer or a problem, of any route."""
    app = Flask(__name__)
    valetkey = MemoryValetKey(app)
    upload = valetkey.client().upload(b"hello", filename="a.txt", content_type="text/plain")
    answers = get_every_route(app, {"text": upload["id"], "name": "default"})
    said = {rule for rule, answer in answers.items() if answer.status_code == 200}
    assert {f"/v1/uploads{more}" for more in ("", "/<text>", "/<text>/download")} <= said
    assert {"/v1/profiles", "/v1/profiles/<name>", "/v1/claims", "/healthz", "/readyz", "/openapi.json"} <= said
    assert len(answers) > len(said)
    assert [rule for rule, answer in answers.items() if kept(answer)] == []
