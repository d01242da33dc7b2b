"""Stores in `valetkey.toml`: what is read, what is refused, and where their credentials come from."""

import json
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from flask import Flask
from tests.e2e.rgw_events import created_event
from tests.support.servers import free_port
from tests.support.stores import Bucket

from valetkey import ValetKey
from valetkey.adapters.s3 import CredentialSource, S3Settings, S3Store, static_keys
from valetkey.adapters.s3.roles import CannotAssumeRole, _Fetched
from valetkey.app import Installed, create_app, installed_in, require_fit
from valetkey.background import loops
from valetkey.core.errors import ConfigurationError, StoreUnavailable
from valetkey.core.granting.grants import GrantMaker
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Upload, UploadState, new_upload_id
from valetkey.core.ports.health import StoreProof
from valetkey.core.stores import NamedStore
from valetkey.doctor.checks import Check, Group
from valetkey.doctor.events import wanted
from valetkey.doctor.findings import failed
from valetkey.doctor.places import Place, at_store
from valetkey.doctor.running import run_groups
from valetkey.doctor.visit import Visit
from valetkey.opening import event_places, open_stores, s3_settings, s3_settings_of
from valetkey.settings import Settings, load_config, load_profiles
from valetkey.testing import MemoryValetKey, memory
from valetkey.testing.contracts.samples import new_upload
from valetkey.worker import CheckLoop, CleanLoop, QueueLoop, SweepLoop

ROLE = "arn:aws:iam::123456789012:role/uploads"


def config(folder: Path, text: str) -> Path:
    path = folder / "valetkey.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[stores.eu]\nregion = "x"', r"stores.eu.bucket: Field required"),
        ('[stores.eu]\nbucket = "ab"', "stores.eu.bucket"),
        ('[stores.eu]\nbucket = "abc"\nregoin = "x"', "stores.eu.regoin: Extra inputs"),
        ('[stores.eu]\nbucket = "abc"\nendpoint_url = "s3.example"', "must be an http or https URL"),
        ('[stores.eu]\nbucket = "abc"\nendpoint_url = "https://a:b@s3.example"', "must have no user"),
        ('[stores.eu]\nbucket = "abc"\nsse_kms_key_id = "a\\nb"', "sse_kms_key_id"),
        ('[stores.eu]\nbucket = "abc"\nendpoint_url = "https://s3.example:99999"', "Port out of range"),
        ('[stores.eu]\nbucket = "abc"\nendpoint_url = "https://s3.example/abc"', "has the bucket 'abc' in its path"),
        ('[stores.eu]\nbucket = "abc"\nlacks = ["posts"]', "stores.eu.lacks"),
        ('[stores.eu]\nbucket = "abc"\nprefix = "eu"', "must be segments that end in '/'"),
        ('[stores.eu]\nbucket = "abc"\nprefix = "/eu/"', "must be segments that end in '/'"),
        ('[stores.eu]\nbucket = "abc"\nstaging_prefix = "../"', "must be segments that end in '/'"),
        ('[stores.eu]\nbucket = "abc"\nprefix = "größe/"', "must be segments that end in '/'"),
        (f'[stores.eu]\nbucket = "abc"\nprefix = "{"a/" * 101}"', "with up to 200 characters"),
        ('[stores.eu]\nbucket = "abc"\nevents = ["kafka"]', "there is no sender 'kafka'"),
        ('[stores.eu]\nbucket = "abc"\nexternal_id = "x"', "external_id requires a role_arn"),
        ('[stores."e u"]\nbucket = "abc"', "'e u' is not a valid name of a store"),
        ('[stores_by_owner]\n"acme-*" = "eu"', "'acme-.*' names the store 'eu', which is not configured"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """The error names the file, the table, and what is wrong."""
    with pytest.raises(ConfigurationError, match=said):
        load_config(config(tmp_path, text))


def test_secrets_of_a_store_are_not_shown(tmp_path: Path) -> None:
    """An external id is a secret."""
    path = config(tmp_path, f'[stores.eu]\nbucket = "abc"\nrole_arn = "{ROLE}"\nexternal_id = "hush-hush"')
    assert "hush-hush" not in repr(load_config(path))


def test_the_first_pattern_that_fits_counts(tmp_path: Path) -> None:
    """Patterns are like a shell's, case-sensitive, in the order of the file."""
    text = '[stores.eu]\nbucket = "abc"\n[stores_by_owner]\n"acme-7" = "default"\n"acme-*" = "eu"\n"?" = "eu"'
    found = load_config(config(tmp_path, text))
    owners = {owner: found.store_for(owner, "any") for owner in ("acme-7", "acme-8", "ACME-8", "a", "ab", "")}
    assert owners == {"acme-7": "default", "acme-8": "eu", "ACME-8": None, "a": "eu", "ab": None, "": None}


@pytest.fixture
def named(settings: Settings, moto_bucket: Bucket, tmp_path: Path) -> Callable[[str], Settings]:
    """Settings with the store `default` on moto, and other stores in a toml; `{server}` is moto's URL."""

    def make(text: str) -> Settings:
        path = config(tmp_path, text.replace("{server}", moto_bucket.server.endpoint_url))
        return settings.model_copy(update={"config": path})

    return make


def session_of(bucket: Bucket) -> boto3.Session:
    server = bucket.server
    return boto3.Session(server.access_key, server.secret_key, region_name=server.region)


OTHER = '[stores.other]\nbucket = "other"\nendpoint_url = "{server}"\n'


def test_settings_without_stores_are_the_one_store(settings: Settings, moto_bucket: Bucket) -> None:
    """It is called `default`."""
    [only] = open_stores(settings, session_of(moto_bucket))
    assert (only.name, only.store.bucket, only.prefix, only.staging_prefix) == ("default", moto_bucket.name, "", "")


def test_the_settings_and_the_toml_are_not_both_the_default(
    named: Callable[[str], Settings], moto_bucket: Bucket
) -> None:
    """It would be ambiguous which of them is meant."""
    with pytest.raises(ConfigurationError, match=r"VALETKEY_BUCKET and \[stores.default\] are the same store"):
        open_stores(named(OTHER.replace("stores.other", "stores.default")), session_of(moto_bucket))


def test_a_bucket_is_missing_only_where_there_is_no_store(
    named: Callable[[str], Settings], moto_bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Credentials in the environment are required only if a store uses them."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    (tmp_path / "credentials").write_text("[other]\naws_access_key_id = k\naws_secret_access_key = s\n")
    none = boto3.Session()
    monkeypatch.setattr(none, "get_credentials", lambda: None)
    without = named(OTHER + 'aws_profile = "other"').model_copy(update={"bucket": None})
    require_fit(without, none, allow_open=True)
    with pytest.raises(ConfigurationError, match="AWS_ACCESS_KEY_ID"):
        require_fit(named(OTHER).model_copy(update={"bucket": None}), none, allow_open=True)
    with pytest.raises(ConfigurationError, match="VALETKEY_BUCKET"):
        require_fit(named("").model_copy(update={"bucket": None}), none, allow_open=True)


def test_a_profile_that_names_no_store_is_refused(named: Callable[[str], Settings], moto_bucket: Bucket) -> None:
    """The error comes when the application is created, not with a client's request."""
    with pytest.raises(ConfigurationError, match=r"'x' names the store 'mars', which is not configured"):
        create_app(named(OTHER + '[profiles.x]\nstore = "mars"'), session_of(moto_bucket), allow_open=True)


def mounted_on(settings: Settings, bucket: Bucket, **said: Any) -> tuple[Flask, Installed]:
    app = Flask("shop")
    ValetKey(app, settings=settings, session=session_of(bucket), allow_open=True, **said)
    installed = installed_in(app)
    installed.ledger.migrate()
    return app, installed


def test_a_function_chooses_the_store(named: Callable[[str], Settings], moto_bucket: Bucket) -> None:
    """It replaces the rule by owner, and is called with owner and profile."""
    asked: list[tuple[str, str]] = []

    def store_for(owner: str, profile: str) -> str | None:
        asked.append((owner, profile))
        return "other" if owner == "acme" else None

    settings = named(OTHER + '[stores_by_owner]\n"*" = "other"')
    app, installed = mounted_on(settings, moto_bucket, store_for=store_for)
    made = {}
    for owner in ("acme", "globex"):
        body = {"filename": "f", "content_type": "text/plain", "size": 1, "owner": owner}
        made[owner] = app.test_client().post("/v1/uploads", json=body).get_json()["upload"]["id"]
    assert asked == [("acme", "default"), ("globex", "default")]
    stores = [upload.store for name in made if (upload := installed.ledger.get(made[name])) is not None]
    assert stores == ["other", "default"]


def test_the_worker_has_a_loop_for_each_store(named: Callable[[str], Settings], moto_bucket: Bucket) -> None:
    """So no store waits for another."""
    _, installed = mounted_on(named(OTHER), moto_bucket)
    made = loops(installed, installed.settings, session_of(moto_bucket))
    kinds = CheckLoop, SweepLoop, CleanLoop
    assert [sum(isinstance(loop, kind) for loop in made) for kind in kinds] == [2, 2, 2]


def test_stores_in_memory(named: Callable[[str], Settings], moto_bucket: Bucket) -> None:
    """An application's tests see each store separately, under its name, and need none of them."""
    settings = named(OTHER + 'prefix = "kept/"\n[profiles.second]\nstore = "other"')
    app, _ = mounted_on(settings, moto_bucket)
    with memory(app) as valetkey:
        client = valetkey.client()
        first, second = client.upload(b"x"), client.upload(b"y", profile="second")
        assert [one["state"] for one in (first, second)] == ["confirmed", "confirmed"]
        assert valetkey.stores["default"].keys() == [first["object"]["key"]]
        assert valetkey.stores["other"].keys() == [second["object"]["key"]]
        assert second["object"]["key"].startswith("kept/uploads/")
    alone = MemoryValetKey(Flask("part"), profiles={"docs": Profile("docs", store="us")})
    done = alone.client().upload(b"z", profile="docs")
    assert alone.stores["us"].keys() == [done["object"]["key"]]
    assert alone.store.keys() == []


def test_the_generated_names_are_those_of_the_toml(tmp_path: Path) -> None:
    """The names in profiles are those of the toml."""
    path = config(tmp_path, '[stores.eu]\nbucket = "abc"\n[profiles.docs]\nstore = "eu"')
    assert load_profiles(path)["docs"] == Profile("docs", store="eu")


def test_doctor_tries_one_of_them(named: Callable[[str], Settings], moto_bucket: Bucket) -> None:
    """It examines one store as if it were the only one; if there are several, it asks which."""
    session = session_of(moto_bucket)
    more = '[stores.kept]\nbucket = "kept"\nprefix = "kept/"\nstaging_prefix = "in/"\nevents = ["minio"]\n'
    text = OTHER + 'region = "eu-west-1"\nlacks = ["post"]\n' + more
    settings = named(text)
    assert at_store(settings, session, None) == Place(settings, session)
    assert at_store(settings, session, "default") == Place(settings, session)
    found = at_store(settings, session, "other").settings
    assert (found.bucket, found.s3_region, found.s3_lacks) == ("other", "eu-west-1", ("post",))
    assert s3_settings(found).place == s3_settings_of(settings, "other").place
    kept = at_store(settings, session, "kept")
    assert (kept.prefix, kept.staging_prefix, kept.senders) == ("kept/", "in/", frozenset({"minio"}))
    with pytest.raises(ConfigurationError, match=r"no store 'mars' here. There are: default, kept, other\."):
        at_store(settings, session, "mars")
    without = settings.model_copy(update={"bucket": None})
    with pytest.raises(ConfigurationError, match="--store kept or --store other"):
        at_store(without, session, None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Set VALETKEY_S3_REGION=eu-west-1.", 'Set region = "eu-west-1" of [stores.other].'),
        (
            "Nothing to do: VALETKEY_S3_LACKS=post says it.",
            'Nothing to do: lacks = ["post"] of [stores.other] says it.',
        ),
        ("Check VALETKEY_EVENTS_SQS_QUEUE_URL.", "Check events_sqs_queue_url of [stores.other]."),
        ("Check VALETKEY_BUCKET.", "Check bucket of [stores.other]."),
        ("Set VALETKEY_S3_GRANT_ACCESS_KEY_ID to a key.", "Set grant_aws_profile of [stores.other] to a key."),
        ("Give it more (VALETKEY_WORKER_THREADS).", "Give it more (VALETKEY_WORKER_THREADS)."),
    ],
)
def test_doctor_names_the_settings_of_a_store(
    said: str, expected: str, named: Callable[[str], Settings], moto_bucket: Bucket
) -> None:
    """It uses their names in the toml; the environment's store and the settings for all stores keep their names."""

    def told(name: str) -> str:
        place = at_store(named(OTHER), session_of(moto_bucket), name)
        visit = Visit(place.settings, DOCS, place.session, table=place.table)
        check = Check("check", lambda _: iter([failed("check", "It is wrong.", said)]))
        [found] = run_groups(visit, [Group("store", (check,))])
        return found.action

    assert told("other") == expected
    assert told("default") == said


def test_what_was_proven_is_known_of_its_store_alone(named: Callable[[str], Settings], moto_bucket: Bucket) -> None:
    """The findings about one store do not affect another, and settings take precedence."""
    settings = named(OTHER)
    _, installed = mounted_on(settings, moto_bucket)
    place = s3_settings_of(settings, "other").place
    learned = {"post": False, "conditional_copy": True}
    installed.ledger.record_proof(StoreProof(place, learned, {}, datetime.now(UTC)))
    installed.read_proofs()
    known = {one.name: one.store.capabilities for one in installed.core.stores}
    assert (known["other"].post, known["other"].conditional_copy) == (False, True)
    assert (known["default"].post, known["default"].conditional_copy) == (True, False)


# --- credentials ---


@pytest.fixture
def credentials_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "credentials"
    path.write_text(
        "[eu]\naws_access_key_id = of-eu\naws_secret_access_key = s\n"
        "[passing]\naws_access_key_id = k\naws_secret_access_key = s\naws_session_token = t\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    return path


def test_credentials_of_a_profile(credentials_file: Path, moto_bucket: Bucket) -> None:
    """They are used even if the environment or a given session has others."""
    settings = S3Settings("bucket", source=CredentialSource(profile="eu"))
    assert S3Store(settings, session_of(moto_bucket)).credentials().access_key == "of-eu"
    with pytest.raises(ConfigurationError, match="mars"):
        S3Store(S3Settings("bucket", source=CredentialSource(profile="mars")))


def test_keys_for_grants_of_a_profile(credentials_file: Path) -> None:
    """Temporary ones are refused, as they are not renewed."""
    assert static_keys("eu") == ("of-eu", "s")
    with pytest.raises(ConfigurationError, match="temporary"):
        static_keys("passing")


def source(bucket: Bucket, **said: Any) -> CredentialSource:
    return CredentialSource(role_arn=ROLE, sts_endpoint_url=bucket.server.endpoint_url, **said)


def assuming(bucket: Bucket, **said: Any) -> tuple[S3Store, list[dict[str, Any]]]:
    """A store whose role is assumed at moto's STS, and the requests to STS."""
    session, asked = session_of(bucket), list[dict[str, Any]]()
    session.events.register("provide-client-params.sts.AssumeRole", lambda params, **_: asked.append(params))
    settings = S3Settings(bucket.name, endpoint_url=bucket.server.endpoint_url, source=source(bucket, **said))
    return S3Store(settings, session), asked


def test_a_role_is_assumed(moto_bucket: Bucket) -> None:
    """It is assumed when it is first needed, with the external id; no grant outlasts its session."""
    store, asked = assuming(moto_bucket, external_id="shared-word")
    assert asked == []
    store.check()
    [params] = asked
    assert (params["RoleArn"], params["ExternalId"]) == (ROLE, "shared-word")
    now = datetime.now(UTC)
    credentials = store.credentials()
    assert credentials.token is not None
    assert credentials.expires_at is not None
    assert timedelta(minutes=50) < credentials.expires_at - now <= timedelta(hours=1, seconds=5)
    profile = Profile("default", expires_in=timedelta(hours=12))
    grant = GrantMaker(store, lambda: "https://uploads.example").post(new_upload(now), profile.rules, now)
    assert grant.expires_at <= credentials.expires_at
    assert grant.fields["x-amz-security-token"] == credentials.token


def test_a_role_is_assumed_again_before_it_ends(moto_bucket: Bucket) -> None:
    """botocore's own margin applies."""
    store, asked = assuming(moto_bucket)
    first = store.credentials()
    own: Any = store._clients.credentials()
    soon = datetime.now(UTC) + timedelta(minutes=5)
    vars(own)["_expiry_time"] = soon
    for kept in own._refresh_using._fetch.__self__._cache.values():
        kept["Credentials"]["Expiration"] = soon.isoformat()
    second = store.credentials()
    assert second.access_key != first.access_key
    assert second.expires_at is not None
    assert second.expires_at > datetime.now(UTC) + timedelta(minutes=50)
    assert "ExternalId" not in asked[0]


def test_a_role_that_cannot_be_assumed(moto_bucket: Bucket) -> None:
    """The service starts, and requests for the store get the error: other stores may work."""
    away = CredentialSource(role_arn=ROLE, sts_endpoint_url=f"http://127.0.0.1:{free_port()}")
    settings = S3Settings(moto_bucket.name, endpoint_url=moto_bucket.server.endpoint_url, source=away)
    store = S3Store(settings, session_of(moto_bucket))
    for ask in (store.check, store.credentials, lambda: store.head(f"staging/{new_upload_id()}")):
        with pytest.raises(StoreUnavailable, match="CannotAssumeRole"):
            ask()


def test_a_refusal_of_sts_is_no_missing_object() -> None:
    """Whatever STS responds, an upload must not end as if its bytes were missing. STS is asked only once in a while."""
    calls: list[str] = []

    def refuse() -> None:
        calls.append("asked")
        answer: Any = {"Error": {"Code": "NoSuchEntity"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
        raise ClientError(answer, "AssumeRole")

    fetched = _Fetched(refuse, ROLE)
    for _ in range(3):
        with pytest.raises(CannotAssumeRole):
            fetched()
    assert calls == ["asked"]


def test_the_terms_of_a_store_hold_no_secret(moto_bucket: Bucket) -> None:
    """They are stored in the ledger, and logged."""
    store, _ = assuming(moto_bucket, external_id="shared-word")
    terms = NamedStore("eu", store, prefix="kept/", endpoint="https://s3.example").terms
    assert terms == f"bucket '{moto_bucket.name}' at https://s3.example in us-east-1, prefix 'kept/'"


# --- events ---

ONE_TOPIC = 'events_sns_topic_arns = ["arn:aws:sns:us-east-1:123456789012:one"]'
OURS, THEIRS = "the-secret-of-all-stores", "the-secret-of-one-of-them"
WITH_SENDER = OTHER + f'events_ceph_secret = "{THEIRS}"\n'
DOCS = {"default": Profile("default"), "docs": Profile("docs", store="other")}


@pytest.fixture
def sent(moto_bucket: Bucket) -> Iterator[Callable[[Flask, str], Upload]]:
    """Creates an upload of a profile whose bytes have arrived and were not reported."""
    moto_bucket.client.create_bucket(Bucket="other")

    def send(app: Flask, profile: str) -> Upload:
        body = {"filename": "f", "content_type": "text/plain", "size": 1, "profile": profile}
        made = app.test_client().post("/v1/uploads", json=body).get_json()["upload"]["id"]
        upload = installed_in(app).ledger.get(made)
        assert upload is not None
        moto_bucket.client.put_object(
            Bucket=upload.bucket,
            Key=upload.staging_key,
            Body=b"x",
            ContentType="text/plain",
            Metadata={"upload-id": upload.id},
        )
        return upload

    yield send
    for item in moto_bucket.client.list_objects_v2(Bucket="other").get("Contents", []):
        moto_bucket.client.delete_object(Bucket="other", Key=item["Key"])
    moto_bucket.client.delete_bucket(Bucket="other")


def told(app: Flask, secret: str, *uploads: Upload) -> Any:
    """The result of a Ceph delivery with this secret: its counts, or the code of its problem."""
    records = [created_event(one.bucket, one.staging_key, 1, "e")["Records"][0] for one in uploads]
    answer = app.test_client().post(f"/v1/events/ceph?secret={secret}", json={"Records": records}).get_json()
    return answer.get("code") or answer["confirmed"]


def test_a_secret_of_a_store_is_believed_for_it_alone(
    named: Callable[[str], Settings], moto_bucket: Bucket, sent: Callable[[Flask, str], Upload]
) -> None:
    """The endpoint is the same; the secret of all stores, or of another store, reports nothing for this one."""
    settings = named(WITH_SENDER).model_copy(update={"events_ceph_secret": OURS})
    app, _ = mounted_on(settings, moto_bucket, profiles=DOCS)
    here, there = sent(app, "default"), sent(app, "docs")
    assert told(app, "nobody-has-this-secret", here, there) == "sender_refused"
    assert told(app, THEIRS, here) == 0
    assert told(app, OURS, there) == 0
    assert told(app, THEIRS, here, there) == 1
    assert told(app, OURS, here, there) == 1


def test_doctor_sees_an_event_by_the_stores_own_sender(
    named: Callable[[str], Settings], moto_bucket: Bucket, sent: Callable[[Flask, str], Upload]
) -> None:
    """It counts under the sender's name that doctor expects, and no other."""
    settings = named(WITH_SENDER).model_copy(update={"events_ceph_secret": OURS})
    app, installed = mounted_on(settings, moto_bucket, profiles=DOCS)
    probe, now = sent(app, "docs")._replace(id=new_upload_id()), datetime.now(UTC)
    installed.ledger.open_event_probe(probe.id, now, now - timedelta(days=1))
    assert told(app, OURS, probe) == 0
    assert installed.ledger.events_seen(probe.id) == {}
    assert told(app, THEIRS, probe) == 0
    assert installed.ledger.events_seen(probe.id).keys() == {"ceph"}


def test_a_store_with_a_secret_where_all_have_none(
    named: Callable[[str], Settings], moto_bucket: Bucket, sent: Callable[[Flask, str], Upload]
) -> None:
    """Its endpoint exists; that of another sender does not."""
    app, _ = mounted_on(named(WITH_SENDER), moto_bucket, profiles=DOCS)
    assert told(app, THEIRS, sent(app, "docs")) == 1
    assert app.test_client().post("/v1/events/minio", json={}).get_json()["code"] == "sender_unknown"


def test_a_store_that_names_the_senders_of_all(
    named: Callable[[str], Settings], moto_bucket: Bucket, sent: Callable[[Flask, str], Upload]
) -> None:
    """They are accepted in addition to its own."""
    settings = named(WITH_SENDER + 'events = ["ceph"]\n').model_copy(update={"events_ceph_secret": OURS})
    app, _ = mounted_on(settings, moto_bucket, profiles=DOCS)
    assert [told(app, secret, sent(app, "docs")) for secret in (OURS, THEIRS)] == [1, 1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f'events_ceph_secret = "{OURS}"',
            r"events_ceph_secret of \[stores.other\] is the same as that of VALETKEY_EVENTS_CEPH",
        ),
        ('events_sqs_queue_url = "https://sqs.example/1/q"', "events_sqs_queue_url of"),
        (
            f'events_ceph_secret = "{THEIRS}"\n[stores.third]\nbucket = "third"\nevents_ceph_secret = "{THEIRS}"',
            r"of \[stores.third\] is the same as that of \[stores.other\]",
        ),
        (
            f'{ONE_TOPIC}\n[stores.third]\nbucket = "third"\n{ONE_TOPIC}',
            "events_sns_topic_arns of",
        ),
    ],
)
def test_what_nobody_could_tell_apart(
    text: str, said: str, named: Callable[[str], Settings], moto_bucket: Bucket
) -> None:
    """The same secret, topic or queue twice is refused at the start, and not shown."""
    given = {"events_ceph_secret": OURS, "events_sqs_queue_url": "https://sqs.example/1/q"}
    settings = named(OTHER + text).model_copy(update=given)
    with pytest.raises(ConfigurationError, match=said) as refused:
        mounted_on(settings, moto_bucket)
    assert OURS not in str(refused.value)
    assert THEIRS not in str(refused.value)


def test_a_topic_that_is_none_is_named_where_it_is_set(named: Callable[[str], Settings], moto_bucket: Bucket) -> None:
    """The error names the store's own table, or the environment."""
    with pytest.raises(
        ConfigurationError, match=r"^events_sns_topic_arns of \[stores.other\]: 'uploads' is not the ARN"
    ):
        mounted_on(named(OTHER + 'events_sns_topic_arns = ["uploads"]\n'), moto_bucket)
    wrong = named(OTHER).model_copy(update={"events_sns_topic_arns": ("uploads",)})
    with pytest.raises(ConfigurationError, match=r"^VALETKEY_EVENTS_SNS_TOPIC_ARNS: 'uploads' is not the ARN"):
        mounted_on(wrong, moto_bucket)


def test_a_delivery_of_another_topic_than_the_stores(named: Callable[[str], Settings], moto_bucket: Bucket) -> None:
    """The refusal names the place where the topics are set."""
    app, _ = mounted_on(named(OTHER + ONE_TOPIC), moto_bucket)
    headers = {"x-amz-sns-topic-arn": "arn:aws:sns:us-east-1:123456789012:another"}
    refused = app.test_client().post("/v1/events/sns", data=b"{}", headers=headers).get_json()
    assert refused["detail"].endswith("is not one of events_sns_topic_arns of [stores.other].")


def test_a_topic_that_is_listed_twice(settings: Settings, moto_bucket: Bucket) -> None:
    """It counts as one topic of one place."""
    topic = "arn:aws:sns:eu-west-1:123456789012:uploads"
    mounted_on(settings.model_copy(update={"events_sns_topic_arns": (topic, topic)}), moto_bucket)


def test_secrets_of_senders_are_not_shown(tmp_path: Path) -> None:
    """Secrets of a store's senders are not shown either."""
    text = WITH_SENDER.replace("{server}", "https://s3.example")
    assert THEIRS not in repr(load_config(config(tmp_path, text)))
    with pytest.raises(ConfigurationError) as refused:
        load_config(config(tmp_path, f"{text}regoin = 1\n"))
    assert THEIRS not in "".join(traceback.format_exception(refused.value))


def test_a_store_with_a_queue_of_its_own(
    named: Callable[[str], Settings], moto_bucket: Bucket, sent: Callable[[Flask, str], Upload]
) -> None:
    """The worker reads it with the store's credentials; its events count for that store only."""
    sqs: Any = session_of(moto_bucket).client("sqs", endpoint_url=moto_bucket.server.endpoint_url)
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("all", "one")]
    settings = named(f'{OTHER}events_sqs_queue_url = "{urls[1]}"\n').model_copy(
        update={"events_sqs_queue_url": urls[0], "worker_threads": 1}
    )
    app, installed = mounted_on(settings, moto_bucket, profiles=DOCS)
    here, there = sent(app, "default"), sent(app, "docs")
    for url, uploads in ((urls[0], [there]), (urls[1], [here, there])):
        records = [created_event(one.bucket, one.staging_key, 1, "e")["Records"][0] for one in uploads]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"Records": records}))
    found = [one for one in loops(installed, settings, session_of(moto_bucket)) if isinstance(one, QueueLoop)]
    assert len(found) == 4  # two for each queue, as there are several stores
    assert event_places(settings, installed.core.stores) == 4, "a place for each of them"
    for one in found[::2]:
        one._work(one._queue.receive(0))
    states = [now.state for one in (here, there) if (now := installed.ledger.get(one.id)) is not None]
    assert states == [UploadState.PENDING, UploadState.CONFIRMED]
    attributes = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] for url in urls]
    assert {one["ApproximateNumberOfMessagesNotVisible"] for one in attributes} == {"0"}


def test_doctor_waits_for_the_senders_of_a_store(named: Callable[[str], Settings], moto_bucket: Bucket) -> None:
    """It waits for the senders whose events count there, including the store's own, and checks their secrets."""
    given = {"events_ceph_secret": OURS, "events_minio_token": "the-token-of-all-stores"}
    settings = named(WITH_SENDER).model_copy(update=given)

    def visit_at(name: str) -> Visit:
        place = at_store(settings, session_of(moto_bucket), name)
        return Visit(place.settings, DOCS, place.session, place.prefix, place.staging_prefix, place.senders)

    assert wanted(visit_at("default")) == ["ceph", "minio"]
    assert wanted(visit_at("other")) == ["ceph"]
    assert visit_at("other").settings.events_ceph_secret == THEIRS
    assert THEIRS not in visit_at("other").redact(f"it is {THEIRS}")
