"""A client: one upload after the other, as far as it goes."""

import hashlib
import time

from tests.chaos.caller import PATIENCE, PAUSE, Caller, GaveUp
from tests.chaos.contents import TYPES, made
from tests.chaos.expectations import Journey, Json, World

NEVER_SENT = 25
"""One of so many uploads is given up before its first byte."""

SENDS_TWICE = 0.1
"""The part of the calls for an upload, and of the forms to S3, that are sent again though they were answered."""

LOOKS = 3
"""How often a client asks what became of its upload before it goes on with the next."""


class Client:
    """Uploads one file after the other; every second client never says that it is done."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self._name = f"client {number}"
        self._completes = number % 2 == 0
        self._chance = world.plan.chance(self._name)
        self._caller = Caller(world, self._chance)
        self._share = range(number, world.plan.uploads, world.plan.clients)

    def run(self) -> None:
        for number in self._share:
            try:
                self._upload(number)
            except GaveUp as failure:
                self._world.wonder(f"{self._name} gave up: {failure}")

    def _upload(self, number: int) -> None:
        journey = self._create(number)
        if number % NEVER_SENT == 1:
            self._world.count("uploads never sent by their owners")
        else:
            body = made(journey.profile, journey.size, self._chance, good=self._world.plan.is_honest(number))
            self._send(journey, body)
            if self._chance.random() < SENDS_TWICE:
                self._caller.send(journey.grant, body)
                self._world.count("POSTs repeated by their owners")
            if self._completes:
                self._complete(journey)
        self._look(journey)

    def _create(self, number: int) -> Journey:
        size, profile = self._world.plan.size(number), self._world.plan.profile(number)
        wanted = {"filename": f"{number}.bin", "content_type": TYPES[profile], "size": size, "profile": profile}
        wanted["owner"] = self._world.plan.owner(number)
        once = {"Idempotency-Key": f"{self._world.plan.seed} {number}"}
        for _ in range(2 if self._chance.random() < SENDS_TWICE else 1):
            answer = self._caller.call("POST", "/v1/uploads", json=wanted, headers=once)
        assert answer.status_code == 201, answer.text
        created = answer.json()
        if "idempotency-replayed" in answer.headers:
            self._world.count("uploads asked for twice")
        # there is none where the first answer was lost and the upload has expired before the second
        grant = created["grant"] or self._fresh_grant(created["upload"]["id"])
        assert grant is not None, created
        journey = Journey(created["upload"]["id"], size, grant, profile)
        journey.saw(self._name, created["upload"])
        self._world.begin(journey)
        return journey

    def _send(self, journey: Journey, body: bytes) -> None:
        """Sends until S3 has it, with a fresh grant where the first has died."""
        journey.sending(body)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self._caller.send(journey.grant, body)
            if answer is not None and answer.status == 201:
                journey.reached = True
                return
            if answer is not None and answer.status == 403 and not self._renew(journey):
                return
            self._world.count("POSTs to S3 tried again")
            time.sleep(self._chance.uniform(*PAUSE))
        raise GaveUp(f"POST of {journey.id} to S3")

    def _renew(self, journey: Journey) -> bool:
        """A fresh grant; False where the upload needs none any more, as the hostile client's bytes were faster."""
        grant = self._fresh_grant(journey.id)
        journey.grant = grant or journey.grant
        return grant is not None

    def _fresh_grant(self, upload_id: str) -> Json | None:
        answer = self._caller.call("POST", f"/v1/uploads/{upload_id}/grant")
        if answer.status_code == 409:
            return None
        self._world.count("grants renewed")
        grant: Json = answer.json()["grant"]
        return grant

    def _complete(self, journey: Journey) -> None:
        answer = self._caller.call("POST", f"/v1/uploads/{journey.id}/complete", json={})
        if answer.status_code in {200, 202}:
            self._saw(journey, answer.json())
        elif answer.status_code != 409:  # it has expired, as the POST took so long
            self._world.wonder(f"complete {journey.id}: {answer.status_code} {answer.text[:200]}")

    def _look(self, journey: Journey) -> None:
        for _ in range(LOOKS):
            answer = self._caller.call("GET", f"/v1/uploads/{journey.id}")
            assert answer.status_code == 200, answer.text
            if self._saw(journey, answer.json()) in {"confirmed", "rejected"}:
                return
            time.sleep(self._chance.uniform(*PAUSE))

    def _saw(self, journey: Journey, upload: Json) -> str:
        state = journey.saw(self._name, upload)
        if state == "confirmed" and journey.fetched is None:
            content = self._caller.fetch(journey.id)
            journey.fetched = None if content is None else hashlib.sha256(content).hexdigest()
        return state
