"""The transition table, and the derived properties of an upload."""

from itertools import pairwise, product

import pytest
from tests.unit.memory_world import NOW

from valetkey.core.errors import StateConflict
from valetkey.core.model.upload import (
    TRANSITIONS,
    UploadState,
    new_upload_id,
    parse_upload_id,
    upload_id_of,
    upload_ids_in,
)
from valetkey.testing.contracts.samples import new_upload

S = UploadState

ALLOWED = {
    (S.PENDING, S.STORED),
    (S.PENDING, S.REJECTED),
    (S.EXPIRED, S.REJECTED),
    (S.PENDING, S.ABORTED),
    (S.PENDING, S.EXPIRED),
    (S.EXPIRED, S.STORED),
    (S.STORED, S.CONFIRMED),
    (S.STORED, S.REJECTED),
    (S.CONFIRMED, S.DELETED),
}
"""The drawing in the design, pair by pair."""


@pytest.mark.parametrize(("before", "after"), sorted(ALLOWED))
def test_the_moves_of_the_design(before: UploadState, after: UploadState) -> None:
    """Each keeps everything but the state and the version, which is one higher."""
    one = new_upload(NOW, state=before)
    other = one.moved(after)
    assert (other.state, other.version) == (after, one.version + 1)
    assert (other.id, other.filename, other.expires_at) == (one.id, one.filename, one.expires_at)


@pytest.mark.parametrize(("before", "after"), sorted(set(product(S, S)) - ALLOWED))
def test_no_other_move(before: UploadState, after: UploadState) -> None:
    """Every other pair is refused, staying in place included."""
    with pytest.raises(StateConflict, match=f"{before} cannot become {after}"):
        new_upload(NOW, state=before).moved(after)


def test_the_table_knows_every_state() -> None:
    """A new state cannot be forgotten in it."""
    assert set(TRANSITIONS) == set(S)


@pytest.mark.parametrize("state", S)
def test_ended_is_what_no_signal_can_change(state: UploadState) -> None:
    """No confirmation or rejection can be reached any more: neither at once nor after the bytes are stored."""
    steps = TRANSITIONS[state]
    reachable = steps | {after for step in steps for after in TRANSITIONS[step]}
    assert new_upload(NOW, state=state).ended is not bool(reachable & {S.STORED, S.REJECTED})


def test_changed_values_are_one_version_on() -> None:
    """A change without a move counts too, so that a compare-and-set sees it."""
    one = new_upload(NOW)
    assert one.changed(expires_at=NOW).version == one.version + 1


def test_ids_sort_by_creation() -> None:
    """Pages are sorted by id: a later one is greater, and each is canonical."""
    ids = [new_upload_id() for _ in range(1000)]
    assert all(one < other for one, other in pairwise(ids))
    assert [parse_upload_id(one) for one in ids] == ids


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0190A1B2-C3D4-7E5F-8A6B-0123456789AB",
        "{0190a1b2-c3d4-7e5f-8a6b-0123456789ab}",
        "0190a1b2c3d47e5f8a6b0123456789ab",
        "0190a1b2-c3d4-4e5f-8a6b-0123456789ab",
        "0190a1b2-c3d4-7e5f-ca6b-0123456789ab",
        "0190a1b2-c3d4-7e5f-8a6b-0123456789ab\n",
        "../0190a1b2-c3d4-7e5f-8a6b-0123456789ab",
        "\u0660190a1b2-c3d4-7e5f-8a6b-0123456789ab",
    ],
)
def test_only_the_canonical_spelling_is_an_id(text: str) -> None:
    """One upload has one name: no other case, bracket, version, newline or digit of another script."""
    assert parse_upload_id(text) is None
    assert upload_id_of("staging/" + text) is None


def test_a_staging_key_names_its_upload() -> None:
    """And no other key does."""
    one = new_upload(NOW)
    assert upload_id_of(one.staging_key) == one.id
    assert upload_id_of(one.id) is None
    assert upload_id_of("/" + one.staging_key) is None
    assert upload_id_of(one.staging_key + "/a.png") is None
    assert upload_id_of("uploads/" + one.id) is None


@pytest.mark.parametrize("before", ["", "staging/", "a-b/", "01a21e97-", "f", "a-b-c-d/"])
@pytest.mark.parametrize("behind", ["", "/1", "-7", "/a.png", "0", "-a-b-c-d"])
def test_an_id_is_found_wherever_it_stands_in_a_key(before: str, behind: str) -> None:
    """However many hyphens are around it; and half of one is none."""
    one, other = new_upload_id(), new_upload_id()
    assert one in upload_ids_in(f"{before}{one}{behind}")
    assert set(upload_ids_in(f"{before}{one}{behind}/{other}")) >= {one, other}
    assert one not in upload_ids_in(f"{before}{one[:-1]}/{behind}")
