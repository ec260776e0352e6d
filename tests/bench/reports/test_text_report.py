"""The report in a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.summary import summarise
from helix_app.bench.records import BenchNotice, BenchResult, Divergence
from helix_app.bench.reports.text_report import text_report
from tests.bench.instruments import made


def report(result: BenchResult) -> str:
    return text_report(result, summarise(result))


def test_the_headline_and_every_kind_are_shown() -> None:
    text = report(made.result())
    head = text.split("\n\n")
    assert head[0] == "Tiny\nSome CPU · float32 · draft n-gram · k auto · greedy · up to 128 tokens a reply"
    lines = {line.split("  ")[0]: line for line in text.splitlines()}
    for row in ("Time to first token", "Decode speed, tok/s", "Acceptance rate", "Chat", "Code", "All kinds"):
        assert row in lines
    assert "50 %" in lines["Acceptance rate"]
    assert "1.5" in next(line for line in text.splitlines() if line.startswith("Decode speed, tok/s  "))
    assert "1: 75 %  2: 80 %" in text  # 12 of 16 reached, 8 of 10
    assert "0: 25 %  2: 75 %" in text
    assert "Plain and Helix: 6 of 6 prompts agree" in text
    assert text.rstrip().splitlines()[-1].startswith("36 replies in 1 min 40 s. Run again: python -m helix_app bench")


def test_columns_line_up() -> None:
    text = report(made.result(speed=made.noisy(1234.5)))
    for block in text.split("\n\n"):
        lines = block.splitlines()
        rule = next((i for i, line in enumerate(lines) if set(line) == {"-", " "}), None)
        if rule is not None:
            gaps = [i for i, mark in enumerate(lines[rule]) if mark == " "]
            for line in lines[rule - 1 :]:
                assert all(line[i : i + 1] in ("", " ") for i in gaps), line


def test_what_is_unsure_is_said_in_words() -> None:
    assert "no significant difference" in report(made.result(speed=made.noisy(1.0)))
    few = report(made.result(("chat",), prompts=1, repeats=1))
    assert "too few replies for a verdict" in few
    assert "[" not in few.split("Run again")[0]


def test_notices_become_sentences() -> None:
    notices = (
        BenchNotice("bench_drift", (("percent", "23 %"),)),
        BenchNotice("bench_peer_failed", (("peer", "transformers"), ("reason", "No such module."))),
    )
    text = report(replace(made.result(), notices=notices))
    assert "The machine's speed moved by 23 %" in text
    assert "transformers cannot run this model here, so it was left out. No such module." in text


def test_short_replies_are_told() -> None:
    result = made.result(("chat",), prompts=1, repeats=1)
    short = replace(result, runs=(replace(result.runs[0], tokens=3), *result.runs[1:]))
    assert "1 of 2 replies ended before 16 tokens; their speeds are rough." in report(short)
    assert "their speeds are rough" not in report(result)


def test_peers_are_shown_beside_helix() -> None:
    text = report(made.result(arms=(BASELINE, HELIX, "transformers", "transformers-assisted")))
    assert "Helix / transformers, assisted" in text


def test_differences_are_listed_and_cut() -> None:
    found = tuple(
        Divergence("chat", f"chat-{n}", BASELINE, HELIX, 3, 1, 2, " a\x1b[31m", "b", -0.0625, 0.0625)
        for n in range(1, 13)
    )
    text = report(replace(made.result(("chat",), prompts=12), divergences=found))
    assert "Plain and Helix: 0 of 12 prompts agree" in text
    assert "chat-1: Plain and Helix differ from token 4" in text
    assert "logit gap 0.0625" in text
    assert "and 4 more" in text
    assert "\x1b" not in text


def test_sampled_runs_say_nothing_about_equal_tokens() -> None:
    result = made.result()
    sampled = report(replace(result, settings={**result.settings, "temperature": 0.7}))
    assert "Same tokens" not in sampled
    assert "temperature 0.7" in sampled


@pytest.mark.parametrize("kept", [1, 2, 3, 7])
def test_a_run_cut_short_is_reported_as_far_as_it_goes(kept: int) -> None:
    text = report(made.aborted(made.result(), kept))
    assert f"The run ended early: {kept} of 36 replies were measured" in text
    assert ("1 reply in" if kept == 1 else f"{kept} replies in") in text
