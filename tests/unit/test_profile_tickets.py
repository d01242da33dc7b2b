"""Profile tickets: their content, what their holder may do, and how their uploads are counted."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.memory_world import NOW, OWNER, World
from tests.unit.test_access import forged

from valetkey.core.access.callers import Caller, ProfileTicket
from valetkey.core.access.tickets import Tickets, new_ticket_id
from valetkey.core.errors import Forbidden, TicketUsedUp, UnknownProfile, UploadNotFound
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grantor import Granted
from valetkey.core.sweeping.retention import TICKET_GRACE
from valetkey.testing.contracts.samples import new_upload

TICKETS = Tickets(["secret"])
END = NOW + timedelta(hours=1)
ONE = ProfileTicket("AAAAAAAAAAAAAAAA", "shop", "ann", "avatar", END, 3)
IN_A_PATH = frozenset(ascii_letters + digits + "-._~")
"""RFC 3986, section 2.3: what never needs escaping."""

TEXT = st.text(st.characters(codec="utf-8"), max_size=200)


@given(
    st.builds(
        ProfileTicket,
        id=st.builds(new_ticket_id),
        account=TEXT,
        owner=TEXT,
        profile=TEXT,
        expires_at=st.just(END),
        max_uploads=st.none() | st.integers(1, 1_000_000),
    )
)
def test_it_says_what_was_put_in(ticket: ProfileTicket) -> None:
    """Accounts and owners may hold any text; the ticket stays one piece of a path."""
    text = TICKETS.sign_profile_ticket(ticket)
    assert text.startswith("vt_p.")
    assert set(text) <= IN_A_PATH
    assert TICKETS.read(text, NOW) == Caller(ticket.account, profile_ticket=ticket)


def test_it_is_short() -> None:
    """A usual one fits into any path and any log column: under 160 characters."""
    assert len(TICKETS.sign_profile_ticket(replace(ONE, owner="0192f0c1-2b3c-7d4e-8f50-123456789abc"))) < 200
    assert len(TICKETS.sign_profile_ticket(ONE)) < 160


def test_it_ends() -> None:
    """At its last moment it is nobody's any more."""
    text = TICKETS.sign_profile_ticket(ONE)
    assert TICKETS.read(text, END - timedelta(microseconds=1)) is not None
    assert TICKETS.read(text, END) is None


def claims(*values: object) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


GOOD = ("AAAAAAAAAAAAAAAA", "shop", "ann", "avatar", int(END.timestamp()), 3)


def test_the_forger_knows_the_format() -> None:
    """With the right secret it makes a ticket: what the next tests refuse, they refuse for its signature."""
    assert TICKETS.read(forged(f"p.{claims(*GOOD)}"), NOW) == Caller("shop", profile_ticket=ONE)


@pytest.mark.parametrize("place", range(6))
def test_a_claim_that_was_changed_is_nobodys(place: int) -> None:
    """Another id, account, owner, profile, a later end or more uploads under the old signature."""
    changed = [*GOOD]
    changed[place] = "mall" if isinstance(GOOD[place], str) else 2_000_000_000
    signature = TICKETS.sign_profile_ticket(ONE).rpartition(".")[2]
    assert TICKETS.read(f"vt_p.{claims(*GOOD)}.{signature}", NOW) is None  # other spacing is other text
    assert TICKETS.read(f"vt_p.{claims(*changed)}.{signature}", NOW) is None


def test_kinds_and_secrets_are_not_mixed() -> None:
    """Neither may one kind be called the other, nor does another's signature count."""
    profile, single = TICKETS.sign_profile_ticket(ONE), TICKETS.sign_upload_ticket(new_upload(NOW))
    assert TICKETS.read(profile.replace("vt_p.", "vt_u."), NOW) is None
    assert TICKETS.read(single.replace("vt_u.", "vt_p."), NOW) is None
    assert Tickets(["other"]).read(profile, NOW) is None
    assert TICKETS.read(forged(f"p.{claims(*GOOD)}", secret="other"), NOW) is None
    assert Tickets(["new", "secret"]).read(profile, NOW) is not None


@given(st.data())
def test_no_character_can_change(data: st.DataObject) -> None:
    """Any one changed or left out: nobody."""
    ticket = TICKETS.sign_profile_ticket(ONE)
    place = data.draw(st.integers(3, len(ticket) - 1))
    new = data.draw(st.text(alphabet="0123456789abcdef-._Zé", max_size=1))
    changed = ticket[:place] + new + ticket[place + 1 :]
    assert changed == ticket or TICKETS.read(changed, NOW) is None


def test_the_holder_touches_what_was_created_with_it() -> None:
    """Not the account's other uploads, nor another ticket's, and not what only a key may."""
    holder = Caller("shop", profile_ticket=ONE)
    own = new_upload(NOW, ticket=ONE.id)
    assert holder.require(own) is own
    for other in (new_upload(NOW), new_upload(NOW, ticket="BBBBBBBBBBBBBBBB"), None):
        with pytest.raises(UploadNotFound):
            holder.require(other)
    with pytest.raises(Forbidden):
        holder.require_account()
    assert Caller("shop").require(own) is own


@pytest.fixture
def world() -> World:
    return World()


def holder_of(world: World, max_uploads: int | None = None, **options: str) -> Caller:
    """The holder of a new ticket for the profile avatar."""
    issued = world.service.issue_ticket(OWNER, "avatar", max_uploads=max_uploads, **options)  # type: ignore[arg-type]
    caller = Tickets(["secret"]).read(issued.ticket, world.time)
    assert caller is not None
    return caller


ASKED = UploadRequest("a.png", "image/png", 11)


def test_the_ticket_says_profile_and_owner(world: World) -> None:
    """A request that leaves both out gets the ticket's; one that names them as the ticket does, too."""
    holder = holder_of(world, owner="ann")
    for asked in (ASKED, ASKED._replace(profile="avatar", owner="ann")):
        made = world.service.create(holder, asked).upload
        assert (made.account, made.owner, made.profile) == ("shop", "ann", "avatar")
        assert world.now(made).ticket == made.ticket is not None


@pytest.mark.parametrize("asked", [ASKED._replace(profile="default"), ASKED._replace(owner="bob")])
def test_nothing_else_may_be_asked_for(world: World, asked: UploadRequest) -> None:
    """Another profile or owner is forbidden, in a batch at its place."""
    holder = holder_of(world, owner="ann")
    with pytest.raises(Forbidden):
        world.service.create(holder, asked)
    first, second = world.service.create_batch(holder, [asked, ASKED])
    assert isinstance(first, Forbidden)
    assert isinstance(second, Granted)


def test_only_a_key_makes_tickets(world: World) -> None:
    """Neither kind of ticket begets another; a profile has to be there."""
    holder = holder_of(world)
    made = world.service.create(holder, ASKED).upload
    for caller in (holder, Caller("", made.id)):
        with pytest.raises(Forbidden):
            world.service.issue_ticket(caller, "avatar")
    with pytest.raises(UnknownProfile):
        world.service.issue_ticket(OWNER, "nothing")


def creating(world: World, holder: Caller, key: str | None = None) -> Callable[[], Granted]:
    return lambda: world.service.create(holder, ASKED, key)


def test_max_uploads_ends_it(world: World) -> None:
    """So many and no more, single or with a key; a replay costs nothing, and is answered after the last one, too."""
    holder = holder_of(world, max_uploads=2)
    first = creating(world, holder, "one")()
    again = creating(world, holder, "one")()
    assert (again.upload.id, again.replayed) == (first.upload.id, True)
    creating(world, holder)()
    for more in (creating(world, holder), creating(world, holder, "two")):
        with pytest.raises(TicketUsedUp):
            more()
    assert creating(world, holder, "one")().upload.id == first.upload.id


def test_a_batch_that_is_too_large_creates_nothing(world: World) -> None:
    """All or none of a batch; requests that break a rule cost nothing."""
    holder = holder_of(world, max_uploads=3)
    with pytest.raises(TicketUsedUp):
        world.service.create_batch(holder, [ASKED] * 4)
    assert world.ledger._uploads == {}
    bad = ASKED._replace(owner="bob")
    assert len(world.service.create_batch(holder, [ASKED, bad, ASKED, bad, ASKED])) == 5
    assert isinstance(world.service.create_batch(holder, [bad])[0], Forbidden)
    with pytest.raises(TicketUsedUp):
        world.service.create_batch(holder, [ASKED])


def test_keys_of_two_tickets_do_not_meet(world: World) -> None:
    """One Idempotency-Key of two tickets and of an API key is three uploads."""
    one, other = holder_of(world), holder_of(world)
    made = [world.service.create(caller, ASKED._replace(profile="avatar"), "key") for caller in (one, other, OWNER)]
    assert len({granted.upload.id for granted in made}) == 3
    assert not any(granted.replayed for granted in made)


def test_a_profile_that_is_named_or_left_out_is_one_request(world: World) -> None:
    """To an Idempotency-Key both mean the same."""
    first = world.service.create(OWNER, ASKED, "key")
    assert world.service.create(OWNER, ASKED._replace(profile="default"), "key").upload.id == first.upload.id


def test_counts_of_expired_tickets_are_forgotten(world: World) -> None:
    """By the retention, an hour after their end."""
    holder = holder_of(world, max_uploads=2)
    creating(world, holder)()
    assert holder.profile_ticket is not None
    end = holder.profile_ticket.expires_at + TICKET_GRACE
    for world.time, left in ((end, 1), (end + timedelta(microseconds=1), 0)):
        world.core.retention.run()
        assert len(world.ledger._used) == left


def test_the_claims_can_be_read_by_its_holder() -> None:
    """As documented: they are signed, not hidden."""
    text = TICKETS.sign_profile_ticket(ONE).split(".")[1]
    assert tuple(json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))) == GOOD
