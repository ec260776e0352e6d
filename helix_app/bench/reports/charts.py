"""Small plots as HTML and SVG: how they are scaled, and what ``resources/report/plots.html`` draws of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from helix_app.bench.figures.statistics import Estimate
from helix_app.bench.reports.page import template


@dataclass(frozen=True)
class Line:
    """One curve of a plot.

    Attributes:
        style: number of its colour and dashes, 0 to 3.
        points: (x, y), x rising.
    """

    label: str
    style: int
    points: Sequence[tuple[float, float]]


def ticks(top: float, wanted: int = 5) -> list[float]:
    """Round values from 0 to at least ``top``, about ``wanted`` steps apart."""
    if top <= 0 or not math.isfinite(top):
        return [0.0, 1.0]
    raw = top / wanted
    power = 10 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    return [round(i * step, 10) for i in range(math.ceil(top / step - 1e-9) + 1)]


def speedup_bars(rows: Sequence[tuple[str, Estimate]]) -> str:
    """A bar a row from 0 to its ratio, its interval as a whisker, and a line at 1; the last row is the whole."""
    known = [(label, e) for label, e in rows if e.value is not None]
    if not known:
        return ""
    top = max(1.2, *(max(e.value or 0.0, e.high or 0.0) for _, e in known)) * 1.02

    def at(value: float) -> str:
        return f"{min(100.0, 100 * value / top):.2f}%"

    return template("plots.html").module.bars(known, ticks(top, 6), top, at)


def columns(rows: Sequence[tuple[str, float, str]], top: float = 1.0) -> str:
    """Upright bars: (label below, height of ``top``, text above)."""
    return template("plots.html").module.columns(rows, top)


def line_plot(lines: Sequence[Line], unit_x: str) -> str:
    """Curves over a common pair of axes that begin at 0, with a legend above."""
    lines = [line for line in lines if line.points]
    if not lines:
        return ""
    xs, ys = (ticks(max(max(p[axis] for p in line.points) for line in lines)) for axis in (0, 1))

    def path(line: Line) -> str:
        return "M" + " L".join(f"{1000 * x / xs[-1]:.1f} {1000 - 1000 * y / ys[-1]:.1f}" for x, y in line.points)

    return template("plots.html").module.curves(lines, xs, ys, unit_x, path)
