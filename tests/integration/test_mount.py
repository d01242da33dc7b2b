"""valetkey mounted in an existing Flask application."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from flask import Flask, request
from tests.support import ledgers, processes
from tests.support.clients import post_form
from tests.support.servers import environment, free_port
from tests.support.stores import Bucket

from valetkey import ValetKey, upload_aborted, upload_confirmed, upload_deleted
from valetkey.app import Installed, installed_in
from valetkey.core.model.upload import Upload
from valetkey.settings import Settings

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}


def photo_app() -> Flask:
    """A small application that has uploads of its own, the old way."""
    app = Flask("photos")

    @app.post("/old-way")
    def old_way() -> bytes:
        photo: bytes = request.files["photo"].read()
        return photo

    return app


def upload(app: Flask, prefix: str = "") -> dict[str, Any]:
    """Asks ``app`` for an upload and sends its bytes to S3; returns the answer."""
    granted: dict[str, Any] = app.test_client().post(f"{prefix}/v1/uploads", json=CAT).get_json()
    grant = granted["grant"]
    assert post_form(grant["url"], grant["fields"], b"hello").status == 201
    return granted


def test_an_application_hears_of_each_end(mount: Callable[..., Installed]) -> None:
    """A receiver of a signal gets the upload, once, when it is confirmed, and again when it is deleted."""
    app = photo_app()
    mount(app)
    heard: list[tuple[str, str]] = []

    def on_confirmed(sender: Upload) -> None:
        heard.append(("confirmed", sender.id))

    def on_deleted(sender: Upload) -> None:
        heard.append(("deleted", sender.id))

    granted = upload(app)
    path = f"/v1/uploads/{granted['upload']['id']}"
    with upload_confirmed.connected_to(on_confirmed), upload_deleted.connected_to(on_deleted):
        assert app.test_client().post(f"{path}/complete").get_json()["state"] == "confirmed"
        assert app.test_client().post(f"{path}/complete").get_json()["state"] == "confirmed"
        assert app.test_client().delete(path).status_code == 204
    assert heard == [("confirmed", granted["upload"]["id"]), ("deleted", granted["upload"]["id"])]


def test_a_receiver_that_fails_undoes_nothing(
    mount: Callable[..., Installed], caplog: pytest.LogCaptureFixture
) -> None:
    """What a receiver raises is logged; the abort is answered and stays."""
    app = photo_app()
    mount(app)
    upload_id = app.test_client().post("/v1/uploads", json=CAT).get_json()["upload"]["id"]

    def fail(sender: Upload) -> None:
        raise RuntimeError("the receiver's own trouble")

    with upload_aborted.connected_to(fail):
        assert app.test_client().delete(f"/v1/uploads/{upload_id}").status_code == 204
    assert app.test_client().get(f"/v1/uploads/{upload_id}").get_json()["state"] == "aborted"
    assert "the receiver's own trouble" in caplog.text


def test_the_application_keeps_its_own_forms(mount: Callable[..., Installed]) -> None:
    """Only valetkey's paths refuse forms: the host's views read theirs as before."""
    app = photo_app()
    mount(app)
    client = app.test_client()
    form = {"photo": (io.BytesIO(b"old bytes"), "p.png")}
    assert client.post("/old-way", data=form).text == "old bytes"
    refused = client.post("/v1/uploads", data={"photo": (io.BytesIO(b"old bytes"), "p.png")})
    assert (refused.status_code, refused.get_json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.needs("docs")
def test_a_prefix_moves_everything(mount: Callable[..., Installed]) -> None:
    """Under a prefix the API, its document and its pages are below it, and nothing is beside it."""
    app = photo_app()
    mount(app, url_prefix="/files")
    granted = upload(app, "/files")
    client = app.test_client()
    done = client.post(f"/files/v1/uploads/{granted['upload']['id']}/complete")
    assert done.get_json()["state"] == "confirmed"
    assert client.get("/files/openapi.json").status_code == 200
    assert client.get("/files/docs/").status_code == 200
    assert client.get("/files/docs/api/").status_code == 200
    assert client.post("/v1/uploads", json=CAT).status_code == 404


def test_the_service_is_there_for_the_application_itself(mount: Callable[..., Installed]) -> None:
    """`ValetKey.service` has the use cases without HTTP."""
    from valetkey.core.access.callers import Caller
    from valetkey.core.granting.admission import UploadRequest

    mounted = mount(photo_app())
    granted = mounted.service.create(Caller("photos"), UploadRequest("a.png", "image/png", 3, owner="user-7"))
    assert mounted.service.get(Caller("photos"), granted.upload.id).owner == "user-7"


def test_one_instance_serves_several_applications(settings: Settings) -> None:
    """Each application has a service of its own: the current one's is meant; outside of them nobody's."""
    given: dict[str, Any] = {"allow_open": True, "session": boto3.Session("a", "b")}
    valetkey = ValetKey(settings=settings, **given)
    apps = [Flask("one"), Flask("two")]
    for app in apps:
        valetkey.init_app(app)
    found = []
    for app in apps:
        with app.app_context():
            found.append(valetkey.service)
    assert found == [installed_in(app).service for app in apps]
    assert found[0] is not found[1]
    with pytest.raises(RuntimeError, match="init_app"):
        assert valetkey.service


def test_the_service_of_the_only_application_needs_no_context(settings: Settings) -> None:
    """A script that made the application with it may use it as it is, in somebody else's context, too."""
    app = Flask("photos")
    valetkey = ValetKey(app, settings=settings, allow_open=True, session=boto3.Session("a", "b"))
    with Flask("another").app_context():
        assert valetkey.service is installed_in(app).service
    assert valetkey.service is installed_in(app).service


@pytest.mark.parametrize("is_migrated", [False, True])
def test_flask_run_says_at_its_start_that_the_ledger_was_never_migrated(
    is_migrated: bool, moto_bucket: Bucket, tmp_path: Path
) -> None:
    """As `valetkey serve` does; an application without is served all the same, and hears nothing where all is well."""
    (tmp_path / "app.py").write_text(
        "from flask import Flask\nfrom valetkey import ValetKey\n\napp = Flask(__name__)\nValetKey(app)\n"
    )
    env = environment(tmp_path, moto_bucket)
    if is_migrated:
        ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    command = [sys.executable, "-m", "flask", "--app", "app", "run", "--port", str(free_port())]
    with processes.running(command, env=env, cwd=tmp_path, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        said = ""
        while "Running on" not in said:
            line = running.stderr.readline().decode()
            assert line, said
            said += line
    assert ("The ledger has no tables yet: run `valetkey migrate`." in said) is not is_migrated


def test_a_bucket_that_is_not_there_is_said_at_the_start(
    mount: Callable[..., Installed], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """It may come back, so the service starts; its log says what to look at."""
    mount(Flask("uploads"), settings=settings.model_copy(update={"bucket": "not-there"})).begin()
    assert "There is no bucket 'not-there'." in caplog.text
    assert "VALETKEY_BUCKET" in caplog.text
