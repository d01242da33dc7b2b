"""H. A page whose monitoring adds headers to each of its requests, so that its calls need preflights.

Reported: Sentry added `baggage` to requests of uploads, and a list of allowed headers without it stopped them all
(HumanSignal/label-studio pull request 7515; ten24group/fw24 pull request 332 of other such headers).
"""

import json
from collections.abc import Callable
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import Browser
from tests.support.pages import empty_site
from werkzeug.serving import make_server

from valetkey.app import Installed
from valetkey.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"
ADDED = {
    "Sentry": {"sentry-trace": f"{TRACE}-b7ad6b7169203331-1", "baggage": "sentry-environment=production"},
    "OpenTelemetry": {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "tracestate": "a=b"},
    "Datadog": {"x-datadog-trace-id": "1", "x-datadog-parent-id": "2", "x-datadog-origin": "rum"}
    | {"x-datadog-sampling-priority": "1"},
    "New Relic": {"newrelic": "eyJ2IjpbMCwxXX0="},
    "Zipkin": {"b3": "1-2-1", "x-b3-traceid": "1", "x-b3-spanid": "2", "x-b3-parentspanid": "3", "x-b3-sampled": "1"},
    "Elastic": {"elastic-apm-traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
    "X-Ray": {"x-amzn-trace-id": "Root=1-2-3"},
    "Application Insights": {"request-id": f"|{TRACE}.b7ad6b71692033", "request-context": "appId=cid-v1:1"},
    "Jaeger": {"uber-trace-id": f"{TRACE}:b7ad6b7169203331:0:1"},
    "Instana": {"x-instana-t": TRACE, "x-instana-s": "b7ad6b7169203331", "x-instana-l": "1"},
    "one of its own": {"x-our-release": "17", "x_odd": "1"},
}
CALL = """async ([url, headers, body]) => {
    const own = { authorization: "Bearer none", "content-type": "application/json", ...headers };
    return fetch(url, { method: "POST", headers: own, body }).then((answer) => answer.status, String);
}"""


@pytest.mark.parametrize("monitoring", ADDED)
def test_a_page_with_monitoring_gets_an_upload(
    mount: Callable[..., Installed], settings: Settings, chromium: Browser, monitoring: str
) -> None:
    """Chromium asks first, and then sends what it was asked to."""
    app = Flask("uploads")
    mount(app, settings=settings.model_copy(update={"cors_origins": ("*",)}))
    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        with empty_site() as port:
            page = chromium.new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            url = f"http://127.0.0.1:{server.server_port}/v1/uploads"
            body = json.dumps({"filename": "a", "content_type": "a/b", "size": 5})
            assert page.evaluate(CALL, [url, ADDED[monitoring], body]) == 201
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
