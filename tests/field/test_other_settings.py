"""Two processes of one ledger with different settings, each valid, which lose something between them.

Reported of others: processes that each have a secret of their own, so that what one has signed the next refuses
(hedyorg/hedy pull request 280, astronomer/airflow-chart 171). Ours: an upload that a worker without
`VALETKEY_WEBHOOK_URL` ended was announced to nobody, and no log had a word of it.
"""

import base64
import logging
from typing import Any

import pytest
from tests.field.desk import MakeDesk
from tests.support.stores import Bucket

from valetkey.settings import MADE_FOR_A_RUN

SECRETS = tuple(f"whsec_{base64.b64encode(bytes([n]) * 32).decode()}" for n in range(2))
HOOK = {"webhook_url": "https://hooks.example/uploads?token=secret-of-ours", "webhook_secrets": SECRETS[:1]}
OLD, NEW = "o" * 40, "n" * 40


def warnings(caplog: pytest.LogCaptureFixture, make_desk: MakeDesk, bucket: Bucket, **settings: Any) -> list[str]:
    """What a process with these settings says at its start of other processes'."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, "valetkey"):
        make_desk(bucket, **settings).valetkey.begin()
    return [text for record in caplog.records if "process that started" in (text := record.getMessage())]


@pytest.mark.parametrize(
    "differing",
    [
        ("WEBHOOK_URL", HOOK, {}),
        ("WEBHOOK_URL", HOOK, {**HOOK, "webhook_url": "https://hooks.example/others"}),
        ("WEBHOOK_SECRETS", HOOK, {**HOOK, "webhook_secrets": SECRETS[1:]}),
        ("SECRET_KEYS", {}, {"secret_keys": (NEW,)}),
        ("SWEEP_GRACE", {}, {"sweep_grace": 60}),
        ("LEDGER_RETENTION", {}, {"ledger_retention": 86_400}),
    ],
)
def test_processes_whose_settings_differ_say_so(
    moto_bucket: Bucket,
    make_desk: MakeDesk,
    caplog: pytest.LogCaptureFixture,
    differing: tuple[str, dict[str, Any], dict[str, Any]],
) -> None:
    """At the start, by name and with what comes of it, and without a secret; who agrees is silent."""
    name, one, other = differing
    assert warnings(caplog, make_desk, moto_bucket, **one) == []
    assert warnings(caplog, make_desk, moto_bucket, **one) == []
    said = warnings(caplog, make_desk, moto_bucket, **other)
    assert any(f"VALETKEY_{name} differs from that of a process" in text for text in said), said
    assert not any(secret in text for text in said for secret in (*SECRETS, "secret-of-ours", OLD, NEW))


def test_keys_that_are_replaced_one_after_the_other(
    moto_bucket: Bucket, make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """As the manual has it: each process accepts what any other one signs, so nothing is to be said."""
    for keys in ((OLD,), (OLD, NEW), (NEW, OLD), (NEW,)):
        assert warnings(caplog, make_desk, moto_bucket, secret_keys=keys) == []


def test_keys_of_one_run_are_no_other_processs_business(
    moto_bucket: Bucket, make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """`valetkey dev` makes some at each start, and its ledger may stay: the next start is told nothing of the last, nor
    is whoever has keys of its own."""
    for key in (OLD, MADE_FOR_A_RUN + OLD, MADE_FOR_A_RUN + NEW, OLD):
        assert warnings(caplog, make_desk, moto_bucket, secret_keys=(key,)) == []


def test_an_application_without_a_start_says_it_with_its_first_upload(
    moto_bucket: Bucket, make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """A server imports it, and calls nothing of ours."""
    make_desk(moto_bucket, **HOOK).create(5)
    with caplog.at_level(logging.WARNING, "valetkey"):
        make_desk(moto_bucket).create(5)
    assert any("VALETKEY_WEBHOOK_URL differs from" in record.getMessage() for record in caplog.records)
