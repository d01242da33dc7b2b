"""Calls of the HTTP API as a client makes them that does not give up at once."""

import http.client
import time
from random import Random
from typing import Any

import httpx
from tests.chaos.expectations import World
from tests.support.clients import Response, post_form

PATIENCE = 180.0
"""How long a client tries again what did not work, in seconds."""

PAUSE = (0.1, 0.6)
"""How long it waits in between, in seconds."""


class GaveUp(Exception):
    """The client's patience is at its end."""


class Caller:
    """One client's calls, each to any of the services; safe in one thread."""

    def __init__(self, world: World, chance: Random) -> None:
        self._world = world
        self._chance = chance
        self._http = httpx.Client(headers=world.headers, timeout=60)

    def call(self, method: str, path: str, patience: float = PATIENCE, **options: Any) -> httpx.Response:
        """Tries until it gets an answer below 500, as 503 says to come again. Raises `GaveUp`."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            answer = self._once(method, path, options)
            if answer is not None and answer.status_code < 500:
                return answer
            if answer is not None and answer.status_code != 503:
                self._world.wonder(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            self._world.count("API calls tried again")
            time.sleep(self._chance.uniform(*PAUSE))
        raise GaveUp(f"{method} {path}")

    def send(self, grant: dict[str, Any], body: bytes) -> Response | None:
        """One POST of the form to S3; None where there was no whole answer."""
        try:
            return post_form(grant["url"], grant["fields"], body, timeout=60)
        except (OSError, http.client.HTTPException):
            return None

    def fetch(self, upload_id: str) -> bytes | None:
        """The bytes of a confirmed upload, by the download's redirect; None where something is away."""
        answer = self._once("GET", f"/v1/uploads/{upload_id}/download", {"follow_redirects": True})
        return answer.content if answer is not None and answer.status_code == 200 else None

    def _once(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response | None:
        """Asks any of the services, and another where one does not listen; None where there was no whole answer."""
        for service in self._chance.sample(self._world.services, len(self._world.services)):
            try:
                return self._http.request(method, service + path, **options)
            except httpx.ConnectError:
                continue
            except httpx.TransportError:
                return None
        return None
