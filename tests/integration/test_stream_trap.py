"""The problem that this project solves, a closed stream, and its replacement."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from flask import Flask, copy_current_request_context, request
from tests.support.clients import post_form

from valetkey.app import Installed
from valetkey.core.access.callers import Caller
from valetkey.core.model.upload import UploadId


def test_a_stream_dies_with_its_request_in_a_copied_context() -> None:
    """`request.files` read in a thread under `copy_current_request_context` is closed once the request has ended."""
    app = Flask("trap")
    answered = Event()

    with ThreadPoolExecutor(1) as pool:

        @app.post("/upload")
        def view() -> str:
            stream = request.files["photo"].stream

            @copy_current_request_context
            def later() -> bytes:
                assert answered.wait(60)
                return stream.read()

            app.extensions["later"] = pool.submit(later)
            return "accepted"

        form = {"photo": (io.BytesIO(b"x" * 1_000_000), "p.png")}
        assert app.test_client().post("/upload", data=form).text == "accepted"
        answered.set()
        with pytest.raises(ValueError, match="closed file"):
            app.extensions["later"].result(60)


def test_an_upload_id_crosses_threads_and_contexts(mount: Callable[..., Installed]) -> None:
    """What a view hands to a thread is an id: it outlives the request, and leads to the bytes."""
    app = Flask("free")
    mounted = mount(app)
    answered = Event()

    with ThreadPoolExecutor(1) as pool:

        @app.post("/uploaded/<upload_id>")
        def view(upload_id: str) -> str:
            @copy_current_request_context
            def later() -> bytes:
                assert answered.wait(60)
                upload = mounted.service.complete(Caller("open"), UploadId(upload_id))
                assert upload.object is not None
                found = mounted.store.client.get_object(Bucket=upload.bucket, Key=upload.object.key)
                return found["Body"].read()

            app.extensions["later"] = pool.submit(later)
            return "accepted"

        client = app.test_client()
        asked = {"filename": "p.png", "content_type": "image/png", "size": 1_000_000}
        granted = client.post("/v1/uploads", json=asked).get_json()
        assert post_form(granted["grant"]["url"], granted["grant"]["fields"], b"x" * 1_000_000).status == 201
        assert client.post(f"/uploaded/{granted['upload']['id']}").text == "accepted"
        answered.set()
        assert app.extensions["later"].result(60) == b"x" * 1_000_000
