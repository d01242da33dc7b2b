"""Files that `Client` and `AsyncClient` upload: contents, names, failures, and how an upload is stopped."""

import io
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from anyio.from_thread import start_blocking_portal
from tests.support.client_play import ID, UPLOAD, WANTED, Play, problem
from tests.support.program_clients import running_client

from valetkey.client import (
    AsyncClient,
    Client,
    FileError,
    Interrupted,
    Rejected,
)


@pytest.mark.parametrize("form", ["path", "text", "bytes", "file"])
def test_uploading(client: Client, play: Play, form: str, tmp_path: Path) -> None:
    """A path, bytes or an open file are uploaded, with the given name, type and owner, or those of the path."""
    play.takes_files()
    path = tmp_path / "cat.png"
    path.write_bytes(b"hello")
    contents: dict[str, Any] = {"path": path, "text": str(path), "bytes": b"hello", "file": io.BytesIO(b"hello")}
    heard: list[int] = []
    name = None if form in {"path", "text"} else "cat.png"
    uploaded = client.upload(
        contents[form], filename=name, owner="user-17", profile="photos", metadata={"a": "b"}, on_progress=heard.append
    )
    assert (uploaded.id, uploaded.state, sum(heard)) == (ID, "confirmed", 5)
    assert play.bodies[0] == {**WANTED, "owner": "user-17", "profile": "photos", "metadata": {"a": "b"}}
    assert play.bodies[1] == b"hello"
    assert play.calls == ["POST /v1/uploads", "PUT /s3", f"POST /v1/uploads/{ID}/complete"]


def test_a_name_of_its_own_has_a_type_of_its_own(client: Client, play: Play, tmp_path: Path) -> None:
    """A temporary file gets the type of the name that the user gave it."""
    play.takes_files()
    path = tmp_path / "tmp123"
    path.write_bytes(b"hello")
    client.upload(path, filename="cat.png")
    assert play.bodies[0] == {**WANTED, "metadata": {}}


def test_uploads_that_fail(client: Client, play: Play, tmp_path: Path) -> None:
    """Each has its own error: no name, no file, a file that is not allowed, one that is rejected."""
    with pytest.raises(ValueError, match="filename"):
        client.upload(b"hello")
    with pytest.raises(FileError):
        client.upload(tmp_path / "nothing")
    assert play.calls == []
    play.takes_files()
    play.script["POST /v1/uploads"] = [problem(422, "content_type_not_allowed")]
    with pytest.raises(Rejected, match="content_type_not_allowed"):
        client.upload(b"hello", filename="cat.png")
    play.takes_files()
    rejected = UPLOAD | {"state": "rejected", "reason": {"code": "infected", "detail": "A virus."}}
    play.script[f"POST /v1/uploads/{ID}/complete"] = [(200, {}, rejected)]
    with pytest.raises(Rejected) as raised:
        client.upload(b"hello", filename="cat.png")
    assert (raised.value.code, raised.value.detail) == ("infected", "A virus.")


def test_closing_ends_what_is_under_way(kind: str, play: Play) -> None:
    """Uploads under way are interrupted, and later calls are refused."""
    play.takes_files()
    sending, done = threading.Event(), threading.Event()

    def wait_at_store(call: str) -> None:
        if call == "PUT /s3":
            sending.set()
            done.wait(150)

    play.before = wait_at_store
    errors: list[BaseException] = []

    with running_client(kind, play.address, retry_for=30) as client:

        def upload() -> None:
            try:
                client.upload(b"hello", filename="cat.png")
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=upload)
        thread.start()
        assert sending.wait(60)
        getattr(client, "close" if kind == "blocking" else "aclose")()
        thread.join(60)
        assert not thread.is_alive()
        done.set()
        with pytest.raises(Interrupted):
            client.upload(b"hello", filename="cat.png")
        with pytest.raises(Interrupted):
            client.get(ID)
    assert [type(error) for error in errors] == [Interrupted]


def test_a_cancelled_upload_stops(play: Play) -> None:
    """Its coroutine stops at once, and its thread before it completes the upload."""
    play.takes_files()
    sending, released = threading.Event(), threading.Event()

    def wait_at_store(call: str) -> None:
        if call == "PUT /s3":
            sending.set()
            released.wait(150)

    play.before = wait_at_store

    async def cancel() -> None:
        async with AsyncClient(play.address) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(partial(client.upload, b"hello", filename="cat.png"))
            assert await anyio.to_thread.run_sync(sending.wait, 60)
            tasks.cancel_scope.cancel()
        released.set()

    began, before = time.monotonic(), set(threading.enumerate())  # other tests have AnyIO's threads, too
    with start_blocking_portal() as portal:  # this thread may already run a browser driver's event loop
        portal.call(cancel)
    assert time.monotonic() - began < 90
    deadline = time.monotonic() + 60
    while any(thread.name == "AnyIO worker thread" for thread in set(threading.enumerate()) - before):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert f"POST /v1/uploads/{ID}/complete" not in play.calls
