"""Expired grants are renewed, and lost requests are repeated, unnoticed by the application."""

import os
import time

import pytest
from tests.e2e.api import wait_for
from tests.kotlin.conftest import MIB, House


def test_grants_that_expire_on_the_way(house: House) -> None:
    """A line on which a file takes several times as long as a grant lives."""
    content = os.urandom(20 * MIB)
    application = house.application("brief")  # 6 seconds
    house.network.pace = 0.15
    began = time.monotonic()
    end, _, upload_id, _ = application.ends(house.file(content), parallel=1, type="text/plain")
    assert time.monotonic() - began > 12 * 0.9
    assert end == "confirmed"
    assert house.content(upload_id) == content


@pytest.mark.parametrize("off", [-3600, 3600])
def test_clocks_that_do_not_agree(house: House, off: int) -> None:
    """Signatures that seem good are refused by the store, and replaced; those that seem old are used all the same."""
    content = os.urandom(20 * MIB)
    house.network.pace = 0.15
    options = {"parallel": 1, "date_off": off}
    end, _, upload_id, _ = house.application("brief").ends(house.file(content), **options)
    assert end == "confirmed"
    assert house.content(upload_id) == content
    small = house.application("brief").ends(house.file(b"hello"), **options)
    assert house.content(small[2]) == b"hello"


def test_a_grant_that_expired_while_it_was_dead(house: House) -> None:
    """The ticket of the upload outlives it."""
    content = os.urandom(20 * MIB)
    file, application = house.file(content), house.application("brief")
    house.network.pace = 0.03
    with application.started([file], parallel=1) as running:
        running.until_sent(8 * MIB)
        running.kill()
    [record] = application.records()
    time.sleep(6.5)
    house.network.heal()
    end, _, upload_id, _ = application.ends()
    assert (end, upload_id) == ("confirmed", record["created"]["uploadId"])
    assert house.content(upload_id) == content


def test_an_upload_that_is_too_old_starts_anew(house: House) -> None:
    """Its ticket has ended, nobody renews it; the file is confirmed all the same."""
    content = os.urandom(20 * MIB)
    file, application = house.file(content), house.application("ending")
    house.network.pace = 0.03
    with application.started([file], parallel=1) as running:
        running.until_sent(6 * MIB)
        running.kill()
    [record] = application.records()
    time.sleep(5)
    house.network.heal()
    end, _, upload_id, _ = application.ends()
    assert (end, upload_id == record["created"]["uploadId"]) == ("confirmed", False)
    assert house.content(upload_id) == content


def test_a_ticket_of_the_application_that_ended(house: House) -> None:
    """It is asked for another one, once the service takes the old one no longer."""
    application = house.application(max_uploads=1)
    first = house.file(b"first", "first.bin")
    assert application.ends(first)[0] == "confirmed"
    second = house.file(b"second", "second.bin")
    assert application.ends(second)[2] == "ticket_used_up"
    application.token_file.write_text(house.ticket("default"))
    assert application.ends()[0] == "confirmed"


def test_a_lost_answer_to_a_completion(house: House) -> None:
    """It is asked again."""
    house.front.lose(b"/complete ")
    end, _, upload_id, _ = house.application().ends(house.file(b"hello"))
    assert (end, house.front.lost) == ("confirmed", 1)
    assert house.content(upload_id) == b"hello"


def test_a_connection_that_is_cut(house: House) -> None:
    """The part that was on it is sent again, with another signature."""
    content = os.urandom(20 * MIB)
    house.network.pace = 0.005
    house.network.cut_after = 8 * MIB
    end, _, upload_id, _ = house.application().ends(house.file(content), parallel=1)
    assert end == "confirmed"
    assert house.content(upload_id) == content
    assert len(house.network.parts) == 5  # four, and one of them twice


def test_no_network_at_all(house: House) -> None:
    """It says that a later run may do it, and that one does."""
    content = os.urandom(20 * MIB)
    file, application = house.file(content), house.application()
    house.front.stop()
    end, _, code, _, again = application.ends(file, patience=1)
    assert (end, code, again) == ("failed", "service_unreachable", "true")
    house.front.start()
    house.network.stop()
    end, _, code, _, again = application.ends(patience=1)
    assert (end, code, again) == ("failed", "store_unreachable", "true")
    house.network.start()
    assert wait_for(house.network.idle)
    end, _, upload_id, _ = application.ends()
    assert end == "confirmed"
    assert house.content(upload_id) == content
