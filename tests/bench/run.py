"""All benches, in one process after another: `python -m tests.bench.run`, or those that are named.

Without names it runs those of the table in the documentation. What it finds goes into build/bench: `found.json`, which
keeps the rows of benches that were not run, `table.md` and `plot.svg`. Ends with status 1 when a target is missed or a
bench fails. `python -m tests.bench.report` then writes the page of the documentation.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import (
    browser,
    confirm,
    grants,
    idle,
    line,
    lists,
    put,
    repeated,
    report,
    services,
    start,
    sweeping,
)
from tests.bench.place import Place, machine, others
from tests.bench.result import Entry, Found
from tests.bench.versions import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.result import Row

    Bench = Callable[[Place], Iterator[Row]]

TABLE: dict[str, Bench] = {
    "grants": grants.rows,
    "lists": lists.rows,
    "start": start.rows,
    "events": repeated.rows,
    "put": line.rows,
    "small": put.rows,
    "browser": line.page_rows,
    "sweep": sweeping.rows,
}
MORE: dict[str, Bench] = {
    "lines": line.every_line,
    "loopback": browser.rows,
    "confirm": confirm.rows,
    "idle": idle.rows,
    "memory": grants.memory,
    "services": services.rows,
}
BENCHES = TABLE | MORE
SAME = ("processor", "memory", "system")
"""By what a machine is known again: rows of another one are not kept."""


def kept_as(name: str, place: Place) -> str:
    """Under what its rows are kept: those of a ledger of another kind or size stand beside the usual ones."""
    kind = place.ledger and place.ledger.partition(":")[0]  # the rest of a URL may have a password
    return " ".join([name, *(str(part) for part in (kind, place.rows) if part)])


def run(name: str, place: Place) -> list[Entry]:
    """One bench; its rows are printed as they come."""
    began, busy, date = time.monotonic(), others(), datetime.now(UTC).date().isoformat()
    entries = []
    for row in BENCHES[name](place):
        entries.append(Entry(kept_as(name, place), date, busy, row))
        print(report.line(row), flush=True)
    print(f"({name}: {time.monotonic() - began:.0f} s)\n", flush=True)
    return entries


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.run", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="BENCH", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="as little as shows that they work; nothing is kept")
    # /var/tmp and not /tmp, which is often in memory, where an fsync costs nothing and proves nothing.
    parser.add_argument("--dir", type=Path, default=Path("/var/tmp"), help="where the databases go (a real disk)")
    parser.add_argument("--rows", type=int, help="how many uploads the big ledger of `lists` has")
    parser.add_argument(
        "--ledger", help="in which one: sqlite, postgresql, or the URL of a PostgreSQL that stays filled"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    found, missed = report.load(), False
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="valetkey-bench-") as folder, ExitStack() as stack:
        place = Place(Path(folder), options.quick, stack, options.rows, options.ledger)
        here = machine(place.folder)
        if found.machine.keys() != here.keys() or any(found.machine[name] != here[name] for name in SAME):
            found = Found()
        found.machine, found.versions = here, versions()
        for name in options.names or TABLE:
            try:
                entries = run(name, place)
            except Exception:  # the others are worth their time
                traceback.print_exc()
                missed = True
                continue
            missed |= not all(entry.row.met for entry in entries)
            found.add(kept_as(name, place), entries)
            if not options.quick:
                report.save(found)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
