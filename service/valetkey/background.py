"""The part of the composition root for background work: workers, their loops, and sweeps started by hand."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import boto3
from flask import Flask

from valetkey.adapters.s3 import make_session
from valetkey.adapters.sqs import SqsQueue
from valetkey.adapters.sqs import make_client as make_sqs_client
from valetkey.adapters.webhooks import HttpWebhook
from valetkey.app import Installed, create_app, installed_in, require_fit
from valetkey.core.announcing.dispatcher import Dispatcher
from valetkey.core.ports.announcing import Outbox
from valetkey.core.sweeping.sweeps import Sweeps
from valetkey.opening import event_threads, s3_settings_of_table
from valetkey.senders import AT
from valetkey.senders.records import read_queued_records
from valetkey.settings import QUEUE, Settings, load_config, load_settings
from valetkey.worker import (
    BeatLoop,
    CheckLoop,
    CleanLoop,
    EraseLoop,
    Loop,
    OutboxLoop,
    QueueLoop,
    Repeated,
    RetentionLoop,
    SweepLoop,
    Worker,
)
from valetkey.worker.sweep import last_look

log = logging.getLogger("valetkey")


def create_worker(app: Flask | None = None) -> Worker:
    """The worker of ``app``, with its hooks, or one from the environment alone.

    Raises like `create_served_app`, and `ConfigurationError` for an application without valetkey.
    """
    if app is None:
        settings, session = load_settings(), make_session()
        require_fit(settings, session, allow_open=True, alone=True)
        app = create_app(settings, session, allow_open=True)  # it serves no requests
    valetkey = installed_in(app)
    valetkey.begin()
    if waiting := valetkey.hooks.strangers():
        log.warning(
            "this worker does not call hooks that the ledger knows: %s. Their calls wait for a worker with their "
            "application (`valetkey worker --app`), or for `valetkey hooks forget`",
            ", ".join(waiting),
        )
    return Worker(loops(valetkey, valetkey.settings, valetkey.session or make_session()))


def create_sweep() -> Sweeps:
    """The sweeps of all stores, started by hand, from the environment. Raises like `create_served_app`."""
    valetkey = installed_in(create_app(load_settings(), allow_open=True))
    valetkey.ledger.check()
    valetkey.read_proofs()
    return Sweeps(valetkey.core.sweeps, valetkey.core.retention, valetkey.ledger)


def loops(valetkey: Installed, settings: Settings, session: boto3.Session) -> list[Loop]:
    """All background loops: the place to add another one."""
    # a loop for each store, so that an unavailable one does not delay the others
    often, seldom = settings.sweep_interval, settings.sweep_clean_interval
    sweeps = [SweepLoop(sweep, often) for sweep in valetkey.core.sweeps]
    repeated: list[Repeated] = [
        *(CheckLoop(sweep, often) for sweep in valetkey.core.sweeps),
        EraseLoop(valetkey.core.eraser, often),
        *sweeps,
        *(CleanLoop(sweep, often, seldom) for sweep in valetkey.core.sweeps),
        RetentionLoop(valetkey.core.retention, often, seldom),
    ]
    found: list[Loop] = [*repeated, BeatLoop(valetkey.ledger, partial(last_look, sweeps), loops=repeated)]
    found.extend(_queue_loops(valetkey, settings, session))
    if outbox := outbox_loop(settings, valetkey.ledger):
        found.append(outbox)
    found.extend(
        OutboxLoop(Dispatcher(hook.outbox, hook, name=hook.name, counts_starts=True, **_waits(settings)))
        for hook in valetkey.hooks.callers()
    )
    return found


def _queue_loops(valetkey: Installed, settings: Settings, session: boto3.Session) -> Iterator[QueueLoop]:
    """The loops of the installation's queue, and of single stores' queues."""
    stores, observer = valetkey.core.stores, valetkey.core.observer
    given = [(QUEUE, settings.events_sqs_queue_url, session, settings.s3_region)]
    for name, table in load_config(settings.config).stores.items():
        if table.events_sqs_queue_url and name in stores:
            own = s3_settings_of_table(table).source.session(session)
            given.append((f"{QUEUE}{AT}{name}", table.events_sqs_queue_url, own, table.region))
    for sender, url, whose, region in given:
        if url is None:
            continue
        queue = SqsQueue(make_sqs_client(whose, url, region), url, settings.events_sqs_visibility)
        observe = partial(observer.observe, sender=sender)
        for _ in range(event_threads(settings, stores)):
            yield QueueLoop(queue, read_queued_records, observe, several_stores=len(stores) > 1)


def outbox_loop(settings: Settings, ledger: Outbox) -> OutboxLoop | None:
    """The loop that sends webhooks; None if none is configured."""
    if settings.webhook_url is None:
        return None

    receiver = HttpWebhook(settings.webhook_url, settings.webhook_secrets, allow_private=settings.webhook_allow_private)
    return OutboxLoop(Dispatcher(ledger, receiver, **_waits(settings)))


def _waits(settings: Settings) -> dict[str, Any]:
    """The delays between attempts, and how long delivered rows are kept."""
    return {"delays": settings.webhook_delays, "retention": timedelta(seconds=settings.webhook_retention)}
