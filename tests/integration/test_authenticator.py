"""Callers with a bare token, in a path or in a header of another protocol."""

from datetime import UTC, datetime, timedelta

import pytest

from valetkey.adapters.memory import MemoryLedger
from valetkey.api.auth import OPEN_ACCOUNT, Authenticator
from valetkey.core.access.api_keys import new_key
from valetkey.core.access.callers import Caller, ProfileTicket
from valetkey.core.access.tickets import Tickets
from valetkey.core.errors import Unauthenticated

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICKETS = Tickets(["secret"])
TICKET = ProfileTicket("AAAAAAAAAAAAAAAA", "shop", "ann", "avatar", NOW + timedelta(hours=1))


@pytest.fixture
def keys() -> MemoryLedger:
    return MemoryLedger()


def test_a_ticket_or_a_key(keys: MemoryLedger) -> None:
    """Either is its caller, as it would be in ``Authorization: Bearer``."""
    key, text = new_key("shop", NOW)
    keys.add_key(key)
    authenticator = Authenticator(keys, TICKETS, lambda: NOW)
    token = TICKETS.sign_profile_ticket(TICKET)
    assert authenticator.holder(token) == authenticator.caller(f"Bearer {token}") == Caller("shop", None, TICKET)
    assert authenticator.holder(text) == Caller("shop")


@pytest.mark.parametrize("token", ["", " ", "vt_p.x.y", "Bearer vt_p.x.y", "é\n", TICKETS.sign_profile_ticket(TICKET)])
def test_anything_else_is_nobody(keys: MemoryLedger, token: str) -> None:
    """Also a ticket that has ended."""
    with pytest.raises(Unauthenticated):
        Authenticator(keys, TICKETS, lambda: TICKET.expires_at).holder(token)


def test_an_open_door_still_reads_tickets() -> None:
    """Anybody may come in, but who shows a ticket gets what it says, and one that is bent is refused."""
    authenticator = Authenticator(None, TICKETS, lambda: NOW)
    assert authenticator.holder("") == Caller(OPEN_ACCOUNT, may_judge=True)
    assert authenticator.holder(TICKETS.sign_profile_ticket(TICKET)).profile_ticket == TICKET
    with pytest.raises(Unauthenticated):
        authenticator.holder("vt_p.x.y")
