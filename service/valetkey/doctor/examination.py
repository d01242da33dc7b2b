"""One run of all checks, from the settings to the report. Everything it writes is removed, whatever happens."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from time import monotonic

import boto3
from flask import Flask

from valetkey.adapters.s3 import make_session
from valetkey.app import installed_in
from valetkey.core.errors import ConfigurationError, ValetKeyError
from valetkey.core.model.profile import Profile
from valetkey.core.ports.health import StoreProof
from valetkey.doctor.checks import Check, Group
from valetkey.doctor.explaining import explain
from valetkey.doctor.findings import Finding, Level, Report, Skip, failed
from valetkey.doctor.groups import GROUPS
from valetkey.doctor.places import at_store, profiles_at
from valetkey.doctor.running import run_groups
from valetkey.doctor.visit import Visit
from valetkey.settings import Settings, load_profiles, load_settings

log = logging.getLogger("valetkey")

LAST_WRITES = 15.0
"""How long to wait for an interrupted or hanging check before its probes are removed, in seconds."""

Tell = Callable[[Finding], None]


def _nobody(_: Finding) -> None: ...


def visit_from_environment(store: str | None = None) -> Visit:
    """A run for the service that the environment configures; ``store`` selects one of several. Raises
    `ConfigurationError`."""
    settings = load_settings()
    return _visit(settings, load_profiles(settings.config), make_session(), store)


def visit_of(app: Flask, store: str | None = None) -> Visit:
    """A run for the valetkey in ``app``. Raises `ConfigurationError` if it has none."""
    valetkey = installed_in(app)
    return _visit(valetkey.settings, valetkey.profiles, valetkey.session or make_session(), store)


def _visit(settings: Settings, profiles: Mapping[str, Profile], session: boto3.Session, store: str | None) -> Visit:
    place = at_store(settings, session, store)
    return Visit(
        place.settings,
        profiles_at(settings, profiles, store),
        place.session,
        place.prefix,
        place.staging_prefix,
        place.senders,
        place.table,
    )


def examine(visit: Visit, groups: Sequence[Group] = GROUPS, tell: Tell = _nobody) -> Report:
    """Runs all checks, and removes what they wrote, even after an interrupt. ``tell`` is called with each finding."""
    started_at, began = datetime.now(UTC), monotonic()
    findings: list[Finding] = []
    try:
        with _removing(visit, findings, tell):
            findings.extend(run_groups(visit, groups, tell))
        report = Report(started_at, monotonic() - began, findings, _place(visit), dict(visit.learned))
        _keep(visit, report)
        return report
    finally:
        visit.close()


@contextmanager
def _removing(visit: Visit, findings: list[Finding], tell: Tell) -> Iterator[None]:
    """Removes the probes at the end of the block; any that stay are a finding."""
    try:
        yield
    finally:
        try:
            _remove(visit, findings, tell)
        except KeyboardInterrupt:  # the first interrupt here does not stop the removal, a second one does
            _remove(visit, findings, tell)
            raise


def _remove(visit: Visit, findings: list[Finding], tell: Tell) -> None:
    if not visit.probes.keys and not any(thread.is_alive() for thread in visit.threads):
        return
    _settle(visit)  # even if nothing was written: a check that hangs may not have started to write yet
    if not visit.probes.keys:
        return
    store = cache(visit.open_apart)
    removal = Group(
        "store",
        [
            Check("probes", lambda one: one.probes.remove(store()), 120),
            Check("leftovers", lambda one: one.probes.remove_leftovers(store()), 120),
        ],
    )
    findings.extend(run_groups(visit, [removal], tell))


def _settle(visit: Visit) -> None:
    """Waits for an interrupted check, whose current write might otherwise come after the removal. It starts no other
    write, however slow it is."""
    visit.probes.close()
    if "wire" in vars(visit):  # otherwise no store was called
        visit.wire.bar()
    until = monotonic() + LAST_WRITES
    for thread in visit.threads:
        thread.join(max(0.0, until - monotonic()))


def _keep(visit: Visit, report: Report) -> None:
    """Records what was learned in the ledger, for service and worker. An unusable ledger is a finding already."""
    if not visit.learned or not visit.has_ledger:
        return
    failing = [f"{one.group}/{one.check}" for one in report.findings if one.level is Level.FAIL]
    summary = {"counts": report.counts, "failed": failing, "seconds": round(report.seconds, 1)}
    try:
        visit.ledger.record_proof(StoreProof(report.place, report.capabilities, summary, report.started_at))
    except ValetKeyError as error:
        log.info("the findings are not recorded: %s", error.detail)


def _place(visit: Visit) -> str:
    try:
        return visit.place
    except Skip:
        return ""


def report_of_failed_start(error: ConfigurationError) -> Report:
    """The report for settings that cannot even be read."""
    finding = replace(
        failed("settings", explain(error), "Correct that first: nothing else was tried."), group="configuration"
    )
    return Report(datetime.now(UTC), 0.0, [finding])
