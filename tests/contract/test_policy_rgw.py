"""`evaluate` and a real S3 server, Ceph RGW 16.2, give the same answers."""

import http.client
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hmac import digest

import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.policies import Condition, ContentLengthRange, Eq, Policy, StartsWith, form_fields, sign
from tests.support.stores import Bucket

from valetkey.adapters.memory.policies import MAX_SIZE, StoreAnswer, evaluate
from valetkey.core.signing.credentials import Credentials, signing_key
from valetkey.core.signing.policy import PostSigner

Form = list[tuple[str, str]]

HTTP = urllib3.PoolManager(retries=False)
CLOSE = {"Connection": "close"}
"""On a connection that stays open each of RGW's refusals takes 44 ms: two packets, Nagle and a delayed ACK."""
FILENAME = "photo.png"
SIZE = 20
COVERED = [StartsWith(name, "") for name in ("x-amz-algorithm", "x-amz-credential", "x-amz-date")]
"""RGW asks for the signature's own fields to be covered, like any field."""

RUN = settings(
    max_examples=400,
    derandomize=True,  # the same forms in every run: a disagreement is found by looking for it, not by luck
    deadline=None,
    # forms do not disturb each other in a bucket
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

NAMES = st.one_of(
    st.sampled_from(["key", "Key", "Content-Type", "content-type", "x-amz-meta-upload-id", "X-AMZ-META-NAME"]),
    st.sampled_from(["success_action_status", "success_action_redirect", "x-ignore-me", "X-Ignore-Me", "x-ignore"]),
    st.sampled_from(["bucket", "signature", "AWSAccessKeyId", "submit", "Cache-Control", "x-amz-security-token"]),
)
# RGW cannot read a character beyond U+FFFF (a test below), and takes a NUL in a key but deletes no such key
TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=6)
VALUES = st.one_of(
    TEXT,
    st.sampled_from(["", " ", "a", "A", " a ", FILENAME, "${filename}", "x/${filename}", "$key", "$a"]),
    st.sampled_from(["image/png", "image/", "image/png ", "IMAGE/PNG", "200", "201", "204", " 201", "303", "abc"]),
)
VALUES_OF = {
    "success_action_redirect": st.sampled_from(["https://app.example/return", "https://app.example/?a=b", "", "junk"]),
    "success_action_status": st.sampled_from(
        ["200", "201", "204", "303", "", " 201", "+201", "0201", "201x", "-1", "a"]
    ),
}
SIZES = st.sampled_from([SIZE, SIZE, SIZE, SIZE, SIZE - 1, SIZE + 1, 0, 40])
LIVES = st.sampled_from([3600] * 9 + [60, 0, -1, -3600])


def rgw_answer(bucket: Bucket, form: Sequence[tuple[str, str]], size: int) -> StoreAnswer:
    """What RGW says to the form and then a file of `size` bytes."""
    fields: list[tuple[str, str | tuple[str, bytes]]] = [*form, ("file", (FILENAME, b"x" * size))]
    response = HTTP.request(
        "POST", f"{bucket.server.endpoint_url}/{bucket.name}", fields=fields, redirect=False, headers=CLOSE
    )
    code = re.search(rb"<Code>(\w+)</Code>", response.data)
    return StoreAnswer(response.status, code[1].decode() if code else None)


def our_answer(bucket: Bucket, form: Sequence[tuple[str, str]], size: int) -> StoreAnswer:
    return evaluate(
        form,
        size,
        bucket=bucket.name,
        region=None,
        credentials_for={bucket.server.access_key: bucket.server.secret_key}.get,
        now=datetime.now(UTC),
        filename=FILENAME,
    )


def same_answers(bucket: Bucket, form: Form, size: int) -> None:
    assert our_answer(bucket, form, size) == rgw_answer(bucket, form, size)


def credentials(bucket: Bucket) -> Credentials:
    return Credentials(bucket.server.access_key, bucket.server.secret_key)


def signed(policy: bytes, fields: Form, by: Credentials, region: str = "us-east-1") -> Form:
    """A form with `policy` as its policy, whatever it says."""
    date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    encoded = b64encode(policy)
    return [
        *fields,
        ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
        ("x-amz-credential", f"{by.access_key}/{scope}"),
        ("x-amz-date", date),
        ("policy", encoded.decode()),
        ("x-amz-signature", digest(signing_key(by.secret_key, scope), encoded, "sha256").hex()),
    ]


def moment(life: int) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=life)


def document(conditions: Sequence[str], expiration: str) -> str:
    return f'{{"expiration": {expiration}, "conditions": [{", ".join(conditions)}]}}'


# --- a grant as the service makes it, then changed ------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    """One change to a form: of the field at `place` (round the end), or one more field."""

    kind: str
    place: int
    name: str
    value: str

    def apply(self, form: Form) -> Form:
        at = self.place % len(form) if form else 0
        name, value = form[at] if form else (self.name, self.value)
        changed = {
            "remove": [],
            "value": [(name, self.value)],
            "rename": [(self.name, value)],
            "case": [(name.swapcase(), value)],
            "value case": [(name, value.swapcase())],
            "pad": [(name, f" {value} ")],
            "cut": [(name, value[:-1])],
            "longer": [(name, value + "x")],
            "twice": [(name, value), (name, value)],
            "again": [(name, value), (name, self.value)],
            "before": [(name, self.value), (name, value)],
            "add": [(self.name, self.value), (name, value)],
        }[self.kind]
        return form[:at] + changed + form[at + 1 :]


KINDS = ["remove", "value", "rename", "case", "value case", "pad", "cut", "longer", "twice", "again", "before", "add"]
EDITS = st.builds(Edit, st.sampled_from(KINDS), st.integers(0, 20), NAMES, VALUES)


def about(name: str) -> st.SearchStrategy[Condition]:
    values = VALUES_OF.get(name, VALUES)
    return st.builds(Eq, st.just(name), values) | st.builds(StartsWith, st.just(name), values)


@dataclass(frozen=True)
class Ask:
    """A grant to make and to misuse."""

    own: list[Condition]
    life: int
    edits: list[Edit]
    size: int
    known_key: bool
    right_secret: bool


ASKS = st.builds(
    Ask,
    st.lists(NAMES.flatmap(about), max_size=1),
    LIVES,
    st.lists(EDITS, max_size=2),
    SIZES,
    *[st.sampled_from([True] * 9 + [False])] * 2,
)


@RUN
@given(ask=ASKS)
def test_a_changed_grant_gets_the_same_answer(rgw_bucket: Bucket, ask: Ask) -> None:
    """Any change to a grant's form, file, life or signature is answered by `evaluate` as RGW answers it."""
    check_grant(rgw_bucket, ask)


def check_grant(bucket: Bucket, ask: Ask) -> None:
    conditions = (
        Eq("bucket", bucket.name),
        Eq("key", "staging/1"),
        Eq("Content-Type", "image/png"),
        Eq("x-amz-meta-upload-id", "1"),
        Eq("success_action_status", "201"),
        ContentLengthRange(SIZE, SIZE),
        *ask.own,
    )
    by = credentials(bucket)
    by = by if ask.right_secret else replace(by, secret_key="other")
    by = by if ask.known_key else replace(by, access_key="stranger")
    policy = Policy(moment(ask.life), conditions)
    form = list(form_fields(policy, sign(policy, by, datetime.now(UTC), signer=PostSigner("us-east-1"))).items())
    for edit in ask.edits:
        form = edit.apply(form)
    same_answers(bucket, form, ask.size)


# --- any policy at all, well signed ---------------------------------------------------------------------------------

FIELDS = NAMES.flatmap(lambda name: st.tuples(st.just(name), VALUES_OF.get(name, VALUES)))
LITERALS = st.sampled_from([0, 1, 201, True, False, None, ["a"], {"a": "b"}, []])
"""What a condition's value should not be; RGW compares its JSON text."""
SIDES = st.one_of(NAMES.map(lambda name: f"${name}"), VALUES, st.sampled_from(["$bucket", "$policy", "$file", "$", ""]))
LIMITS = st.one_of(
    st.integers(-1, 41),
    st.integers(-1, 41).map(str),
    st.sampled_from(
        ["", " 1", "+1", "1 ", "a", "1e3", "0x1", "1_0", 0.5, None, True, [1], 6 * 10**9, 2**63 - 1, 2**63]
    ),
)
TESTS = st.tuples(st.sampled_from(["eq", "EQ", "starts-with", "Starts-With"]), SIDES, SIDES | LITERALS).map(json.dumps)
RANGES = st.builds(ContentLengthRange, st.integers(0, SIZE + 1), st.integers(SIZE - 1, 40)).map(
    lambda range_: range_.json
)
OBJECTS = st.dictionaries(NAMES | TEXT, VALUES | LITERALS, max_size=2).map(json.dumps)
ODD = st.one_of(
    st.tuples(st.sampled_from(["content-length-range", "Content-Length-Range"]), LIMITS, LIMITS).map(json.dumps),
    st.lists(SIDES, max_size=4).map(json.dumps),
    st.sampled_from(["{}", "[]", "1", "null", "true", '"x"', '["ends-with", "$key", "a"]', '["eq ", "$key", "a"]']),
    st.sampled_from(['{"key": "a", "key": "b"}', '{"key": "b", "key": "a"}', '[["eq"], "$key", "a"]']),
)
CONDITIONS = st.one_of(NAMES.flatmap(about).map(lambda about_it: about_it.json), TESTS, RANGES, OBJECTS, ODD)
COVERS: list[Callable[[str, str], str]] = [
    lambda name, value: Eq(name, value).json,
    lambda name, value: StartsWith(name, value[:2]).json,
    lambda name, _: StartsWith(name, "").json,
    lambda name, value: json.dumps(["eq", f"${name}", value]),
    lambda name, value: json.dumps(["eq", f"${name}", value.strip()]),
    lambda name, value: json.dumps(["eq", f"${name}", value + "x"]),
]
"""What may be said of a field that the form has. The last is not true."""


@dataclass(frozen=True)
class Draft:
    """A policy, mostly one that its form meets, and the form."""

    key: str
    fields: Form
    covers: list[Callable[[str, str], str]]
    conditions: list[str]
    life: int
    size: int
    region: str

    def texts(self) -> Iterator[str]:
        """The conditions' JSON: one for each field, then others."""
        fields = [("key", self.key), *self.fields]
        yield from (cover(name, value) for cover, (name, value) in zip(self.covers, fields, strict=False))
        yield from self.conditions


DRAFTS = st.builds(
    Draft,
    st.sampled_from(["a", "a", "a", " a ", "x/${filename}", "${filename}${filename}", "é/ü", ""]) | TEXT,
    st.lists(FIELDS, max_size=3),
    st.lists(st.sampled_from(COVERS), min_size=4, max_size=4),
    st.lists(CONDITIONS, max_size=1),
    LIVES,
    SIZES,
    st.sampled_from(["us-east-1", "eu-central-1", ""]),
)


@RUN
@given(draft=DRAFTS)
def test_any_policy_gets_the_same_answer(rgw_bucket: Bucket, draft: Draft) -> None:
    """Whatever a signed policy says, well-formed or not, `evaluate` answers as RGW does."""
    check_policy(rgw_bucket, draft)


def check_policy(bucket: Bucket, draft: Draft) -> None:
    conditions = [Eq("bucket", bucket.name).json, *[condition.json for condition in COVERED], *draft.texts()]
    text = document(conditions, f'"{moment(draft.life):%Y-%m-%dT%H:%M:%SZ}"')
    form = signed(text.encode(), [("key", draft.key), *draft.fields], credentials(bucket), draft.region)
    same_answers(bucket, form, draft.size)


# --- documents, and where we are stricter ---------------------------------------------------------------------------

BUCKET = "THE-BUCKET"
"""Stands for the bucket's name in a document."""
CONDITIONS_OF_A = [Eq("bucket", BUCKET).json, Eq("key", "a").json, *[condition.json for condition in COVERED]]
FUTURE = '"2199-12-31T23:59:59Z"'
GOOD = document(CONDITIONS_OF_A, FUTURE)
PAST = '"2001-01-01T00:00:00Z"'


def with_member(text: str) -> str:
    """A good policy with one more member, which nobody asks for."""
    return f"{GOOD[:-1]}, {text}}}"


def expiring(text: str) -> str:
    return document(CONDITIONS_OF_A, text)


def signed_for(bucket: Bucket, policy: str, *fields: tuple[str, str]) -> Form:
    text = policy.replace(BUCKET, bucket.name).encode(errors="surrogateescape")
    return signed(text, [("key", "a"), *fields], credentials(bucket))


DOCUMENTS = [
    *[GOOD, with_member('"version": "1"'), f" \r\n\t{GOOD}", with_member(f'"x": {"[" * 200}{"]" * 200}')],
    *["", "{}", "[]", "null", "1", '"x"', "true", "hello", GOOD[:-1], GOOD[:-2], GOOD.replace('"', "'")],
    *[f"\ufeff{GOOD}", f"\0{GOOD}", f"/* x */{GOOD}", f"// x\n{GOOD}"],
    *[with_member(f'"x": {text}') for text in ("NaN", "Infinity", "-", "TRUE", "nul", "'a'")],
    *[GOOD.replace("expiration", "Expiration"), GOOD.replace("conditions", "Conditions")],
    *[f'{{"conditions": [{", ".join(CONDITIONS_OF_A)}]}}', f'{{"expiration": {FUTURE}}}'],
    *[f'{{"expiration": {PAST}, {GOOD[1:]}', with_member(f'"expiration": {PAST}')],  # the first one counts
    *[document([text], PAST) for text in ("", '{"a": "b"}', "[]")],  # malformed comes before expired
    *[expiring(text) for text in ("null", "1", "true", "[]", "{}", '""', '"tomorrow"', f"[{FUTURE}]", PAST)],
    *[expiring(f'"2199-12-31{text}"') for text in ("", "T23:59Z", "t23:59:59Z", "T23:59:59z", "T24:00:00Z")],
    *[expiring(f'"2199-12-31T23:59:59{text}"') for text in (".999Z", "+00:00", "Zjunk")],
    *[expiring(f'"{text}T23:59:59Z"') for text in ("2199-13-01", "12199-12-31", "2199-00-01", "21991231")],
]


@pytest.mark.parametrize("policy", DOCUMENTS)
def test_any_document_gets_the_same_answer(rgw_bucket: Bucket, policy: str) -> None:
    """A policy that is not quite one, though signed, is answered by `evaluate` as RGW answers it."""
    same_answers(rgw_bucket, signed_for(rgw_bucket, policy), SIZE)


PHOTO = ("x-amz-meta-a", FILENAME)
RARE = [
    # of an object with several members one is looked at: the first by its name
    *[('{"key": "a", "bucket": "no"}',), ('{"x": "no", "key": "a"}',), ('{"key": "no", "x": "a"}',)],
    *[('{"x-amz-meta-a": ["a", 1]}', ("x-amz-meta-a", '["a",1]')), ('{"x-amz-meta-a": 1}', ("x-amz-meta-a", "1"))],
    # only the first ${filename} of a key is replaced, and in no other field
    ('["eq", "$key", "photo.png-${filename}"]', ("key", "${filename}-${filename}")),
    ('["eq", "$key", "photo.png-photo.png"]', ("key", "${filename}-${filename}")),
    *[('["eq", "$x-amz-meta-a", "${filename}"]', PHOTO), ('["eq", "$x-amz-meta-a", "photo.png"]', PHOTO)],
    # a side may be a field or a literal
    *[('["eq", "$x-amz-meta-a", "$key"]', ("x-amz-meta-a", "a")), ('["eq", "$x-amz-meta-a", "$key"]', PHOTO)],
    *[('["eq", "a", "$key"]',), ('["eq", "b", "$key"]',), ('["starts-with", "abc", "$key"]',), ('["eq", "x", "x"]',)],
    *[('["eq", "$absent", ""]',), ('{"absent": ""}',), ('["eq", "$ key", "a"]',), ('["eq", "$$key", "a"]',)],
]


@pytest.mark.parametrize("case", RARE)
def test_rare_conditions_get_the_same_answer(
    rgw_bucket: Bucket, case: tuple[str, *tuple[tuple[str, str], ...]]
) -> None:
    """What random policies seldom reach: one more condition in a good policy, beside fields added to the form."""
    condition, *fields = case
    rest: list[Condition] = [Eq("bucket", BUCKET), StartsWith("key", ""), *COVERED]
    policy = document([*[about_it.json for about_it in rest], condition], FUTURE)
    same_answers(rgw_bucket, signed_for(rgw_bucket, policy, *fields), SIZE)


@pytest.mark.parametrize("encoded", ["!!!!", "e3 0=", "e30", "e30=\n", "e30=", "*30=", "é30=", " e30=", ""])
def test_any_encoding_gets_the_same_answer(rgw_bucket: Bucket, encoded: str) -> None:
    """A policy that is no base64, though signed, is answered by `evaluate` as RGW answers it."""
    form = dict(signed_for(rgw_bucket, GOOD)) | {"policy": encoded}
    scope = form["x-amz-credential"].partition("/")[2]
    key = signing_key(rgw_bucket.server.secret_key, scope)
    form["x-amz-signature"] = digest(key, encoded.encode(), "sha256").hex()
    same_answers(rgw_bucket, list(form.items()), SIZE)


SIGNED_SCOPE = "20300101/us-east-1/s3/aws4_request"
SCOPES = [
    *["", "20300101", "20300101/us-east-1", "20300101/us-east-1/s3", "20300101/us-east-1/s3/x", SIGNED_SCOPE],
    *[f"{SIGNED_SCOPE}/x", f"/{SIGNED_SCOPE}", f"{SIGNED_SCOPE} ", "20300101/us-east-1/sqs/aws4_request"],
]


@pytest.mark.parametrize("scope", SCOPES)
def test_any_scope_gets_the_same_answer(rgw_bucket: Bucket, scope: str) -> None:
    """Whatever a credential says after its access key, `evaluate` answers as RGW does when asked for no region."""
    form = dict(signed_for(rgw_bucket, GOOD)) | {"x-amz-credential": f"{rgw_bucket.server.access_key}/{scope}"}
    key = signing_key(rgw_bucket.server.secret_key, SIGNED_SCOPE)
    form["x-amz-signature"] = digest(key, form["policy"].encode(), "sha256").hex()
    same_answers(rgw_bucket, list(form.items()), SIZE)


ACCEPTED, MALFORMED, REFUSED = StoreAnswer(204), StoreAnswer(400, "InvalidArgument"), StoreAnswer(403, "AccessDenied")
CONDITIONS_IN_AN_OBJECT = ", ".join(f'"{number}": {text}' for number, text in enumerate(CONDITIONS_OF_A))
STRICTER = [
    # JSON is what the standard says
    *[GOOD + "junk", GOOD[:-1] + ",}"],
    *[with_member(f'"x": {text}') for text in ('"\\q"', '"\n"', '"\udcff"', "01", "1.", ".5", "+1")],
    # a time is written in the one way that AWS documents, and exists
    *[expiring(f'"{text}"') for text in ("2199-12-31T23:59:59", "2199-12-31 23:59:59Z", "2199-1-1T0:0:0Z")],
    *[expiring(f'"{text}"') for text in (" 2199-12-31T23:59:59Z", "2199-02-31T23:59:59Z", "2199-12-31T23:59:60Z")],
    # conditions are a list
    f'{{"expiration": {FUTURE}, "conditions": {{{CONDITIONS_IN_AN_OBJECT}}}}}',
]


@pytest.mark.parametrize("policy", STRICTER)
def test_evaluate_refuses_documents_that_only_rgw_can_read(rgw_bucket: Bucket, policy: str) -> None:
    """RGW's parser is laxer than standards and AWS: `evaluate` is not, and no policy of ours comes near."""
    form = signed_for(rgw_bucket, policy)
    assert (our_answer(rgw_bucket, form, SIZE), rgw_answer(rgw_bucket, form, SIZE)) == (MALFORMED, ACCEPTED)


@pytest.mark.parametrize(
    ("policy", "ours", "rgws"),
    [
        (with_member(f'"x": {2**64}'), ACCEPTED, MALFORMED),
        (expiring('"1969-12-31T23:59:59Z"'), REFUSED, ACCEPTED),
        (f'{{"expiration": {FUTURE}, "conditions": null}}', MALFORMED, REFUSED),
    ],
)
def test_other_documents_that_rgw_reads_differently(
    rgw_bucket: Bucket, policy: str, ours: StoreAnswer, rgws: StoreAnswer
) -> None:
    """The rest of the known differences: integers over 64 bits, times before 1970, and no conditions at all."""
    form = signed_for(rgw_bucket, policy)
    assert (our_answer(rgw_bucket, form, SIZE), rgw_answer(rgw_bucket, form, SIZE)) == (ours, rgws)


def test_rgw_does_not_read_characters_beyond_the_basic_plane(rgw_bucket: Bucket) -> None:
    """RGW 16 cannot decode what JSON writes as two \\u escapes, so that such a value never matches there."""
    name, value = "x-amz-meta-a", "\N{GRINNING FACE}"
    form = signed_for(rgw_bucket, document([*CONDITIONS_OF_A, Eq(name, value).json], FUTURE), (name, value))
    assert (our_answer(rgw_bucket, form, SIZE), rgw_answer(rgw_bucket, form, SIZE)) == (ACCEPTED, REFUSED)


def test_rgw_still_takes_signature_version_2(rgw_bucket: Bucket) -> None:
    """A form signed with SHA-1 is accepted by RGW, and by nothing of ours."""
    server = rgw_bucket.server
    policy = b64encode(document([Eq("bucket", rgw_bucket.name).json, Eq("key", "a").json], FUTURE).encode())
    signature = b64encode(digest(server.secret_key.encode(), policy, "sha1")).decode()
    form = [("key", "a"), ("AWSAccessKeyId", server.access_key), ("policy", policy.decode()), ("signature", signature)]
    assert (our_answer(rgw_bucket, form, SIZE), rgw_answer(rgw_bucket, form, SIZE)) == (REFUSED, ACCEPTED)


def test_rgw_counts_the_form_into_the_largest_size(rgw_bucket: Bucket) -> None:
    """A file of exactly 5 GiB, which AWS and `evaluate` take, is one that RGW refuses for the bytes of its form."""
    form = signed_for(rgw_bucket, GOOD)
    body, content_type = urllib3.encode_multipart_formdata([*form, ("file", (FILENAME, b""))])
    where = urllib3.util.parse_url(rgw_bucket.server.endpoint_url)
    connection = http.client.HTTPConnection(where.host or "", where.port, timeout=60)
    connection.putrequest("POST", f"/{rgw_bucket.name}")
    connection.putheader("Content-Type", content_type)
    connection.putheader("Content-Length", str(MAX_SIZE + len(body)))
    connection.endheaders(body[: body.index(b"\r\n\r\n", body.index(FILENAME.encode())) + 4])
    with closing(connection):
        answer = connection.getresponse().read()  # given at once: it does not wait for the bytes
    assert b"<Code>EntityTooLarge</Code>" in answer
    assert our_answer(rgw_bucket, form, MAX_SIZE) == ACCEPTED
