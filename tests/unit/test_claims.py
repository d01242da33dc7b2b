"""Claims on memory adapters: who may claim what, all or nothing, and the removal of unclaimed uploads."""

from datetime import timedelta

import pytest
from tests.unit.memory_world import FIRST, OWNER, World

from valetkey.core.access.callers import Caller
from valetkey.core.errors import (
    AlreadyClaimed,
    ConfigurationError,
    Forbidden,
    InvalidRequest,
    LedgerUnavailable,
    StateConflict,
    StoreUnavailable,
    UploadNotFound,
    WrongProfile,
)
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.announcement import event_type
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import read_rules
from valetkey.core.model.upload import Claim, Upload, UploadState, new_upload_id
from valetkey.core.sweeping.findings import Action
from valetkey.core.taking.claims import MAX_AT_ONCE, MAX_NAMED, PAGE, Terms

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ANYBODY = Terms()


@pytest.fixture
def world() -> World:
    """Its default profile removes uploads that are not claimed within a day."""
    return World(profile=Profile("default", claim_within=DAY))


def confirmed(world: World, owner: str = "ann", profile: str = "default") -> Upload:
    asked = UploadRequest("a photo.png", "image/png", len(FIRST), owner=owner, profile=profile)
    upload = world.service.create(OWNER, asked).upload
    world.post(upload)
    return world.run(upload)


def claim(world: World, *uploads: Upload, reference: str = "post:17", terms: Terms = ANYBODY) -> list[Upload]:
    return world.service.claim(OWNER, [one.id for one in uploads], terms, reference)


def swept(world: World, later: timedelta = timedelta(0)) -> list[tuple[Action, str]]:
    world.time += later
    return [(finding.action, finding.subject) for finding in world.sweep.run()]


def test_of_uploads_of_others_nothing_is_told(world: World) -> None:
    """It returns confirmed uploads of the account, the owner and the profile, each once, claimed or not; a ticket may
    not call it."""
    ann, bob = confirmed(world), confirmed(world, "bob")
    claim(world, ann)
    pending = world.service.create(OWNER, UploadRequest("a.png", "image/png", 5, owner="ann")).upload
    ids = [new_upload_id(), bob.id, ann.id, pending.id, ann.id]
    assert [one.id for one in world.service.own(OWNER, ids, Terms("ann", "default"))] == [ann.id]
    assert [one.id for one in world.service.own(OWNER, ids, ANYBODY)] == [bob.id, ann.id]
    assert world.service.own(OWNER, ids, Terms("ann", "photos")) == []
    assert world.service.own(Caller("another"), ids, ANYBODY) == []
    with pytest.raises(Forbidden):
        world.service.own(Caller(OWNER.account, ticket_for=ann.id), ids, ANYBODY)
    with pytest.raises(InvalidRequest):
        world.service.own(OWNER, [new_upload_id() for _ in range(MAX_AT_ONCE + 1)], ANYBODY)


def test_an_error_of_several_names_each(world: World) -> None:
    """The error is that of the first upload, and contains the position of each one in the call; of a thousand only
    some."""
    good, other = confirmed(world), confirmed(world)
    claim(world, other, reference="post:16")
    nowhere = new_upload_id()
    ids = [good.id, nowhere, good.id, other.id]
    with pytest.raises(UploadNotFound) as raised:
        world.service.claim(OWNER, ids, ANYBODY, "post:17")
    assert [(place, type(one)) for place, one in raised.value.each] == [(1, UploadNotFound), (3, AlreadyClaimed)]
    with pytest.raises(AlreadyClaimed) as refused:
        world.service.release(OWNER, [good.id, other.id], "post:17")
    assert [place for place, _ in refused.value.each] == [1]
    with pytest.raises(UploadNotFound) as many:
        world.service.claim(OWNER, [new_upload_id() for _ in range(MAX_AT_ONCE)], ANYBODY, "post:17")
    assert len(many.value.each) == MAX_NAMED
    assert world.now(good).claim is None


def test_a_claim_is_kept_and_is_no_error_twice(world: World) -> None:
    """Repeating the same reference changes nothing, not even the time of the claim; another one is refused."""
    upload = confirmed(world)
    [taken] = claim(world, upload)
    assert taken == world.now(upload)
    assert taken.claim == Claim("post:17", world.time)
    world.time += HOUR
    assert claim(world, upload) == [taken]
    with pytest.raises(AlreadyClaimed):
        claim(world, upload, reference="post:18")
    assert world.now(upload) == taken


@pytest.mark.parametrize("state", [state for state in UploadState if state is not UploadState.CONFIRMED])
def test_only_what_is_confirmed_is_taken(world: World, state: UploadState) -> None:
    """Every other state is a conflict that names it, and changes nothing; so does `look`."""
    upload = confirmed(world)
    before = upload.changed(state=state)
    assert world.ledger.replace(upload, before)
    with pytest.raises(StateConflict, match=state):
        claim(world, upload)
    with pytest.raises(StateConflict, match=state):
        world.service.look(OWNER, [upload.id], ANYBODY)
    assert world.now(upload) == before


def test_owner_and_profile_have_to_fit(world: World) -> None:
    """Another owner's upload is reported as unknown; another profile's is named."""
    upload = confirmed(world)
    for terms, error in (
        (Terms(owner="ben"), UploadNotFound),
        (Terms(owner=""), UploadNotFound),
        (Terms(profile="avatar"), WrongProfile),
        (Terms("ben", "avatar"), UploadNotFound),
    ):
        with pytest.raises(error):
            claim(world, upload, terms=terms)
    assert world.now(upload).claim is None
    [taken] = claim(world, upload, terms=Terms("ann", "default"))
    assert taken.claim is not None


def test_only_the_account_claims(world: World) -> None:
    """Other accounts do not find it, and tickets may not claim, release or open, not even their own upload."""
    upload = confirmed(world)
    ticket = Caller(account="", ticket_for=upload.id)
    calls = (
        lambda caller: world.service.claim(caller, [upload.id], ANYBODY, "a"),
        lambda caller: world.service.look(caller, [upload.id], ANYBODY),
        lambda caller: world.service.release(caller, [upload.id], "a"),
        lambda caller: world.service.open(caller, upload.id),
    )
    for call in calls:
        with pytest.raises(UploadNotFound):
            call(Caller("mall"))
        with pytest.raises(Forbidden):
            call(ticket)
    with pytest.raises(Forbidden):
        world.service.reconcile(ticket, [], prefix="", older_than=HOUR, release=True)
    assert world.now(upload) == upload


@pytest.mark.parametrize("wrong", ["unknown", "ben's", "pending", "claimed", "avatar"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_several_are_taken_together_or_not_at_all(world: World, wrong: str, place: int) -> None:
    """If one cannot be claimed, at any position, all others stay unchanged."""
    good = [confirmed(world), confirmed(world)]
    bad = confirmed(world, "ben" if wrong == "ben's" else "ann", "avatar" if wrong == "avatar" else "default")
    if wrong == "pending":
        bad = world.create()
        assert world.ledger.replace(bad, bad.changed(owner="ann"))
    elif wrong == "claimed":
        claim(world, bad, reference="another")
    elif wrong == "unknown":
        bad = bad._replace(id=new_upload_id())
    asked = [*good]
    asked.insert(place, bad)
    with pytest.raises((UploadNotFound, StateConflict, WrongProfile)):
        claim(world, *asked, terms=Terms("ann", "default"))
    assert [world.now(one).claim for one in good] == [None, None]


def test_each_comes_once_in_the_order_of_the_ids(world: World) -> None:
    """A form may contain an id twice; more than a thousand are refused before the ledger is read."""
    made = [confirmed(world) for _ in range(3)]
    asked = [made[2], made[0], made[2], made[1], made[0]]
    assert [one.id for one in claim(world, *asked)] == [made[2].id, made[0].id, made[1].id]
    assert claim(world) == []
    world.operations.clear()
    with pytest.raises(InvalidRequest, match="1000"):
        world.service.claim(OWNER, [new_upload_id() for _ in range(MAX_AT_ONCE + 1)], ANYBODY, "a")
    assert world.operations == []


def test_a_look_claims_nothing_and_refuses_what_is_claimed(world: World) -> None:
    """It says which uploads could be claimed; those claimed under the same reference pass."""
    upload = confirmed(world)
    assert world.service.look(OWNER, [upload.id], Terms("ann")) == [upload]
    [taken] = claim(world, upload)
    with pytest.raises(AlreadyClaimed):
        world.service.look(OWNER, [upload.id], ANYBODY)
    assert world.service.look(OWNER, [upload.id], ANYBODY, "post:17") == [taken]


def test_who_is_faster_wins(world: World) -> None:
    """Another process claims, deletes or only changes one of two between reading and writing: they are read again."""
    one, other = confirmed(world), confirmed(world)
    world.once("replace_all", lambda: claim(world, other, reference="post:1"))
    with pytest.raises(AlreadyClaimed):
        claim(world, one, other)
    assert world.now(one).claim is None
    third = confirmed(world)
    world.once("replace_all", lambda: world.service.remove(OWNER, third.id))
    with pytest.raises(StateConflict, match="deleted"):
        claim(world, one, third)
    world.once("replace_all", lambda: world.ledger.replace(world.now(one), world.now(one).changed(pins=1)))
    assert claim(world, one)[0].claim is not None


def test_an_upload_that_always_changes_is_a_conflict(world: World) -> None:
    """After a few attempts the caller gets an error, and may try again."""
    upload = confirmed(world)

    def touch(name: str) -> None:
        if name == "replace_all":
            now = world.now(upload)
            world.ledger._uploads[upload.id] = now.changed(pins=now.pins)

    world.before = touch
    with pytest.raises(StateConflict, match="keeps changing"):
        claim(world, upload)


def test_release_undoes_a_claim_of_that_reference(world: World) -> None:
    """Repeating it is not an error; another reference is refused, and then none of several is released."""
    one, other = confirmed(world), confirmed(world)
    claim(world, one)
    claim(world, other, reference="post:18")
    with pytest.raises(AlreadyClaimed):
        world.service.release(OWNER, [one.id, other.id], "post:17")
    assert world.now(one).claim is not None
    [freed] = world.service.release(OWNER, [one.id], "post:17")
    assert (freed.claim, freed.released_at) == (None, world.time)
    world.time += HOUR
    assert world.service.release(OWNER, [one.id], "whatever") == [freed]
    assert claim(world, one, reference="post:18")[0].claim == Claim("post:18", world.time)


def test_what_nobody_claims_is_removed_and_announced(world: World) -> None:
    """A day after its confirmation and not before: deleted with a reason, its object removed, announced by its own
    type."""
    upload = confirmed(world)
    assert swept(world, DAY - timedelta(microseconds=1)) == []
    assert swept(world, timedelta(microseconds=1)) == [(Action.REMOVE, upload.id)]
    after = world.now(upload)
    assert after.reason is not None
    assert (after.state, after.reason.code) == (UploadState.DELETED, "unclaimed")
    assert world.store.keys() == []
    assert [event_type(one) for one in world.announced] == ["upload.confirmed", "upload.unclaimed"]
    assert world.announced[-1] == after
    with pytest.raises(StateConflict, match="deleted"):
        claim(world, upload)
    assert swept(world, DAY) == [(Action.CLEAR, upload.id)]
    assert swept(world, DAY) == []
    world.check_settled()


def test_what_is_claimed_stays(world: World) -> None:
    """It stays for ever, and the sweep does not check it."""
    upload = confirmed(world)
    claim(world, upload)
    assert world.now(upload).due_at is None
    assert swept(world, 400 * DAY) == []
    world.check_confirmed()
    assert world.now(upload).state is UploadState.CONFIRMED


def test_a_profile_without_claim_within_keeps_all(world: World) -> None:
    """Unclaimed uploads stay; so do those with the rules of an older version."""
    upload = confirmed(world, profile="avatar")
    assert upload.due_at is None
    assert swept(world, 400 * DAY) == []
    assert world.now(upload).state is UploadState.CONFIRMED


def test_the_time_counts_anew_from_a_release(world: World) -> None:
    """After a release `claim_within` starts again, so that a form that is sent again finds its files."""
    upload = confirmed(world)
    claim(world, upload)
    world.time += 30 * DAY
    world.service.release(OWNER, [upload.id], "post:17")
    assert swept(world, DAY - timedelta(seconds=1)) == []
    assert swept(world, timedelta(seconds=1)) == [(Action.REMOVE, upload.id)]


def test_the_rule_is_the_one_that_was_granted(world: World) -> None:
    """A stricter profile removes nothing that was granted before, and a milder one does not keep it."""
    strict = confirmed(world)
    mild = confirmed(world, profile="avatar")
    world.profiles["default"], world.profiles["avatar"] = Profile("default"), Profile("avatar", claim_within=HOUR)
    assert swept(world, DAY) == [(Action.REMOVE, strict.id)]
    assert world.now(mild).state is UploadState.CONFIRMED


def test_what_several_pins_left_is_cleared_before_and_after(world: World) -> None:
    """An upload that was sent twice is checked for leftovers; neither check cancels the other."""
    upload = world.create()
    world.post(upload)
    world.once("copy final", lambda: world.post(upload, b"other bytes"))
    after = world.run(upload)
    assert after.pins == 2
    assert swept(world, HOUR) == [(Action.CLEAR, upload.id)]
    assert world.now(upload).due_at == world.now(upload).claim_by
    assert swept(world, DAY) == [(Action.REMOVE, upload.id)]
    world.check_settled()


def test_a_claim_does_not_forget_what_is_left(world: World) -> None:
    """An upload that was sent twice is checked for leftovers once, although it was claimed."""
    upload = world.create()
    world.post(upload)
    world.once("copy final", lambda: world.post(upload, b"other bytes"))
    world.run(upload)
    claim(world, upload)
    assert swept(world, HOUR) == [(Action.CLEAR, upload.id)]
    assert swept(world, 9 * DAY) == []


def test_a_removal_that_was_stopped_is_finished(world: World) -> None:
    """The ledger says `deleted` while the store was unavailable: the next check removes the object."""
    upload = confirmed(world)
    world.time += DAY

    def away(name: str) -> None:
        if name == "delete final":
            raise StoreUnavailable("away")

    world.before = away
    assert swept(world) == [(Action.FAIL, upload.id)]
    world.before = None
    assert world.now(upload).state is UploadState.DELETED
    assert len(world.store.keys()) == 1
    assert swept(world, HOUR) == [(Action.CLEAR, upload.id)]
    world.check_settled()


def test_a_sweep_by_hand_says_it_before(world: World) -> None:
    """`--dry-run` lists what would be removed, and removes nothing."""
    upload = confirmed(world)
    world.time += DAY
    assert [(one.action, one.subject) for one in world.sweep.foresee()] == [(Action.REMOVE, upload.id)]
    assert world.now(upload) == upload


def test_a_claim_is_deleted_by_the_application(world: World) -> None:
    """A claim restricts visitors, not the account, which may delete claimed uploads."""
    upload = confirmed(world)
    claim(world, upload)
    world.service.remove(OWNER, upload.id)
    after = world.now(upload)
    assert (after.state, after.reason) == (UploadState.DELETED, None)
    assert event_type(after) == "upload.deleted"


def test_reconciling_gives_back_what_is_not_known(world: World) -> None:
    """Old claims with the prefix and unknown references are released; recent, known and other ones stay."""
    lost, kept, other = confirmed(world), confirmed(world), confirmed(world)
    claim(world, lost, reference="post:1")
    claim(world, kept, reference="post:2")
    claim(world, other, reference="avatar:1")
    world.time += HOUR
    young = confirmed(world)
    claim(world, young, reference="post:3")
    world.time += timedelta(microseconds=1)
    given = {"prefix": "post:", "older_than": HOUR}
    shown = world.service.reconcile(OWNER, {"post:2"}, release=False, **given)  # type: ignore[arg-type]
    assert [one.id for one in shown] == [lost.id]
    assert world.now(lost).claim is not None
    assert world.service.reconcile(OWNER, {"post:2"}, release=True, **given) == shown  # type: ignore[arg-type]
    assert world.now(lost).claim is None
    assert all(world.now(one).claim for one in (kept, other, young))
    assert world.service.reconcile(Caller("mall"), [], prefix="", older_than=timedelta(0), release=True) == []


def test_reconciling_leaves_what_is_claimed_meanwhile(world: World) -> None:
    """An upload is released and claimed under another reference between reading and release: that claim stays."""
    upload = confirmed(world)
    claim(world, upload, reference="post:1")
    world.time += 2 * HOUR

    def meddle() -> None:
        world.service.release(OWNER, [upload.id], "post:1")
        claim(world, upload, reference="post:2")

    world.once("get", meddle)
    world.service.reconcile(OWNER, {"post:2"}, prefix="", older_than=HOUR, release=True)
    assert world.now(upload).claim == Claim("post:2", world.time)


def test_reconciling_reads_every_page(world: World) -> None:
    """With more claims than one page none is left out, although each release removes one."""
    made = [confirmed(world) for _ in range(PAGE + 3)]
    for number, upload in enumerate(made):
        claim(world, upload, reference=f"post:{number}")
    world.time += 2 * HOUR
    found = world.service.reconcile(OWNER, {"post:7"}, prefix="post:", older_than=HOUR, release=True)
    assert len(found) == PAGE + 2
    assert [one.claim for one in map(world.now, made) if one.claim] == [Claim("post:7", world.time - 2 * HOUR)]


def test_a_ledger_that_is_away_claims_nothing(world: World) -> None:
    """The whole call fails, and may be repeated."""
    upload = confirmed(world)

    def away() -> None:
        raise LedgerUnavailable("away")

    world.once("replace_all", away)
    with pytest.raises(LedgerUnavailable):
        claim(world, upload)
    assert claim(world, upload)[0].claim is not None


def test_claim_within_is_a_rule_with_bounds() -> None:
    """It is stored with the upload, and read again; none stays none. Times out of range are refused."""
    for within in (None, timedelta(seconds=1), timedelta(days=365)):
        assert read_rules(Profile("p", claim_within=within).rules.text).claim_within == within
    assert "claim_within" not in Profile("p").rules.text
    for wrong in (timedelta(0), timedelta(seconds=-1), timedelta(days=366)):
        with pytest.raises(ConfigurationError, match="claim_within"):
            Profile("p", claim_within=wrong)
