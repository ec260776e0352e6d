"""What the window shows of a run."""

from __future__ import annotations

from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.summary import summarise
from helix_app.bench.records import BenchResult
from helix_app.bench.reports import tables, view as views
from helix_app.bench.reports.compare import compare
from helix_app.bench.reports.text_report import text_report
from helix_app.bench.reports.wording import verdict_text
from helix_app.protocol.bench_views import BenchEntry, BenchView
from tests.bench.instruments import made


def shown(result: BenchResult) -> BenchView:
    summary = summarise(result)
    return views.view(result, summary, entry(result))


def entry(result: BenchResult, run_id: int = 1) -> BenchEntry:
    summary = summarise(result)
    return views.entry(
        run_id,
        result.created,
        views.run_title(result),
        len(result.runs),
        result.complete,
        views.overall_speedup(summary),
    )


def test_figures_and_words_are_those_of_the_terminal() -> None:
    result = made.result(arms=(BASELINE, HELIX, "transformers"))
    view, text = shown(result), text_report(result, summarise(result))
    assert view.headline is not None
    assert view.peers is not None
    for table in (view.headline, view.kinds, view.details, view.peers):
        for row in table.rows:
            line = next(line for line in text.splitlines() if line.split("  ")[0] == row[0] and row[-1] in line)
            assert all(cell in line for cell in row)
    for line in (*view.agreement, *view.notes, view.replies, view.command, view.title, view.subtitle):
        assert line in text
    assert [(bar.label, bar.text) for bar in view.positions] == [("1", "75 %"), ("2", "80 %")]
    assert [(bar.label, bar.share) for bar in view.rounds] == [("0", 0.25), ("2", 0.75)]


def test_the_plot_has_the_numbers_of_the_table() -> None:
    result = made.result()
    summary = summarise(result)
    view = shown(result)
    for ratio, row, (label, found) in zip(view.ratios, view.kinds.rows, tables.speedups(summary)):
        assert ratio.label == row[0] == label
        assert ratio.text == row[4] == verdict_text(found)
        assert (ratio.value, ratio.low, ratio.high, ratio.verdict) == (found.value, found.low, found.high, "higher")
    assert [ratio.label for ratio in view.ratios] == ["Chat", "Code", "All kinds"]


def test_a_line_of_the_list() -> None:
    whole = entry(made.result())
    assert (whole.title, whole.replies, whole.complete) == ("Tiny · float32 · Some CPU", 36, True)
    ratio = shown(made.result()).ratios[-1].text
    assert f"{whole.speedup} {whole.interval}" == ratio
    few = entry(made.aborted(made.result(), 2))
    assert (few.replies, few.complete, few.interval) == (2, False, "")
    nothing = entry(made.aborted(made.result(), 1))
    assert (nothing.speedup, nothing.interval) == ("–", "")


def test_one_arm_alone_shows_no_comparison() -> None:
    view = shown(made.aborted(made.result(), 1))
    assert view.headline is None
    assert view.ratios == ()
    assert view.agreement == ()


def test_two_runs() -> None:
    a, b = made.result(speed=made.noisy(1.5)), made.result(speed=made.noisy(1.1, seed=1), text="Tell me about {}.")
    change = views.change(compare(a, b), entry(a, 1), entry(b, 2))
    assert [ratio.verdict for ratio in change.changes] == ["lower", "lower"]
    assert [row[-1] for row in change.table.rows] == ["B is slower", "B is slower"]
    assert all(ratio.text == f"{row[4]}, {row[-1]}" for ratio, row in zip(change.changes, change.table.rows))
    assert (change.a.id, change.b.id) == (1, 2)
