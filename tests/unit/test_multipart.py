"""Part plans, and what the store's list of parts means for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valetkey.core.errors import ChecksumNotSupported, MethodNotSupported, PartsMismatch, PartsMissing
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.multipart import (
    MAX_OBJECT_SIZE,
    MAX_PART_SIZE,
    MAX_PARTS,
    MAX_SINGLE_SIZE,
    MIB,
    MIN_PART_SIZE,
    NamedPart,
    Part,
    Plan,
    choose_method,
    excess,
    part_size_for,
    require_whole,
)
from valetkey.core.model.upload import Checksum, Method

MIB_8 = 8 * MIB
SHA = Checksum("sha256", "")
PLAN = Plan(2 * MIB_8 + 5, MIB_8)
WHOLE = [Part(1, MIB_8, "a"), Part(2, MIB_8, "b"), Part(3, 5, "c")]


@given(size=st.integers(1, MAX_OBJECT_SIZE), wanted=st.integers(MIN_PART_SIZE, MAX_PART_SIZE))
def test_a_plan_is_within_s3s_limits(size: int, wanted: int) -> None:
    """At most 10,000 parts of 5 MiB to 5 GiB, the last one smaller; together they are the file."""
    plan = Plan(size, part_size_for(size, wanted))
    assert MIN_PART_SIZE <= plan.part_size <= MAX_PART_SIZE
    assert plan.part_size <= wanted or plan.part_count > MAX_PARTS // 2
    assert 1 <= plan.part_count <= MAX_PARTS
    last = plan.size_of(plan.part_count)
    assert last is not None
    assert 1 <= last <= plan.part_size
    assert (plan.part_count - 1) * plan.part_size + last == size
    assert plan.part_count == 1 or plan.size_of(1) == plan.part_size


@pytest.mark.parametrize(
    ("mib", "parts"),
    [(1, 1), (17, 3), (20, 4), (32, 6), (50, 10), (64, 12), (128, 18), (200, 30), (480, 60), (512, 64)],
)
def test_a_few_parts_are_as_many_as_end_together(mib: int, parts: int) -> None:
    """Of 8 MiB or less: six connections send equally many, if parts of 5 MiB allow it."""
    plan = Plan(mib * MIB, part_size_for(mib * MIB, MIB_8))
    assert plan.part_count == parts
    last = plan.size_of(parts)
    assert last is not None
    assert parts in {1, 64} or plan.part_size - last < parts * MIB / 16


def test_a_plan_without_a_size() -> None:
    """As many parts as S3 accepts, of any size."""
    plan = Plan(None, MIB_8)
    assert (plan.part_count, plan.size_of(1)) == (MAX_PARTS, None)


@pytest.mark.parametrize(
    ("asked", "size", "checksum", "can_post", "chosen"),
    [
        (None, 5, None, True, Method.POST),
        (None, 5, None, False, Method.PUT),
        (None, MIB_8 - 1, None, True, Method.POST),
        (None, MIB_8, None, True, Method.MULTIPART),
        (None, None, None, True, Method.POST),
        (None, MIB_8, SHA, True, Method.POST),
        (None, MAX_SINGLE_SIZE, SHA, False, Method.PUT),
        (Method.POST, MAX_SINGLE_SIZE, None, True, Method.POST),
        (Method.PUT, 0, None, True, Method.PUT),
        (Method.MULTIPART, 1, None, True, Method.MULTIPART),
        (Method.MULTIPART, None, None, True, Method.MULTIPART),
    ],
)
def test_how_a_file_travels(
    asked: Method | None, size: int | None, checksum: Checksum | None, can_post: bool, chosen: Method
) -> None:
    """In one request if it is small, or if its checksum is needed and S3 can do that; as requested if that is
    possible."""
    assert choose_method(asked, size, checksum, multipart_from=MIB_8, store=Capabilities(post=can_post)) is chosen


@pytest.mark.parametrize(
    ("asked", "size", "checksum", "can_post", "error"),
    [
        (Method.POST, 5, None, False, MethodNotSupported),
        (Method.POST, MAX_SINGLE_SIZE + 1, None, True, MethodNotSupported),
        (Method.PUT, MAX_SINGLE_SIZE + 1, None, True, MethodNotSupported),
        (Method.MULTIPART, 0, None, True, MethodNotSupported),
        (Method.MULTIPART, 5, SHA, True, ChecksumNotSupported),
        (None, MAX_SINGLE_SIZE + 1, SHA, True, ChecksumNotSupported),
    ],
)
def test_how_a_file_cannot_travel(
    asked: Method | None, size: int, checksum: Checksum | None, can_post: bool, error: type[Exception]
) -> None:
    """The error comes at once, not after the bytes have been sent."""
    with pytest.raises(error):
        choose_method(asked, size, checksum, multipart_from=MIB_8, store=Capabilities(post=can_post))


def test_all_parts_are_there() -> None:
    """In any order, named or not, with the ETags of the store."""
    size = PLAN.size or 0
    for named in (None, [NamedPart(part.number, part.etag) for part in reversed(WHOLE)]):
        assert excess(PLAN, WHOLE, size, size, whole=False) is None
        require_whole(PLAN, WHOLE, named)


@pytest.mark.parametrize("found", [[], WHOLE[:2], WHOLE[1:], [WHOLE[0], Part(2, MIB_8 - 1, "b"), WHOLE[2]]])
def test_parts_that_are_missing(found: list[Part]) -> None:
    """None, or one that is too small: the upload can continue, so that is no reason to reject it."""
    assert excess(PLAN, found, PLAN.size or 0, PLAN.size or 0, whole=False) is None
    with pytest.raises(PartsMissing):
        require_whole(PLAN, found, None)


@pytest.mark.parametrize(
    "named",
    [[], [NamedPart(1, "a")], [NamedPart(1, "a"), NamedPart(2, "b"), NamedPart(3, "x")], [NamedPart(1, "a")] * 3],
)
def test_parts_that_are_not_the_named_ones(named: list[NamedPart]) -> None:
    """Fewer, another ETag, one of them three times."""
    with pytest.raises(PartsMismatch):
        require_whole(PLAN, WHOLE, named)


@pytest.mark.parametrize("found", [[*WHOLE, Part(4, 1, "d")], [Part(1, MIB_8 + 1, "a")], [Part(3, 6, "c")]])
def test_parts_that_no_grant_allowed(found: list[Part]) -> None:
    """One more, or a larger one, can never become the file: a reason to reject it, whatever the other parts are."""
    reason = excess(PLAN, found, PLAN.size or 0, PLAN.size or 0, whole=False)
    assert reason is not None
    assert reason.code == "size_mismatch"


def test_open_parts_keep_to_the_profile() -> None:
    """Without a declared size the total counts: too large at any time, too small once the client says that it is
    all."""
    plan = Plan(None, MIB_8)
    assert excess(plan, WHOLE, 1, PLAN.size or 0, whole=True) is None
    assert excess(plan, WHOLE, 1, (PLAN.size or 0) - 1, whole=False) is not None
    assert excess(plan, WHOLE[2:], 6, 100, whole=True) is not None
    assert excess(plan, WHOLE[2:], 6, 100, whole=False) is None
    with pytest.raises(PartsMissing, match="Name the parts"):
        require_whole(plan, WHOLE, None)
    with pytest.raises(PartsMismatch):
        require_whole(plan, WHOLE, [NamedPart(1, "a")])
    require_whole(plan, WHOLE, [NamedPart(part.number, part.etag) for part in WHOLE])
