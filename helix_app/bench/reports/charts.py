"""Small plots as HTML and SVG, without scripts. Every text that comes from outside is escaped here or by the caller.

Labels are HTML beside a stretched drawing, so that they keep their size on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from helix_app.bench.reports.wording import ratio_text
from helix_app.bench.statistics import Estimate


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
    marks = ticks(top, 6)

    def at(value: float) -> str:
        return f"{min(100.0, 100 * value / top):.2f}%"

    parts = []
    for n, (label, e) in enumerate(known):
        total = ' class="total"' if n == len(known) - 1 and n else ""
        assert e.value is not None
        whisker = ""
        low_high = ""
        if e.low is not None and e.high is not None:
            width = 100 * (min(e.high, top) - e.low) / top
            whisker = f'<span class="whisker" style="left:{at(e.low)};width:{width:.2f}%"></span>'
            low_high = f"<small>{e.low:.2f} to {e.high:.2f}</small>"
        quiet = "" if e.verdict == "higher" else " quiet"
        parts.append(
            f'<div{total}>{escape(label)}</div><div class="track">'
            f'<span class="fill{quiet}" style="width:{at(e.value)}"></span>'
            f'<span class="one" style="left:{at(1.0)}"></span>{whisker}</div>'
            f'<div class="value">{ratio_text(e.value)}{low_high}</div>'
        )
    axis = "".join(f'<span style="left:{at(m)}">{m:g}x</span>' for m in marks if m <= top)
    return f'<div class="bars">{"".join(parts)}<div></div><div class="axis">{axis}</div><div></div></div>'


def columns(rows: Sequence[tuple[str, float, str]], top: float = 1.0) -> str:
    """Upright bars: (label below, height of ``top``, text above)."""
    bars = "".join(
        f'<div>{escape(text)}<i style="height:{max(0.0, min(100.0, 86 * value / top)):.2f}%"></i></div>'
        for _, value, text in rows
    )
    below = "".join(f"<span>{escape(label)}</span>" for label, _, _ in rows)
    return f'<div class="columns">{bars}</div><div class="ticks">{below}</div>'


def line_plot(lines: Sequence[Line], unit_x: str) -> str:
    """Curves over a common pair of axes that begin at 0, with a legend above."""
    lines = [line for line in lines if line.points]
    if not lines:
        return ""
    xs, ys = (ticks(max(max(p[axis] for p in line.points) for line in lines)) for axis in (0, 1))
    right, top = xs[-1], ys[-1]
    marks = "".join(f'<span class="y" style="top:{100 - 100 * y / top:.2f}%">{y:g}</span>' for y in ys) + "".join(
        f'<span class="x" style="left:{100 * x / right:.2f}%">{x:g}{escape(unit_x) if x == right else ""}</span>'
        for x in xs
    )
    grid = "".join(f'<path class="grid" d="M0 {1000 - 1000 * y / top:.1f}H1000"/>' for y in ys)
    curves = "".join(
        f'<path class="line s{line.style}" d="M{" L".join(_at(p, right, top) for p in line.points)}"/>'
        for line in lines
    )
    legend = "".join(
        '<span><svg viewBox="0 0 28 12" aria-hidden="true">'
        f'<path class="s{line.style}" stroke-width="2.5" d="M0 6H28"/></svg>'
        f"{escape(line.label)}</span>"
        for line in lines
    )
    drawing = f'<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">{grid}{curves}</svg>'
    return f'<div class="legend">{legend}</div><div class="plot">{drawing}{marks}</div>'


def _at(point: tuple[float, float], right: float, top: float) -> str:
    return f"{1000 * point[0] / right:.1f} {1000 - 1000 * point[1] / top:.1f}"
