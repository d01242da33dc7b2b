"""The Kotlin client is killed at any point and resumes: nothing is sent twice, and nothing is mixed."""

import os
from collections import Counter
from pathlib import Path

import pytest
from tests.e2e.api import wait_for
from tests.e2e.rgw_events import pushing
from tests.kotlin.conftest import MIB, PART, House
from tests.kotlin.driver import Application
from tests.support.servers import running_worker

SLOW = 0.03
"""Seconds for each piece of up to 256 KiB on its way to the store: a part of 5 MiB takes more than half a second."""
HELD = 5.0
"""The same where next to nothing may arrive: a part takes more than a minute."""


def killed_half_way(house: House, application: Application, file: Path, after: int, **options: object) -> list[int]:
    """It is killed when so many bytes have moved; the parts that it has begun to send."""
    house.network.pace = SLOW
    with application.started([file], parallel=2, **options) as running:
        running.until_sent(after)
        running.kill()
    assert wait_for(house.network.idle)
    begun = list(house.network.parts)
    house.network.heal()
    return begun


def test_parts_are_not_sent_again(house: House) -> None:
    """Those that the store has stay; the upload is the same, and confirmed with the right bytes."""
    content = os.urandom(30 * MIB)
    file, application = house.file(content), house.application()
    begun = killed_half_way(house, application, file, 17 * MIB)
    [record] = application.records()
    upload_id = record["created"]["uploadId"]
    stored = house.service.api.http.get(f"/v1/uploads/{upload_id}/parts").json()["parts"]
    there = {part["number"] for part in stored}
    assert len(there) >= 2
    assert there <= set(begun)
    end, _, confirmed, _ = application.ends()
    assert (end, confirmed) == ("confirmed", upload_id)
    assert set(house.network.parts) == set(range(1, 7)) - there
    assert house.content(upload_id) == content


def test_killed_again_and_again(house: House) -> None:
    """Each time after the next part: in the end each was sent once, but for those that were on their way."""
    content = os.urandom(40 * MIB)
    file, application = house.file(content), house.application()
    sent: Counter[int] = Counter()
    for number in range(1, 7):
        sent.update(killed_half_way(house, application, file, number * PART + PART // 2))
    end, _, upload_id, _ = application.ends()
    assert end == "confirmed"
    sent.update(house.network.parts)
    assert house.content(upload_id) == content
    assert set(sent) == set(range(1, 9))
    assert sent.total() <= 8 + 6 * 2  # two were on their way at each kill


def test_another_file_starts_anew(house: House) -> None:
    """In the same place, of the same size and date: not a part of the old one is in what is confirmed."""
    content = os.urandom(30 * MIB)
    file, application = house.file(content), house.application()
    stamp = file.stat().st_mtime_ns
    killed_half_way(house, application, file, 17 * MIB)
    [record] = application.records()
    other = bytearray(content)
    other[1_000_000] ^= 1  # in the first part, and in no sample of the file
    file.write_bytes(other)
    os.utime(file, ns=(stamp, stamp))
    end, _, upload_id, _ = application.ends()
    assert (end, upload_id == record["created"]["uploadId"]) == ("confirmed", False)
    assert set(house.network.parts) == set(range(1, 7))
    assert house.content(upload_id) == bytes(other)
    assert house.service.api.upload(record["created"]["uploadId"])["state"] == "aborted"


@pytest.mark.parametrize("size", [100_000, 31 * MIB])
def test_a_file_of_another_size_starts_anew(house: House, size: int) -> None:
    """Also where it goes in another way than before."""
    file, application = house.file(os.urandom(30 * MIB)), house.application()
    killed_half_way(house, application, file, 12 * MIB)
    content = os.urandom(size)
    file.write_bytes(content)
    end, _, upload_id, _ = application.ends()
    assert end == "confirmed"
    assert house.content(upload_id) == content


def test_a_file_that_changes_while_it_is_sent(house: House) -> None:
    """It is sent anew, as it is now; what was sent of the old one is never completed."""
    file, application = house.file(os.urandom(20 * MIB)), house.application()
    house.network.pace = SLOW
    with application.started([file], parallel=1) as running:
        running.until_sent(8 * MIB)
        [before] = application.records()
        content = os.urandom(20 * MIB)
        file.write_bytes(content)
        house.network.pace = 0
        end = running.until(lambda event: event[0] not in {"progress", "added"})
    assert end[0] == "confirmed"
    assert house.content(end[2]) == content
    assert house.service.api.upload(before["created"]["uploadId"])["state"] == "aborted"


def changed_undated(house: House, file: Path, at: int, sent: int) -> tuple[bytes, bytes]:
    """A byte of it changes when so many were sent, and nobody says when: what is confirmed, and what the file is."""
    house.network.pace = SLOW
    with house.application().started([file], parallel=1, undated="true") as running:
        running.until_sent(sent)
        other = bytearray(file.read_bytes())
        other[at] ^= 1
        with file.open("r+b") as opened:
            opened.seek(at)
            opened.write(other[at : at + 1])
        house.network.pace = 0
        end = running.until(lambda event: event[0] not in {"progress", "added"})
    assert end[0] == "confirmed"
    return house.content(end[2]), bytes(other)


@pytest.mark.parametrize(("size", "at"), [(20 * MIB, 1_000_000), (12 * MIB, 1_000_000), (6 * MIB, 1000)])
def test_an_undated_file_that_changes_while_it_is_sent(house: House, size: int, at: int) -> None:
    """A byte that was sent already, in no sample of the file: it is found by digests of what was sent."""
    confirmed, current = changed_undated(house, house.file(os.urandom(size)), at, size // 2)
    assert confirmed == current


def test_an_undated_file_that_stays_is_sent_once(house: House) -> None:
    """In one run or in two: digests say that nothing changed."""
    content = os.urandom(20 * MIB)
    file, application = house.file(content), house.application()
    begun = killed_half_way(house, application, file, 12 * MIB, undated="true")
    end, _, upload_id, _ = application.ends(undated="true")
    assert end == "confirmed"
    assert house.content(upload_id) == content
    assert len(begun) + len(house.network.parts) <= 4 + 2
    small = house.file(os.urandom(100_000))
    before = len(house.uploads())
    assert application.ends(small, undated="true")[0] == "confirmed"
    assert len(house.uploads()) == before + 1


def test_killed_before_the_answer_to_its_creation(house: House) -> None:
    """The key is on disk before the request: there is one upload, however often it is asked for."""
    content = os.urandom(20_000)
    file, application = house.file(content), house.application()
    before = len(house.uploads())
    house.front.lose(b"POST /v1/uploads ")
    with application.started([file]) as running:
        running.until(lambda event: event[0] == "added")
        assert wait_for(lambda: house.front.lost == 1)
        running.kill()
    [record] = application.records()
    assert record["key"]
    end, _, upload_id, _ = application.ends()
    assert end == "confirmed"
    assert house.content(upload_id) == content
    assert len(house.uploads()) == before + 1


def test_killed_after_the_last_byte(house: House) -> None:
    """Nobody completes it: the worker does. The next run finds it confirmed, and sends nothing."""
    content = os.urandom(12 * MIB)
    file, application = house.file(content), house.application()
    house.front.stop()  # the service is away once all is granted
    house.front.start()
    with application.started([file], parallel=3) as running:
        running.until(lambda event: event[0] == "progress")
        house.front.stop()
        running.until_sent(len(content))
        [record] = application.records()
        upload_id = record["created"]["uploadId"]
        stored = f"/v1/uploads/{upload_id}/parts"
        assert wait_for(lambda: len(house.service.api.http.get(stored).json()["parts"]) == 3)
        running.kill()
    house.front.start()
    with running_worker(house.service.server):
        assert wait_for(lambda: house.service.api.upload(upload_id)["state"] == "confirmed", 60)
    assert house.service.api.upload(upload_id)["confirmed_by"] == "sweep"
    house.network.heal()
    end, _, found, _ = application.ends()
    assert (end, found) == ("confirmed", upload_id)
    assert (house.network.parts, house.content(upload_id)) == ([], content)


def test_the_service_is_away_when_all_is_sent(house: House) -> None:
    """That is no failure: all is at the store, the application may end, and later runs say what became of it."""
    content = os.urandom(12 * MIB)
    file, application = house.file(content), house.application()
    house.network.pace = 0.005
    with application.started([file], parallel=3, patience=1) as running:
        running.until(lambda event: event[0] == "progress")
        house.front.stop()
        said = running.until(lambda event: event[0] not in {"progress", "added"})
    assert said[0] == "sent"
    house.front.start()
    house.network.heal()
    file.unlink()  # nothing is read of it any more
    end, _, upload_id, _ = application.ends()
    assert end == "confirmed"
    assert (house.network.parts, house.content(upload_id)) == ([], content)


def test_the_event_confirms_it(house: House) -> None:
    """A store that pushes, and an application that is killed before it completes: its next run only has to look."""
    content = os.urandom(500_000)
    file, application = house.file(content), house.application()
    service = house.service
    with pushing(service.bucket, f"{service.event_url}?secret={service.event_secret}"):
        house.network.pace = 0.5
        with application.started([file]) as running:
            running.until(lambda event: event[0] == "progress")
            house.front.stop()
            running.until_sent(len(content))
            [upload] = [one for one in house.uploads() if one["filename"] == file.name]
            assert wait_for(lambda: service.api.upload(upload["id"])["state"] == "confirmed", 60)
            running.kill()
    house.front.start()
    assert service.api.upload(upload["id"])["confirmed_by"] == "event"
    house.network.heal()
    before = house.network.bytes
    end, _, found, _ = application.ends()
    assert (end, found) == ("confirmed", upload["id"])
    assert house.network.bytes == before  # nothing went to the store


def test_parts_that_the_store_has_forgotten(house: House) -> None:
    """As after a lifecycle rule: the upload goes on with another multipart upload, and all parts are sent."""
    content = os.urandom(20 * MIB)
    file, application = house.file(content), house.application()
    killed_half_way(house, application, file, 11 * MIB)
    bucket = house.service.bucket
    [record] = application.records()
    upload_id = record["created"]["uploadId"]
    for open_one in bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads", []):
        if upload_id in open_one["Key"]:
            bucket.client.abort_multipart_upload(Bucket=bucket.name, Key=open_one["Key"], UploadId=open_one["UploadId"])
    end, _, found, _ = application.ends()
    assert (end, found) == ("confirmed", upload_id)
    assert sorted(house.network.parts) == [1, 2, 3, 4]
    assert house.content(upload_id) == content


def test_one_process_at_a_time(house: House) -> None:
    """A second one leaves the upload alone, and the first goes on to its end."""
    content = os.urandom(12 * MIB)
    file, application = house.file(content), house.application()
    house.network.pace = SLOW
    with application.started([file]) as first:
        first.until_sent(1)
        house.network.pace = HELD  # however long the second one takes to start
        end, _, code, _, again = application.ends()
        assert (end, code, again) == ("failed", "already_running", "true")
        house.network.pace = 0
        said = first.until(lambda event: event[0] not in {"progress", "added"})
    assert said[0] == "confirmed"
    assert house.content(said[2]) == content
    assert sorted(house.network.parts) == [1, 2, 3]


def test_cancelled(house: House) -> None:
    """It is ended at the service and at the store, and nothing is left on disk; a confirmed one stays there."""
    file, application = house.file(os.urandom(20 * MIB)), house.application()
    killed_half_way(house, application, file, 8 * MIB)
    [record] = application.records()
    upload_id = record["created"]["uploadId"]
    assert application.run(cancel=file.name) == []
    assert house.service.api.upload(upload_id)["state"] == "aborted"
    assert house.service.open_multiparts(upload_id) == []
    assert list(application.folder.iterdir()) == []
    small = house.file(b"hello")
    confirmed = application.ends(small)[2]
    assert application.run(cancel=small.name) == []
    assert house.content(confirmed) == b"hello"
    assert application.records() == []
