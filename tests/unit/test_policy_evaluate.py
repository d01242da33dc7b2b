"""`evaluate`: S3's response to a form. The contract tests compare it with a real server."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from hmac import digest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.policies import Condition, ContentLengthRange, Eq, Policy, StartsWith, form_fields, sign

from valetkey.adapters.memory.policies import MAX_SIZE, StoreAnswer, evaluate
from valetkey.core.signing.credentials import Credentials, signing_key
from valetkey.core.signing.policy import PostSigner

NOW = datetime(2026, 5, 17, 12, 0, 0, 500_000, UTC)
LIFE = timedelta(minutes=15)
CREDENTIALS = Credentials("AK", "SK")
SIZE = 20
GRANT: tuple[Condition, ...] = (
    Eq("bucket", "b"),
    Eq("key", "staging/1"),
    Eq("Content-Type", "image/png"),
    Eq("x-amz-meta-upload-id", "1"),
    Eq("success_action_status", "201"),
    ContentLengthRange(SIZE, SIZE),
)
STORED = StoreAnswer(201)
INVALID = StoreAnswer(400, "InvalidArgument")
DENIED = StoreAnswer(403, "AccessDenied")


def granted(*more: Condition, credentials: Credentials = CREDENTIALS) -> dict[str, str]:
    """The form of a grant for 20 bytes of image/png, valid for a quarter of an hour from NOW."""
    policy = Policy(NOW + LIFE, (*GRANT, *more))
    return form_fields(policy, sign(policy, credentials, NOW, signer=PostSigner("us-east-1")))


def answer(
    form: dict[str, str] | list[tuple[str, str]],
    size: int = SIZE,
    *,
    bucket: str = "b",
    region: str | None = "us-east-1",
    now: datetime = NOW,
    filename: str = "",
) -> StoreAnswer:
    pairs = form.items() if isinstance(form, dict) else form
    return evaluate(
        pairs, size, bucket=bucket, region=region, credentials_for={"AK": "SK"}.get, now=now, filename=filename
    )


@pytest.mark.parametrize("token", [None, "a token/+="])
def test_a_grant_used_as_given_stores_the_object(token: str | None) -> None:
    """The form of a grant, with temporary credentials too, is answered by the status that it asks for."""
    assert answer(granted(credentials=Credentials("AK", "SK", token))) == STORED


@pytest.mark.parametrize("name", granted(credentials=Credentials("AK", "SK", "token")))
@pytest.mark.parametrize("change", ["removed", "changed", "emptied"])
def test_no_field_of_a_grant_can_be_another(name: str, change: str) -> None:
    """Every field of a form, removed, emptied or changed, makes S3 refuse it."""
    form = granted(credentials=Credentials("AK", "SK", "token"))
    value = form.pop(name)
    if change != "removed":
        form[name] = "" if change == "emptied" else value + "x"
    assert answer(form) in {DENIED, INVALID}


@pytest.mark.parametrize("name", ["acl", "Cache-Control", "x-amz-meta-other", "submit", "x-ignore", "signature"])
def test_nothing_can_be_added_to_a_grant(name: str) -> None:
    """A field that no condition covers is refused, even an empty one."""
    assert answer(granted() | {name: ""}) == DENIED


def test_fields_to_be_ignored_may_be_added() -> None:
    """Names that start with x-ignore- are the exception."""
    assert answer(granted() | {"X-Ignore-this": "anything"}) == STORED


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (SIZE, STORED),
        (SIZE + 1, StoreAnswer(400, "EntityTooLarge")),
        (SIZE - 1, StoreAnswer(400, "EntityTooSmall")),
        (0, StoreAnswer(400, "EntityTooSmall")),
    ],
)
def test_the_size_is_the_granted_one(size: int, expected: StoreAnswer) -> None:
    """One byte more or less than the range allows is refused, with a code that says which."""
    assert answer(granted(), size) == expected


def test_all_ranges_of_a_policy_count() -> None:
    """A second content-length-range cannot widen the first."""
    assert answer(granted(ContentLengthRange(0, 100)), SIZE + 1) == StoreAnswer(400, "EntityTooLarge")


def test_no_post_is_larger_than_5_gib() -> None:
    """Without a range S3's own limit holds."""
    policy = Policy(NOW + LIFE, (Eq("bucket", "b"), Eq("key", "k")))
    form = form_fields(policy, sign(policy, CREDENTIALS, NOW, signer=PostSigner("us-east-1")))
    assert answer(form, MAX_SIZE) == StoreAnswer(204)
    assert answer(form, MAX_SIZE + 1) == StoreAnswer(400, "EntityTooLarge")


@pytest.mark.parametrize(("late", "expected"), [(timedelta(seconds=-1), STORED), (timedelta(0), DENIED)])
def test_a_grant_ends_at_the_second_it_says(late: timedelta, expected: StoreAnswer) -> None:
    """A policy is good until the second of its expiration begins, and its fraction of a second is none."""
    assert answer(granted(), now=(NOW + LIFE).replace(microsecond=0) + late) == expected


def test_a_grant_is_for_one_bucket() -> None:
    """Posted to another bucket the form is refused, and a field `bucket` does not help."""
    assert answer(granted(), bucket="other") == DENIED
    assert answer(granted() | {"bucket": "b"}, bucket="other") == DENIED


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [(Credentials("AK", "other"), DENIED), (Credentials("stranger", "SK"), DENIED)],
)
def test_only_a_known_key_signs(credentials: Credentials, expected: StoreAnswer) -> None:
    """A signature with another secret, or a stranger's, is refused in the same words."""
    assert answer(granted(credentials=credentials)) == expected


def test_a_policy_changed_after_signing_is_refused() -> None:
    """A policy that says more than was signed is worth nothing."""
    form = granted()
    text = b64decode(form["policy"]).replace(b"staging/1", b"staging/2")
    assert answer(form | {"policy": b64encode(text).decode(), "key": "staging/2"}) == DENIED


@pytest.mark.parametrize(("region", "expected"), [("eu-west-1", INVALID), ("us-east-1", STORED), (None, STORED)])
def test_a_credential_is_for_one_region(region: str | None, expected: StoreAnswer) -> None:
    """A bucket of another region refuses the credential, as AWS does; no region asks for none, as RGW does."""
    assert answer(granted(), region=region) == expected


def test_names_have_no_case_and_values_have() -> None:
    """Field names match in any case, a value in another case does not."""
    assert answer({name.swapcase(): value for name, value in granted().items()}) == STORED
    assert answer(granted() | {"Content-Type": "image/PNG"}) == DENIED


def test_only_ascii_letters_have_a_case() -> None:
    """The Kelvin sign, which Unicode lowers to k, does not make another `key`."""
    form = granted()
    assert answer([("\N{KELVIN SIGN}ey", form.pop("key")), *form.items()]) == INVALID


def test_of_a_repeated_field_the_last_counts() -> None:
    """A second value replaces the first, so that it cannot hide behind it."""
    form = list(granted().items())
    assert answer([("KEY", "staging/2"), *form]) == STORED
    assert answer([*form, ("KEY", "staging/2")]) == DENIED


@pytest.mark.parametrize(("value", "expected"), [("image/gif", STORED), ("", DENIED), ("text/image/", DENIED)])
def test_a_prefix_leaves_the_rest_open(value: str, expected: StoreAnswer) -> None:
    """`starts-with` accepts what starts so, and nothing else."""
    form = granted(StartsWith("x-amz-meta-kind", "image/")) | {"x-amz-meta-kind": value}
    assert answer(form) == expected


def test_the_files_name_gets_into_the_key_before_it_is_compared() -> None:
    """`${filename}` in a key is replaced first: a client that writes it cannot go round the policy."""
    form = granted() | {"key": "staging/${filename}"}
    assert answer(form, filename="1") == STORED
    assert answer(form, filename="2") == DENIED


def test_a_redirect_comes_before_the_status() -> None:
    """With both success fields in the form the answer is the redirect."""
    assert answer(granted(Eq("success_action_redirect", "https://app.example/done"))) == StoreAnswer(303)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("200", 200),
        ("201", 201),
        ("204", 204),
        ("", 204),
        ("404", 204),
        ("many", 400),
        ("-201", 400),
        ("9" * 5000, 400),
    ],
)
def test_the_status_is_one_of_three(wish: str, expected: int) -> None:
    """The form chooses between 200, 201 and 204; what is no number is refused."""
    policy = Policy(NOW + LIFE, (Eq("bucket", "b"), Eq("key", "k"), Eq("success_action_status", wish)))
    form = form_fields(policy, sign(policy, CREDENTIALS, NOW, signer=PostSigner("us-east-1")))
    assert answer(form).status == expected


ANY_TEXT = st.text(st.characters())  # lone surrogates too, unlike st.text()


@given(
    changes=st.dictionaries(st.sampled_from([*granted(), "x-amz-security-token"]), ANY_TEXT, max_size=3),
    more=st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=3),
    known=st.booleans(),
)
def test_no_form_breaks_it(changes: dict[str, str], more: list[tuple[str, str]], known: bool) -> None:
    """Whatever a form says, in any characters, there is an answer and not an exception."""
    form = [*(granted() | changes).items(), *more]
    status = evaluate(
        form, 1, bucket="b", region=None, credentials_for=lambda _: "SK" if known else None, now=NOW, filename="f"
    ).status
    assert 200 <= status < 404


def test_a_scope_of_any_characters_is_refused() -> None:
    """A credential that no encoding can hold is a wrong one like any other."""
    form = granted() | {"x-amz-credential": "AK/20260517/\ud800/s3/aws4_request"}
    assert answer(form, region=None) == DENIED


@given(st.binary() | st.text().map(str.encode) | st.sampled_from([b"[" * 10**5, b'{"conditions":' * 10**4]))
def test_no_signed_policy_breaks_it(policy: bytes) -> None:
    """Whatever somebody with a secret signed, there is an answer and not an exception."""
    signed = granted()
    encoded = b64encode(policy).decode()
    key = signing_key("SK", signed["x-amz-credential"].partition("/")[2])
    signature = digest(key, encoded.encode(), "sha256").hex()
    assert answer(signed | {"policy": encoded, "x-amz-signature": signature}) == INVALID
