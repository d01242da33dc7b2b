"""The report as a table, which 80 columns are enough for."""

from textwrap import wrap

from valetkey.doctor.findings import Finding, Level, Report

WIDTH = 80
"""Columns of a line."""

_SIGNS = {Level.PASS: "pass", Level.WARN: "WARN", Level.FAIL: "FAIL", Level.SKIP: "skip"}
_INDENT = " " * 8


def lines_of(finding: Finding) -> list[str]:
    """A finding: its level, its name and what was seen, and below what to do."""
    first = f"  {_SIGNS[finding.level]}  {finding.check}: {finding.seen}"
    lines = wrap(first, WIDTH, subsequent_indent=_INDENT, break_on_hyphens=False)
    if finding.action:
        lines += wrap(
            f"-> {finding.action}",
            WIDTH,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT + "   ",
            break_on_hyphens=False,
        )
    return lines


def summary(report: Report) -> str:
    """The last line."""
    counts = report.counts
    how_many = ", ".join(f"{counts[level]} {level.value}" for level in (Level.PASS, Level.WARN, Level.FAIL, Level.SKIP))
    return f"{how_many} in {report.seconds:.0f} s."
