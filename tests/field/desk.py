"""A whole valetkey in this process, on a real bucket and a SQLite ledger: calls by the API, the worker when asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support import ledgers
from tests.support.clients import Response, post_form, put
from tests.support.stores import Bucket

from valetkey.app import Installed, create_app, installed_in
from valetkey.core.access.callers import Caller
from valetkey.core.model.upload import DEFAULT_STORE, Upload, UploadId, Verdict
from valetkey.core.sweeping.findings import Finding
from valetkey.settings import Settings

if TYPE_CHECKING:
    from flask.testing import FlaskClient

Json = dict[str, Any]


class Desk:
    """One service with the API and what a worker has, and a way around both to the bucket."""

    def __init__(self, bucket: Bucket, folder: Path, profiles: str, **settings: Any) -> None:
        config = folder / f"valetkey-{len(list(folder.iterdir()))}.toml"
        config.write_text(profiles)
        server = bucket.server
        self.bucket = bucket
        self.settings = Settings(
            bucket=bucket.name,
            s3_endpoint_url=server.endpoint_url,
            s3_region=server.region,
            s3_addressing_style="path",
            database_url=f"sqlite:///{folder / 'valetkey.db'}",
            config=config,
            **({"auth": "open", "secret_keys": ("s" * 40,)} | settings),
        )
        session = server.session
        app = create_app(self.settings, session, allow_open=True)
        self.valetkey: Installed = installed_in(app)
        ledgers.migrate(self.valetkey.settings.database_url)
        self.http: FlaskClient = app.test_client()

    def create(self, size: int, **asked: Any) -> Json:
        """A new upload: ``{upload, grant, ticket}``."""
        body = {"filename": "a.txt", "content_type": "text/plain", "size": size} | asked
        answer = self.http.post("/v1/uploads", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    def send(self, created: Json, content: bytes, extra: dict[str, str] | None = None) -> Response:
        """By its grant, a form or a PUT, with ``extra`` headers to a PUT."""
        grant = created["grant"]
        if grant["method"] == "POST":
            return post_form(grant["url"], grant["fields"], content)
        return put(grant["url"], {**grant["headers"], **(extra or {})}, content)

    def send_parts(self, created: Json, content: bytes, extra: dict[str, str] | None = None) -> None:
        size = created["grant"]["part_size"]
        numbers = list(range(1, created["grant"]["part_count"] + 1))
        answer = self.http.post(f"/v1/uploads/{created['upload']['id']}/parts", json={"numbers": numbers})
        for part in answer.get_json()["parts"]:
            piece = content[(part["number"] - 1) * size :][:size]
            assert put(part["url"], {**part["headers"], **(extra or {})}, piece).status == 200

    def sent(self, content: bytes, **asked: Any) -> Json:
        """A new upload whose bytes are at the store."""
        created = self.create(len(content), **asked)
        if created["grant"]["method"] == "MULTIPART":
            self.send_parts(created, content)
        else:
            assert self.send(created, content).status in {200, 201}
        return created

    def complete(self, created: Json) -> Json:
        """The upload, or the problem document."""
        return dict(self.http.post(f"/v1/uploads/{created['upload']['id']}/complete", json={}).get_json())

    def upload(self, created: Json) -> Json:
        return dict(self.http.get(f"/v1/uploads/{created['upload']['id']}").get_json())

    def kept(self, created: Json) -> Upload:
        """As the ledger has it."""
        found = self.valetkey.ledger.get(UploadId(created["upload"]["id"]))
        assert found is not None
        return found

    def judge(self, created: Json, etag: str, *, clean: bool) -> Upload:
        caller = Caller("scanner", may_judge=True)
        return self.valetkey.service.judge(caller, UploadId(created["upload"]["id"]), Verdict(etag, clean))

    def work(self) -> list[Finding]:
        """What a worker does with all that is due now."""
        return list(self.valetkey.sweep.look())

    def make_due(self, created: Json, *, patience: timedelta = timedelta(0)) -> None:
        """Has the sweep look at it next, as if ``patience`` had gone by since somebody began to copy."""
        upload = self.kept(created)
        since = None if upload.copying_since is None else upload.copying_since - patience
        assert self.valetkey.ledger.replace(upload, upload.changed(copying_since=since, due_at=upload.created_at))

    def read(self, key: str) -> bytes:
        return bytes(self.bucket.client.get_object(Bucket=self.bucket.name, Key=key)["Body"].read())

    def head(self, key: str) -> Json:
        return dict(self.bucket.client.head_object(Bucket=self.bucket.name, Key=key))

    def stored(self, prefix: str = "") -> list[str]:
        """What is there when nothing waits to be tidied up."""
        self.valetkey.core.removals[DEFAULT_STORE].flush()
        pages = self.bucket.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket.name, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def versions(self, prefix: str = "") -> list[str]:
        """The keys of all versions and delete markers."""
        found = self.bucket.client.list_object_versions(Bucket=self.bucket.name, Prefix=prefix)
        return [one["Key"] for one in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]]

    def close(self) -> None:
        self.valetkey.ledger.close()


MakeDesk = Callable[..., Desk]


@contextmanager
def desks(folder: Path) -> Iterator[MakeDesk]:
    """Makes desks, several on one ledger if need be, and closes them."""
    made: list[Desk] = []

    def make(bucket: Bucket, profiles: str = "", **settings: Any) -> Desk:
        made.append(Desk(bucket, folder, profiles, **settings))
        return made[-1]

    try:
        yield make
    finally:
        for desk in made:
            desk.close()
