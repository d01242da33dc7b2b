"""What doctor removes, and in which order; requests after the end of a run."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.upload import MultipartUploadId
from valetkey.core.ports.store import OldMultipart, OldObject
from valetkey.doctor import probes
from valetkey.doctor.findings import Finding, Level, Skip
from valetkey.doctor.probes import Probes, new_probe_id
from valetkey.doctor.wire import Wire, WireResponse
from valetkey.testing.contracts.samples import NOW


class Bucket:
    """A bucket of ``size`` objects and parts of others, whose lists cannot be had where ``hangs``."""

    def __init__(self, size: int = 0, *, hangs: bool = False) -> None:
        self.size, self.hangs = size, hangs
        self.asked: list[str] = []
        self.read = 0
        self.left = f"staging/{new_probe_id()}"

    def delete(self, key: str) -> None:
        self.asked.append(f"delete {key}")

    def head(self, _: str) -> None: ...

    def abort_multipart(self, key: str, _: MultipartUploadId) -> None:
        self.asked.append(f"abort {key}")

    def old_multiparts(self, _: str, before: datetime) -> Iterator[OldMultipart]:
        return (OldMultipart(key, MultipartUploadId(key), NOW) for key in self._listed(before))

    def old_objects(self, _: str, before: datetime) -> Iterator[OldObject]:
        return (OldObject(key, NOW) for key in self._listed(before))

    def _listed(self, before: datetime) -> Iterator[str]:
        self.asked.append("list")
        if self.hangs:
            raise StoreUnavailable("No answer in time.")
        for key in (self.left, *(f"staging/{number}" for number in range(self.size))):
            self.read += 1
            if before > NOW:
                yield key


def removed(store: Any) -> list[Finding]:
    """What is said of a run that wrote an object and began parts."""
    written = Probes()
    written.add("one")
    written.add_multipart("parts", "1")
    return [*written.remove(store), *written.remove_leftovers(store)]


def test_what_is_known_goes_before_anything_is_looked_for() -> None:
    """Lists of others' objects may be long, or hang: what this run has written is gone by then."""
    store = Bucket(hangs=True)
    assert [(one.check, one.level) for one in removed(store)] == [("probes", Level.PASS)]
    assert store.asked[0] == "abort parts"
    assert sorted(store.asked[1:3]) == ["delete one", "delete parts"]
    assert {*store.asked[3:]} == {"list"}


def test_what_is_looked_through_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a bucket where nothing is old enough, too, and in one that answers slowly."""
    monkeypatch.setattr(probes, "MOST", 100)
    store = Bucket(10_000)
    found = removed(store)
    assert found[1].seen == "2 probe objects of an earlier run are removed."  # the same in both lists
    assert store.read <= 3 * 101
    monkeypatch.setattr(probes, "ABANDONED", timedelta(days=99_999))
    young = Bucket(10_000)
    assert len(removed(young)) == 1
    assert young.read <= 3 * 101
    monkeypatch.setattr(probes, "SEARCH", 0)
    slow = Bucket(10_000)
    removed(slow)
    assert slow.read <= 3


def test_nothing_is_sent_after_the_run_by_any_thread() -> None:
    """Also by those of a pool that a check has made; what removes has another wire."""
    session: Any = boto3.Session("key", "secret")
    wire, other = Wire(session), Wire(session)
    wire.bar()
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(Skip):
            pool.submit(wire.send, "PUT", "http://127.0.0.1:9/one").result()
        assert pool.submit(other.send, "PUT", "http://127.0.0.1:9/one").result().status == 0


@pytest.mark.parametrize(
    ("status", "headers", "body", "refused", "said"),
    [
        (405, {}, b"<!doctype html><title>405</title>", False, "405 with a page that no store sends"),
        (501, {"Server": "pound"}, b"This method may not be used.", False, "501 with a page that no store sends"),
        (405, {"X-Amz-Request-Id": "1"}, b"<html>405</html>", True, "405"),
        (405, {}, b"<Error><Code>MethodNotAllowed</Code></Error>", True, "405"),
        (403, {}, b"<html>403</html>", True, "403"),
        (200, {}, b"<html>a file</html>", False, "200"),
    ],
)
def test_a_page_is_no_refusal_of_the_store(
    status: int, headers: dict[str, str], body: bytes, refused: bool, said: str
) -> None:
    """What a firewall answers is not recorded as what the store is able to do."""
    answer = WireResponse(status, headers, body)
    assert (answer.refused, answer.said) == (refused, said)
