"""H. Servers that are not among those in our documentation, and what they do to bodies.

Reported: waitress fails on an answer with a header that is the server's own by PEP 3333, "Other HTTP Features"
(camptocamp/c2cgeoportal #1394, benoitc/restkit #133), and aiohttp-wsgi does (its #19), as does Python's own wsgiref,
of which Django's ``runserver`` is one. We said ``Connection: close``: a refused body was a 500 with a stack trace.
Tried: Tornado (gunicorn's worker) undoes chunks, and passes all of the body without a word on its length.
"""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import orjson
import pytest
from flask import Flask

from valetkey.app import Installed

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}
FORM = "multipart/form-data; boundary=x"


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(app: Flask) -> Iterator[int]:
    server = Server(("127.0.0.1", 0), Handler)
    server.set_app(app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("kind", "size", "status"), [(FORM, 10, 415), ("application/json", 300_000, 413), ("application/json", 2, 422)]
)
def test_a_server_that_closes_connections_itself(
    kind: str, size: int, status: int, mount: Callable[..., Installed]
) -> None:
    """A refusal comes as it does elsewhere, and has no word on the connection."""
    app = Flask("photos")
    mount(app)
    with serving(app) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", "/v1/uploads", b"{}".ljust(size), {"Content-Type": kind})
        answer = connection.getresponse()
        said = orjson.loads(answer.read())
        connection.close()
    assert (answer.status, said["status"]) == (status, status), said
    assert answer.getheader("Connection") is None


def test_a_server_that_gives_a_type_to_nothing(mount: Callable[..., Installed]) -> None:
    """wsgiref and eventlet call a request without a body ``text/plain``: completing an upload was a 415."""
    app = Flask("photos")
    mount(app)
    with serving(app) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", "/v1/uploads", orjson.dumps(CAT), {"Content-Type": "application/json"})
        created = orjson.loads(connection.getresponse().read())
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", f"/v1/uploads/{created['upload']['id']}/complete")
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
    assert answer.status == 202, said


def test_a_body_in_chunks_that_a_server_has_put_together(mount: Callable[..., Installed]) -> None:
    """It is as good as one whose length was said."""
    app = Flask("photos")
    mount(app)
    given = {"wsgi.input": BytesIO(orjson.dumps(CAT)), "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    answer = app.test_client().post("/v1/uploads", content_type="application/json", environ_overrides=given)
    assert answer.status_code == 201, answer.text
