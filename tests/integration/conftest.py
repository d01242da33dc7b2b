"""Applications in this process, on moto and a fresh SQLite ledger."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.support import ledgers
from tests.support.played_service import Desk, running_desk
from tests.support.stores import Bucket

from valetkey import ValetKey
from valetkey.app import Installed, installed_in
from valetkey.settings import Settings


@pytest.fixture
def settings(moto_bucket: Bucket, tmp_path: Path) -> Settings:
    """Settings for an open service on a fresh moto bucket."""
    return Settings(
        bucket=moto_bucket.name,
        s3_endpoint_url=moto_bucket.server.endpoint_url,
        s3_region=moto_bucket.server.region,
        database_url=f"sqlite:///{tmp_path / 'valetkey.db'}",
        secret_keys=("s" * 40,),
        auth="open",
        public_url="http://uploads.example",
    )


@pytest.fixture
def mount(settings: Settings, moto_bucket: Bucket) -> Iterator[Callable[..., Installed]]:
    """Mounts valetkey in an application of somebody else's, its ledger ready, and closed after the test."""
    with ExitStack() as stack:

        def make(app: Flask, **options: Any) -> Installed:
            given: dict[str, Any] = {"settings": settings, "session": moto_bucket.server.session, "allow_open": True}
            ValetKey(app, **(given | options))
            made = installed_in(app)
            ledgers.migrate(made.settings.database_url)
            stack.callback(made.ledger.close)
            return made

        yield make


@pytest.fixture
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The test runs in a folder of its own, without settings of whoever runs it."""
    for name in list(os.environ):
        if name.startswith("VALETKEY_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A server that plays the service and its store for `valetkey put`."""
    with running_desk() as playing:
        yield playing
