"""`Client` and `AsyncClient`, and a server that plays the service for them."""

from collections.abc import Iterator

import pytest
from tests.support.client_play import Play
from tests.support.playing import playing
from tests.support.program_clients import KINDS, running_client

from valetkey.client import (
    Client,
)


@pytest.fixture
def play() -> Iterator[Play]:
    play = Play()
    with playing(play.answer) as play.address:
        yield play


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(kind: str, play: Play) -> Iterator[Client]:
    with running_client(kind, f"{play.address}/", "vk_key", timeout=60, retry_for=0) as client:
        yield client
