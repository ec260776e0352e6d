"""One short benchmark of the default model, cut after a few layers, with transformers beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.bench.config import BASELINE, HELIX, BenchConfig
from helix_app.bench.figures.summary import summarise
from helix_app.bench.reports.html_report import html_report
from helix_app.bench.reports.text_report import text_report
from helix_app.bench.runner import run_benchmark
from helix_app.bench.workloads import Prompt


@pytest.mark.model
def test_a_few_tokens_of_the_default_model_in_three_arms(few_layers: Path) -> None:
    prompts = (Prompt("rewrite", "rewrite-1", "Repeat this three times: one two three four five six seven."),)
    config = BenchConfig(
        str(few_layers),
        draft="ngram",
        k="fixed:3",
        device="cpu",
        dtype="float32",
        prompts=prompts,
        max_tokens=12,
        repeats=1,
        peers=("transformers",),
        warmups=0,
    )
    result = run_benchmark(config)
    assert result.complete
    assert result.arms == (BASELINE, HELIX, "transformers")
    assert [r.tokens for r in result.runs] == [result.runs[0].tokens] * 3
    for found in result.divergences:  # in float32 only a near tie may fall either way
        assert found.logit_gap is not None
        assert abs(found.logit_gap) < 0.01
    summary = summarise(result)
    assert summary.overall.arm("transformers").decode_tokens_per_second > 0
    assert "Against other programs" in html_report(result, summary)
    assert "Helix / transformers" in text_report(result, summary)
