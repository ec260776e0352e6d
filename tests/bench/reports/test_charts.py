"""The small plots: where marks stand."""

from __future__ import annotations

import itertools
import re

import pytest

from helix_app.bench.figures.statistics import Estimate
from helix_app.bench.reports.charts import Line, columns, line_plot, speedup_bars, ticks


@pytest.mark.parametrize("top", [0.003, 0.9, 1.0, 1.2, 7.3, 99.0, 100.0, 12345.6])
def test_ticks_are_few_round_and_reach_the_top(top: float) -> None:
    found = ticks(top)
    assert found[0] == 0
    assert found[-1] >= top * 0.999
    assert 3 <= len(found) <= 12
    steps = {round(b - a, 9) for a, b in itertools.pairwise(found)}
    assert len(steps) == 1
    assert re.fullmatch(r"(1|2|2\.5|5)e.*", re.sub(r"\.?0+e", "e", f"{steps.pop():e}"))


@pytest.mark.parametrize("top", [0.0, -1.0, float("nan"), float("inf")])
def test_ticks_of_nothing(top: float) -> None:
    assert ticks(top) == [0.0, 1.0]


def positions(html: str, name: str) -> list[float]:
    return [float(value) for value in re.findall(rf'class="{name}[^"]*" style="(?:left|width):([\d.]+)%', html)]


def test_bars_whiskers_and_the_line_at_one_share_a_scale() -> None:
    html = speedup_bars([("A", Estimate(2.0, 1.5, 2.5, 9)), ("B", Estimate(0.5, 0.4, 0.6, 9)), ("All", Estimate(1.0))])
    one = positions(html, "one")
    fill = positions(html, "fill")
    whisker = positions(html, "whisker")
    assert len(set(one)) == 1
    assert fill == pytest.approx([2 * one[0], 0.5 * one[0], one[0]], abs=0.02)
    assert whisker == pytest.approx([1.5 * one[0], 0.4 * one[0]], abs=0.02)
    widths = [float(w) for w in re.findall(r'whisker" style="left:[\d.]+%;width:([\d.]+)%', html)]
    assert widths == pytest.approx([one[0], 0.2 * one[0]], abs=0.02)
    assert max(fill + [a + b for a, b in zip(whisker, widths)]) <= 100
    assert html.count('class="total"') == 1


def test_rows_without_a_value_have_no_bar() -> None:
    assert speedup_bars([("A", Estimate(None))]) == ""
    html = speedup_bars([("A", Estimate(None)), ("<B>", Estimate(1.5))])
    assert "A" not in re.findall(r">([^<]+)<", html)
    assert "&lt;B&gt;" in html


def test_columns_keep_within_their_frame() -> None:
    heights = [
        float(h) for h in re.findall(r"height:([\d.]+)%", columns([("1", 1.0, "x"), ("2", 0.5, "y"), ("3", 0, "")]))
    ]
    assert heights == pytest.approx([86, 43, 0])


def test_a_curve_runs_from_corner_to_corner() -> None:
    html = line_plot([Line("<arm>", 1, [(0.0, 0.0), (5.0, 100.0)])], " s")
    assert 'd="M0.0 1000.0 L1000.0 0.0"' in html
    assert "&lt;arm&gt;" in html
    assert line_plot([Line("none", 0, [])], " s") == ""
