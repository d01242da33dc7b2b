"""The threads of `valetkey put`: as many as `Trials` allows send at once, and it learns of failures."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from valetkey.client.errors import StoreBusy, Transient
from valetkey.client.files.find import FileOptions, inspect_file
from valetkey.client.interrupted.part_digests import PartDigests
from valetkey.client.interrupted.records import StartedUpload, UploadRecords
from valetkey.client.remote.retry import Retrier
from valetkey.client.remote.store import Store
from valetkey.client.sending import concurrency
from valetkey.client.sending.concurrency import MOST, ConcurrencyLimit
from valetkey.client.sending.parts import FileInParts, KnownParts, PartUploader
from valetkey.client.sending.progress import Progress
from valetkey.client.sending.trials import FIRST_TRIAL, INITIAL
from valetkey.client.sending.whole import WholeUploader
from valetkey.client.transport.body import FileBody
from valetkey.client.transport.responses import HttpResponse

if TYPE_CHECKING:
    from valetkey.client.remote.service import Service
    from valetkey.client.transport.connections import Connections


class Threads:
    """Threads that want to send, until they are let go."""

    def __init__(self, limit: ConcurrencyLimit) -> None:
        self._limit = limit
        self._go = threading.Event()
        self._counted = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    def start(self, count: int) -> None:
        """So many more."""
        for _ in range(count):
            self._threads.append(threading.Thread(target=self._send))
            self._threads[-1].start()

    def sending(self, at_least: int) -> int:
        """How many more have begun: waits for so many, and a moment for others."""
        for _ in range(at_least):
            assert self._counted.acquire(timeout=60)
        time.sleep(0.05)
        more = 0
        while self._counted.acquire(blocking=False):
            more += 1
        return at_least + more

    def end(self) -> None:
        self._go.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)

    def _send(self) -> None:
        with self._limit.slot(1):
            self._counted.release()
            self._go.wait(150)


def failing(error: Exception) -> str:
    """An attempt."""
    raise error


def test_others_wait() -> None:
    """A thread gets in when another one is done, and not before."""
    threads = Threads(ConcurrencyLimit(1))
    threads.start(3)
    assert threads.sending(at_least=1) == 1
    threads.end()


def test_those_that_wait_begin_the_trial() -> None:
    """Nobody else has to: twice as many once the time has come."""
    now = [0.0]
    threads = Threads(ConcurrencyLimit(64, lambda: now[0]))
    threads.start(3 * INITIAL)
    assert threads.sending(at_least=INITIAL) == INITIAL
    now[0] = FIRST_TRIAL
    assert threads.sending(at_least=INITIAL) == INITIAL
    threads.end()


@pytest.mark.parametrize(("error", "left"), [(StoreBusy("503 SlowDown"), INITIAL // 2), (Transient("reset"), INITIAL)])
def test_a_store_that_is_busy_gets_fewer(error: Exception, left: int) -> None:
    """What an attempt raises is raised, and noticed; a connection that breaks alone says nothing of the store."""
    limit = ConcurrencyLimit(64, lambda: 0.0)
    with limit.slot(1), pytest.raises(Transient, match=str(error)):
        limit.watching(lambda: failing(error))()
    threads = Threads(limit)
    threads.start(2 * INITIAL)
    assert threads.sending(at_least=left) == left
    threads.end()


class BusyOnce:
    """Connections to a store that is busy at first. The body does not leave this process."""

    def __init__(self) -> None:
        busy = HttpResponse(503, Message(), b"<Error><Code>SlowDown</Code></Error>")
        self._responses = [busy, HttpResponse(200, Message(), b"")]

    def request(self, _method: str, _url: str, _headers: Mapping[str, str], body: FileBody) -> HttpResponse:
        body.completed = True
        body.on_sent(body.count)
        return self._responses.pop(0)


@pytest.mark.parametrize("in_parts", [True, False])
def test_slow_down_is_heard(tmp_path: Path, in_parts: bool) -> None:
    """From the store's response to the number that is sent, of parts and of whole files; the body is sent again."""
    (tmp_path / "a.bin").write_bytes(b"abc")
    source = inspect_file(str(tmp_path / "a.bin"), FileOptions())
    limit, retrier = ConcurrencyLimit(64), Retrier(30, threading.Event())
    store = Store(cast("Connections", BusyOnce()), retrier.check)
    started, progress = StartedUpload("id", "ticket", "PUT"), Progress(lambda _: None)
    signed = {"number": 1, "size": 3, "url": "http://store", "headers": {}, "expires_at": "2999-01-01T00:00:00Z"}
    service = cast("Service", None)  # nothing is asked of it
    if in_parts:
        digests = PartDigests(UploadRecords(None, print), "", started, source, retrier.check)
        file = FileInParts(source, started, progress, digests, KnownParts())
        grant = {"part_size": 5, "part_count": 1, "parts": [signed]}
        with ThreadPoolExecutor(1) as pool:
            PartUploader(service, store, retrier, pool, limit).send(file, grant, only_missing=False)
    else:
        WholeUploader(service, store, retrier, limit).send(source, started, {"method": "PUT"} | signed, progress)
    threads = Threads(limit)
    threads.start(2 * INITIAL)
    assert threads.sending(at_least=INITIAL // 2) == INITIAL // 2
    threads.end()


def test_a_block_that_raises_frees_its_place() -> None:
    """It is not lost."""
    limit = ConcurrencyLimit(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), limit.slot(1):
            raise ValueError("broken")


def test_bytes_are_passed_on() -> None:
    """Whoever was told of them still is."""
    limit, told = ConcurrencyLimit(1), list[int]()
    with limit.slot(10):
        limit.counting(told.append)(7)
        limit.counting(told.append)(-7)
    assert told == [7, -7]


@pytest.mark.parametrize(("soft", "most"), [(-1, MOST), (1024, MOST), (256, MOST), (100, 12), (20, 1)])
def test_no_more_than_files_may_be_open(monkeypatch: pytest.MonkeyPatch, soft: int, most: int) -> None:
    """Each body opens a few."""
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, -1))
    assert concurrency.default_most() == most
