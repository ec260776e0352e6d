"""How figures read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.statistics import Estimate
from helix_app.bench.records import Divergence
from helix_app.bench.reports import wording
from helix_app.bench.workloads import KINDS, OWN
from tests.bench.instruments import made


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.0123, "12 ms"), (0.9994, "999 ms"), (0.9996, "1.00 s"), (12.345, "12.35 s")],
)
def test_seconds(seconds: float | None, text: str) -> None:
    assert wording.seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (61, "1 min 1 s"), (3599.7, "1 h 0 min"), (7260, "2 h 1 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert wording.duration_text(seconds) == text


def test_numbers_and_memory() -> None:
    assert wording.number_text(1234.56) == "1,234.6"
    assert wording.number_text(None) == wording.percent_text(None) == wording.bytes_text(None) == "–"
    assert wording.percent_text(0.256) == "26 %"
    assert (wording.bytes_text(2**29), wording.bytes_text(3 * 2**29)) == ("512 MiB", "1.50 GiB")


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(None), "–"),
        (Estimate(1.5, pairs=2), "1.50x, too few replies for a verdict"),
        (Estimate(1.05, 0.9, 1.2, 9), "1.05x [0.90, 1.20], no significant difference"),
        (Estimate(1.5, 1.4, 1.6, 9), "1.50x [1.40, 1.60]"),
        (Estimate(0.5, 0.4, 0.6, 9), "0.50x [0.40, 0.60]"),
    ],
)
def test_verdicts(estimate: Estimate, text: str) -> None:
    assert wording.verdict_text(estimate) == text


def test_every_kind_and_arm_has_a_name_for_people() -> None:
    for kind in (*KINDS, OWN, "overall"):
        assert wording.kind_label(kind)[0].isupper()
    assert wording.kind_label("my own") == "my own"
    assert wording.arm_label(BASELINE) == "Plain"
    assert wording.arm_label("other") == "other"


def test_the_subtitle_tells_a_run_that_is_not_whole() -> None:
    assert "only" not in wording.subtitle(made.result())
    assert wording.subtitle(made.aborted(made.result(), 5)).endswith("only 5 of 36 replies")


def test_where_a_reply_had_ended_is_told() -> None:
    found = Divergence("chat", "chat-1", BASELINE, HELIX, 7, None, 3, "", "\n", None, 0.5)
    assert wording.divergence_text(found) == "chat-1: Plain and Helix differ from token 8 (end of reply / '\\n')"


def test_agreement_counts_prompts_that_both_arms_replied_to() -> None:
    result = made.result(("chat",), arms=(BASELINE, HELIX, "transformers"))
    kept = tuple(r for r in result.runs if (r.arm, r.prompt_id) != ("transformers", "chat-3"))
    found = Divergence("chat", "chat-1", BASELINE, "transformers", 7, 1, 3, "a", "b", 0.5, 0.5)
    result = replace(result, runs=kept, divergences=(found, replace(found, prompt_id="chat-2", arm_a=HELIX)))
    assert wording.agreement(result) == [
        ("Plain and Helix", 3, 3),
        ("Plain and transformers", 1, 2),
        ("Helix and transformers", 1, 2),
    ]
