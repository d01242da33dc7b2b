"""The report as a table that fits into 80 columns."""

from collections.abc import Callable
from dataclasses import replace
from textwrap import wrap
from typing import Self

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


class Printer:
    """Prints findings as they are made, below the names of their groups; findings skipped for one reason as one line.

    A context manager: at its end it prints what is left.
    """

    def __init__(self, echo: Callable[[str], object]) -> None:
        self._echo = echo
        self._group: str | None = None
        self._skipped: list[Finding] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()

    def tell(self, finding: Finding) -> None:
        """Prints it, or keeps it to see whether the next one is skipped for the same reason."""
        last = self._skipped[-1:]
        if last and (last[0].group, last[0].seen) != (finding.group, finding.seen):
            self._flush()
        if finding.level is Level.SKIP:
            self._skipped.append(finding)
        else:
            self._print(finding)

    def _flush(self) -> None:
        if self._skipped:
            names = ", ".join(dict.fromkeys(one.check for one in self._skipped))
            self._print(replace(self._skipped[0], check=names))
            self._skipped.clear()

    def _print(self, finding: Finding) -> None:
        if finding.group != self._group:
            self._echo(finding.group if self._group is None else f"\n{finding.group}")
            self._group = finding.group
        self._echo("\n".join(lines_of(finding)))


def summary(report: Report) -> str:
    """The last line."""
    counts = report.counts
    how_many = ", ".join(f"{counts[level]} {level.value}" for level in (Level.PASS, Level.WARN, Level.FAIL, Level.SKIP))
    return f"{how_many} in {report.seconds:.0f} s."
