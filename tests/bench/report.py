"""Writes what was measured as a table, a plot and a page: `python -m tests.bench.report` puts it in the documentation.

No figure on that page is typed: all come from build/bench/found.json, which `python -m tests.bench.run` writes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.plot import svg
from tests.bench.result import Found

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.bench.result import Entry, Row

ROOT = Path(__file__).parents[2]
OUT = ROOT / "build" / "bench"
PAGE = ROOT / "service" / "docs" / "benchmarks.md"
PICTURE = PAGE.parent / "images" / "benchmarks.svg"
BEGIN, END = "<!-- measured: written by tests.bench.report -->\n", "<!-- measured: end -->\n"

QUIET = 0.1
"""The share of the machine's processors that others may take before the page says so."""

ALT = "How far each row of the table is beyond its target, or behind it, on a logarithmic axis"


def load() -> Found:
    """What earlier runs have found; nothing where there was none, or where they wrote it in another form."""
    try:
        return Found.from_json(json.loads((OUT / "found.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return Found()


def save(found: Found) -> None:
    """The figures for programs, the table and the plot."""
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "found.json").write_text(json.dumps(found.as_json(), indent=1) + "\n", encoding="utf-8")
    (OUT / "table.md").write_text(measured(found), encoding="utf-8")
    (OUT / "plot.svg").write_text(svg([entry.row for entry in found.entries]), encoding="utf-8")


def line(row: Row) -> str:
    """One row for a terminal, and what bounds it where it missed its target."""
    beside = f" / {row.peer}: {_value(row.theirs, row.unit)}" if row.theirs is not None else ""
    ratio = f"  ratio {_number(row.measured)}" if row.theirs is not None else ""
    met = "reached" if row.met else "MISSED"
    said = f"{row.work}: {_value(row.ours, row.unit)}{beside}{ratio}  ({_target(row)}: {met})"
    return said if row.met else f"{said}\n    {_why(row)}"


def measured(found: Found) -> str:
    """All that is said of a run."""
    entries = found.entries
    parts = [_where(found), _disturbed(entries), table(entries), _versions(found), _missed(entries)]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(entries: Iterable[Entry]) -> str:
    """In Markdown."""
    lines = ["| work | valetkey | the other | ratio | target | p50, p99 in ms |", "|---|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(_cells(entry.row))} |" for entry in entries)])


def _cells(row: Row) -> Iterator[str]:
    yield f"{row.work}<br>beside {row.peer}" if row.peer else row.work
    yield _value(row.ours, row.unit)
    yield "-" if row.theirs is None else _value(row.theirs, row.unit)
    yield "-" if row.theirs is None else _number(row.measured)
    yield _target(row) + (" ✓" if row.met else ", **missed**")
    known = (latency for latency in (row.latency, row.their_latency) if latency)
    yield "<br>".join(f"{_number(latency.p50)}, {_number(latency.p99)}" for latency in known) or "-"


def _target(row: Row) -> str:
    unit = f" {row.unit}" if row.theirs is None else ""
    return f"at {'least' if row.at_least else 'most'} {row.target:g}{unit}"


def _value(value: float | None, unit: str) -> str:
    space = "" if unit.startswith("/") else " "
    return "-" if value is None else f"{_number(value)}{space}{unit}"


def _number(value: float) -> str:
    """With as many digits as can be relied on."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _where(found: Found) -> str:
    dates = sorted({entry.date for entry in found.entries})
    when = f"on {dates[0]}" if len(dates) == 1 else f"from {dates[0]} to {dates[-1]}"
    return f"Measured {when} on one machine: {'; '.join(found.machine.values())}."


def _disturbed(entries: Iterable[Entry]) -> str:
    worst = max(entry.others for entry in entries)
    if worst <= QUIET:
        return ""
    return (
        f"**The machine was not quiet: just before a bench, other programs took up to {worst:.0%} of its processors."
        " Ratios are rough, and the other figures are worse than on a quiet machine.**"
    )


def _missed(entries: Iterable[Entry]) -> str:
    rows = [entry.row for entry in entries if not entry.row.met]
    if not rows:
        return ""
    said = ["## What bounds the rows that missed their target", *(f"- {_bound(row)}" for row in rows)]
    return said[0] + "\n\n" + "\n".join(said[1:])


def _bound(row: Row) -> str:
    beside = f", beside {row.peer}" if row.peer else ""
    return f"{row.work[:1].upper()}{row.work[1:]}{beside}: {_why(row)}"


def _why(row: Row) -> str:
    parts = ", ".join(f"`{part}` {share:.0%}" for part, share in row.profile)
    profile = f" Its Python time, by py-spy: {parts}." if parts else ""
    return f"{row.bound or 'nothing was measured'}.{profile}"


def _versions(found: Found) -> str:
    return f"Versions: {', '.join(f'{name} {version}' for name, version in found.versions.items())}."


def page(found: Found, before: str) -> str:
    """The page with this run in place of what it had. ValueError where it has no place for it."""
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} has no {BEGIN.strip()} with its end")
    return f"{head}{BEGIN}\n![{ALT}](images/{PICTURE.name})\n\n{measured(found)}\n{END}{tail}"


def main() -> int:
    """The command line; returns the exit status."""
    found = load()
    if not found.entries:
        print("There is nothing to report: make bench", file=sys.stderr)
        return 1
    PAGE.write_text(page(found, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    PICTURE.write_text(svg([entry.row for entry in found.entries]), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)} are written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
