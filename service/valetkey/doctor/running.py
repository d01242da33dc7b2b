"""Runs checks with a time limit each; anything that goes wrong in one is a finding."""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Thread

from valetkey.doctor.checks import Check, Group
from valetkey.doctor.explaining import explain
from valetkey.doctor.findings import Finding, Skip, failed, skipped
from valetkey.doctor.places import named_in
from valetkey.doctor.visit import Visit

log = logging.getLogger("valetkey")

LONGEST = 400
"""The longest text of a finding in characters: a server's response may be a page."""

PATIENCE = 2
"""After how many hanging checks the rest of a group is not tried."""

HUNG = "Not tried: earlier checks of this group did not finish."

_CONTROL = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202f-\u2065\u2070-\ud7ff\uf900-\ufdff]+")
"""Characters that could move a cursor or reverse a line."""


def run_groups(
    visit: Visit, groups: Sequence[Group], tell: Callable[[Finding], None] = lambda _: None
) -> Iterator[Finding]:
    """The findings of all checks, one after the other. ``tell`` is called with each as it is found."""
    for group in groups:
        hung = 0
        for check in group.checks:
            findings, is_late = run_check(visit, check) if hung < PATIENCE else ([skipped(check.name, HUNG)], False)
            hung += is_late
            for found in findings:
                shown = replace(_printable(visit, found), group=group.name)
                tell(shown)
                yield shown


def run_check(visit: Visit, check: Check) -> tuple[list[Finding], bool]:
    """The findings of ``check`` within its time limit, and whether it was exceeded; earlier findings count, too."""
    found: list[Finding] = []
    thread = Thread(target=_collect, args=(visit, check, found), name=f"valetkey-doctor-{check.name}", daemon=True)
    visit.threads.append(thread)
    thread.start()
    thread.join(check.within)
    if thread.is_alive():
        action = "Find out what it waits for: a firewall that drops packets, a proxy, a store or server that hangs."
        return [*found, failed(check.name, f"Not finished within {check.within:g} s.", action)], True
    return found, False


def _collect(visit: Visit, check: Check, found: list[Finding]) -> None:
    """Collects findings one by one, so that earlier ones are kept if the check fails."""
    try:
        for one in check.run(visit):
            found.append(one)  # noqa: PERF402 - whoever waits for it reads the list meanwhile
    except Skip as reason:
        found.append(skipped(check.name, str(reason), reason.action))
    except Exception as error:
        log.debug("the check %s failed", check.name, exc_info=error)
        found.append(failed(check.name, f"The check failed: {explain(error)}", "Correct that, and run doctor again."))


def _printable(visit: Visit, finding: Finding) -> Finding:
    """``finding`` in plain lines, without any secret, whatever a server's response contains; settings have the names
    that they have for this store."""
    seen, action = (plain(visit.redact(named_in(text, visit.table))) for text in (finding.seen, finding.action))
    return replace(finding, seen=seen, action=action)


def plain(text: str) -> str:
    """``text`` in one printable line of `LONGEST` characters at most."""
    line = _CONTROL.sub(" ", " ".join(text.split()))
    return line if len(line) <= LONGEST else line[: LONGEST - 4] + " ..."
