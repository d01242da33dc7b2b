"""A grant is used repeatedly with other bytes, during the confirmation of its upload and afterwards."""

import hashlib
import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from botocore.exceptions import ClientError
from tests.e2e.api import Created, Json, wait_for
from tests.e2e.conftest import Service
from tests.support.parallel import in_parallel

COUNT = 200
SIZE = 1000
CONFIRMERS = 4
REPOSTERS = 4
ENDED = {"confirmed", "rejected"}


@dataclass
class Attack:
    """Other bytes of the same size and type, POSTed under grants that are in use or were used."""

    under_fire: dict[str, Created] = field(default_factory=dict)
    used: dict[str, Created] = field(default_factory=dict)
    accepted: Counter[str] = field(default_factory=Counter)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopped.is_set():
            targets = list(self.under_fire.values())
            used = list(self.used.values())
            targets += random.sample(used, min(1 if targets else 8, len(used)))
            for created in targets:
                answer = created.post(os.urandom(SIZE))
                self.accepted[created.id] += answer.status in {201, 303}
            if not targets:
                self.stopped.wait(0.01)


@dataclass
class Watch:
    """Looks at confirmed objects all the time; `wrong` tells what changed."""

    service: Service
    confirmed: dict[str, str] = field(default_factory=dict)  # key → etag
    wrong: list[str] = field(default_factory=list)
    looks: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopped.wait(0.002):
            if self.confirmed:
                self._look(*random.choice(list(self.confirmed.items())))

    def _look(self, key: str, etag: str) -> None:
        self.looks += 1
        try:
            found = self.service.bucket.client.head_object(Bucket=self.service.bucket.name, Key=key)["ETag"]
        except ClientError as error:
            self.wrong.append(f"{key}: {error}")
            return
        if found.strip('"') != etag:
            self.wrong.append(f"{key}: {etag} became {found}")


@contextmanager
def running(attack: Attack, watch: Watch) -> Iterator[None]:
    """Both at work, each in its threads; stopped and joined at the end."""
    threads = [threading.Thread(target=attack.run) for _ in range(REPOSTERS)]
    threads.append(threading.Thread(target=watch.run))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        attack.stopped.set()
        watch.stopped.set()
        for thread in threads:
            thread.join()


def signal_twice(service: Service, created: Created) -> None:
    """Two signals at the same moment: the client's, and an event or the browser's return."""

    def client() -> int:
        return service.api.complete(created.id).status_code

    def event() -> int:
        return service.push_event(created, SIZE).status_code

    def landing() -> int:
        return service.api.http.get(f"/v1/uploads/{created.id}/return").status_code

    answers = in_parallel([client, landing if "success_action_redirect" in created.fields else event])
    assert set(answers) <= {200, 202, 303}, answers


def confirm_under_fire(service: Service, attack: Attack, watch: Watch, created: Created) -> Json:
    """Post the client's own bytes, let the attack begin, and signal until the upload has ended."""
    assert created.post(os.urandom(SIZE)).status in {201, 303}
    attack.under_fire[created.id] = created

    def ended() -> bool:
        signal_twice(service, created)
        return service.api.upload(created.id)["state"] in ENDED

    assert wait_for(ended, 60), service.api.upload(created.id)
    upload = service.api.upload(created.id)
    if upload["state"] == "confirmed":
        watch.confirmed[upload["object"]["key"]] = upload["object"]["etag"]
    attack.used[created.id] = attack.under_fire.pop(created.id)
    return upload


def assert_right(service: Service, upload: Json) -> None:
    """Confirmed with the bytes that the ledger says, or rejected as overwritten with nothing to be found."""
    assert service.api.upload(upload["id"]) == upload
    if upload["state"] == "rejected":
        assert (upload["reason"]["code"], upload["object"]) == ("overwritten", None)
        return
    found = service.bucket.client.get_object(Bucket=service.bucket.name, Key=upload["object"]["key"])
    content = found["Body"].read()
    assert len(content) == SIZE
    assert hashlib.md5(content).hexdigest() == upload["object"]["etag"] == found["ETag"].strip('"')


def test_bytes_that_are_posted_again_never_change_what_was_confirmed(own_service: Service) -> None:
    """200 uploads, each confirmed by two signals at once under a loop of re-POSTs that goes on afterwards."""
    service = own_service
    uploads = [service.api.create(profile="returning", size=SIZE, redirect=number % 3 == 0) for number in range(COUNT)]
    attack, watch = Attack(), Watch(service)
    with running(attack, watch):
        with ThreadPoolExecutor(CONFIRMERS) as pool:
            ends = list(pool.map(lambda created: confirm_under_fire(service, attack, watch, created), uploads))
        for created in random.sample(uploads, 40):  # late signals, while the attack goes on
            signal_twice(service, created)
        attacked = wait_for(lambda: all(attack.accepted[created.id] for created in uploads))

    counts = Counter(end["state"] for end in ends)
    signals = Counter(end["confirmed_by"] for end in ends)
    print(f"{dict(counts)}, by {dict(signals)}; {attack.accepted.total()} re-POSTs, {watch.looks} looks")
    assert counts.total() == COUNT
    assert counts.keys() <= ENDED
    assert watch.wrong == []
    assert attacked, "an upload was not attacked"
    for end in ends:
        assert_right(service, end)
    confirmed = [end["object"]["key"] for end in ends if end["state"] == "confirmed"]
    assert wait_for(lambda: _final(service.listed_keys()) == sorted(confirmed))


def _final(keys: list[str]) -> list[str]:
    return [key for key in keys if not key.startswith("staging/")]
