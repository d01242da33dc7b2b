"""The rows as a picture: how far each is beyond its target, on a logarithmic axis, as SVG for light and dark pages."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.result import Row

WIDTH, LEFT, RIGHT, TOP, BOTTOM, STEP = 860, 390, 130, 62, 40, 40
STEPS = (1 / 20, 1 / 10, 1 / 5, 1 / 2, 1, 2, 5, 10, 20)

# It brings its own ground: as an <img> it cannot know what page it is on, only what the system prefers.
STYLE = """
  svg { --ground: #ffffff; --text: #1f2328; --muted: #59636e; --grid: #d8dee4; --met: #0969da; --missed: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #1e2129; --text: #e6edf3; --muted: #a3abb5; --grid: #3d444d; --met: #58a6ff; --missed: #f0883e; }
  }
  text { font: 13px system-ui, sans-serif; fill: var(--text); }
  .muted { font-size: 12px; fill: var(--muted); }
  .grid { stroke: var(--grid); }
  .target { stroke: var(--text); stroke-width: 1.5; }
  .met { stroke: var(--met); stroke-width: 2; fill: var(--met); }
  .missed { stroke: var(--missed); stroke-width: 2; fill: var(--ground); }
"""


def svg(rows: Sequence[Row]) -> str:
    """One line for each row: right of the middle its target is reached, by so many times."""
    height = TOP + STEP * len(rows) + BOTTOM
    marks = [step for step in STEPS if _lowest(rows) <= step <= _highest(rows)]
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title">',
        '<title id="title">How far each row is beyond its target</title>',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="6" style="fill: var(--ground)"/>',
        *_legend(),
        *(part for mark in marks for part in _mark(mark, rows, height - BOTTOM)),
        *(part for number, row in enumerate(rows) for part in _row(row, TOP + STEP * number + STEP / 2, rows)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _lowest(rows: Sequence[Row]) -> float:
    worst = min([0.5, *(row.margin for row in rows)])
    return max((step for step in STEPS if step <= worst), default=STEPS[0])


def _highest(rows: Sequence[Row]) -> float:
    best = max([2.0, *(row.margin for row in rows)])
    return min((step for step in STEPS if step >= best), default=STEPS[-1])


def _x(margin: float, rows: Sequence[Row]) -> float:
    low, high = _lowest(rows), _highest(rows)
    share = math.log(min(max(margin, low), high) / low) / math.log(high / low)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _legend() -> Iterator[str]:
    yield '<circle class="met" cx="22" cy="26" r="5"/><text x="34" y="30">target reached</text>'
    yield '<circle class="missed" cx="150" cy="26" r="5"/><text x="162" y="30">missed</text>'
    yield f'<text class="muted" x="{WIDTH - 16}" y="30" text-anchor="end">measured (target)</text>'


def _mark(mark: float, rows: Sequence[Row], bottom: float) -> Iterator[str]:
    x = _x(mark, rows)
    yield f'<line class="{"target" if mark == 1 else "grid"}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{bottom}"/>'
    words = "target" if mark == 1 else f"{mark:g}x"
    yield f'<text class="muted" x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{words}</text>'


def _row(row: Row, y: float, rows: Sequence[Row]) -> Iterator[str]:
    kind, x, middle = "met" if row.met else "missed", _x(row.margin, rows), _x(1, rows)
    unit = f" {row.unit}" if row.theirs is None else ""
    sign = "≥" if row.at_least else "≤"
    below = f"beside {row.peer}" if row.peer else "by itself"
    yield f'<text x="16" y="{y - 2:.1f}">{_words(row.work)}</text>'
    yield f'<text class="muted" x="16" y="{y + 13:.1f}">{_words(below)}</text>'
    yield f'<line class="{kind}" x1="{middle:.1f}" x2="{x:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    yield f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    said = f"{row.measured:.3g}{unit} ({sign} {row.target:g}{unit})"
    yield f'<text x="{WIDTH - 16}" y="{y + 4:.1f}" text-anchor="end">{said}</text>'


def _words(text: str) -> str:
    return escape(text.replace("`", ""))
