"""Tickets, and what each kind of caller may access."""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer
from tests.unit.memory_world import NOW

from valetkey.core.access.callers import Caller
from valetkey.core.access.tickets import Tickets
from valetkey.core.errors import Forbidden, RecordUnknown, UploadNotFound
from valetkey.core.model.upload import Upload, UploadId, new_upload_id
from valetkey.testing.contracts.samples import new_upload

ONE = new_upload(NOW, id=UploadId("0190a1b2-c3d4-7e5f-8a6b-0123456789ab"))
TICKETS = Tickets(["secret"])
LATER = timedelta(seconds=1)


def test_a_ticket_stands_for_its_upload() -> None:
    """Read back, it is a caller without an account that may access this one upload."""
    caller = TICKETS.read(TICKETS.sign_upload_ticket(ONE), NOW)
    assert caller == Caller("", ONE.id)
    assert caller.require(ONE) is ONE


def test_a_ticket_touches_nothing_else() -> None:
    """No other upload of the same account, none without an account, and nothing that has no upload."""
    caller = TICKETS.read(TICKETS.sign_upload_ticket(ONE), NOW)
    assert caller is not None
    for other in (new_upload(NOW), new_upload(NOW, account=""), None):
        with pytest.raises(UploadNotFound):
            caller.require(other)
    with pytest.raises(Forbidden):
        caller.require_account()


def test_an_account_touches_its_own() -> None:
    """Another account's upload looks as if it did not exist."""
    caller = Caller("shop")
    assert caller.require(ONE) is ONE
    assert caller.require_account() == "shop"
    for other in (ONE._replace(account="mall"), ONE._replace(account="Shop"), None):
        with pytest.raises(UploadNotFound):
            caller.require(other)


def test_a_ticket_lives_a_grant_longer_than_renewals() -> None:
    """The last grant may be made just before `renewable_until`; its client still has to complete the upload."""
    end = ONE.renewable_until + (ONE.expires_at - ONE.created_at)
    ticket = TICKETS.sign_upload_ticket(ONE)
    assert TICKETS.read(ticket, end - LATER) is not None
    assert TICKETS.read(ticket, end) is None


def test_secrets_rotate() -> None:
    """A new secret in front signs; the old one is accepted until it is removed."""
    old, both, new = Tickets(["old"]), Tickets(["new", "old"]), Tickets(["new"])
    assert both.read(old.sign_upload_ticket(ONE), NOW) is not None
    assert new.read(both.sign_upload_ticket(ONE), NOW) is not None
    assert new.read(old.sign_upload_ticket(ONE), NOW) is None


def forged(text: str, secret: str = "secret", salt: str = "valetkey.ticket") -> str:
    """``text`` signed like a ticket, with these secrets."""
    signer = Signer(secret, salt=salt, sep=".", key_derivation="hmac", digest_method=sha256)
    return "vt_" + signer.sign(text).decode()


END = int((NOW + timedelta(days=1)).timestamp())


def test_the_forger_knows_the_format() -> None:
    """With the right secret and salt it makes a valid ticket: so the next test refuses tickets for their content."""
    assert TICKETS.read(forged(f"u.{ONE.id}.{END}"), NOW) == Caller("", ONE.id)


@pytest.mark.parametrize(
    "ticket",
    [
        "",
        "vt_",
        "vt_u",
        "vt_...",
        f"vt_u.{ONE.id}.{END}",
        f"vt_u.{ONE.id}.{END}.",
        forged(f"u.{ONE.id}.{END}", secret="other"),
        forged(f"u.{ONE.id}.{END}", salt="other"),
        "vt_\ud800",
        "é" * 1000,
        "vt_" + urlsafe_b64encode(b"\xff" * 60).decode(),
    ],
)
def test_what_is_no_ticket_is_nobody(ticket: str) -> None:
    """Unsigned, signed with another secret, malformed: no caller, and no exception."""
    assert TICKETS.read(ticket, NOW) is None


@pytest.mark.parametrize(
    "ticket",
    [
        forged(f"p.{ONE.id}.{END}"),
        forged(f"q.{ONE.id}.{END}"),
        forged(f"u.{ONE.id.upper()}.{END}"),
        forged(f"u.nothing.{END}"),
        forged(f"u.{ONE.id}.{END}.more"),
        forged(f"u.{ONE.id}"),
    ],
)
def test_what_we_signed_and_cannot_read_is_for_a_newer_version(ticket: str) -> None:
    """It is no caller here, but its holder may keep it."""
    with pytest.raises(RecordUnknown):
        TICKETS.read(ticket, NOW)


@given(st.data())
def test_no_character_of_a_ticket_can_change(data: st.DataObject) -> None:
    """With any character changed, added or left out it is no caller, or the same caller at most."""
    ticket = TICKETS.sign_upload_ticket(ONE)
    place = data.draw(st.integers(3, len(ticket)))
    cut = data.draw(st.integers(0, 1))
    new = data.draw(st.text(alphabet="0123456789abcdef-._Zé", max_size=1))
    changed = ticket[:place] + new + ticket[place + cut :]
    assert TICKETS.read(changed, NOW) in {None, Caller("", ONE.id)}
    if changed.rpartition(".")[0] != ticket.rpartition(".")[0]:
        assert TICKETS.read(changed, NOW) is None


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Whatever the header contains."""
    assert TICKETS.read(text, NOW) is None


def at(moment: datetime) -> Upload:
    return ONE._replace(id=new_upload_id(), created_at=moment)


def test_every_upload_has_a_ticket_of_its_own() -> None:
    """Two tickets of the same moment differ."""
    assert TICKETS.sign_upload_ticket(at(NOW)) != TICKETS.sign_upload_ticket(at(NOW))
