"""All groups of checks, in the order of the report. A new one is a module, and one line here."""

from collections.abc import Sequence

from valetkey.doctor import configuration, cors, events, ledger, machine, store, webhooks
from valetkey.doctor.checks import Group

GROUPS: Sequence[Group] = (
    machine.GROUP,
    configuration.GROUP,
    ledger.GROUP,
    store.GROUP,
    cors.GROUP,
    events.GROUP,
    webhooks.GROUP,
)
